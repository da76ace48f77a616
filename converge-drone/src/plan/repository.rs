//! The repository in Drone: synchronised, activated, owned by the bot, with its settings.

use base::plan::Plan;

use crate::change::Change;
use crate::desired::Desired;
use crate::observed::{DroneRepository, DroneState, GiteaState, Observed};

/// Plans the repository.
pub fn plan(desired: &Desired, observed: &Observed, plan: &mut Plan<Change>) {
    let DroneState::Accepts { account, repository, .. } = &observed.drone else { return };
    if !is_usable(desired, observed, repository.as_ref(), plan) {
        return;
    }
    let name = &desired.repository.name;
    let Some(there) = repository else {
        synchronise(desired, observed, plan);
        return;
    };
    let mut changes = Vec::new();
    if !there.active {
        changes.push(Change::Activate { repository: name.clone() });
    } else if there.owner != account.id {
        changes.push(Change::TakeOver { repository: name.clone() });
    }
    let timeout = desired.repository.timeout_minutes;
    if there.timeout_minutes != i64::from(timeout) || there.trusted != desired.repository.trusted {
        let trusted = desired.repository.trusted;
        changes.push(Change::Set { repository: name.clone(), timeout_minutes: timeout, trusted });
    }
    plan.sequence("repository", changes);
}

/// Returns true if Gitea has the repository under that name, with the rights for its activation.
fn is_usable(desired: &Desired, observed: &Observed, there: Option<&DroneRepository>, plan: &mut Plan<Change>) -> bool {
    let name = &desired.repository.name;
    let bot = &desired.gitea.bot;
    match &observed.gitea {
        // Without Gitea only the settings of an activated repository can be changed.
        GiteaState::Silent { .. } | GiteaState::Refuses { .. } => there.is_some_and(|there| there.active),
        GiteaState::Answers { repository: None, .. } => {
            plan.block(
                format!("repository/{name}"),
                format!("there is no repository {name} in Gitea that {bot} can see"),
                format!("create it, and make {bot} an administrator of it; or correct repository.name"),
            );
            false
        }
        GiteaState::Answers { repository: Some(found), .. } if !found.name.eq_ignore_ascii_case(name) => {
            plan.block(
                format!("repository/{name}"),
                format!("{name} was renamed to {}", found.name),
                format!("set repository.name to `{}`, or rename it back", found.name),
            );
            false
        }
        GiteaState::Answers { repository: Some(found), .. } => {
            let needs_admin = !there.is_some_and(|there| there.active);
            if needs_admin && !found.admin {
                plan.block(
                    format!("repository/{name}"),
                    format!("{bot} is no administrator of {name}, so Drone cannot create its webhook"),
                    format!(
                        "make {bot} an administrator of this one repository in Gitea (its settings, collaborators)"
                    ),
                );
            }
            !needs_admin || found.admin
        }
    }
}

/// Plans the synchronisation, after which Drone has the repository.
fn synchronise(desired: &Desired, observed: &Observed, plan: &mut Plan<Change>) {
    let name = &desired.repository.name;
    if observed.done.synchronised {
        plan.block(
            format!("repository/{name}"),
            format!("Drone has synchronised the bot's repositories, and {name} is not among them"),
            "check that the bot is a member of its organisation, and that env sets no DRONE_REPOSITORY_FILTER",
        );
    } else {
        plan.sequence("repository", vec![Change::Synchronise { repository: name.clone() }]);
    }
}
