//! The service that the configuration declares.

use std::collections::BTreeMap;
use std::path::Path;

use docker::service::{Mount, MountKind, SecretSpec, ServiceGoal};

use crate::desired::Desired;
use crate::{NAME, PROGRAM};
use comment_bridge::container;
use comment_bridge::secrets::{DRONE_TOKEN, GITEA_TOKEN, WEBHOOK_SECRET};
use comment_bridge::settings::VARIABLE;

/// The secrets of the service, and their credentials.
pub fn kinds(desired: &Desired) -> [SecretSpec; 3] {
    [
        SecretSpec { kind: GITEA_TOKEN, credential: "gitea-token", is_wanted: true },
        SecretSpec { kind: DRONE_TOKEN, credential: "drone-token", is_wanted: true },
        SecretSpec { kind: WEBHOOK_SECRET, credential: "webhook-secret", is_wanted: desired.webhook },
    ]
}

/// Returns the declared service.
pub fn wanted(desired: &Desired) -> ServiceGoal {
    let settings = serde_json::to_string(&desired.settings()).unwrap_or_default();
    let authorities = desired.authorities.display().to_string();
    let env = [(VARIABLE, settings), (container::AUTHORITIES_VARIABLE, authorities.clone())];
    let mount = |source: &Path, target: &str, kind| Mount { source: source.into(), target: target.into(), kind };
    ServiceGoal {
        program: PROGRAM,
        piece: NAME,
        archive: desired.image.clone(),
        domain: desired.domain.clone(),
        rule: format!("Host(`{}`) && (Path(`/hook`) || Path(`/healthz`))", desired.domain),
        port: container::PORT,
        network: "proxy",
        env: env.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<BTreeMap<_, _>>(),
        secrets: kinds(desired).iter().filter(|kind| kind.is_wanted).map(|kind| kind.kind).collect(),
        mounts: vec![
            mount(&desired.ledger, container::LEDGER, MountKind::OwnDirectory),
            mount(&desired.runs, container::RUNS, MountKind::Directory),
            mount(&desired.published, container::PUBLISHED, MountKind::PublicDirectory),
            mount(&desired.authorities, &authorities, MountKind::File),
        ],
        user: desired.user.clone(),
        memory_mib: desired.memory_mib,
        health: vec![format!("/bin/{PROGRAM}"), "health".to_owned()],
    }
}
