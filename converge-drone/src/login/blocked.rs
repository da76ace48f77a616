//! Why a login cannot go on by itself.

use base::error::{Class, Explain};
use serde::Serialize;

/// A login that only somebody with a browser, or with other settings, can take further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the bot `{login}` cannot be logged in: {reason}")]
pub struct Blocked {
    /// Who was to be logged in.
    pub login: String,
    /// Why it cannot.
    pub reason: Reason,
    /// The address to go on with by hand.
    pub address: String,
}

/// Why a login cannot go on by itself. Texts from pages are quoted in part, never what a form held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "why", content = "said")]
pub enum Reason {
    /// Gitea does not accept the password.
    #[error("Gitea does not accept its password{}", said(.0.as_ref()))]
    WrongPassword(Option<String>),
    /// Gitea took the password and asked for it again: its session is not kept.
    #[error("Gitea takes its password and then asks for it again")]
    Forgotten,
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
    /// Gitea does not accept the OAuth application Drone names.
    #[error("Gitea does not accept Drone's OAuth application{}", said(.0.as_ref()))]
    Application(Option<String>),
    /// Gitea does not accept the secret of the OAuth application.
    #[error("Gitea does not accept the client secret Drone has{}", said(.0.as_ref()))]
    ClientSecret(Option<String>),
    /// Drone does not let the account in.
    #[error("Drone does not let it in{}", said(.0.as_ref()))]
    Drone(Option<String>),
    /// Drone let somebody else in: Gitea's login is another account's.
    #[error("Drone logged in `{0}` instead")]
    Somebody(String),
    /// A page nobody expected.
    #[error("an unexpected page came from {0}")]
    Unexpected(String),
}

fn said(text: Option<&String>) -> String {
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
            Reason::Forgotten => format!(
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
            Reason::Somebody(other) => format!(
                "set gitea.bot to `{other}`, or give the credential `gitea-password` of `{login}`; see {address}"
            ),
            Reason::Unexpected(_) => format!(
                "log in as `{login}` once by hand at {address}, then run this again; report the page if it stays"
            ),
        })
    }
}
