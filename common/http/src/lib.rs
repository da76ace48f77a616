//! HTTP to Gitea, Drone and our own services: one deadline a call, no redirect followed by itself, no answer larger than
//! a few mebibytes, and an error for each way to fail.

mod answer;
pub mod drone;
mod entries;
mod error;
pub mod gitea;
mod hint;
pub mod names;
mod observer;
mod page;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod transport;

use std::cell::RefCell;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use base::address::shown;
use base::backoff::Backoff;
use base::error::{Class, Explain};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Method, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

pub use answer::Answer;
pub use entries::Entries;
pub use error::{AuthMethod, Begin, Call, Error, Refusal, Service};
pub use observer::Observer;
pub use page::{quoted, title};
pub use transport::{RawResponse, Transport, TransportError};

/// The largest answer that is read, in bytes.
pub(crate) const LARGEST: usize = 4 * 1024 * 1024;

/// The way to reach a server.
#[derive(Debug, Clone)]
pub struct Connect {
    /// The deadline of a call with all its attempts.
    pub deadline: Duration,
    /// The retries of a call that changes nothing.
    pub backoff: Backoff,
    /// The address to connect to in place of DNS. TLS and `Host` keep the name.
    pub at: Option<IpAddr>,
    /// A certificate authority to trust beside the system's, in PEM.
    pub authority: Option<String>,
    /// The transport in place of the network.
    pub transport: Option<Arc<dyn Transport>>,
    /// The observer of every request.
    pub observer: Option<Arc<dyn Observer>>,
}

impl Connect {
    /// By name, with the system's authorities, and `deadline` for each call.
    pub fn within(deadline: Duration) -> Self {
        Self { deadline, backoff: Backoff::default(), at: None, authority: None, transport: None, observer: None }
    }
}

/// The authentication of a call.
#[derive(Clone)]
pub enum Identity {
    /// Nothing.
    Anonymous,
    /// HTTP basic authentication.
    Password(String, SecretString),
    /// A bearer token.
    Token(SecretString),
    /// A cookie header, whole.
    Cookies(SecretString),
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("Anonymous"),
            Self::Password(login, _) => write!(f, "Password({login})"),
            Self::Token(_) => f.write_str("Token"),
            Self::Cookies(_) => f.write_str("Cookies"),
        }
    }
}

impl Identity {
    /// Returns the secrets in the forms in which a server may quote them.
    pub fn secrets(&self) -> Vec<SecretString> {
        match self {
            Self::Anonymous => Vec::new(),
            Self::Password(login, password) => {
                let plain = password.expose_secret();
                let mut as_sent = vec![password.clone(), STANDARD.encode(format!("{login}:{plain}")).into()];
                if let Ok(mut form) = Url::parse("form:") {
                    form.query_pairs_mut().append_key_only(plain);
                    as_sent.push(form.query().unwrap_or_default().into());
                }
                as_sent
            }
            Self::Token(token) => vec![token.clone()],
            Self::Cookies(cookies) => {
                let values = cookies.expose_secret().split("; ").filter_map(|pair| pair.split_once('='));
                // A short value is not a secret but a word like `en`, which any text may hold.
                let secret = values.map(|(_, value)| value).filter(|value| value.len() >= 8);
                secret.map(SecretString::from).collect()
            }
        }
    }

    fn kind(&self) -> AuthMethod {
        match self {
            Self::Anonymous => AuthMethod::None,
            Self::Password(..) => AuthMethod::Password,
            Self::Token(_) => AuthMethod::Token,
            Self::Cookies(_) => AuthMethod::Cookies,
        }
    }

    fn apply(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Anonymous => request,
            Self::Password(login, password) => request.basic_auth(login, Some(password.expose_secret())),
            Self::Token(token) => request.bearer_auth(token.expose_secret()),
            Self::Cookies(cookies) => request.header(reqwest::header::COOKIE, cookies.expose_secret()),
        }
    }
}

/// The client of one server.
#[derive(Debug, Clone)]
pub struct Client {
    inner: reqwest::Client,
    service: Service,
    base: Url,
    deadline: Duration,
    backoff: Backoff,
    hidden: Arc<[SecretString]>,
    transport: Option<Arc<dyn Transport>>,
    observer: Option<Arc<dyn Observer>>,
}

/// A request before it is sent.
#[derive(Debug)]
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// The whole address.
    pub url: Url,
    /// The authentication.
    pub identity: &'a Identity,
    /// The body.
    pub body: Body<'a>,
}

/// The body of a request. Forms and JSON may hold secrets, so `Debug` shows none of it.
pub enum Body<'a> {
    /// Nothing.
    None,
    /// A JSON document.
    Json(&'a serde_json::Value),
    /// The fields of a form.
    Form(&'a [(String, SecretString)]),
}

impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Json(_) => "Json",
            Self::Form(_) => "Form",
        })
    }
}

