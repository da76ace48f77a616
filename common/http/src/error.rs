//! The failures of a call.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::Duration;

use reqwest::{Method, Url};

/// The service that was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// The forge.
    Gitea,
    /// The build server.
    Drone,
    /// A service of our own, by its name.
    Own(&'static str),
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gitea => "Gitea",
            Self::Drone => "Drone",
            Self::Own(name) => name,
        })
    }
}

/// The call that was made. Never holds the query, which may be secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The service that was called.
    pub service: Service,
    /// The method.
    pub method: String,
    /// The address.
    pub address: String,
}

impl Call {
    /// The call of `method` on `url` at `service`. Query and fragment are left out.
    pub fn new(service: Service, method: &Method, url: &Url) -> Self {
        let mut url = url.clone();
        url.set_query(None);
        url.set_fragment(None);
        Self { service, method: method.to_string(), address: url.into() }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.address)
    }
}

/// The authentication of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMethod {
    /// None.
    None,
    /// A password.
    Password,
    /// A token.
    Token,
    /// Cookies.
    Cookies,
}

/// The reason of a refusal, as far as the answer tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// The password or token is not accepted. Gitea answers so too for an account with two-factor login.
    Credentials,
    /// The account has two-factor login, which a program cannot do.
    TwoFactor,
    /// The account must first change its password.
    MustChangePassword,
    /// The account may not sign in, or was never activated.
    Prohibited,
    /// The account is known but may not do this.
    Rights,
    /// The token lacks a scope.
    Scope,
}

impl Refusal {
    pub(super) fn of(status: u16, message: &str) -> Self {
        let message = message.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        if says(&["otp", "webauthn", "two-factor", "twofa", "2fa"]) {
            Self::TwoFactor
        } else if says(&["must change your password"]) {
            Self::MustChangePassword
        } else if says(&["prohibited", "not activated", "not active"]) {
            Self::Prohibited
        } else if says(&["required scope"]) {
            Self::Scope
        } else if status == 401 {
            Self::Credentials
        } else {
            Self::Rights
        }
    }
}

/// The first bytes of an answer that is too large. They may hold secrets, so `Debug` leaves them out.
#[derive(Clone)]
pub struct Begin(Vec<u8>);

impl std::fmt::Debug for Begin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Begin")
    }
}

impl Begin {
    /// The number of bytes that are kept.
    const LENGTH: usize = 4096;

    /// Keeps the first bytes of a body.
    pub(super) fn of(mut body: Vec<u8>) -> Self {
        body.truncate(Self::LENGTH);
        body.shrink_to_fit();
        Self(body)
    }

