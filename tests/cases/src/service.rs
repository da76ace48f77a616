//! A model of a service of ours, with the effects of Docker, and generated states.

use std::collections::BTreeMap;

use converge::Converger;
use docker::secret::{self, Secret};
use docker::service::observed::{CredentialState, HealthProbe, HostPath, Image, LiveService};
use docker::service::{Change, Mount, MountKind, Observed, SecretFile, ServiceGoal, ServiceSpec, Spec};
use docker::settled::{Tasks, Update};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A Docker with the parts of one service, in any state.
#[derive(Debug, Clone)]
pub struct World {
    program: &'static str,
    wanted: String,
    seen: Observed,
}

fn secrets(program: &'static str, kind: &'static str) -> impl Strategy<Value = Vec<Secret>> {
    vec((any::<bool>(), any::<bool>()), 0..4).prop_map(move |there| {
        let numbered = there.into_iter().zip(1..);
        let secret = |((ours, same), number): ((bool, bool), u32)| Secret {
            name: secret::name(program, kind, number),
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

/// Manual changes of a service: the place, and the new value.
fn drift() -> impl Strategy<Value = (&'static str, Value)> {
    prop::sample::select(vec![
        ("/Mode/Replicated/Replicas", json!(0)),
        ("/Mode/Replicated/Replicas", json!(3)),
        ("/Mode", json!({ "Global": {} })),
        ("/Labels", json!({ "traefik.enable": "false" })),
        ("/TaskTemplate/ContainerSpec/Env", json!(["DEBUG=1"])),
        ("/TaskTemplate/ContainerSpec/Image", json!("sha256:another")),
        ("/TaskTemplate/ContainerSpec/User", json!("0:0")),
        ("/TaskTemplate/ContainerSpec/ReadOnly", json!(false)),
        ("/TaskTemplate/ContainerSpec/Mounts", json!([])),
        ("/TaskTemplate/ContainerSpec/Secrets", json!([])),
        ("/TaskTemplate/ContainerSpec/CapabilityDrop", json!([])),
        ("/TaskTemplate/ContainerSpec/Command", json!(["/bin/sh"])),
        ("/TaskTemplate/Resources", json!({})),
        ("/TaskTemplate/Networks", json!([])),
        ("/EndpointSpec/Ports", json!([{ "TargetPort": 8080 }])),
    ])
}

/// Changes that Docker itself makes to a spec; they are not differences.
fn fill_in(spec: &mut Value) {
    spec["TaskTemplate"]["Runtime"] = json!("container");
    spec["TaskTemplate"]["ForceUpdate"] = json!(7);
    spec["TaskTemplate"]["Placement"] = json!({});
    spec["TaskTemplate"]["ContainerSpec"]["Isolation"] = json!("default");
    spec["TaskTemplate"]["ContainerSpec"]["DNSConfig"] = json!({});
    spec["UpdateConfig"]["MaxFailureRatio"] = json!(0);
    for list in ["Env", "Mounts", "Secrets"] {
        if let Some(entries) = spec["TaskTemplate"]["ContainerSpec"][list].as_array_mut() {
            entries.reverse();
        }
    }
}

fn live(spec: &Spec) -> Value {
    let mut live = serde_json::to_value(spec.to_docker()).unwrap();
    fill_in(&mut live);
    live
}

fn service(spec: Value, version: u64) -> LiveService {
    let spec: ServiceSpec = serde_json::from_value(spec).unwrap();
    let replicas = spec.mode.as_ref().and_then(|mode| mode.replicated.as_ref()?.replicas);
    let wanted = replicas.and_then(|replicas| u64::try_from(replicas).ok()).unwrap_or(1);
    let tasks = Tasks { wanted, running: wanted, update: Update::None, message: None, log_tail: None, changed: None };
    LiveService { id: format!("service{version}"), version, spec, tasks }
}

/// The path to mount, as the service needs it.
fn usable(mount: &Mount, goal: &ServiceGoal) -> HostPath {
    let (user, group) = goal.user.split_once(':').unwrap();
    let directory = |user: &str, group: &str, mode: &str| HostPath::Directory {
        user: user.parse().unwrap(),
        group: group.parse().unwrap(),
        mode: mode.into(),
    };
    match mount.kind {
        MountKind::OwnDirectory => directory(user, group, "700"),
        MountKind::PublicDirectory => directory(user, group, "755"),
        MountKind::Directory => directory("0", "0", "755"),
        MountKind::File => HostPath::File { mode: "644".into(), content: Some("0123456789abcdef".into()) },
    }
}

/// Any state of Docker for a goal. `kinds` are those of all secrets that the piece knows, also the unused ones.
pub fn world(goal: &ServiceGoal, kinds: &[&'static str]) -> impl Strategy<Value = World> + use<> {
    let tags = ["one", "two", "archive"].map(|tag| format!("localhost/{}:{tag}", goal.program));
    let secrets: Vec<_> = kinds.iter().map(|kind| secrets(goal.program, kind)).collect();
    let images = [any::<bool>(), any::<bool>(), any::<bool>()];
    let (goal, kinds) = (goal.clone(), kinds.to_vec());
    (secrets, images, option::weighted(0.8, vec(drift(), 0..4)), any::<bool>()).prop_map(
        move |(secrets, has, drifts, is_newer)| {
            let secrets: BTreeMap<String, Vec<Secret>> =
                kinds.iter().map(|kind| (*kind).to_owned()).zip(secrets).collect();
            let there = tags.iter().zip(has).filter(|(_, has)| *has);
            let images = there.map(|(tag, _)| (tag.clone(), format!("sha256:{tag}"))).collect();
            let api = serde_json::from_value(json!(if is_newer { "1.51" } else { "1.41" })).unwrap();
            let service = drifts.map(|drifts| {
                let used = goal.secrets.iter().filter_map(|kind| {
                    let secret = secrets[*kind].first()?;
                    let (name, id) = (secret.name.clone(), secret.id.clone());
                    Some(SecretFile { file: (*kind).to_owned(), name, id })
                });
                let mut spec = live(&goal.spec("sha256:old", used.collect(), "proxyid", api));
                for (at, value) in drifts {
                    if let Some((parent, key)) = at.rsplit_once('/')
                        && let Some(parent) = spec.pointer_mut(parent)
                        && parent.is_object()
                    {
                        parent[key] = value;
                    }
                }
                service(spec, 1)
            });
            let usable_credential = |kind: &&str| ((*kind).to_owned(), CredentialState::Usable);
            let seen = Observed {
                no_swarm: None,
                api,
                image: Image::InArchive { tag: tags[0].clone() },
                images,
                credentials: goal.secrets.iter().map(usable_credential).collect(),
                secrets,
                network: Some("proxyid".into()),
                paths: goal.mounts.iter().map(|mount| (mount.source.clone(), usable(mount, &goal))).collect(),
                service,
                health: HealthProbe::Healthy,
                odd_entries: Vec::new(),
                changed: false,
            };
            let mut world = World { program: goal.program, wanted: tags[0].clone(), seen };
            world.look();
            world
        },
    )
}

impl World {
    /// The value that depends on the rest.
    fn look(&mut self) {
        let tag = self.wanted.clone();
        self.seen.image = match self.seen.images.get(&tag) {
            Some(id) => Image::Loaded { tag, id: id.clone() },
            None => Image::InArchive { tag },
        };
    }

    fn uses(&self, what: &str) -> bool {
        self.seen
            .service
            .iter()
            .any(|service| serde_json::to_string(&service.spec).unwrap().contains(&format!("\"{what}\"")))
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::LoadImage { tag, .. } => {
                self.seen.images.insert(tag.clone(), format!("sha256:{tag}"));
            }
            Change::CreateSecret { kind, name } => {
                let (_, number) = secret::kind_and_number(self.program, name).unwrap();
                let there = self.seen.secrets.get_mut(kind).unwrap();
                assert!(there.iter().all(|other| other.name != *name), "the name is taken");
                let (name, id) = (name.clone(), format!("{kind}{number}"));
                let labels = BTreeMap::new();
                there.push(Secret { name, id, number, ours: true, same: Some(true), labels, used_by: Vec::new() });
            }
            Change::CreateService { spec } => {
                assert!(self.seen.service.is_none(), "the name is taken");
                self.seen.service = Some(service(live(spec), 1));
                self.seen.changed = true;
            }
            Change::UpdateService { spec, of, because } => {
                let there = self.seen.service.as_ref().unwrap();
                assert!((of.index, &of.id) == (there.version, &there.id) && !because.is_empty());
                assert_eq!(of.forced, Some(7), "tasks are made anew once more");
                self.seen.service = Some(service(live(spec), there.version + 1));
                self.seen.changed = true;
            }
            Change::RemoveService { .. } => self.seen.service = None,
            Change::RemoveSecret { name, .. } => {
                assert!(!self.uses(name), "{name} is in use");
                for there in self.seen.secrets.values_mut() {
                    assert!(
                        there.iter().all(|secret| secret.name != *name || secret.ours),
                        "{name} is somebody else's"
                    );
                    there.retain(|secret| secret.name != *name);
                }
            }
            Change::RemoveImage { tag } => {
                let id = self.seen.images.remove(tag).unwrap();
                assert!(!self.uses(&id), "{tag} is in use");
            }
        }
        self.look();
    }

    /// Asserts that one run ends with nothing left to change, within its rounds and with one update at most, and that the
    /// next run has nothing to do.
    pub fn assert_one_run_converges<C>(mut self, desired: &C::Desired)
    where
        C: Converger<Observed = Observed, Change = Change>,
    {
        let mut updates = 0;
        for round in 0.. {
            let plan = C::plan(desired, &self.seen);
            if plan.is_empty() {
                break;
            }
            assert!(plan.blocks.is_empty() && plan.drift.is_empty() && plan.waits.is_empty(), "{plan:?}");
            assert!(round < C::ROUNDS, "still to do after {round} rounds: {plan:?}");
            for change in plan.sequences.iter().flat_map(|sequence| &sequence.changes) {
                updates += u32::from(matches!(change, Change::UpdateService { .. } | Change::CreateService { .. }));
                self.apply(change);
            }
        }
        assert!(updates <= 1, "{updates} updates in one run");
        let image = format!("sha256:{}", self.wanted);
        assert!(self.seen.images.len() == 1 && self.uses(&image), "{:?}", self.seen.images);
        // The next run knows nothing of this one.
        self.seen.changed = false;
        assert!(C::plan(desired, &self.seen).is_empty());
    }
}
