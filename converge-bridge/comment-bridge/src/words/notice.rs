//! What is said beside a run: help, refusals, what became of a cancel.

use super::{Facts, stage};
use crate::markdown::{code, text};
use crate::trigger::{Command, Outcome, Refusal, State, Trigger};

/// What is said beside a run.
#[derive(Debug, Clone, Copy)]
pub struct Notice<'a> {
    /// Of which trigger.
    pub of: &'a Trigger,
    /// What.
    pub kind: Kind,
}

/// What is said beside a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The commands.
    Help,
    /// The commands, for what was asked is none.
    Unknown,
    /// It is being cancelled.
    Cancelling,
    /// There was nothing to cancel.
    Idle,
    /// It could not be cancelled.
    Uncancelled,
    /// The pull request is closed.
    Closed,
    /// The repository is archived.
    Archived,
}

impl Kind {
    /// What is to be said of a trigger besides the run that is told of.
    pub fn of(trigger: &Trigger, run: Option<&Trigger>) -> Option<Self> {
        Some(match (trigger.command, &trigger.state) {
            (_, State::Refused { reason: Refusal::Closed }) => Self::Closed,
            (_, State::Refused { reason: Refusal::Archived }) => Self::Archived,
            (Command::Help, State::Answered) => Self::Help,
            (Command::Unknown, State::Answered) => Self::Unknown,
            (Command::Cancel, State::Cancelling) => Self::Cancelling,
            // The run itself says that it was cancelled.
            (Command::Cancel, State::Answered) if run.is_some_and(is_cancelled) => return None,
            (Command::Cancel, State::Answered) => Self::Idle,
            (Command::Cancel, State::Failed { .. }) => Self::Uncancelled,
            _ => return None,
        })
    }

    /// Its name, for [`super::Comment::news`].
    pub fn name(self) -> &'static str {
        match self {
            Self::Help => "help",
            Self::Unknown => "unknown",
            Self::Cancelling => "cancelling",
            Self::Idle => "idle",
            Self::Uncancelled => "uncancelled",
            Self::Closed => "closed",
            Self::Archived => "archived",
        }
    }
}

fn is_cancelled(run: &Trigger) -> bool {
    match &run.state {
        State::Cancelled { .. } => true,
        State::Ended { outcome, .. } | State::Reported { outcome, .. } => *outcome == Outcome::Cancelled,
        _ => false,
    }
}

/// What is said.
pub fn say(facts: &Facts<'_>, notice: Notice<'_>) -> String {
    match notice.kind {
        Kind::Help => help(facts, "**How to test this pull request**"),
        Kind::Unknown => help(facts, "**There is no such command.** These are the ones there are:"),
        Kind::Cancelling => match &notice.of.problem {
            Some(trouble) => format!("Cancelling… {}. It is tried again until it is done.", text(trouble, 200)),
            None => "Cancelling…".into(),
        },
        Kind::Idle => "There was nothing to cancel: no run of this pull request waits or runs.".into(),
        Kind::Uncancelled => {
            let State::Failed { reason, .. } = &notice.of.state else { return "It could not be cancelled.".into() };
            format!("It could not be cancelled: {}.", text(reason, 200))
        }
        Kind::Closed => "Nothing was started: this pull request is closed. Reopen it to test it.".into(),
        Kind::Archived => "Nothing was started: this repository is archived.".into(),
    }
}

fn help(facts: &Facts<'_>, first: &str) -> String {
    let owner = code(facts.pull.repository.owner(), 100);
    format!(
        "{first}

| comment | what it does |
|:--|:--|
| `!testme` | tests the head commit: install, upgrade, backup, restore, custom tests, lint |
| `!testme --quick` | install and custom tests only: sooner, of lower confidence, never counted as a green |
| `!testme cancel` | cancels what runs or waits for this pull request |
| `!testme help` | shows this |

A command is a comment of its own, with nothing else in it. Members of {owner} may give one."
    )
}

/// The line that says that a run was under way already.
pub fn joined(facts: &Facts<'_>, run: &Trigger) -> Option<String> {
    stage::of(facts, run)
        .is_open()
        .then(|| "A run of this commit is under way already, so no other was started.".into())
}
