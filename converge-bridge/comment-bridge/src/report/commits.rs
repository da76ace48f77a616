//! Sets commit statuses where the bot may: this needs write access, which nothing else does.

use http::{Error, Refusal};
use tokio::time::Instant;

use super::problem;
use super::published::{self, PublishedStatuses};
use super::state::PublishState;
use crate::Bridge;
use crate::ledger::PullRecord;
use crate::stop::{self, Stop};
use http::gitea::Status;
use http::names::Pull;

/// Sets the status of each commit that has another one. Returns true if Gitea was called.
pub async fn write(
    bridge: &Bridge,
    pull: &Pull,
    record: &mut PullRecord,
    statuses: &[(String, Status)],
    state: &mut PublishState,
) -> Result<bool, Stop> {
    let mut known = PublishedStatuses::read(record.statuses.as_deref());
    known.keep(|commit| statuses.iter().any(|(other, _)| other == commit));
    let may_still_change = state.commits.until(known.are_unsettled()).is_some_and(|until| until > Instant::now());
    let mut has_called = false;
    for (commit, status) in statuses {
        let digest = digest(status);
        let (before, is_unsettled) = known.of(commit);
        // A call of unknown outcome may overwrite the status; the status is set once more when that is over.
        if known.is_forbidden(commit) || (before == digest && (!is_unsettled || may_still_change)) {
            continue;
        }
        bridge.check_running()?;
        let before = before.to_owned();
        known.set(commit, &before, true);
        save(bridge, pull, record, &known)?;
        match bridge.gitea.set_status(&pull.repository, commit, status).await {
            Ok(()) => known.set(commit, &digest, may_still_change),
            Err(error) if is_forbidden(&error) => {
                let why = "the bot has no write access there, so it sets no commit status";
                bridge.health.note(&format!("commit status in {}", pull.repository), why);
                known.forbid(commit);
            }
            Err(error) if problem::had_no_effect(&error) && !stop::is_of_the_server(&error) => {
                tracing::warn!(%pull, commit, error = %error, "cannot set the commit status");
                known.set(commit, &digest, may_still_change);
            }
            Err(error) => {
                if problem::had_no_effect(&error) {
                    known.set(commit, &before, is_unsettled);
                    save(bridge, pull, record, &known)?;
                } else {
                    state.commits.begin();
                }
                return Err(error.into());
            }
        }
        has_called = true;
        save(bridge, pull, record, &known)?;
    }
    if !may_still_change {
        state.commits.end();
    }
    Ok(has_called)
}

/// Records the statuses as published: only another status is tried again.
pub fn give_up(record: &mut PullRecord, statuses: &[(String, Status)], state: &mut PublishState) {
    let mut known = PublishedStatuses::read(record.statuses.as_deref());
    for (commit, status) in statuses {
        if !known.is_forbidden(commit) {
            known.set(commit, &digest(status), false);
        }
    }
    record.statuses = known.written();
    state.commits.end();
}

fn digest(status: &Status) -> String {
    published::digest(&serde_json::json!(status).to_string())
}

/// True if the bot may not set a status there, whatever it is.
fn is_forbidden(error: &Error) -> bool {
    matches!(error, Error::Refused { status: 403, because: Refusal::Rights | Refusal::Scope, .. })
}

fn save(bridge: &Bridge, pull: &Pull, record: &mut PullRecord, known: &PublishedStatuses) -> Result<(), Stop> {
    record.statuses = known.written();
    bridge.ledger.save_record(pull, record, None)?;
    Ok(())
}
