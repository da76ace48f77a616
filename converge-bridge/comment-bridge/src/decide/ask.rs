//! The next state of a comment, asked of Gitea call by call.

use jiff::Timestamp;

use super::head::{self, HeadAtComment};
use super::rules;
use crate::problem::GiteaProblem;
use crate::stop::{self, Stop};
use crate::trigger::{self, Command, Order, Refusal, State, StateKind, Trigger};
use crate::{Bridge, ledger};
use http::gitea::Membership;

/// Reason why a trigger cannot be decided yet.
#[derive(Debug, thiserror::Error)]
pub enum Undecided {
    /// A call or the ledger failed, or the bridge shuts down.
    #[error(transparent)]
    Stop(#[from] Stop),
    /// Gitea shows the members of the organisation to members only.
    #[error(
        "the bot `{bot}` is not a member of the organisation `{owner}`, so it cannot see the members; add it there"
    )]
    MembersHidden {
        /// The bot's login.
        bot: String,
        /// The organisation.
        owner: String,
    },
    /// Gitea shows neither the comment nor its pull request.
    #[error("the bot sees neither the comment nor its pull request; check that it may read the repository")]
    NotVisible,
    /// The base repository has no head of the pull request.
    #[error("the repository has no refs/pull reference of the pull request; check that the bot may read its code")]
    NoHead,
    /// The delivery of the comment names another head than the base repository.
    #[error("the head of the pull request is not the one in the delivery of the comment")]
    HeadDiffers,
}

impl From<http::Error> for Undecided {
    fn from(error: http::Error) -> Self {
        Self::Stop(error.into())
    }
}

impl From<ledger::Error> for Undecided {
    fn from(error: ledger::Error) -> Self {
        Self::Stop(error.into())
    }
}

impl Undecided {
    /// The problem in words for a pull request.
    pub fn problem(&self) -> GiteaProblem {
        match self {
            Self::Stop(Stop::Gitea(error)) => error.into(),
            Self::MembersHidden { .. } => GiteaProblem::MembersHidden,
            Self::NotVisible => GiteaProblem::NotVisible,
            Self::NoHead | Self::HeadDiffers => GiteaProblem::HeadUnknown,
            Self::Stop(Stop::Ledger(_) | Stop::Shutdown) => GiteaProblem::Odd,
        }
    }

    /// True if other triggers meet the same failure.
    pub fn is_of_the_server(&self) -> bool {
        matches!(self, Self::Stop(Stop::Gitea(error)) if stop::is_of_the_server(error))
    }
}

/// Returns the next state of a trigger. Nothing is awaited after the last answer, so that no other task changes the
/// trigger before its state is recorded.
pub async fn next(bridge: &Bridge, trigger: &Trigger, failures: u32) -> Result<State, Undecided> {
    let repository = &trigger.pull.repository;
    // The settings may have changed since the comment was found.
    if !bridge.settings.watches(repository) {
        return Ok(State::Forgotten);
    }
    bridge.check_running()?;
    let Some((comment, date)) = bridge.gitea.comment_at(repository, trigger.comment).await? else {
        return gone(bridge, trigger).await;
    };
    if let Some(end) = rules::of_comment(trigger, &comment, date, bridge.clock.now(), &bridge.settings) {
        return Ok(end);
    }
    if !bridge.settings.allows(&comment.author) && !is_member(bridge, trigger, &comment.author).await? {
        return Ok(State::Refused { reason: Refusal::Stranger });
    }
    match trigger.command {
        Command::Help | Command::Unknown => Ok(State::Answered),
        Command::Cancel => Ok(State::Cancelling),
        Command::Test { quick } => test(bridge, trigger, quick, failures).await,
    }
}

/// A missing comment counts as deleted only if its pull request is visible.
async fn gone(bridge: &Bridge, trigger: &Trigger) -> Result<State, Undecided> {
    bridge.check_running()?;
    match bridge.gitea.pull(&trigger.pull).await? {
        Some(_) => Ok(State::Forgotten),
        None => Err(Undecided::NotVisible),
    }
}

async fn is_member(bridge: &Bridge, trigger: &Trigger, author: &str) -> Result<bool, Undecided> {
    bridge.check_running()?;
    let owner = trigger.pull.repository.owner();
    match bridge.gitea.is_member(owner, author).await? {
        Membership::Hidden => Err(Undecided::MembersHidden { bot: bridge.settings.bot.clone(), owner: owner.into() }),
        membership => Ok(membership == Membership::Member),
    }
}

async fn test(bridge: &Bridge, trigger: &Trigger, quick: bool, failures: u32) -> Result<State, Undecided> {
    if let Some(reason) = rules::of_repository(&trigger.pull.repository) {
        return Ok(State::Refused { reason });
    }
    bridge.check_running()?;
    let pull = bridge.gitea.pull(&trigger.pull).await?.ok_or(Undecided::NotVisible)?;
    if let Some(reason) = rules::of_pull(&pull) {
        return Ok(State::Refused { reason });
    }
    let order = match &trigger.state {
        State::Seen { order: Some(order), .. } => order.clone(),
        _ => match head::at_comment(bridge, trigger, failures).await? {
            HeadAtComment::Known(head) => Order::new(head, quick),
            HeadAtComment::Moved(head) => return Ok(State::Refused { reason: Refusal::Moved(head) }),
        },
    };
    let open = bridge.ledger.of_kinds(&[StateKind::Authorised, StateKind::Building, StateKind::Cancelling])?;
    let newest = bridge.ledger.of_pull(&trigger.pull, trigger::LOOK_BACK)?;
    Ok(decided(trigger, order, &open, &newest, bridge.clock.now()))
}

fn decided(trigger: &Trigger, order: Order, open: &[Trigger], newest: &[Trigger], now: Timestamp) -> State {
    if trigger.is_cancelled_by(newest) {
        return State::Cancelled { order: Some(order) };
    }
    match rules::joins(trigger, &order, open) {
        Some(joined_trigger) => State::Joined { joined_trigger },
        None => State::Authorised { order, authorised_at: now, requested_at: None },
    }
}
