//! A model of a recipe's app, with the effects of Docker, git and abra, and generated states.

use std::collections::BTreeMap;

use docker::settled::{Tasks, Update};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use recipe::names::Names;
use recipe::observed::{AppService, Contents, DeployAttempt, Observed, RecipeClone, Secret, Stack, StackService, Tag};
use recipe::{Change, Policy};

/// A recipe, reduced to the properties that matter to its app.
#[derive(Debug, Clone, Copy)]
pub struct Recipe {
    /// Domain of the app.
    pub domain: &'static str,
    /// Releases, oldest first.
    pub tags: &'static [&'static str],
    /// Keys of the `.env.sample`, without those of the secrets.
    pub keys: &'static [&'static str],
    /// Kinds of the secrets, each with the `.env` key of its version.
    pub secrets: &'static [(&'static str, &'static str)],
}

impl Recipe {
    /// Names of the app.
    pub fn names(&self) -> Names {
        Names::new(self.domain)
    }

    /// A clone of the recipe.
    pub fn cloned(&self) -> RecipeClone {
        let keys = self.keys.iter().chain(self.secrets.iter().map(|(_, key)| key));
        let keys: Vec<String> = keys.map(|key| (*key).to_owned()).collect();
        let contents = || Contents { keys: Some(keys.clone()), missing_files: Vec::new() };
        RecipeClone {
            fetched: Some("2026-11-20T23:30:00Z".parse().unwrap()),
            tags: self
                .tags
                .iter()
                .map(|tag| Tag { name: (*tag).into(), annotated: true, notes: None, moved: None })
                .collect(),
            commit: None,
            commit_of_branch: false,
            differences: Vec::new(),
            contents: self.tags.iter().map(|tag| ((*tag).to_owned(), contents())).collect(),
        }
    }

    /// Every way to choose a version.
    pub fn policies(self) -> impl Strategy<Value = Policy> {
        let pin = (0..self.tags.len()).prop_map(move |index| Policy::Pin(self.tags[index].into()));
        prop_oneof![pin, Just(Policy::Latest)]
    }

    /// Secrets of a kind: managed and foreign ones, with the present content and with others.
    pub fn secrets(self, kind: &'static str) -> impl Strategy<Value = Vec<Secret>> {
        vec((any::<bool>(), any::<bool>()), 0..4).prop_map(move |there| {
            let numbered = there.into_iter().zip(1..);
            let secret = |((ours, same), number): ((bool, bool), u32)| Secret {
                name: self.names().secret(kind, number),
                id: format!("{kind}{number}"),
                number,
                ours,
                same: Some(same),
                labels: BTreeMap::new(),
                used_by: Vec::new(),
            };
            numbered.map(secret).collect()
        })
    }

    /// An `.env` whose `other` values may be wrong.
    fn env(self) -> impl Strategy<Value = BTreeMap<String, String>> {
        (vec(0..4_u32, self.secrets.len()), any::<bool>()).prop_map(move |(numbers, acme)| {
            let versions = self.secrets.iter().zip(numbers).map(|((_, key), number)| (*key, format!("v{number}")));
            let acme = if acme { "production" } else { "" };
            let own = [("DOMAIN", self.domain.to_owned()), ("LETS_ENCRYPT_ENV", acme.to_owned())];
            versions.chain(own).map(|(key, value)| (key.to_owned(), value)).collect()
        })
    }

    fn stack(self) -> impl Strategy<Value = Stack> {
        let deployed = (0..self.tags.len(), self.env(), 0..2_u64);
        let deployed = deployed.prop_map(move |(tag, env, wanted)| self.deployed(self.tags[tag], env, wanted));
        prop_oneof![1 => Just(Stack::default()), 4 => deployed]
    }

