//! A Drone in memory: what it has, what goes wrong, what it was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{RawResponse, Transport, TransportError};
use reqwest::header::HeaderMap;
use reqwest::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// Drone's time at the beginning.
pub const BEGIN: i64 = 1_800_000_000;

/// A fault of a call.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// No effect.
    Lost,
    /// Effect, but no answer.
    LostAfter,
    /// Effect after this number of seconds, but no answer.
    Late(u64),
    /// This, instead of doing it.
    Says(u16, &'static str),
    /// This, after doing it.
    SaysAfter(u16, &'static str),
}

#[derive(Debug, Clone)]
pub struct Made {
    pub status: &'static str,
    pub params: Option<BTreeMap<String, String>>,
    pub created: i64,
}

#[derive(Debug)]
pub struct State {
    pub builds: BTreeMap<i64, Made>,
    /// For calls whose line begins so: a fault, and how often.
    pub faults: Vec<(String, Fault, u32)>,
    /// `POST builds`, `GET builds`, `DELETE builds/3`.
    pub calls: Vec<String>,
    pub takes_no_cancel: u32,
    late: Vec<(Instant, BTreeMap<String, String>)>,
    began: Instant,
}

#[derive(Debug, Clone)]
pub struct Drone(Arc<Mutex<State>>);

impl Drone {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            builds: BTreeMap::new(),
            faults: Vec::new(),
            calls: Vec::new(),
            takes_no_cancel: 0,
            late: Vec::new(),
            began: Instant::now(),
        })))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// From now on this goes wrong, so many times.
    pub fn fault(&self, call: &str, fault: Fault, times: u32) {
        self.state().faults.push((call.to_owned(), fault, times));
    }

    pub fn set(&self, number: i64, status: &'static str) {
        self.state().builds.get_mut(&number).unwrap().status = status;
    }

    /// The status of each build, from the first one.
    pub fn statuses(&self) -> Vec<&'static str> {
        self.state().builds.values().map(|build| build.status).collect()
    }

    /// How many calls began so.
    pub fn asked(&self, call: &str) -> usize {
        self.state().calls.iter().filter(|line| line.starts_with(call)).count()
    }
}

impl State {
    pub fn now(&self) -> i64 {
        BEGIN + i64::try_from(self.began.elapsed().as_secs()).unwrap()
    }

    pub fn add(&mut self, params: Option<BTreeMap<String, String>>) -> i64 {
        let number = self.builds.keys().last().unwrap_or(&0) + 1;
        let build = Made { status: "pending", params, created: self.now() };
        self.builds.insert(number, build);
        number
    }

    fn fault(&mut self, line: &str) -> Option<Fault> {
        let (_, fault, times) = self.faults.iter_mut().find(|(call, _, times)| line.starts_with(call) && *times > 0)?;
        *times -= 1;
        Some(*fault)
    }

    fn show(&self, number: i64) -> Value {
        let build = &self.builds[&number];
        let (started, finished) = match build.status {
            "pending" => (0, 0),
            "running" => (build.created + 1, 0),
            _ => (build.created + 1, build.created + 2),
        };
        json!({
            "number": number, "status": build.status, "created": build.created, "started": started,
            "finished": finished, "params": build.params, "event": "custom",
        })
    }

    fn answer(&mut self, method: &Method, rest: &[&str], query: &BTreeMap<String, String>) -> (u16, Value) {
        let number = rest.first().and_then(|number| number.parse::<i64>().ok());
        match (method.as_str(), number) {
            ("GET", None) => {
                let asked = |key: &str| query[key].parse::<usize>().unwrap();
                let (page, most) = (asked("page"), asked("per_page"));
                let numbers = self.builds.keys().rev().skip((page - 1) * most).take(most);
                (200, numbers.map(|number| self.show(*number)).collect())
            }
            ("POST", None) => {
                let number = self.add(Some(query.clone()));
                (200, self.show(number))
            }
            (_, Some(number)) if !self.builds.contains_key(&number) => {
                (404, json!({"message": "sql: no rows in result set"}))
            }
            ("GET", Some(number)) => (200, self.show(number)),
            ("DELETE", Some(number)) => {
                if self.takes_no_cancel > 0 {
                    self.takes_no_cancel -= 1;
                } else if let Some(build) = self.builds.get_mut(&number)
                    && ["pending", "running"].contains(&build.status)
                {
                    build.status = "killed";
                }
                (200, self.show(number))
            }
            _ => panic!("{method} {rest:?}"),
        }
    }

    fn come(&mut self) {
        let now = Instant::now();
        let (come, late) = self.late.drain(..).partition(|(at, _)| *at <= now);
        self.late = late;
        let come: Vec<_> = come;
        for (_, params) in come {
            self.add(Some(params));
        }
    }

    /// Does what is asked, unless something goes wrong. `None` when no answer ever comes.
    fn turn(&mut self, request: &Request) -> Option<Result<RawResponse, TransportError>> {
        let path: Vec<&str> = request.url().path_segments().unwrap().collect();
        let ["api", "repos", "recipes", "ci", rest @ ..] = path.as_slice() else { panic!("{path:?}") };
        let method = request.method();
        let line = format!("{method} {}", rest.join("/"));
        let query: BTreeMap<String, String> = request.url().query_pairs().into_owned().collect();
        self.come();
        self.calls.push(line.clone());
        let (status, body) = match self.fault(&line) {
            None => {
                let (status, body) = self.answer(method, &rest[1..], &query);
                (status, body.to_string())
            }
            Some(Fault::Lost) => return Some(Err(TransportError::Connection)),
            Some(Fault::LostAfter) => {
                self.answer(method, &rest[1..], &query);
                return Some(Err(TransportError::Connection));
            }
            Some(Fault::Late(seconds)) => {
                self.late.push((Instant::now() + Duration::from_secs(seconds), query));
                return None;
            }
            Some(Fault::Says(status, body)) => (status, body.to_owned()),
            Some(Fault::SaysAfter(status, body)) => {
                self.answer(method, &rest[1..], &query);
                (status, body.to_owned())
            }
        };
        let status = StatusCode::from_u16(status).unwrap();
        Some(Ok(RawResponse { status, headers: HeaderMap::new(), body: body.into_bytes() }))
    }
}

impl Transport for Drone {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<RawResponse, TransportError>> {
        Box::pin(async move {
            // An answer takes its time.
            sleep(Duration::from_millis(10)).await;
            let answer = self.state().turn(&request);
            match answer {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        })
    }
}
