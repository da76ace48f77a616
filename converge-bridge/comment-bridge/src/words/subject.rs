//! Which of a pull request's triggers its comment tells of.

use super::notice::{Kind, Notice};
use crate::trigger::{Command, Refusal, State, Trigger};

/// How many of a pull request's newest triggers are looked at: many are not told of.
pub const MOST: usize = 500;

/// How many other runs are told of.
const OTHERS: usize = 3;

/// What a comment tells of.
#[derive(Debug, Clone, Default)]
pub struct Subject<'a> {
    /// The run it is about.
    pub run: Option<&'a Trigger>,
    /// The trigger that found this run under way.
    pub joined: Option<&'a Trigger>,
    /// Runs beside it, newest first.
    pub others: Vec<&'a Trigger>,
    /// What is said beside the run.
    pub(super) notice: Option<Notice<'a>>,
}

impl<'a> Subject<'a> {
    /// What a comment tells of, from the newest triggers, newest first.
    pub fn of(triggers: &'a [Trigger]) -> Self {
        let mut runs: Vec<&Trigger> = triggers.iter().filter(|trigger| is_run(trigger)).collect();
        runs.sort_by_key(|run| std::cmp::Reverse(run.comment));
        let mut told: Vec<&Trigger> = triggers.iter().filter(|trigger| is_run(trigger) || is_told(trigger)).collect();
        told.sort_by_key(|trigger| std::cmp::Reverse(trigger.comment));

        // Who found a run under way is told of that one, unless another was asked for since.
        let asked = told.iter().copied().find(|trigger| is_test(trigger));
        let joined = asked.and_then(|asked| match asked.state {
            State::Joined { joined_trigger } => {
                Some((asked, runs.iter().position(|run| run.comment == joined_trigger)?))
            }
            _ => None,
        });
        let (joined, at) = joined.map_or((None, 0), |(joined, at)| (Some(joined), at));
        let run = (at < runs.len()).then(|| runs.remove(at));
        runs.truncate(OTHERS);

        let newest = told.first().copied();
        let notice = newest.and_then(|of| Some(Notice { of, kind: Kind::of(of, run)? }));
        Self { run, joined, others: runs, notice }
    }

    /// Every run it tells of.
    pub fn runs(&self) -> impl Iterator<Item = &'a Trigger> {
        self.run.into_iter().chain(self.others.iter().copied())
    }
}

fn is_test(trigger: &Trigger) -> bool {
    matches!(trigger.command, Command::Test { .. })
}

/// Whether it is a run of its own: somebody who may has asked for it.
fn is_run(trigger: &Trigger) -> bool {
    let of_its_own = match &trigger.state {
        // The head is known of those who were allowed already.
        State::Seen { head } => head.is_some(),
        State::Authorised { .. }
        | State::Cancelled { .. }
        | State::Building { .. }
        | State::Ended { .. }
        | State::Reported { .. } => true,
        // Without an order it is not known that the author may.
        State::Failed { order, .. } => order.is_some(),
        _ => false,
    };
    is_test(trigger) && of_its_own
}

/// Whether something is said of it besides runs. Strangers, and what was taken back, are passed over in silence.
fn is_told(trigger: &Trigger) -> bool {
    match &trigger.state {
        State::Answered | State::Cancelling | State::Joined { .. } => true,
        State::Refused { reason } => matches!(reason, Refusal::Closed | Refusal::Archived),
        State::Failed { .. } => trigger.command == Command::Cancel,
        _ => false,
    }
}
