//! The parts of a service: image, secrets, network, paths. A missing part becomes a change or a block.

use std::collections::BTreeMap;
use std::path;

use crate::secret;
use crate::service::observed::{CredentialState, HostPath, Image, Observed};
use crate::service::{Change, Mount, MountKind, SecretFile, ServiceGoal};
use base::plan::Plan;

/// Returns the id of the image: the archive's, or the running one without a usable archive.
pub fn image(goal: &ServiceGoal, observed: &Observed, plan: &mut Plan<Change>) -> Option<String> {
    match &observed.image {
        Image::Loaded { id, .. } => Some(id.clone()),
        Image::InArchive { tag } => {
            plan.sequence("image", vec![Change::LoadImage { archive: goal.archive.clone(), tag: tag.clone() }]);
            None
        }
        Image::Unusable { reason, hint } => {
            plan.block("image", reason.clone(), hint.clone());
            let template = observed.service.as_ref()?.spec.task_template.as_ref()?;
            let runs = template.container_spec.as_ref()?.image.as_ref();
            runs.filter(|image| observed.images.values().any(|id| id == *image)).cloned()
        }
    }
}

/// Returns the secrets to use; `None` while one must be created first or cannot be.
pub fn secrets(goal: &ServiceGoal, observed: &Observed, plan: &mut Plan<Change>) -> Option<Vec<SecretFile>> {
    let mut files = Vec::new();
    for kind in &goal.secrets {
        let there = observed.secrets(kind);
        let chosen = match observed.credentials.get(*kind) {
            Some(CredentialState::Usable) => {
                let chosen = secret::usable(there);
                if chosen.is_none() {
                    let name = secret::name(goal.program, kind, secret::next(there));
                    // One sequence each: a failure does not stop the others.
                    plan.sequence(format!("secret {kind}"), vec![Change::CreateSecret { kind: (*kind).into(), name }]);
                }
                chosen
            }
            Some(CredentialState::Unusable { reason, hint }) => {
                plan.block(format!("secret/{kind}"), reason.clone(), hint.clone());
                // The running service keeps its secret.
                there.iter().rev().find(|secret| uses(observed, &secret.name))
            }
            None => None,
        };
        files.push(chosen.map(|secret| SecretFile {
            file: (*kind).to_owned(),
            name: secret.name.clone(),
            id: secret.id.clone(),
        }));
    }
    files.into_iter().collect()
}

/// True if the service uses the secret `secret`.
pub fn uses(observed: &Observed, secret: &str) -> bool {
    let template = observed.service.as_ref().and_then(|service| service.spec.task_template.as_ref());
    let secrets = template.and_then(|template| template.container_spec.as_ref()?.secrets.as_ref());
    secrets.is_some_and(|secrets| secrets.iter().any(|used| used.secret_name.as_deref() == Some(secret)))
}

/// The id of the network.
pub fn network<'a>(goal: &ServiceGoal, observed: &'a Observed, plan: &mut Plan<Change>) -> Option<&'a str> {
    let name = goal.network;
    if observed.network.is_none() {
        plan.block(
            format!("network/{name}"),
            format!("there is no network {name} of scope swarm"),
            "see converge-swarm.service",
        );
    }
    observed.network.as_deref()
}

/// True if every path to mount exists with the right owner and mode. Blocks otherwise.
pub fn has_paths(goal: &ServiceGoal, observed: &Observed, plan: &mut Plan<Change>) -> bool {
    let mut has_all = true;
    for mount in &goal.mounts {
        let seen = observed.paths.get(&mount.source).unwrap_or(&HostPath::Missing);
        if let Some((reason, hint)) = path_problem(mount, seen, &goal.user) {
            plan.block(format!("path{}", mount.source.display()), reason, hint);
            has_all = false;
        }
    }
    has_all
}

/// The digests of the mounted files. A container keeps the file that was there at its start, so another one needs a new task.
pub fn contents(goal: &ServiceGoal, observed: &Observed) -> BTreeMap<String, String> {
    let files = goal.mounts.iter().filter(|mount| mount.kind == MountKind::File);
    let content = |mount: &Mount| match observed.paths.get(&mount.source) {
        Some(HostPath::File { content: Some(content), .. }) => Some((mount.target.clone(), content.clone())),
        _ => None,
    };
    files.filter_map(content).collect()
}

/// Returns the reason why a path cannot be mounted, and the command that mends it.
fn path_problem(mount: &Mount, seen: &HostPath, user: &str) -> Option<(String, String)> {
    let path = mount.source.display();
    let elsewhere = || "move it away, or name another one".to_owned();
    match (mount.kind, seen) {
        (_, HostPath::Unreadable { why }) => {
            Some((format!("{path} cannot be looked at: {why}"), format!("see `namei --long {path}`")))
        }
        (MountKind::File, HostPath::Missing) => {
            Some((format!("there is no file {path}"), "name one that is there".into()))
        }
        (MountKind::File, HostPath::Directory { .. }) => Some((format!("{path} is a directory, no file"), elsewhere())),
        (_, HostPath::File { .. }) if mount.kind != MountKind::File => {
            Some((format!("{path} is no directory"), elsewhere()))
        }
        (MountKind::OwnDirectory, seen) => written_directory_problem(&mount.source, seen, user, "700"),
        (MountKind::PublicDirectory, seen) => written_directory_problem(&mount.source, seen, user, "755"),
        (MountKind::Directory, HostPath::Missing) => {
            Some((format!("there is no directory {path}"), format!("install --directory --mode=0755 {path}")))
        }
        (_, HostPath::Directory { mode, .. }) if !others_may(mode, 0o5) => {
            Some((format!("{path} has mode {mode}, and {user} is to read it"), format!("chmod o+rx {path}")))
        }
        (_, HostPath::File { mode, .. }) if !others_may(mode, 0o4) => {
            Some((format!("{path} has mode {mode}, and {user} is to read it"), format!("chmod o+r {path}")))
        }
        _ => None,
    }
}

/// The same for a directory that the service writes.
fn written_directory_problem(
    path: &path::Path,
    seen: &HostPath,
    runs_as: &str,
    wanted: &str,
) -> Option<(String, String)> {
    let path = path.display();
    match seen {
        HostPath::Directory { user, group, .. } if format!("{user}:{group}") != runs_as => Some((
            format!("{path} belongs to {user}:{group}, and the service runs as {runs_as}"),
            // The files in it may belong to another user too.
            format!("chown --recursive {runs_as} {path}"),
        )),
        HostPath::Directory { mode, .. } if mode != wanted => {
            Some((format!("{path} has mode {mode}, not {wanted}"), format!("chmod 0{wanted} {path}")))
        }
        HostPath::Missing => {
            let (owner, group) = runs_as.split_once(':').unwrap_or((runs_as, runs_as));
            Some((
                format!("there is no directory {path}"),
                format!("install --directory --owner={owner} --group={group} --mode=0{wanted} {path}"),
            ))
        }
        _ => None,
    }
}

fn others_may(mode: &str, what: u32) -> bool {
    u32::from_str_radix(mode, 8).is_ok_and(|mode| mode & what == what)
}
