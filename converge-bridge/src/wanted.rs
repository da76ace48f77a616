//! The service that the configuration asks for.

use std::collections::BTreeMap;
use std::path::Path;

use docker::service::{Mount, MountKind, SecretSpec, ServiceGoal};

use crate::desired::Desired;
use crate::{NAME, PROGRAM};
use comment_bridge::settings::VARIABLE;

/// The port it listens on in its container.
const PORT: u16 = 8080;
/// Where it finds its ledger.
const LEDGER: &str = "/ledger";
/// Where it finds what builds leave.
const RUNS: &str = "/runs";

/// Its secrets, and the credentials they come from.
pub fn kinds(desired: &Desired) -> [SecretSpec; 3] {
    [
        SecretSpec { kind: "gitea_token", credential: "gitea-token", is_wanted: true },
        SecretSpec { kind: "drone_token", credential: "drone-token", is_wanted: true },
        SecretSpec { kind: "webhook_secret", credential: "webhook-secret", is_wanted: desired.webhook },
    ]
}

/// What its service is to be.
pub fn wanted(desired: &Desired) -> ServiceGoal {
    let settings = serde_json::to_string(&desired.settings()).unwrap_or_default();
    let authorities = desired.authorities.display().to_string();
    let env = [(VARIABLE, settings), ("SSL_CERT_FILE", authorities.clone())];
    let mount = |source: &Path, target: &str, kind| Mount { source: source.into(), target: target.into(), kind };
    ServiceGoal {
        program: PROGRAM,
        piece: NAME,
        archive: desired.image.clone(),
        domain: desired.domain.clone(),
        // Metrics and triggers are for who shares the network.
        rule: format!("Host(`{}`) && (Path(`/hook`) || Path(`/healthz`))", desired.domain),
        port: PORT,
        network: "proxy",
        env: env.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<BTreeMap<_, _>>(),
        secrets: kinds(desired).iter().filter(|kind| kind.is_wanted).map(|kind| kind.kind).collect(),
        mounts: vec![
            mount(&desired.ledger, LEDGER, MountKind::OwnDirectory),
            mount(&desired.runs, RUNS, MountKind::Directory),
            mount(&desired.authorities, &authorities, MountKind::File),
        ],
        user: desired.user.clone(),
        memory_mib: desired.memory_mib,
        health: vec![format!("/bin/{PROGRAM}"), "health".to_owned()],
    }
}
