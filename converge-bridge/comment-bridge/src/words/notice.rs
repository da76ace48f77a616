//! Notices beside a run: help, refusals, the result of a cancel command.

use super::{Facts, run, shown_state};
use crate::markdown::code;
use crate::trigger::{Command, Outcome, Refusal, State, Trigger};

/// A notice beside a run.
#[derive(Debug, Clone, Copy)]
pub struct Notice<'a> {
    /// The trigger that it answers.
    pub of: &'a Trigger,
    /// The kind of the notice.
    pub kind: NoticeKind,
}

/// The kind of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// The list of commands.
    Help,
    /// The list of commands, after an unknown one.
    Unknown,
    /// A cancellation in progress.
    Cancelling,
    /// No run to cancel.
    Idle,
    /// A cancellation that failed.
    Uncancelled,
    /// The pull request is closed.
    Closed,
    /// The repository is archived.
    Archived,
    /// The head may have changed after the comment.
    Moved,
    /// The repository's name is no recipe's.
    NoRecipe,
}

impl NoticeKind {
    /// The notice for a trigger beside the run in the comment.
    pub fn of(trigger: &Trigger, run: Option<&Trigger>) -> Option<Self> {
        Some(match (trigger.command, &trigger.state) {
            (_, State::Refused { reason: Refusal::Closed }) => Self::Closed,
            (_, State::Refused { reason: Refusal::Archived }) => Self::Archived,
            (_, State::Refused { reason: Refusal::Moved(_) }) => Self::Moved,
            (_, State::Refused { reason: Refusal::NoRecipe }) => Self::NoRecipe,
            (Command::Help, State::Answered) => Self::Help,
            (Command::Unknown, State::Answered) => Self::Unknown,
            (Command::Cancel, State::Cancelling) => Self::Cancelling,
            // The run itself shows that it was cancelled.
            (Command::Cancel, State::Answered) if run.is_some_and(is_cancelled) => return None,
            (Command::Cancel, State::Answered) => Self::Idle,
            (Command::Cancel, State::Failed { .. }) => Self::Uncancelled,
            _ => return None,
        })
    }

    /// The name in [`super::CommentText::topic`].
    pub fn name(self) -> &'static str {
        match self {
            Self::Help => "help",
            Self::Unknown => "unknown",
            Self::Cancelling => "cancelling",
            Self::Idle => "idle",
            Self::Uncancelled => "uncancelled",
            Self::Closed => "closed",
            Self::Archived => "archived",
            Self::Moved => "moved",
            Self::NoRecipe => "no-recipe",
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

/// Returns the text of a notice.
pub fn text_of(facts: &Facts<'_>, notice: Notice<'_>) -> String {
    match notice.kind {
        NoticeKind::Help => help(facts, "**How to test this pull request**"),
        NoticeKind::Unknown => help(facts, "**Unknown command.** These commands exist:"),
        NoticeKind::Cancelling => match &notice.of.problem {
            Some(problem) => format!("Cancelling… {problem}. The bot tries again until this succeeds."),
            None => "Cancelling…".into(),
        },
        NoticeKind::Idle => "There is nothing to cancel: no run of this pull request is waiting or running.".into(),
        NoticeKind::Uncancelled => {
            let State::Failed { reason, .. } = &notice.of.state else {
                return "The run could not be cancelled.".into();
            };
            format!("The run could not be cancelled: {reason}.")
        }
        NoticeKind::Closed => "No run was started: this pull request is closed. Reopen it to test it.".into(),
        NoticeKind::Archived => "No run was started: this repository is archived.".into(),
        NoticeKind::Moved => moved(notice.of),
        NoticeKind::NoRecipe => {
            let name = code(facts.pull.repository.name(), 100);
            format!("No run was started: {name} is not a valid recipe name. It must begin with a letter or a digit.")
        }
    }
}

fn moved(trigger: &Trigger) -> String {
    let why = "No run was started: the pull request may have new commits since the comment.";
    let State::Refused { reason: Refusal::Moved(head) } = &trigger.state else { return why.into() };
    let command = if run::is_quick(trigger) { "!testme --quick" } else { "!testme" };
    format!("{why} Its head is now {}. Comment `{command}` to test it.", run::short(&head.commit))
}

fn help(facts: &Facts<'_>, first: &str) -> String {
    let owner = code(facts.pull.repository.owner(), 100);
    format!(
        "{first}

| comment | effect |
|:--|:--|
| `!testme` | tests the head commit: install, upgrade, backup, restore, custom tests, lint |
| `!testme --quick` | runs only install and custom tests: faster, of lower confidence, never counts as passed |
| `!testme cancel` | cancels the waiting and running runs of this pull request |
| `!testme help` | shows this help |

Write one command alone in a comment. Members of {owner} may use the commands."
    )
}

/// Returns the line about a run that was in progress already.
pub fn joined(facts: &Facts<'_>, run: &Trigger) -> Option<String> {
    shown_state::of(facts, run)
        .is_open()
        .then(|| "A run of this commit is already in progress, so no second one was started.".into())
}
