//! A server that gives scripted answers, one for each request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::rpc::Client;
use crate::rpc::wire::Stage;
use crate::settings::Settings;

/// The name of the runner.
pub const MACHINE: &str = "ci";

/// A request: its line without the protocol, and its body.
pub type Asked = (String, Value);

/// A running server.
#[derive(Debug)]
pub struct Server {
    pub client: Client,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Gives these answers; the last one again and again.
    pub async fn answering(answers: &[String]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (seen, mut answers) = (asked.clone(), VecDeque::from(answers.to_vec()));
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let request = read(&mut connection).await;
                seen.lock().unwrap().push(request);
                let answer = answers.pop_front().unwrap();
                if answers.is_empty() {
                    answers.push_back(answer.clone());
                }
                connection.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let settings =
            json!({ "server": format!("http://{address}"), "name": MACHINE, "repositories": ["recipes/ci"] });
        let settings: Settings = serde_json::from_value(settings).unwrap();
        Self { client: Client::new(&settings, "secret".into(), MACHINE).unwrap(), asked }
    }

    /// All requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The lines of all requests so far.
    pub fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|(line, _)| line).collect()
    }
}

async fn read(connection: &mut TcpStream) -> Asked {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
            if body.len() >= length.parse().unwrap() {
                let line = text.split(" HTTP/").next().unwrap().to_owned();
                return (line, serde_json::from_str(body).unwrap_or_default());
            }
        }
        assert!(connection.read_buf(&mut request).await.unwrap() > 0, "a whole request");
    }
}

/// An answer with this status and body.
pub fn answer(status: &str, kind: &str, body: &str) -> String {
    let kind = if kind.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
    format!("HTTP/1.1 {status}\r\n{kind}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// Drone's answer with JSON, which has no content type of its own.
pub fn drone(body: &Value) -> String {
    answer("200 OK", "text/plain; charset=utf-8", &format!("{body}\n"))
}

/// Drone's answer with an error.
pub fn failure(status: &str, text: &str) -> String {
    answer(status, "text/plain; charset=utf-8", text)
}

/// Traefik's answer while it has no route to Drone.
pub fn no_route() -> String {
    failure("404 Not Found", "404 page not found\n")
}

/// The details of a stage in this state.
pub fn details(stage: &Value) -> String {
    drone(&json!({
        "build": { "id": 3, "number": 5, "status": "running" }, "stage": stage, "config": { "Data": "" },
        "repository": { "slug": "recipes/ci" },
    }))
}

/// A running stage of this runner with one running step.
pub fn stage() -> Stage {
    serde_json::from_value(json!({
        "id": 7, "build_id": 3, "number": 1, "name": "default", "status": "running", "machine": MACHINE, "started": 5,
        "version": 3, "steps": [{ "id": 70, "step_id": 7, "number": 1, "name": "test", "status": "running", "started": 6, "version": 2 }],
    }))
    .unwrap()
}
