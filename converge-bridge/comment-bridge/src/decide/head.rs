//! The head commit at the time of a comment: only that one was approved.

use http::gitea::{Head, Push};

use super::ask::Undecided;
use crate::Bridge;
use crate::trigger::{Refusal, State, Trigger};

/// Decisions of a comment that fail while its delivery names another head: Gitea moves `refs/pull` a moment after a push.
const TRIES: u32 = 3;

/// The head that a comment asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum HeadAtComment {
    /// The head at the time of the comment, which is the head now.
    Known(String),
    /// Not known to be the head now, which is this one.
    Moved(Head),
}

/// Asks Gitea for the head that a comment asks for. `failures` counts earlier decisions that failed.
pub async fn at_comment(bridge: &Bridge, trigger: &Trigger, failures: u32) -> Result<HeadAtComment, Undecided> {
    bridge.check_running()?;
    // Before the pushes: a push in between makes the head older than the last push, not newer.
    let now = bridge.gitea.head(&trigger.pull).await?.ok_or(Undecided::NoHead)?;
    let delivered = delivered(trigger);
    if delivered == Some(&now.commit) {
        return Ok(HeadAtComment::Known(now.commit));
    }
    bridge.check_running()?;
    let pushes = bridge.gitea.pushes(&trigger.pull).await?;
    if pushes.iter().any(|push| is_after(push, trigger)) {
        return Ok(HeadAtComment::Moved(now));
    }
    if delivered.is_some() && failures < TRIES {
        return Err(Undecided::HeadDiffers);
    }
    let newest = bridge.ledger.of_pull(&trigger.pull, crate::trigger::LOOK_BACK)?;
    let is_known = is_last(&pushes, &now) || was_head_before(&newest, trigger, &now);
    Ok(if is_known { HeadAtComment::Known(now.commit) } else { HeadAtComment::Moved(now) })
}

fn delivered(trigger: &Trigger) -> Option<&String> {
    match &trigger.state {
        State::Seen { delivered_head, .. } => delivered_head.as_ref(),
        _ => None,
    }
}

/// True if a push is later than the comment. Both take their ids from one sequence; times have whole seconds, and a clock
/// can be set back.
fn is_after(push: &Push, trigger: &Trigger) -> bool {
    push.id > trigger.comment
}

/// True if the last push names this head: a push whose event is not written yet is none of them.
fn is_last(pushes: &[Push], head: &Head) -> bool {
    pushes.iter().max_by_key(|push| push.id).is_some_and(|push| push.head.as_ref() == Some(&head.commit))
}

/// True if an earlier comment was refused for this head, before this comment was written. A pull request without events
/// of its pushes, as one that was imported, is tested by the second comment.
fn was_head_before(newest: &[Trigger], trigger: &Trigger, head: &Head) -> bool {
    newest.iter().filter(|other| other.comment < trigger.comment).any(|other| match &other.state {
        State::Refused { reason: Refusal::Moved(seen) } => seen.commit == head.commit && seen.read < trigger.created,
        _ => false,
    })
}