    /// The stack that abra deploys for a version and an `.env`.
    fn deployed(&self, tag: &str, env: BTreeMap<String, String>, wanted: u64) -> Stack {
        let stack = self.names().stack;
        let number = |key: &str| env.get(key).map_or("", String::as_str).to_owned();
        let secrets = self.secrets.iter().map(|(kind, key)| format!("{stack}_{kind}_{}", number(key)));
        let (secrets, changed) = (secrets.collect(), "2026-11-20T23:00:00Z".parse().ok());
        let tasks = Tasks { wanted, running: wanted, update: Update::None, message: None, log_tail: None, changed };
        Stack {
            services: vec![StackService {
                name: self.names().app_service(),
                tasks,
                declared: (wanted == 0).then_some(1),
            }],
            app: Some(AppService { version: Some(tag.into()), chaos: None, env, secrets }),
        }
    }

    fn attempts(self) -> impl Strategy<Value = Vec<DeployAttempt>> {
        let tried = (1..self.tags.len() - 1, any::<bool>()).prop_map(move |(tag, rejected)| DeployAttempt {
            tag: self.tags[tag].into(),
            rejected: rejected.then(|| "seen".into()),
            back_to: self.tags[0].into(),
            back_env: BTreeMap::new(),
            since: None,
            env: BTreeMap::new(),
        });
        vec(tried, 0..2)
    }

    /// The app in any state.
    pub fn observed(self) -> impl Strategy<Value = Observed> {
        let secrets: Vec<_> = self.secrets.iter().map(|(kind, _)| self.secrets(kind)).collect();
        let parts = (secrets, prop::bool::weighted(0.8), option::of(self.env()), self.stack(), self.attempts());
        parts.prop_map(move |(secrets, is_cloned, env, stack, attempts)| Observed {
            proxy: true,
            secrets: self.secrets.iter().map(|(kind, _)| (*kind).to_owned()).zip(secrets).collect(),
            recipe: is_cloned.then(|| self.cloned()),
            env,
            stack,
            attempts,
            ..Observed::default()
        })
    }

    /// Applies the effects of a change by Docker, git and abra. `false` ends the sequence.
    pub fn apply(&self, change: &Change, app: &mut Observed) -> bool {
        match change {
            Change::Clone | Change::CloneAnew { .. } | Change::Fetch { .. } => {
                app.recipe = Some(self.cloned());
                app.unusable_clone = None;
                app.fetch_result = Some(Ok(()));
            }
            Change::CreateSecret { kind, name } => {
                let number = self.names().secret_number(kind, name).unwrap();
                let there = app.secrets.get_mut(kind).unwrap();
                assert!(there.iter().all(|secret| secret.number != number), "Docker refuses a second {name}");
                let (name, id) = (name.clone(), name.clone());
                there.push(Secret {
                    name,
                    id,
                    number,
                    ours: true,
                    same: Some(true),
                    labels: BTreeMap::new(),
                    used_by: Vec::new(),
                });
            }
            Change::WriteEnv { keys, .. } => {
                let sample = || BTreeMap::from([("LETS_ENCRYPT_ENV".into(), "production".into())]);
                app.env.get_or_insert_with(sample).extend(keys.clone());
            }
            Change::RecordAttempt { attempt } => {
                app.attempts.retain(|tried| tried.tag != attempt.tag);
                app.attempts.push(attempt.clone());
            }
            Change::Deploy { version, rejection, .. } => {
                app.stack = self.deployed(version, app.env.clone().unwrap(), 1);
                app.deployed = true;
                for name in &app.stack.app.as_ref().unwrap().secrets {
                    let is_there = app.secrets.values().flatten().any(|there| there.name == *name);
                    assert!(is_there, "abra refuses: no {name}");
                }
                return rejection.is_none();
            }
            Change::RemoveSecret { id, name } => {
                assert!(!app.stack.uses(name), "{name} is in use");
                let secret = app.secrets.values().flatten().find(|secret| secret.id == *id).unwrap();
                assert!(secret.ours, "{name} is not ours");
                app.secrets.values_mut().for_each(|secrets| secrets.retain(|secret| secret.id != *id));
            }
            Change::ForgetAttempt { tag } => app.attempts.retain(|tried| tried.tag != *tag),
        }
        true
    }
}
