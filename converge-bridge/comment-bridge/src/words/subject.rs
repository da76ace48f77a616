//! Chooses the triggers that the comment of a pull request shows.

use super::notice::{Notice, NoticeKind};
use crate::trigger::{Command, Refusal, State, Trigger};

/// The number of a pull request's newest triggers that are read; many are not shown.
pub const MOST: usize = 500;

/// The number of other runs that are shown.
const OTHERS: usize = 3;

/// The triggers that a comment shows.
#[derive(Debug, Clone, Default)]
pub struct Subject<'a> {
    /// The main run.
    pub run: Option<&'a Trigger>,
    /// The trigger that joined this run.
    pub joined: Option<&'a Trigger>,
    /// Other runs, newest first.
    pub others: Vec<&'a Trigger>,
    /// The notice beside the run.
    pub(super) notice: Option<Notice<'a>>,
}

impl<'a> Subject<'a> {
    /// Chooses from the newest triggers, newest first.
    pub fn of(triggers: &'a [Trigger]) -> Self {
        let mut runs: Vec<&Trigger> = triggers.iter().filter(|trigger| is_run(trigger)).collect();
        runs.sort_by_key(|run| std::cmp::Reverse(run.comment));
        let mut shown: Vec<&Trigger> =
            triggers.iter().filter(|trigger| is_run(trigger) || has_notice(trigger)).collect();
        shown.sort_by_key(|trigger| std::cmp::Reverse(trigger.comment));

        // A trigger that joined a run shows that run, unless a later one asks for another.
        let newest_test = shown.iter().copied().find(|trigger| is_test(trigger));
        let joined = newest_test.and_then(|test| match test.state {
            State::Joined { joined_trigger } => {
                Some((test, runs.iter().position(|run| run.comment == joined_trigger)?))
            }
            _ => None,
        });
        let (joined, at) = joined.map_or((None, 0), |(joined, at)| (Some(joined), at));
        let run = (at < runs.len()).then(|| runs.remove(at));
        runs.truncate(OTHERS);

        let newest = shown.first().copied();
        let notice = newest.and_then(|of| Some(Notice { of, kind: NoticeKind::of(of, run)? }));
        Self { run, joined, others: runs, notice }
    }

    /// All runs that are shown.
    pub fn runs(&self) -> impl Iterator<Item = &'a Trigger> {
        self.run.into_iter().chain(self.others.iter().copied())
    }
}

fn is_test(trigger: &Trigger) -> bool {
    matches!(trigger.command, Command::Test { .. })
}

/// True for a trigger with a run of its own: its author was allowed.
fn is_run(trigger: &Trigger) -> bool {
    let has_run = match &trigger.state {
        State::Authorised { .. }
        | State::Cancelled { .. }
        | State::Building { .. }
        | State::Ended { .. }
        | State::Reported { .. } => true,
        // Without an order the author was never allowed.
        State::Seen { order, .. } | State::Failed { order, .. } => order.is_some(),
        _ => false,
    };
    is_test(trigger) && has_run
}

/// True for a trigger with a notice. Strangers and deleted comments get none.
fn has_notice(trigger: &Trigger) -> bool {
    match &trigger.state {
        State::Answered | State::Cancelling | State::Joined { .. } => true,
        State::Refused { reason } => {
            matches!(reason, Refusal::Closed | Refusal::Archived | Refusal::NoRecipe | Refusal::Moved(_))
        }
        State::Failed { .. } => trigger.command == Command::Cancel,
        _ => false,
    }
}
