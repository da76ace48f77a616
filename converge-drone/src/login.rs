//! The first login of the bot, by the pages a browser would see: Drone sends to Gitea, Gitea asks for the password and
//! for the grant, and sends back to Drone, which answers with a session.
//!
//! Every form is read from its page; nothing but the outline of the way is assumed. Whatever else comes is a
//! [`Blocked`]: its reason, the address to go on with by hand, and what to do there.

mod blocked;
mod cookies;
mod form;
mod page;
mod session;
mod walk;

use http::Error;
use http::drone::Drone;
use http::gitea::Gitea;

pub use blocked::{Blocked, Reason};
pub use session::Session;

/// How a login ended.
#[derive(Debug)]
pub enum Outcome {
    /// The bot is logged in.
    LoggedIn(Session),
    /// Only somebody with a browser, or with other settings, can go on.
    Blocked(Blocked),
}

/// Logs the bot in at Drone, by Gitea.
pub async fn login(drone: &Drone, gitea: &Gitea) -> Result<Outcome, Error> {
    walk::login(drone, gitea).await
}

/// Asks Gitea's login page why it refuses the bot: its API answers the same to a wrong password, to two-factor login and
/// to an account that may not sign in. `None` when the page lets it in.
pub async fn why_refused(gitea: &Gitea) -> Result<Option<Blocked>, Error> {
    walk::why_refused(gitea).await
}
