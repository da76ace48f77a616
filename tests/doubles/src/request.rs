//! A request, read from the wire.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, Url};
use serde_json::Value;

/// The server that a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// The forge.
    Gitea,
    /// The build server.
    Drone,
}

/// The caller's credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// None.
    None,
    /// A token.
    Token(String),
    /// A login with a password, or with a token in its place.
    Password(String, String),
}

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The server it is for.
    pub server: Server,
    /// The method.
    pub method: Method,
    /// The segments of the path, as they came.
    pub path: Vec<String>,
    /// The query, decoded, in order.
    pub query: Vec<(String, String)>,
    /// From the `Authorization` header.
    pub credentials: Credentials,
    /// The body as JSON; null where there is none.
    pub body: Value,
    /// True if there is a body that is not JSON.
    pub is_malformed: bool,
}

impl Request {
    /// Reads one from its parts.
    pub fn of(server: Server, method: Method, url: &Url, authorization: &str, body: &[u8]) -> Self {
        let json = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(body) };
        Self {
            server,
            method,
            path: url.path_segments().into_iter().flatten().map(ToOwned::to_owned).collect(),
            query: url.query_pairs().map(|(key, value)| (key.into_owned(), value.into_owned())).collect(),
            credentials: Credentials::of(authorization),
            is_malformed: json.is_err(),
            body: json.unwrap_or_default(),
        }
    }

    /// Reads one of a client in this process. Panics where it is for neither server.
    pub fn of_client(request: &reqwest::Request) -> Self {
        let url = request.url();
        let server = match url.host_str() {
            Some("git.test") => Server::Gitea,
            Some("drone.test") => Server::Drone,
            _ => panic!("no double answers at {url}"),
        };
        let authorization = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        Self::of(server, request.method().clone(), url, authorization.unwrap_or_default(), body)
    }

    /// A parameter of the query; empty where it is absent.
    pub fn parameter(&self, name: &str) -> &str {
        self.query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The request as `gitea GET /api/v1/…?…`, the query decoded.
    pub fn line(&self) -> String {
        let server = if self.server == Server::Gitea { "gitea" } else { "drone" };
        let query: Vec<String> = self.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{server} {} /{}{mark}{}", self.method, self.path.join("/"), query.join("&"))
    }

    /// True if it may change something.
    pub fn is_change(&self) -> bool {
        self.method != Method::GET
    }
}

impl Credentials {
    /// Reads the `Authorization` header.
    fn of(header: &str) -> Self {
        let Some((scheme, rest)) = header.split_once(' ') else { return Self::None };
        if !scheme.eq_ignore_ascii_case("basic") {
            return Self::Token(rest.to_owned());
        }
        let decoded = STANDARD.decode(rest).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let (login, password) = decoded.split_once(':').unwrap_or_default();
        Self::Password(login.to_owned(), password.to_owned())
    }
}
