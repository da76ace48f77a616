//! For generated states: applying plans to a model of Docker, git and abra ends with nothing left to change, within the
//! rounds a run has, and never takes what is in use or somebody else's.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;

use common::docker::settled::{Tasks, Update};
use common::recipe::names::Names;
use common::recipe::observed::{Clone, Contents, Running, Secret, Service, Stack, Tag, Try};
use common::recipe::{self, Policy};
use converge_traefik::observed::{CertificateSeen, Observed, Probe};
use converge_traefik::{CERTIFICATE, Change, Desired, KEY, LEAF as LEAF_LABEL, plan};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

const DOMAIN: &str = "ci.example.org";
const LEAF: &str = "sha256:new";
const TAGS: [&str; 4] = ["3.8.0+v1", "3.9.0+v2", "3.9.1+v2", "4.0.0+v3"];
fn names() -> Names {
    Names::new(&format!("traefik.{DOMAIN}"))
}

/// Rounds with changes that a run has.
const ROUNDS: u32 = 5;

fn desired() -> impl Strategy<Value = Desired> {
    let pin = (0..TAGS.len()).prop_map(|index| Policy::Pin(TAGS[index].into()));
    let policy = prop_oneof![pin, Just(Policy::Latest)];
    (policy, any::<bool>()).prop_map(|(version, dashboard)| {
        let mut desired: Desired = serde_json::from_str(include_str!("../example.json")).unwrap();
        desired.recipe.version = version;
        desired.env = BTreeMap::from([("DASHBOARD_ENABLED".into(), dashboard.to_string())]);
        desired
    })
}

fn clone() -> Clone {
    let keys = ["DOMAIN", "LETS_ENCRYPT_ENV", "WILDCARDS_ENABLED", "COMPOSE_FILE", "DASHBOARD_ENABLED"];
    let secrets = ["SECRET_WILDCARD_CERT_VERSION", "SECRET_WILDCARD_KEY_VERSION"];
    let keys: Vec<String> = keys.iter().chain(&secrets).map(|key| (*key).to_owned()).collect();
    let contents = || Contents { keys: Some(keys.clone()), missing_files: Vec::new() };
    Clone {
        fetched: Some("2026-11-20T23:30:00Z".parse().unwrap()),
        tags: TAGS.iter().map(|tag| Tag { name: (*tag).into(), annotated: true, notes: None }).collect(),
        commit: None,
        contents: TAGS.iter().map(|tag| ((*tag).to_owned(), contents())).collect(),
    }
}

fn secrets(kind: &'static str) -> impl Strategy<Value = Vec<Secret>> {
    vec((any::<bool>(), any::<bool>()), 0..4).prop_map(move |there| {
        let numbered = there.into_iter().zip(1..);
        let secret = |((ours, same), number): ((bool, bool), u32)| Secret {
            name: names().secret(kind, number),
            id: format!("{kind}{number}"),
            number,
            ours,
            same: Some(same),
            labels: leaf(if same { LEAF } else { "sha256:old" }),
        };
        numbered.map(secret).collect()
    })
}

fn leaf(leaf: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(LEAF_LABEL.to_owned(), leaf.to_owned())])
}

fn tasks(wanted: u64) -> Tasks {
    Tasks { wanted, running: wanted, update: Update::None, said: None, changed: "2026-11-20T23:00:00Z".parse().ok() }
}

fn env() -> impl Strategy<Value = BTreeMap<String, String>> {
    (0..4_u32, 0..4_u32, any::<bool>()).prop_map(|(certificate, key, acme)| {
        let pairs = [
            ("DOMAIN", names().domain),
            ("LETS_ENCRYPT_ENV", if acme { "production".into() } else { String::new() }),
            ("SECRET_WILDCARD_CERT_VERSION", format!("v{certificate}")),
            ("SECRET_WILDCARD_KEY_VERSION", format!("v{key}")),
        ];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    })
}

fn stack() -> impl Strategy<Value = Stack> {
    let deployed = (0..TAGS.len(), env(), 0..2_u64).prop_map(|(tag, env, wanted)| deployed(TAGS[tag], env, wanted));
    prop_oneof![1 => Just(Stack::default()), 4 => deployed]
}

fn deployed(tag: &str, env: BTreeMap<String, String>, wanted: u64) -> Stack {
    let name = names().stack;
    let secret = |kind: &str, key: &str| format!("{name}_{kind}_{}", env.get(key).map_or("", String::as_str));
    let secrets = vec![secret(CERTIFICATE, "SECRET_WILDCARD_CERT_VERSION"), secret(KEY, "SECRET_WILDCARD_KEY_VERSION")];
    Stack {
        services: vec![Running { name: names().app_service(), tasks: tasks(wanted) }],
        app: Some(Service { version: Some(tag.into()), chaos: None, env, secrets }),
    }
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let tried = (1..TAGS.len() - 1, any::<bool>()).prop_map(|(tag, rejected)| Try {
        tag: TAGS[tag].into(),
        rejected: rejected.then(|| "seen".into()),
        back_to: TAGS[0].into(),
        back_env: BTreeMap::new(),
        since: None,
        env: BTreeMap::new(),
    });
    vec(tried, 0..2)
}

