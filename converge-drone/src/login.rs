//! The login of the bot by the pages for a browser: Drone redirects to Gitea, Gitea asks for the password and the grant and
//! redirects back to Drone, which answers with a session.
//!
//! Every form is read from its page. An unexpected page ends the login as [`Blocked`]: the reason, the address to continue by
//! hand, and a hint.

mod blocked;
mod cookies;
mod flow;
mod form;
mod page;
mod session;

use http::Error;
use http::drone::Drone;
use http::gitea::Gitea;

pub use blocked::{Blocked, Reason};
pub use session::Session;

/// The outcome of a login.
#[derive(Debug)]
pub enum Outcome {
    /// The bot is logged in.
    LoggedIn(Session),
    /// The login needs a person with a browser, or other settings.
    Blocked(Blocked),
}

/// Logs the bot in at Drone, through Gitea.
pub async fn login(drone: &Drone, gitea: &Gitea) -> Result<Outcome, Error> {
    flow::login(drone, gitea).await
}

/// Signs in at Gitea's login page to learn why Gitea refuses the bot. Its API answers the same to a wrong password, to
/// two-factor login and to an account that may not sign in. `None` if the page accepts the bot.
pub async fn why_refused(gitea: &Gitea) -> Result<Option<Blocked>, Error> {
    flow::why_refused(gitea).await
}