impl Client {
    /// A client of the server at `address`. No connection is made yet.
    pub fn new(service: Service, address: &str, connect: &Connect) -> Result<Self, Error> {
        // Fails only when this process has one already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let unusable = |why: String| Error::Address { service, address: shown(address), why };
        let mut base = Url::parse(address).map_err(|error| unusable(error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(unusable("it must begin with https:// or http://".into()));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(unusable("it must not carry a login or a password".into()));
        }
        base.set_query(None);
        base.set_fragment(None);
        let mut builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            // Connections to a server that was redeployed are not used again.
            .pool_idle_timeout(Duration::from_secs(1))
            .user_agent(concat!("converge-ci/", env!("CARGO_PKG_VERSION")));
        if base.scheme() == "http" {
            // Reading the system's authorities takes milliseconds and is only needed for TLS.
            builder = builder.tls_certs_only([]);
        } else if let Some(pem) = &connect.authority {
            let authorities = Certificate::from_pem_bundle(pem.as_bytes());
            let authorities = authorities.map_err(|source| Error::Client { service, source })?;
            builder = builder.tls_certs_merge(authorities);
        }
        if let (Some(at), Some(name)) = (connect.at, base.host_str()) {
            // Port 0 leaves the port to the address.
            builder = builder.resolve(name, SocketAddr::new(at, 0));
        }
        let inner = builder.build().map_err(|source| Error::Client { service, source })?;
        let Connect { deadline, backoff, transport, observer, .. } = connect.clone();
        Ok(Self { inner, service, base, deadline, backoff, hidden: Arc::default(), transport, observer })
    }

    /// The same client with more secrets to mask. Texts of its answers never show them or the authentication of a request:
    /// a failing server may quote its input.
    #[must_use]
    pub fn hiding(&self, secrets: impl IntoIterator<Item = SecretString>) -> Self {
        Self { hidden: secrets.into_iter().collect(), ..self.clone() }
    }

    /// The server's own address.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// How long a call may take.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The address of `path`, each segment encoded as it needs, with `query`.
    pub fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Returns the address `to` if it is below `path` on this server.
    pub fn within(&self, to: &str, path: &[&str]) -> Option<Url> {
        let to = self.base.join(to).ok()?;
        let below = format!("{}/", self.url(path, &[]).path());
        (to.origin() == self.base.origin() && to.path().starts_with(&below)).then_some(to)
    }

    /// Makes one attempt. Returns the answer whatever its status.
    pub async fn ask(&self, request: &Request<'_>) -> Result<Answer, Error> {
        self.ask_until(request, Instant::now() + self.deadline).await
    }

    /// The same, with a deadline that several calls share.
    pub async fn ask_until(&self, request: &Request<'_>, until: Instant) -> Result<Answer, Error> {
        let call = Call::new(self.service, &request.method, &request.url);
        let builder = self.inner.request(request.method.clone(), request.url.clone());
        let builder = request.identity.apply(builder).header(reqwest::header::ACCEPT_LANGUAGE, "en");
        let builder = match request.body {
            Body::None => builder,
            Body::Json(value) => builder.json(value),
            Body::Form(fields) => {
                builder.form(&fields.iter().map(|(name, value)| (name, value.expose_secret())).collect::<Vec<_>>())
            }
        };
        let settled = match timeout_at(until, self.receive(&call, builder)).await {
            Ok(settled) => settled,
            Err(_) => Err(Error::Deadline { call, after: self.deadline }),
        };
        if let Some(observer) = &self.observer {
            observer.asked(self.service, settled.as_ref().map(|answer| answer.status));
        }
        let mut hidden = request.identity.secrets();
        hidden.extend_from_slice(&self.hidden);
        settled.map(|answer| answer.with_auth(request.identity.kind(), hidden))
    }

    async fn receive(&self, call: &Call, builder: RequestBuilder) -> Result<Answer, Error> {
        match &self.transport {
            None => Answer::receive(call, builder, LARGEST).await,
            Some(transport) => Answer::receive_from(call, builder, LARGEST, transport.as_ref()).await,
        }
    }

    /// Makes an idempotent call with retries within the deadline. Every status but 2xx is an error.
    pub async fn read(&self, request: &Request<'_>) -> Result<Answer, Error> {
        let until = Instant::now() + self.deadline;
        let seen = RefCell::new(None);
        let attempts = self.backoff.retry(async || {
            let settled = self.ask_until(request, until).await.and_then(Answer::or_failure);
            settled.map_err(|error| {
                let again = Retry(error.class());
                // An earlier error tells more than the deadline.
                seen.replace_with(|before| match before.take() {
                    Some(before) if matches!(error, Error::Deadline { .. }) => Some(before),
                    _ => Some(error),
                });
                again
            })
        });
        if let Ok(Ok(answer)) = timeout_at(until, attempts).await {
            return Ok(answer);
        }
        let call = Call::new(self.service, &request.method, &request.url);
        Err(seen.take().unwrap_or(Error::Deadline { call, after: self.deadline }))
    }

    /// Reads `path` as JSON.
    pub async fn get<T: DeserializeOwned>(
        &self,
        identity: &Identity,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, Error> {
        let url = self.url(path, query);
        self.read(&Request { method: Method::GET, url, identity, body: Body::None }).await?.json()
    }

    /// Makes a call that changes something, once. After an error the caller must observe its effect.
    pub async fn change(
        &self,
        method: Method,
        identity: &Identity,
        path: &[&str],
        query: &[(&str, &str)],
        body: Body<'_>,
    ) -> Result<Answer, Error> {
        let url = self.url(path, query);
        self.ask(&Request { method, url, identity, body }).await?.or_failure()
    }
}

/// The class of an error, for the retry. The error itself is kept aside: the last one is not always the best.
#[derive(Debug, thiserror::Error)]
#[error("the call failed")]
struct Retry(Class);

impl Explain for Retry {
    fn class(&self) -> Class {
        self.0
    }
}
