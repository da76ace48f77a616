//! The service that the configuration declares.

use std::collections::BTreeMap;
use std::path::Path;

use dashboard::{container, settings};
use docker::service::{Mount, MountKind, ServiceGoal};

use crate::desired::Desired;
use crate::{NAME, PROGRAM};

/// Returns the declared service. It has no secret.
pub fn wanted(desired: &Desired) -> ServiceGoal {
    let settings = serde_json::to_string(&desired.settings()).unwrap_or_default();
    let mount = |source: &Path, target: &str, kind| Mount { source: source.into(), target: target.into(), kind };
    ServiceGoal {
        program: PROGRAM,
        piece: NAME,
        archive: desired.image.clone(),
        domain: desired.domain.clone(),
        rule: format!("Host(`{}`)", desired.domain),
        port: container::PORT,
        network: "proxy",
        env: BTreeMap::from([(settings::VARIABLE.to_owned(), settings)]),
        secrets: Vec::new(),
        mounts: vec![
            mount(&desired.index, container::INDEX, MountKind::OwnDirectory),
            mount(&desired.runs, container::RUNS, MountKind::Directory),
            mount(&desired.reports, container::REPORTS, MountKind::Directory),
            mount(&desired.bridge, container::BRIDGE, MountKind::Directory),
        ],
        user: desired.user.clone(),
        memory_mib: desired.memory_mib,
        health: vec![format!("/bin/{PROGRAM}"), "health".to_owned()],
    }
}
