//! Saying of commits what their runs came to, where the bot may: it needs more rights than for anything else.

use http::{Error, Refusal};
use tokio::time::Instant;

use super::obstacle::{self, Obstacle};
use super::said::{self, Commits};
use super::voice::Voice;
use crate::Bridge;
use crate::ledger::PullRecord;
use http::gitea::Status;
use http::names::Pull;

/// Says of each commit what it is, where that is not said yet. Answers whether Gitea was asked.
pub async fn say(
    bridge: &Bridge,
    pull: &Pull,
    said: &mut PullRecord,
    statuses: &[(String, Status)],
    voice: &mut Voice,
) -> Result<bool, Obstacle> {
    let mut known = Commits::read(said.statuses.as_deref());
    known.keep(|commit| statuses.iter().any(|(told, _)| told == commit));
    let waits = voice.commits.until(known.are_unclear()).is_some_and(|until| until > Instant::now());
    let mut asked = false;
    for (commit, status) in statuses {
        let print = said::print(&serde_json::json!(status).to_string());
        let (before, unclear) = known.of(commit);
        // What may still be overwritten by a call that was given up is said once more, when that is over.
        if known.is_forbidden(commit) || (before == print && (!unclear || waits)) {
            continue;
        }
        if bridge.is_stopping() {
            return Err(Obstacle::Stopping);
        }
        let before = before.to_owned();
        known.set(commit, &before, true);
        note(bridge, pull, said, &known)?;
        match bridge.gitea.set_status(&pull.repository, commit, status).await {
            Ok(()) => known.set(commit, &print, waits),
            Err(error) if is_forbidden(&error) => {
                let why = "the bot may not say what commits are (it needs the right to write there), so it does not";
                bridge.health.note(&format!("commit status in {}", pull.repository), why);
                known.forbid(commit);
            }
            Err(error) if obstacle::is_certain(&error) && !obstacle::is_of_the_server(&error) => {
                tracing::warn!(%pull, commit, error = %error, "cannot say what the commit is");
                known.set(commit, &print, waits);
            }
            Err(error) => {
                if obstacle::is_certain(&error) {
                    known.set(commit, &before, unclear);
                    note(bridge, pull, said, &known)?;
                } else {
                    voice.commits.begins();
                }
                return Err(error.into());
            }
        }
        asked = true;
        note(bridge, pull, said, &known)?;
    }
    if !waits {
        voice.commits.ends();
    }
    Ok(asked)
}

/// Takes it as said: only another word is tried again.
pub fn give_up(said: &mut PullRecord, statuses: &[(String, Status)], voice: &mut Voice) {
    let mut known = Commits::read(said.statuses.as_deref());
    for (commit, status) in statuses {
        if !known.is_forbidden(commit) {
            known.set(commit, &said::print(&serde_json::json!(status).to_string()), false);
        }
    }
    said.statuses = known.written();
    voice.commits.ends();
}

/// Whether the bot may not, whatever it says.
fn is_forbidden(error: &Error) -> bool {
    matches!(error, Error::Refused { status: 403, because: Refusal::Rights, .. })
}

fn note(bridge: &Bridge, pull: &Pull, said: &mut PullRecord, known: &Commits) -> Result<(), Obstacle> {
    said.statuses = known.written();
    bridge.ledger.save_record(pull, said, None)?;
    Ok(())
}
