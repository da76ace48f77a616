//! For generated states: applying plans to a model of Docker ends with nothing left to change, within the rounds a run has,
//! and never takes objects that are in use or of another owner.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;

use converge::Converger;
use converge_bridge::{ConvergeBridge, Desired, PROGRAM, plan};
use docker::secret;
use docker::secret::Secret;
use docker::service::observed::{CredentialState, HealthProbe, HostPath, Image, LiveService};
use docker::service::{Change, Observed, Spec};
use docker::settled::{Tasks, Update};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

const KINDS: [&str; 3] = ["gitea_token", "drone_token", "webhook_secret"];
const TAGS: [&str; 3] =
    ["localhost/comment-bridge:one", "localhost/comment-bridge:two", "localhost/comment-bridge:archive"];

fn desired() -> impl Strategy<Value = Desired> {
    (any::<bool>(), 64..66_u32).prop_map(|(webhook, memory_mib)| {
        let desired: Desired = serde_json::from_str(include_str!("../../example.json")).unwrap();
        Desired { webhook, memory_mib, ..desired }
    })
}

fn secrets(kind: &'static str) -> impl Strategy<Value = Vec<Secret>> {
    vec((any::<bool>(), any::<bool>()), 0..4).prop_map(move |there| {
        let numbered = there.into_iter().zip(1..);
        let secret = |((ours, same), number): ((bool, bool), u32)| Secret {
            name: secret::name(PROGRAM, kind, number),
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
    let spec: docker::service::ServiceSpec = serde_json::from_value(spec).unwrap();
    let replicas = spec.mode.as_ref().and_then(|mode| mode.replicated.as_ref()?.replicas);
    let wanted = replicas.and_then(|replicas| u64::try_from(replicas).ok()).unwrap_or(1);
    let tasks = Tasks { wanted, running: wanted, update: Update::None, message: None, log_tail: None, changed: None };
    LiveService { id: format!("service{version}"), version, spec, tasks }
}

#[derive(Debug, Clone)]
struct World {
    seen: Observed,
}

fn world() -> impl Strategy<Value = (Desired, World)> {
    let secrets = (secrets(KINDS[0]), secrets(KINDS[1]), secrets(KINDS[2]));
    let images = (any::<bool>(), any::<bool>(), any::<bool>());
    (desired(), secrets, images, option::weighted(0.8, vec(drift(), 0..4)), any::<bool>()).prop_map(
        |(desired, secrets, images, drifts, is_newer)| {
            let wanted = converge_bridge::wanted::wanted(&desired);
            let all = BTreeMap::from([
                (KINDS[0].to_owned(), secrets.0),
                (KINDS[1].to_owned(), secrets.1),
                (KINDS[2].to_owned(), secrets.2),
            ]);
            let has = [images.0, images.1, images.2];
            let there = TAGS.iter().zip(has).filter(|(_, has)| *has);
            let images: BTreeMap<String, String> =
                there.map(|(tag, _)| ((*tag).to_owned(), format!("sha256:{tag}"))).collect();
            let api = serde_json::from_value(json!(if is_newer { "1.51" } else { "1.41" })).unwrap();
            let service = drifts.map(|drifts| {
                let used = wanted.secrets.iter().filter_map(|kind| {
                    let secret = all[*kind].first()?;
                    let (name, id) = (secret.name.clone(), secret.id.clone());
                    Some(docker::service::SecretFile { file: (*kind).to_owned(), name, id })
                });
                let mut spec = live(&wanted.spec("sha256:old", used.collect(), "proxyid", api));
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
            let own = HostPath::Directory { user: 60990, group: 60990, mode: "700".into() };
            let public = HostPath::Directory { user: 60990, group: 60990, mode: "755".into() };
            let read = HostPath::Directory { user: 0, group: 0, mode: "755".into() };
            let paths = [
                (desired.ledger.clone(), own),
                (desired.runs.clone(), read),
                (desired.published.clone(), public),
                (
                    desired.authorities.clone(),
                    HostPath::File { mode: "644".into(), content: Some("0123456789abcdef".into()) },
                ),
            ];
            let mut world = World {
                seen: Observed {
                    no_swarm: None,
                    api,
                    image: Image::InArchive { tag: TAGS[0].into() },
                    images,
                    credentials: wanted
                        .secrets
                        .iter()
                        .map(|kind| ((*kind).to_owned(), CredentialState::Usable))
                        .collect(),
                    secrets: all,
                    network: Some("proxyid".into()),
                    paths: paths.into_iter().collect(),
                    service,
                    health: HealthProbe::Healthy,
                    odd_entries: Vec::new(),
                    changed: false,
                },
            };
            world.look();
            (desired, world)
        },
    )
}

impl World {
    /// The value that depends on the rest.
    fn look(&mut self) {
        let tag = TAGS[0].to_owned();
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
                let (_, number) = secret::kind_and_number(PROGRAM, name).unwrap();
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
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_run_ends_with_nothing_left_to_change((desired, mut world) in world()) {
        let mut updates = 0;
        for round in 0.. {
            let plan = plan::plan(&desired, &world.seen);
            if plan.is_empty() {
                break;
            }
            prop_assert!(plan.blocks.is_empty() && plan.drift.is_empty() && plan.waits.is_empty(), "{plan:?}");
            prop_assert!(round < ConvergeBridge::ROUNDS, "still to do after {round} rounds: {plan:?}");
            for change in plan.sequences.iter().flat_map(|sequence| &sequence.changes) {
                updates += u32::from(matches!(change, Change::UpdateService { .. } | Change::CreateService { .. }));
                world.apply(change);
            }
        }
        prop_assert!(updates <= 1, "{updates} updates in one run");
        let image = format!("sha256:{}", TAGS[0]);
        prop_assert!(world.seen.images.len() == 1 && world.uses(&image), "{:?}", world.seen.images);
        // The next run knows nothing of this one.
        world.seen.changed = false;
        prop_assert!(plan::plan(&desired, &world.seen).is_empty());
    }
}
