//! A complete answer and its meaning.

use std::borrow::Cow;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::{AuthMethod, Begin, Call, Error, Refusal};
use super::page;
use super::transport::{RawResponse, Transport, TransportError};

/// A complete answer. Body and headers may hold secrets, so `Debug` leaves them out.
#[derive(Clone)]
pub struct Answer {
    /// The call.
    pub call: Call,
    /// The status.
    pub status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
    /// Secrets that its texts must not show.
    hidden: Vec<SecretString>,
    /// The authentication of the request.
    by: AuthMethod,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("call", &self.call).field("status", &self.status).finish_non_exhaustive()
    }
}

impl Answer {
    /// Sends a request and receives the whole answer, up to `largest` bytes of it.
    pub(super) async fn receive(call: &Call, request: RequestBuilder, largest: usize) -> Result<Self, Error> {
        let mut response = request.send().await.map_err(|error| Error::from_reqwest(call, error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| Error::from_reqwest(call, error))? {
            let is_larger = body.len() + chunk.len() > largest;
            body.extend_from_slice(&chunk);
            if is_larger {
                return Err(Error::TooLarge { call: call.clone(), largest, begin: Begin::of(body) });
            }
        }
        Ok(Self { call: call.clone(), status, headers, body, hidden: Vec::new(), by: AuthMethod::None })
    }

    /// The same through `transport` instead of the network.
    pub(super) async fn receive_from(
        call: &Call,
        request: RequestBuilder,
        largest: usize,
        transport: &dyn Transport,
    ) -> Result<Self, Error> {
        let request = request.build().map_err(|error| Error::from_reqwest(call, error))?;
        match transport.send(request).await {
            Ok(RawResponse { body, .. }) if body.len() > largest => {
                Err(Error::TooLarge { call: call.clone(), largest, begin: Begin::of(body) })
            }
            Ok(RawResponse { status, headers, body }) => {
                Ok(Self { call: call.clone(), status, headers, body, hidden: Vec::new(), by: AuthMethod::None })
            }
            Err(TransportError::Body) => {
                Err(Error::CutOff { call: call.clone(), why: TransportError::Body.to_string() })
            }
            Err(lost) => Err(Error::Unreachable { call: call.clone(), source: lost.into() }),
        }
    }

    /// The same with the authentication of its request, and secrets that its texts must not show.
    pub(super) fn with_auth(self, by: AuthMethod, hidden: Vec<SecretString>) -> Self {
        Self { hidden, by, ..self }
    }

    /// The body as text, secrets included.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The title of a page.
    pub fn title(&self) -> Option<String> {
        page::title(&self.without_secrets(self.text()))
    }

    /// A text from this answer, without the secrets it was asked with.
    pub fn without_secrets<'a>(&self, text: Cow<'a, str>) -> Cow<'a, str> {
        let secrets = self.hidden.iter().map(ExposeSecret::expose_secret).filter(|secret| !secret.is_empty());
        secrets.fold(text, |text, secret| if text.contains(secret) { text.replace(secret, "…").into() } else { text })
    }

    /// The target of a redirect.
    pub fn location(&self) -> Option<&str> {
        let value = self.headers.get(LOCATION).filter(|_| self.status.is_redirection())?;
        // Drone copies error texts into it, so it may hold bytes beyond ASCII.
        std::str::from_utf8(value.as_bytes()).ok()
    }

    /// The cookies that it sets, each as in the header.
    pub fn cookies(&self) -> impl Iterator<Item = SecretString> {
        self.headers.get_all(SET_COOKIE).into_iter().filter_map(|value| value.to_str().ok()).map(SecretString::from)
    }

    /// A header, as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A number in a header.
    pub fn number(&self, header: &str) -> Option<usize> {
        self.header(header)?.parse().ok()
    }

    /// True for a web page.
    pub fn is_page(&self) -> bool {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if kind.is_empty() {
            return self.text().trim_start().starts_with('<');
        }
        kind.starts_with("text/html") || kind.starts_with("application/xhtml")
    }

    /// Returns an error for a web page: another server answers then.
    pub fn refuse_page(&self) -> Result<(), Error> {
        if self.is_page() { Err(self.web_page()) } else { Ok(()) }
    }

    /// The body as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.json_ref()
    }

    /// The same, borrowed from the body.
    pub(crate) fn json_ref<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        self.refuse_page()?;
        serde_json::from_slice(&self.body).map_err(|error| {
            let call = self.call.clone();
            // serde_json quotes values of the wrong type, which may be secrets. The position is enough.
            let at = format!("line {} column {}", error.line(), error.column());
            match error.classify() {
                serde_json::error::Category::Eof => Error::CutOff { call, why: format!("its JSON ends at {at}") },
                serde_json::error::Category::Data => {
                    Error::NotUnderstood { call, why: format!("a field is missing or of another type at {at}") }
                }
                _ => Error::NotUnderstood { call, why: format!("it is no JSON at {at}") },
            }
        })
    }

    /// Returns the answer if its status is 2xx, else the error of the status.
    pub fn or_failure(self) -> Result<Self, Error> {
        if self.status.is_success() { Ok(self) } else { Err(self.failure()) }
    }

    /// Returns the error of the status.
    pub fn failure(&self) -> Error {
        let call = self.call.clone();
        let status = self.status.as_u16();
        if let Some(to) = self.location() {
            return Error::Redirected { call, to: self.without_secrets(without_query(to).into()).into_owned() };
        }
        let message = self.message();
        match status {
            401 | 403 if !self.is_page() => {
                let because = Refusal::of(status, message.as_deref().unwrap_or_default());
                Error::Refused { call, status, because, by: self.by, message }
            }
            404 if self.is_json() => Error::NotFound { call, message },
            404 if !self.is_page() => Error::NotServed { call },
            429 | 500..=599 => Error::Failing { call, status, wait: self.wait(), message },
            _ if self.is_page() => self.web_page(),
            _ => Error::Rejected { call, status, message },
        }
    }

    /// `Retry-After`: seconds, or a time by the server's own clock.
    fn wait(&self) -> Option<Duration> {
        let text = self.header("retry-after")?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let moment = |text: &str| Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp());
        let wait = moment(text)?.duration_since(moment(self.header("date")?)?);
        Some(wait.try_into().unwrap_or_default())
    }

    fn is_json(&self) -> bool {
        serde_json::from_slice::<serde::de::IgnoredAny>(&self.body).is_ok()
    }

    fn web_page(&self) -> Error {
        Error::WebPage { call: self.call.clone(), status: self.status.as_u16(), title: self.title() }
    }

    /// The server's message about its failure.
    fn message(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Document {
            message: String,
        }
        if self.is_page() {
            return self.title();
        }
        let message = serde_json::from_slice::<Document>(&self.body).map(|document| document.message);
        page::quoted(&self.without_secrets(message.map_or_else(|_| self.text(), Cow::from)))
    }
}

/// An address as it may be shown: its query may carry a code.
fn without_query(address: &str) -> String {
    address.split(['?', '#']).next().unwrap_or_default().to_owned()
}
