//! The bot's account in Drone: its API token, and its token for Gitea.

use base::plan::Plan;
use recipe::names::Names;

use crate::change::{Change, LoginReason};
use crate::desired::Desired;
use crate::observed::{DroneState, Observed, ScmToken};

/// Plans a login if one is needed. Returns true if the account needs no change.
pub fn plan(desired: &Desired, observed: &Observed, plan: &mut Plan<Change>) -> bool {
    let because = match &observed.drone {
        DroneState::NoToken => LoginReason::NoToken,
        DroneState::Refuses => LoginReason::TokenRefused,
        DroneState::Accepts { account, scm, .. } => {
            if !account.login.eq_ignore_ascii_case(&desired.gitea.bot) {
                LoginReason::TokenOfOtherAccount
            } else if *scm == ScmToken::Dead {
                LoginReason::ScmTokenDead
            } else {
                return is_admin(desired, account.admin, plan);
            }
        }
        DroneState::NotRunning | DroneState::Silent { .. } => return false,
    };
    // The plan has a block or a wait for Gitea already.
    if !observed.gitea.answers() {
        return false;
    }
    if observed.done.logged_in {
        plan.block(
            "account",
            format!("{} was logged in at Drone, and still {}", desired.gitea.bot, still(because)),
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

fn still(because: LoginReason) -> &'static str {
    match because {
        LoginReason::NoToken => "there is no API token",
        LoginReason::TokenRefused => "Drone refuses its API token",
        LoginReason::TokenOfOtherAccount => "the API token belongs to another account",
        LoginReason::ScmTokenDead => "Gitea refuses the token that Drone has",
    }
}

fn service(desired: &Desired) -> String {
    Names::new(&desired.domain).app_service()
}

/// Drone makes the bot an administrator at its start. Another administrator may have withdrawn that.
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