    /// The bytes as text.
    pub(crate) fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

/// The reason why a call failed. No text of it holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address in the configuration cannot be used.
    #[error("the address of {service}, `{address}`, cannot be used: {why}")]
    Address {
        /// Whose address.
        service: Service,
        /// The address.
        address: String,
        /// The cause.
        why: String,
    },
    /// No client could be made.
    #[error("no client for {service} can be made")]
    Client {
        /// For whom.
        service: Service,
        /// The cause.
        source: reqwest::Error,
    },
    /// No connection could be made, or it broke before an answer came.
    #[error("{} cannot be reached ({call})", call.service)]
    Unreachable {
        /// The call.
        call: Call,
        /// The cause.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// No answer in time.
    #[error("{} has not answered within {} s ({call})", call.service, after.as_secs_f32())]
    Deadline {
        /// The call.
        call: Call,
        /// The deadline.
        after: Duration,
    },
    /// Drone is busy reading an account's repositories.
    #[error("Drone still reads the repositories of `{login}` from Gitea after {} s ({call})", after.as_secs_f32())]
    Synchronising {
        /// The call.
        call: Call,
        /// Whose repositories.
        login: String,
        /// The deadline.
        after: Duration,
    },
    /// The TLS connection failed.
    #[error("no trusted connection to {} ({call})", call.service)]
    Tls {
        /// The call.
        call: Call,
        /// The cause.
        source: Box<rustls::Error>,
    },
    /// The interface redirects instead of answering.
    #[error("{} redirects to {to} instead of answering ({call})", call.service)]
    Redirected {
        /// The call.
        call: Call,
        /// Where to.
        to: String,
    },
    /// One redirect after the other, without end.
    #[error("{} redirects in a circle, {count} times so far ({call})", call.service)]
    RedirectLoop {
        /// The last call.
        call: Call,
        /// How many were followed.
        count: usize,
    },
    /// A redirect or a form leads to a server that is neither Gitea nor Drone.
    #[error("{} leads to {to}, which is neither Gitea nor Drone ({call})", call.service)]
    Elsewhere {
        /// The call.
        call: Call,
        /// The scheme and host it leads to.
        to: String,
    },
    /// A web page came where the interface should answer.
    #[error("{} answers with a web page{}, status {status}, not the API ({call})", call.service, in_quotes(title.as_ref()))]
    WebPage {
        /// The call.
        call: Call,
        /// The status.
        status: u16,
        /// The page's title.
        title: Option<String>,
    },
    /// The server refuses the authentication or the right.
    #[error("{} refuses ({call}: {status}{})", call.service, after_colon(message.as_ref()))]
    Refused {
        /// The call.
        call: Call,
        /// 401 or 403.
        status: u16,
        /// The meaning of the status.
        because: Refusal,
        /// The authentication.
        by: AuthMethod,
        /// The server's message.
        message: Option<String>,
    },
    /// The object does not exist.
    #[error("{} knows no such thing ({call}: 404{})", call.service, after_colon(message.as_ref()))]
    NotFound {
        /// The call.
        call: Call,
        /// The server's message.
        message: Option<String>,
    },
    /// A 404 by the proxy before the server: no backend has this name.
    #[error("no backend serves {} ({call}: 404 by the proxy before it)", call.service)]
    NotServed {
        /// The call.
        call: Call,
    },
    /// The server fails.
    #[error("{} fails ({call}: {status}{})", call.service, after_colon(message.as_ref()))]
    Failing {
        /// The call.
        call: Call,
        /// 429 or 5xx.
        status: u16,
        /// `Retry-After`.
        wait: Option<Duration>,
        /// The server's message.
        message: Option<String>,
    },
    /// The server does not accept the call.
    #[error("{} rejects ({call}: {status}{})", call.service, after_colon(message.as_ref()))]
    Rejected {
        /// The call.
        call: Call,
        /// The status.
        status: u16,
        /// The server's message.
        message: Option<String>,
    },
    /// The answer ends before it is complete.
    #[error("the answer of {} is cut off: {why} ({call})", call.service)]
    CutOff {
        /// The call.
        call: Call,
        /// Where.
        why: String,
    },
    /// The answer is not what the API answers.
    #[error("the answer of {} cannot be understood: {why} ({call})", call.service)]
    NotUnderstood {
        /// The call.
        call: Call,
        /// The cause.
        why: String,
    },
    /// The answer is too large.
    #[error("the answer of {} is larger than {largest} bytes ({call})", call.service)]
    TooLarge {
        /// The call.
        call: Call,
        /// The largest that is read.
        largest: usize,
        /// The first bytes.
        begin: Begin,
    },
}

impl Error {
    /// Converts an error of reqwest. Its address is dropped: a query may carry a code.
    pub(super) fn from_reqwest(call: &Call, error: reqwest::Error) -> Self {
        let (call, source) = (call.clone(), error.without_url());
        if let Some(source) = tls(&source) {
            return Self::Tls { call, source: source.into() };
        }
        if source.is_body() || source.is_decode() {
            let why = base::error::chain(&source);
            return Self::CutOff { call, why };
        }
        Self::Unreachable { call, source: source.into() }
    }

    /// True if there is no server to ask, so that the error says nothing of what was asked.
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Deadline { .. }
                | Self::Tls { .. }
                | Self::NotServed { .. }
                | Self::WebPage { .. }
        )
    }

    /// True if there is no connection, or another server answered.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Tls { .. }
                | Self::CutOff { .. }
                | Self::NotServed { .. }
                | Self::Redirected { .. }
                | Self::WebPage { .. }
        )
    }

    /// True if the server itself says that the object does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Returns the wait that the server asks for (`Retry-After`).
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::Failing { wait, .. } => *wait,
            _ => None,
        }
    }

    /// True if the server limits the rate of calls.
    pub fn is_rate_limit(&self) -> bool {
        matches!(self, Self::Failing { status: 429, .. } | Self::Failing { wait: Some(_), .. })
    }

    /// Returns the reason of a refusal; `None` for other errors.
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Refused { because, .. } => Some(*because),
            _ => None,
        }
    }
}

/// The TLS failure among the sources.
fn tls(error: &reqwest::Error) -> Option<rustls::Error> {
    let mut below: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(cause) = below {
        // An io::Error hides what it carries from `source()`.
        let carried = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let found = carried.and_then(|carried| carried.downcast_ref()).or_else(|| cause.downcast_ref());
        if let Some(found) = found {
            return Some(rustls::Error::clone(found));
        }
        below = carried.map(|carried| carried as &(dyn StdError + 'static)).or_else(|| cause.source());
    }
    None
}

fn in_quotes(title: Option<&String>) -> String {
    title.map(|title| format!(" (“{title}”)")).unwrap_or_default()
}

fn after_colon(message: Option<&String>) -> String {
    message.map(|message| format!(": {message}")).unwrap_or_default()
}