fn observed() -> impl Strategy<Value = Observed> {
    let certificate = prop_oneof![
        4 => Just(CertificateSeen::Usable { leaf: LEAF.into(), until: "2027-01-01T00:00:00Z".parse().unwrap() }),
        1 => Just(CertificateSeen::Unusable { reason: "expired".into(), hint: "renew it".into() }),
    ];
    let is_cloned = prop::bool::weighted(0.8);
    let parts = (certificate, secrets(CERTIFICATE), secrets(KEY), is_cloned, option::of(env()), stack(), tries());
    parts.prop_map(|(certificate, certificates, keys, is_cloned, env, stack, tries)| {
        let mut observed = Observed {
            now: "2026-11-21T00:00:00Z".parse().unwrap(),
            certificate,
            app: recipe::Observed {
                proxy: true,
                secrets: BTreeMap::from([(CERTIFICATE.to_owned(), certificates), (KEY.to_owned(), keys)]),
                recipe: is_cloned.then(clone),
                env,
                stack,
                tries,
                ..recipe::Observed::default()
            },
            acme: Vec::new(),
            probe: None,
        };
        look(&mut observed);
        observed
    })
}

/// What depends on the rest: whether contents are the same, and what is served.
fn look(observed: &mut Observed) {
    if matches!(observed.certificate, CertificateSeen::Unusable { .. }) {
        observed.app.secrets.values_mut().flatten().for_each(|secret| secret.same = None);
    }
    let app = &observed.app;
    let used = app.secrets(CERTIFICATE).iter().find(|secret| app.stack.uses(&secret.name));
    let served = used.and_then(|secret| secret.labels.get(LEAF_LABEL).cloned());
    observed.probe = served.map(|leaf| Probe { certificate: Ok(leaf), redirect: Ok(()) });
}

/// What Docker, git and abra would make of a change. `false` ends its sequence.
fn apply(change: &Change, observed: &mut Observed) -> bool {
    let app = &mut observed.app;
    match change {
        Change::Clone | Change::Fetch => {
            app.recipe = Some(clone());
            app.asked = Some(Ok(()));
        }
        Change::CreateSecret { kind, name } => {
            let number = names().secret_number(kind, name).unwrap();
            let there = app.secrets.get_mut(kind).unwrap();
            assert!(there.iter().all(|secret| secret.number != number), "Docker refuses a second {name}");
            let (name, id) = (name.clone(), name.clone());
            there.push(Secret { name, id, number, ours: true, same: Some(true), labels: leaf(LEAF) });
        }
        Change::WriteEnv { keys, .. } => {
            let env = app.env.get_or_insert_with(|| BTreeMap::from([("LETS_ENCRYPT_ENV".into(), "production".into())]));
            env.extend(keys.clone());
        }
        Change::Mark { mark } => {
            app.tries.retain(|tried| tried.tag != mark.tag);
            app.tries.push(mark.clone());
        }
        Change::Deploy { version, rejection, .. } => {
            app.stack = deployed(version, app.env.clone().unwrap(), 1);
            app.deployed = true;
            for name in &app.stack.app.as_ref().unwrap().secrets {
                let is_there = app.secrets.values().flatten().any(|there| there.name == *name);
                assert!(is_there, "abra refuses: no {name}");
            }
            look(observed);
            return rejection.is_none();
        }
        Change::RemoveSecret { id, name } => {
            assert!(!app.stack.uses(name), "{name} is in use");
            let secret = app.secrets.values().flatten().find(|secret| secret.id == *id).unwrap();
            assert!(secret.ours, "{name} is somebody else's");
            app.secrets.values_mut().for_each(|secrets| secrets.retain(|secret| secret.id != *id));
        }
        Change::Unmark { tag } => app.tries.retain(|tried| tried.tag != *tag),
    }
    look(observed);
    true
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_run_ends_with_nothing_left_to_change(desired in desired(), mut observed in observed()) {
        for round in 0.. {
            let plan = plan::plan(&desired, &observed);
            if plan.sequences.is_empty() {
                break;
            }
            prop_assert!(round < ROUNDS, "still to do after {ROUNDS} rounds: {:?}", plan.sequences);
            let mut went_back = false;
            for sequence in &plan.sequences {
                went_back |= !sequence.changes.iter().all(|change| apply(change, &mut observed));
            }
            // A run that went back ends as failed; the next one begins anew.
            if went_back {
                observed.app.deployed = false;
            }
        }
        if matches!(observed.certificate, CertificateSeen::Usable { .. }) {
            let end = plan::plan(&desired, &observed);
            prop_assert!(end.is_empty(), "{end:?}");
            prop_assert_eq!(&observed.probe.unwrap().certificate, &Ok(LEAF.to_owned()));
        }
    }
}
