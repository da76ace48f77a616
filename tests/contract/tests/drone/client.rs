//! Drone's HTTP API as one caller, with asserting methods on answers.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use reqwest::{Method, Response};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

/// Longer than the real server's long polls (30 s) and than a build without a file (45 s).
const ANSWER: Duration = Duration::from_secs(75);

/// Shared, since its creation takes longer than most answers. Keeps no connections, because each runtime is short-lived.
static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();

/// A client with one header for authentication, or with none.
#[derive(Debug, Clone)]
pub struct Client {
    address: String,
    header: Option<(&'static str, String)>,
}

impl Client {
    pub fn anonymous(address: &str) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        Self { address: address.trim_end_matches('/').to_owned(), header: None }
    }

    fn with(&self, name: &'static str, value: String) -> Self {
        Self { header: Some((name, value)), ..self.clone() }
    }

    pub fn with_token(&self, token: &str) -> Self {
        self.with("Authorization", format!("Bearer {token}"))
    }

    pub fn with_cookie(&self, pair: &str) -> Self {
        self.with("Cookie", pair.to_owned())
    }

    pub fn with_secret(&self, secret: &str) -> Self {
        self.with("X-Drone-Token", secret.to_owned())
    }

    async fn send(&self, method: &str, path: &str, body: Option<Vec<u8>>) -> Response {
        let client = CLIENT.get_or_init(|| {
            let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
            builder.no_proxy().pool_max_idle_per_host(0).build().unwrap()
        });
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = client.request(method, format!("{}{path}", self.address));
        if let Some((name, value)) = &self.header {
            request = request.header(*name, value);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body);
        }
        request.send().await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Sends a request and accepts any answer.
    #[track_caller]
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Seen {
        self.ask_raw(method, path, body.map(|body| body.to_string().into_bytes()))
    }

    #[track_caller]
    pub fn ask_raw(&self, method: &str, path: &str, body: Option<Vec<u8>>) -> Seen {
        runtime().block_on(async {
            let whole = async {
                let answer = self.send(method, path, body).await;
                let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
                    (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
                };
                let (status, headers) = (answer.status().as_u16(), answer.headers().iter().map(header).collect());
                let body = answer.text().await.unwrap();
                Seen { what: format!("{method} {path}"), status, headers, body }
            };
            timeout(ANSWER, whole).await.unwrap_or_else(|_| panic!("{method} {path}: no answer"))
        })
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Seen {
        self.ask("GET", path, None)
    }

    #[track_caller]
    pub fn post(&self, path: &str) -> Seen {
        self.ask("POST", path, None)
    }

    #[track_caller]
    pub fn delete(&self, path: &str) -> Seen {
        self.ask("DELETE", path, None)
    }

    /// Server-sent events.
    pub fn open(&self, path: &str) -> Stream {
        let runtime = runtime();
        let answer = runtime.block_on(self.send("GET", path, None));
        assert_eq!(answer.status(), 200, "{path}");
        let kind = answer.headers().get("content-type").map(|it| it.to_str().unwrap().to_owned());
        assert_eq!(kind.as_deref(), Some("text/event-stream"), "{path}");
        Stream { runtime, answer, text: String::new() }
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A streamed answer.
#[derive(Debug)]
pub struct Stream {
    runtime: Runtime,
    answer: Response,
    text: String,
}

impl Stream {
    /// Reads until this text has arrived.
    #[track_caller]
    pub fn until(&mut self, words: &str) -> &str {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.text.contains(words) {
            let left = deadline.saturating_duration_since(Instant::now());
            let chunk = self.runtime.block_on(async { timeout(left, self.answer.chunk()).await });
            match chunk {
                Ok(Ok(Some(chunk))) => self.text += &String::from_utf8_lossy(&chunk),
                other => panic!("no {words:?} came but {:?} ({other:?})", self.text),
            }
        }
        &self.text
    }

    /// Reads to the end.
    #[track_caller]
    pub fn rest(mut self) -> String {
        let whole = async {
            while let Some(chunk) = self.answer.chunk().await.unwrap() {
                self.text += &String::from_utf8_lossy(&chunk);
            }
        };
        self.runtime
            .block_on(async { timeout(Duration::from_secs(10), whole).await })
            .expect("the stream does not end");
        self.text
    }
}

/// An answer.
#[derive(Debug)]
pub struct Seen {
    what: String,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    /// Asserts the status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        let beginning: String = self.body.chars().take(600).collect();
        assert_eq!(self.status, status, "{}: {beginning}", self.what);
        self
    }

    /// Asserts an error in the API's form.
    #[track_caller]
    pub fn refuses(self, status: u16, words: &str) {
        let seen = self.is(status);
        let message = seen.text("/message");
        assert!(message.contains(words), "{}: no {words:?} in {message:?}", seen.what);
    }

    /// Asserts an error in the form for runners: plain text.
    #[track_caller]
    pub fn says(self, status: u16, words: &str) {
        let seen = self.is(status);
        assert!(seen.body.contains(words), "{}: no {words:?} in {:?}", seen.what, seen.body);
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{}: {error}: {}", self.what, self.body))
    }

    /// The entries of a list. Go writes an empty list as `null`.
    #[track_caller]
    pub fn list(&self) -> Vec<Value> {
        match self.json() {
            Value::Null => Vec::new(),
            Value::Array(entries) => entries,
            other => panic!("{}: no list: {other}", self.what),
        }
    }

    #[track_caller]
    pub fn at(&self, pointer: &str) -> Value {
        self.json().pointer(pointer).unwrap_or_else(|| panic!("{}: no {pointer}: {}", self.what, self.body)).clone()
    }

    #[track_caller]
    pub fn text(&self, pointer: &str) -> String {
        self.at(pointer).as_str().unwrap_or_else(|| panic!("{}: {pointer} is no text: {}", self.what, self.body)).into()
    }

    #[track_caller]
    pub fn number(&self, pointer: &str) -> i64 {
        self.at(pointer).as_i64().unwrap_or_else(|| panic!("{}: {pointer} is no number: {}", self.what, self.body))
    }

    /// A header, empty if absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The value of a cookie that the answer sets.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let lines = self.headers.iter().filter(|(key, _)| key == "set-cookie");
        let pairs = lines.filter_map(|(_, line)| line.split(';').next()?.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).next()
    }
}
