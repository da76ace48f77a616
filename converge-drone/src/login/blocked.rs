//! The reasons why a login needs a person.

use base::error::{Class, Explain};

/// A login that needs a person with a browser, or other settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the bot `{login}` cannot be logged in: {reason}")]
pub struct Blocked {
    /// The login of the bot.
    pub login: String,
    /// The reason.
    pub reason: Reason,
    /// The address to continue by hand.
    pub address: String,
}

/// The reason why a login needs a person. Quotes a part of a page, never the content of a form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Gitea does not accept the password.
    #[error("Gitea does not accept its password{}", quote(.0.as_ref()))]
    WrongPassword(Option<String>),
    /// Gitea accepted the password and asked for it again: the session was lost.
    #[error("Gitea accepts its password and then asks for it again")]
    SessionLost,
    /// Gitea asks for a second factor.
    #[error("Gitea asks for a second factor")]
    TwoFactor,
    /// Gitea asks for a captcha.
    #[error("Gitea asks for a captcha")]
    Captcha,
    /// Gitea wants the password changed.
    #[error("Gitea wants its password changed first")]
    MustChangePassword,
    /// Gitea prohibits the account from signing in.
    #[error("Gitea prohibits it from signing in")]
    Prohibited,
    /// The account was never activated.
    #[error("its account in Gitea was never activated")]
    NotActivated,
    /// Gitea does not accept the OAuth application of Drone.
    #[error("Gitea does not accept Drone's OAuth application{}", quote(.0.as_ref()))]
    Application(Option<String>),
    /// Gitea does not accept the secret of the OAuth application.
    #[error("Gitea does not accept the client secret that Drone has{}", quote(.0.as_ref()))]
    ClientSecret(Option<String>),
    /// Drone does not let the account in.
    #[error("Drone does not let it in{}", quote(.0.as_ref()))]
    Drone(Option<String>),
    /// Drone logged another account in.
    #[error("Drone logged in `{0}` instead")]
    OtherAccount(String),
    /// An unknown page.
    #[error("an unexpected page came from {0}")]
    Unexpected(String),
}

fn quote(text: Option<&String>) -> String {
    text.map(|text| format!(" (“{text}”)")).unwrap_or_default()
}

impl Explain for Blocked {
    fn class(&self) -> Class {
        Class::Blocked
    }

    fn hint(&self) -> Option<String> {
        let (login, address) = (&self.login, &self.address);
        Some(match &self.reason {
            Reason::WrongPassword(_) => format!(
                "put the present password of `{login}` into the credential `gitea-password`; try it at {address}"
            ),
            Reason::SessionLost => format!(
                "make gitea.address an https:// one if Gitea's setting COOKIE_SECURE is true, and the same as its \
                 ROOT_URL; try it at {address}"
            ),
            Reason::TwoFactor => {
                format!("turn two-factor login off for `{login}` at {address}; a program cannot do it")
            }
            Reason::Captcha => {
                format!("set REQUIRE_CAPTCHA_FOR_LOGIN to false in Gitea, or log in once by hand at {address}")
            }
            Reason::MustChangePassword => format!(
                "sign in as `{login}` at {address}, choose a new password, and put it into the credential `gitea-password`"
            ),
            Reason::Prohibited => {
                format!("let an administrator of Gitea activate `{login}` and allow it to sign in: {address}")
            }
            Reason::NotActivated => format!("let an administrator of Gitea activate `{login}`: {address}"),
            Reason::Application(_) => {
                format!("check the OAuth application of `{login}` and its redirect address at {address}")
            }
            Reason::ClientSecret(_) => format!(
                "remove the file `oauth-application` from the state directory (/var/lib/converge/drone), so that the \
                 application gets a new secret, or look at {address}"
            ),
            Reason::Drone(_) => format!(
                "check that DRONE_USER_CREATE makes `{login}`, with machine:false, and that no DRONE_USER_FILTER keeps it \
                 out; see the log of Drone's service, and try it at {address}"
            ),
            Reason::OtherAccount(other) => format!(
                "set gitea.bot to `{other}`, or give the credential `gitea-password` of `{login}`; see {address}"
            ),
            Reason::Unexpected(_) => format!(
                "log in as `{login}` once by hand at {address}, then run this again; report the page if it stays"
            ),
        })
    }
}
