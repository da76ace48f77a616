//! A Gitea in memory, as far as comments and statuses go.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{RawResponse, Transport, TransportError};
use reqwest::header::HeaderMap;
use reqwest::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

/// A fault of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No effect and no answer.
    Lost,
    /// Effect, but no answer.
    AnswerLost,
    /// No effect, and this answer.
    Says(u16),
    /// Effect after this number of seconds, but no answer.
    Late(u64),
    /// Nothing happens at all.
    Hangs,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    pub author: String,
    pub body: String,
}

#[derive(Debug, Default)]
pub struct State {
    /// By pull request and id.
    pub comments: BTreeMap<(i64, i64), Comment>,
    pub statuses: Vec<(String, Value)>,
    /// The next faults, by the begin of a call.
    pub faults: Vec<(String, Fault)>,
    /// The permanent faults.
    pub always: Vec<(String, Fault)>,
    /// Every call, with when it came.
    pub calls: Vec<(Duration, String)>,
    pub heads: BTreeMap<i64, String>,
    /// Delayed effects.
    late: Vec<(Instant, Method, String, Value)>,
    last: i64,
}

#[derive(Debug, Clone)]
pub struct Forge {
    state: Arc<Mutex<State>>,
    begun: Instant,
}

impl Forge {
    pub fn new() -> Self {
        Self { state: Arc::default(), begun: Instant::now() }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (due, later) = std::mem::take(&mut state.late).into_iter().partition(|(at, ..)| *at <= Instant::now());
        state.late = later;
        let due: Vec<(Instant, Method, String, Value)> = due;
        for (_, method, path, body) in due {
            state.does(&method, &path, &body);
        }
        state
    }

    /// The bot's comments on a pull request.
    pub fn said(&self, pull: i64) -> Vec<String> {
        let state = self.state();
        let of_it =
            state.comments.iter().filter(|((number, _), comment)| *number == pull && comment.author == "ci-bot");
        of_it.map(|(_, comment)| comment.body.clone()).collect()
    }

    pub fn calls(&self, of: &str) -> usize {
        self.state().calls.iter().filter(|(_, call)| call.starts_with(of)).count()
    }
}

impl State {
    pub fn fault(&mut self, of: &str, fault: Fault) {
        self.faults.push((of.into(), fault));
    }

    pub fn write(&mut self, pull: i64, author: &str, body: &str) -> i64 {
        self.last += 1;
        self.comments.insert((pull, 1000 + self.last), Comment { author: author.into(), body: body.into() });
        1000 + self.last
    }

    fn shown(&self, key: (i64, i64)) -> Value {
        let comment = &self.comments[&key];
        json!({
            "id": key.1, "user": {"login": comment.author}, "body": comment.body, "created_at": "2026-11-21T12:00:00Z",
            "updated_at": "2026-11-21T12:00:00Z", "pull_request_url": format!("http://git.test/recipes/hello/pulls/{}", key.0),
        })
    }

    /// Does what is asked.
    fn does(&mut self, method: &Method, path: &str, body: &Value) -> (u16, Value) {
        let rest = path.strip_prefix("/api/v1/repos/recipes/hello/").expect(path);
        let parts: Vec<&str> = rest.split('/').collect();
        let key_of = |id: &str| self.comments.keys().copied().find(|(_, known)| known.to_string() == id);
        match (method.as_str(), parts.as_slice()) {
            ("GET", ["issues", pull, "comments"]) => {
                let keys = self.comments.keys().filter(|(number, _)| number.to_string() == *pull);
                (200, keys.map(|key| self.shown(*key)).collect())
            }
            ("POST", ["issues", pull, "comments"]) => {
                let pull = pull.parse().unwrap();
                let id = self.write(pull, "ci-bot", body["body"].as_str().unwrap());
                (201, self.shown((pull, id)))
            }
            ("PATCH", ["issues", "comments", id]) => match key_of(id) {
                Some(key) => {
                    self.comments.get_mut(&key).unwrap().body = body["body"].as_str().unwrap().into();
                    (200, self.shown(key))
                }
                None => (404, json!({"message": "not found"})),
            },
            ("DELETE", ["issues", "comments", id]) => {
                let key = key_of(id).unwrap();
                self.comments.remove(&key);
                (204, Value::Null)
            }
            ("GET", ["pulls", pull]) => {
                let number: i64 = pull.parse().unwrap();
                let head = self.heads.get(&number).cloned().unwrap_or_else(|| super::world::HEAD.into());
                (
                    200,
                    json!({
                        "number": number, "title": "", "state": "open", "merged": false, "head": {"sha": head},
                        "base": {"repo": {"full_name": "recipes/hello", "archived": false}},
                    }),
                )
            }
            ("POST", ["statuses", commit]) => {
                self.statuses.push(((*commit).into(), body.clone()));
                (201, json!({}))
            }
            _ => panic!("{method} {path}"),
        }
    }

    fn next_fault(&mut self, call: &str) -> Option<Fault> {
        match self.faults.iter().position(|(of, _)| call.starts_with(of)) {
            Some(at) => Some(self.faults.remove(at).1),
            None => self.always.iter().find(|(of, _)| call.starts_with(of)).map(|(_, fault)| *fault),
        }
    }
}

impl Transport for Forge {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<RawResponse, TransportError>> {
        Box::pin(async move {
            sleep(Duration::from_millis(50)).await;
            let (method, path) = (request.method().clone(), request.url().path().to_owned());
            let body = request.body().and_then(|body| body.as_bytes()).unwrap_or(b"null");
            let body: Value = serde_json::from_slice(body).unwrap();
            let call = format!("{method} {}", path.trim_start_matches("/api/v1/repos/recipes/hello/"));
            let fault = {
                let mut state = self.state();
                state.calls.push((self.begun.elapsed(), call.clone()));
                state.next_fault(&call)
            };
            let (status, answer) = match fault {
                None => self.state().does(&method, &path, &body),
                Some(Fault::Lost) => return Err(TransportError::Connection),
                Some(Fault::AnswerLost) => {
                    self.state().does(&method, &path, &body);
                    return Err(TransportError::Connection);
                }
                Some(Fault::Says(status)) => (status, json!({"message": "no"})),
                Some(Fault::Late(seconds)) => {
                    let at = Instant::now() + Duration::from_secs(seconds);
                    self.state().late.push((at, method, path, body));
                    sleep_until(at + Duration::from_hours(1)).await;
                    return Err(TransportError::Connection);
                }
                Some(Fault::Hangs) => return std::future::pending().await,
            };
            let body = if answer.is_null() { Vec::new() } else { answer.to_string().into_bytes() };
            let mut headers = HeaderMap::new();
            headers.insert("content-type", "application/json".parse().unwrap());
            Ok(RawResponse { status: StatusCode::from_u16(status).unwrap(), headers, body })
        })
    }
}
