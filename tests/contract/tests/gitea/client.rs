//! Gitea's API as one account, with asserting methods on answers.

use forge::{Answer, Api};
use serde_json::{Value, json};

/// A client of one account, or without a login.
#[derive(Debug, Clone)]
pub struct Client(pub Api);

impl Client {
    #[track_caller]
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Seen {
        Seen(self.0.ask(method, path, body).unwrap())
    }

    /// Writes a comment on an issue or pull request and returns its id.
    #[track_caller]
    pub fn comment(&self, repository: &str, number: i64, body: &str) -> i64 {
        let path = format!("/repos/{repository}/issues/{number}/comments");
        self.post(&path, &json!({"body": body})).is(201).number("/id")
    }

    /// One field of all entries of a paginated list.
    #[track_caller]
    pub fn pages(&self, path: &str, pointer: &str) -> Vec<Value> {
        let mut entries = Vec::new();
        for page in 1.. {
            let more = self.get(&format!("{path}?page={page}&limit=50")).is(200).each(pointer);
            if more.is_empty() {
                break;
            }
            entries.extend(more);
        }
        entries
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Seen {
        self.ask("GET", path, None)
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Seen {
        self.ask("POST", path, Some(body))
    }

    #[track_caller]
    pub fn put(&self, path: &str, body: &Value) -> Seen {
        self.ask("PUT", path, Some(body))
    }

    #[track_caller]
    pub fn patch(&self, path: &str, body: &Value) -> Seen {
        self.ask("PATCH", path, Some(body))
    }

    #[track_caller]
    pub fn delete(&self, path: &str) -> Seen {
        self.ask("DELETE", path, None)
    }
}

/// An answer.
#[derive(Debug)]
pub struct Seen(pub Answer);

impl Seen {
    /// Asserts the status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        let Answer { method, url, body, .. } = &self.0;
        let beginning: String = body.chars().take(600).collect();
        assert_eq!(self.0.status, status, "{method} {url}: {beginning}");
        self
    }

    /// Asserts an error in the API's form: JSON with a `message` that contains these words.
    #[track_caller]
    pub fn refuses(self, status: u16, words: &str) {
        let seen = self.is(status);
        let message = seen.json()["message"].as_str().unwrap_or_default().to_owned();
        assert!(message.contains(words), "{} {}: no {words:?} in {message:?}", seen.0.method, seen.0.url);
    }

    /// Asserts an error of any kind: Gitea answers 500 for some missing objects.
    #[track_caller]
    pub fn fails(self) -> Self {
        let status = self.0.status;
        assert!((400..=500).contains(&status), "{} {}: {status}: {}", self.0.method, self.0.url, self.0.body);
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.0.body).unwrap_or_else(|error| panic!("{}: {error}: {}", self.0.url, self.0.body))
    }

    /// The entries of a list.
    #[track_caller]
    pub fn list(&self) -> Vec<Value> {
        self.json().as_array().unwrap_or_else(|| panic!("{}: no list: {}", self.0.url, self.0.body)).clone()
    }

    /// One field of each entry of a list.
    #[track_caller]
    pub fn each(&self, pointer: &str) -> Vec<Value> {
        self.list().iter().map(|entry| entry.pointer(pointer).cloned().unwrap_or(Value::Null)).collect()
    }

    /// A text in the JSON.
    #[track_caller]
    pub fn text(&self, pointer: &str) -> String {
        self.at(pointer)
            .as_str()
            .unwrap_or_else(|| panic!("{}: {pointer} is no text: {}", self.0.url, self.0.body))
            .into()
    }

    /// A number in the JSON.
    #[track_caller]
    pub fn number(&self, pointer: &str) -> i64 {
        self.at(pointer).as_i64().unwrap_or_else(|| panic!("{}: {pointer} is no number: {}", self.0.url, self.0.body))
    }

    #[track_caller]
    pub fn at(&self, pointer: &str) -> Value {
        self.json().pointer(pointer).unwrap_or_else(|| panic!("{}: no {pointer}: {}", self.0.url, self.0.body)).clone()
    }

    /// A header, empty if absent.
    pub fn header(&self, name: &str) -> &str {
        self.0.header(name).unwrap_or_default()
    }
}
