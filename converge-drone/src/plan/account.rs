//! The bot's account in Drone: an API token that works, and a token for Gitea that does.

use base::plan::Plan;
use recipe::names::Names;

use crate::change::{Change, LogInBecause};
use crate::desired::Desired;
use crate::observed::{Observed, Scm, Server};

/// Logs the bot in where that is needed. Whether the account is as it should be.
pub fn plan(desired: &Desired, observed: &Observed, plan: &mut Plan<Change>) -> bool {
    let because = match &observed.drone {
        Server::NoToken => LogInBecause::NoToken,
        Server::Refuses => LogInBecause::TokenRefused,
        Server::Accepts { account, scm, .. } => {
            if !account.login.eq_ignore_ascii_case(&desired.gitea.bot) {
                LogInBecause::TokenOfSomebodyElse
            } else if *scm == Scm::Dead {
                LogInBecause::ScmTokenDead
            } else {
                return is_admin(desired, account.admin, plan);
            }
        }
        Server::NotRunning | Server::Silent { .. } => return false,
    };
    // Why Gitea does not let the bot in is told already.
    if !observed.gitea.answers() {
        return false;
    }
    if observed.done.logged_in {
        plan.block(
            "account",
            format!("{} was logged in at Drone, and still {}", desired.gitea.bot, in_words(because)),
            format!(
                "log in by hand once at {}/login and see `docker service logs {}`",
                desired.address(),
                service(desired)
            ),
        );
        return false;
    }
    let log_in = Change::LogIn { bot: desired.gitea.bot.clone(), because };
    plan.sequence("account", vec![log_in]);
    false
}

fn in_words(because: LogInBecause) -> &'static str {
    match because {
        LogInBecause::NoToken => "there is no API token",
        LogInBecause::TokenRefused => "Drone refuses its API token",
        LogInBecause::TokenOfSomebodyElse => "the API token is somebody else's",
        LogInBecause::ScmTokenDead => "Gitea refuses the token Drone asks it with",
    }
}

fn service(desired: &Desired) -> String {
    Names::new(&desired.domain).app_service()
}

/// Drone makes the bot an administrator when it starts; somebody may have taken that away since.
fn is_admin(desired: &Desired, admin: bool, plan: &mut Plan<Change>) -> bool {
    if !admin {
        plan.block(
            "account",
            format!("{} is no administrator of Drone any more", desired.gitea.bot),
            format!("Drone makes it one when it starts: docker service update --force {}", service(desired)),
        );
    }
    admin
}
