//! A Drone server of the test, as far as runners see it: in the lab's network, in this process's memory, so
//! that a test sees everything and can cause any fault. `tests/contract` holds the stand-in and the real server to the
//! same facts.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nix::sched::{CloneFlags, setns};
use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};

/// Shared secret of the server and its runners.
pub const SECRET: &str = "canary-rpc-secret-0123456789abcdef";

/// Duration of a long poll.
const LONG_POLL: Duration = Duration::from_secs(5);

/// A build of one stage.
#[derive(Debug, Clone)]
pub struct Build {
    pub yaml: String,
    pub params: BTreeMap<String, String>,
    pub secrets: Vec<(String, String)>,
    pub slug: String,
    pub event: String,
    pub timeout: u64,
    /// The stage as the runner reported it.
    pub stage: Value,
    pub steps: Vec<Value>,
    pub status: String,
    /// Microseconds since 1970.
    pub created: u128,
    /// Time of the runner's report of the begin, in microseconds since 1970.
    pub begun: u128,
    pub accepted: Vec<String>,
    pub live: BTreeMap<i64, String>,
    pub log: BTreeMap<i64, String>,
    pub log_bytes: usize,
}

impl Build {
    pub fn of(yaml: &str) -> Self {
        Self {
            yaml: yaml.into(),
            params: BTreeMap::new(),
            secrets: Vec::new(),
            slug: "recipes/ci".into(),
            event: "custom".into(),
            timeout: 60,
            stage: Value::Null,
            steps: Vec::new(),
            status: "pending".into(),
            created: 0,
            begun: 0,
            accepted: Vec::new(),
            live: BTreeMap::new(),
            log: BTreeMap::new(),
            log_bytes: 0,
        }
    }

    /// A build of these commands, in one step named `work`.
    pub fn commands(commands: &[&str]) -> Self {
        let commands: Vec<String> = commands.iter().map(|command| json!(command).to_string()).collect();
        Self::of(&format!(
            "kind: pipeline\ntype: exec\nname: default\nclone: {{disable: true}}\nsteps:\n- name: work\n  commands: [{}]\n",
            commands.join(", ")
        ))
    }

    pub fn is_over(&self) -> bool {
        !matches!(self.status.as_str(), "pending" | "running")
    }

    pub fn has_steps_over(&self) -> bool {
        self.steps.iter().all(|step| !matches!(step["status"].as_str(), Some("pending" | "running")))
    }

    /// The complete log of a step, by its number.
    pub fn log_of(&self, number: usize) -> &str {
        let id = self.steps.get(number - 1).and_then(|step| step["id"].as_i64()).unwrap_or(0);
        self.log.get(&id).map_or("", String::as_str)
    }

    pub fn error(&self) -> &str {
        self.stage["error"].as_str().unwrap_or_default()
    }
}

#[derive(Debug, Default)]
struct Inner {
    builds: Vec<Build>,
    next_step: i64,
    /// Answer of a proxy in Drone's place.
    instead: Option<(u16, &'static str)>,
    most_at_once: usize,
    order: Vec<i64>,
    early: Early,
    /// Stages whose details were asked for.
    read: Vec<i64>,
}

/// Answer to a request for the details of a stage that is not accepted yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Early {
    #[default]
    Answered,
    /// The acceptance waits for this request.
    Awaited,
    Refused,
}

#[derive(Debug, Default)]
struct Shared {
    inner: Mutex<Inner>,
    changed: Notify,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }
}

/// A running server.
#[derive(Debug)]
pub struct Drone {
    shared: Arc<Shared>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
    pub address: SocketAddr,
}

fn micros() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()
}

impl Drone {
    /// Starts in the network of the machine with this first process.
    pub fn start(leader: i32) -> Self {
        let shared = Arc::new(Shared::default());
        let (tell, told) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        let served = shared.clone();
        let thread = thread::spawn(move || {
            let network = File::open(format!("/proc/{leader}/ns/net")).unwrap();
            setns(network, CloneFlags::CLONE_NEWNET).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                tokio::select! {
                    served = axum::serve(listener, routes(served)) => served.unwrap(),
                    _ = ended => {}
                }
            });
        });
        let address = told.recv().unwrap();
        Self { shared, end: Some(end), thread: Some(thread), address }
    }

    /// Adds a build to the queue and returns its id, which is also the stage's.
    pub fn create(&self, mut build: Build) -> i64 {
        let mut inner = self.shared.lock();
        let id = i64::try_from(inner.builds.len()).unwrap() + 1;
        build.created = micros();
        build.stage = json!({
            "id": id, "repo_id": 1, "build_id": id, "number": 1, "name": "default", "kind": "pipeline", "type": "exec",
            "status": "pending", "errignore": false, "exit_code": 0, "machine": "", "os": "linux", "arch": "amd64",
            "started": 0, "stopped": 0, "created": 1, "updated": 1, "version": 1, "on_success": true,
            "on_failure": false, "labels": {},
        });
        inner.builds.push(build);
        drop(inner);
        self.shared.changed.notify_waiters();
        id
    }

    /// Cancels a build, with the effects of Drone's cancel.
    pub fn cancel(&self, id: i64) {
        let mut inner = self.shared.lock();
        let build = &mut inner.builds[usize::try_from(id).unwrap() - 1];
        if !build.is_over() {
            build.status = "killed".into();
            let end = |object: &mut Value| {
                let is_begun = object["started"].as_i64() != Some(0);
                if matches!(object["status"].as_str(), Some("pending" | "running")) {
                    object["status"] = if is_begun { "killed" } else { "skipped" }.into();
                    object["version"] = (object["version"].as_i64().unwrap() + 1).into();
                }
            };
            end(&mut build.stage);
            build.steps.iter_mut().for_each(end);
        }
        drop(inner);
        self.shared.changed.notify_waiters();
    }

    /// Stops answering, or answers again.
    pub fn set_down(&self, is_down: bool) {
        self.answer_instead(is_down.then_some((502, "Bad Gateway")));
    }

    /// Has a proxy answer with this status and text, or answers again.
    pub fn answer_instead(&self, instead: Option<(u16, &'static str)>) {
        self.shared.lock().instead = instead;
        self.shared.changed.notify_waiters();
    }

    /// Sets the answer to requests for details before the acceptance.
    pub fn set_early(&self, early: Early) {
        self.shared.lock().early = early;
    }

    pub fn build(&self, id: i64) -> Build {
        self.shared.lock().builds[usize::try_from(id).unwrap() - 1].clone()
    }

    /// The largest number of stages that ran at the same time.
    pub fn most_at_once(&self) -> usize {
        self.shared.lock().most_at_once
    }

    /// The builds in the order in which they were accepted.
    pub fn order(&self) -> Vec<i64> {
        self.shared.lock().order.clone()
    }

    /// Waits until a condition on a build holds.
    pub fn wait(&self, id: i64, what: &str, within: Duration, is_so: impl Fn(&Build) -> bool) -> Build {
        let deadline = Instant::now() + within;
        loop {
            let build = self.build(id);
            if is_so(&build) {
                return build;
            }
            assert!(Instant::now() < deadline, "build {id}: {what} within {within:?}: {build:#?}");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until Drone has all reports of a build.
    pub fn wait_over(&self, id: i64, within: Duration) -> Build {
        self.wait(id, "is over", within, |build| build.is_over() && build.has_steps_over())
    }
}

impl Drop for Drone {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

type Answer = Result<Response, Refused>;

/// An error in Drone's words.
struct Refused(StatusCode);

impl From<StatusCode> for Refused {
    fn from(status: StatusCode) -> Self {
        Self(status)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let text = match self.0 {
            StatusCode::CONFLICT => "Optimistic Lock Error",
            StatusCode::INTERNAL_SERVER_ERROR => "sql: no rows in result set",
            _ => "",
        };
        (self.0, text).into_response()
    }
}

fn routes(shared: Arc<Shared>) -> Router {
    let rpc = Router::new()
        .route("/ping", post(async |State(_): State<Arc<Shared>>| StatusCode::OK))
        .route("/stage", post(next))
        .route("/stage/{id}", post(accept).get(details).put(update_stage))
        .route("/step/{id}", put(update_step))
        .route("/step/{id}/logs/batch", post(batch))
        .route("/step/{id}/logs/upload", post(upload))
        .route("/build/{id}/watch", post(watch))
        .layer(DefaultBodyLimit::disable())
        .layer(axum::middleware::from_fn_with_state(shared.clone(), guard));
    Router::new().nest("/rpc/v2", rpc).route("/healthz", get(async || "ok")).with_state(shared)
}

/// Checks the secret, and answers as a proxy while the server is down.
async fn guard(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Response {
    if headers.get("X-Drone-Token").and_then(|token| token.to_str().ok()) != Some(SECRET) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let instead = || {
        let (status, text) = shared.lock().instead?;
        Some((StatusCode::from_u16(status).unwrap(), text).into_response())
    };
    if let Some(instead) = instead() {
        return instead;
    }
    let answer = next.run(request).await;
    // A call in flight is lost too when the server goes down.
    instead().unwrap_or(answer)
}

async fn long_poll<T>(shared: &Shared, mut look: impl FnMut(&mut Inner) -> Option<T>) -> Option<T> {
    let deadline = tokio::time::Instant::now() + LONG_POLL;
    loop {
        let changed = shared.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        {
            let mut inner = shared.lock();
            if inner.instead.is_some() {
                return None;
            }
            if let Some(found) = look(&mut inner) {
                return Some(found);
            }
        }
        if tokio::time::timeout_at(deadline, changed).await.is_err() {
            return None;
        }
    }
}

async fn next(State(shared): State<Arc<Shared>>, body: Bytes) -> Answer {
    let filter: Value = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    assert_eq!(
        (&filter["kind"], &filter["type"], &filter["os"]),
        (&json!("pipeline"), &json!("exec"), &json!("linux"))
    );
    let found = long_poll(&shared, |inner| {
        let is_free = |build: &&Build| build.status == "pending" && build.stage["machine"] == "";
        inner.builds.iter().find(is_free).map(|build| build.stage.clone())
    });
    Ok(found.await.map_or_else(|| StatusCode::NO_CONTENT.into_response(), |stage| axum::Json(stage).into_response()))
}

fn find(inner: &mut Inner, id: i64) -> Result<&mut Build, StatusCode> {
    let place = usize::try_from(id - 1).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    inner.builds.get_mut(place).ok_or(StatusCode::INTERNAL_SERVER_ERROR)
}

async fn accept(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<i64>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Answer {
    let is_due = |inner: &mut Inner| (inner.early != Early::Awaited || inner.read.contains(&id)).then_some(());
    long_poll(&shared, is_due).await.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
    let mut inner = shared.lock();
    let build = find(&mut inner, id)?;
    if build.stage["machine"] != "" || build.status != "pending" {
        return Err(StatusCode::CONFLICT.into());
    }
    build.accepted.push(query["machine"].clone());
    build.stage["machine"] = json!(query["machine"]);
    build.stage["version"] = (build.stage["version"].as_i64().unwrap() + 1).into();
    let answer = axum::Json(build.stage.clone());
    inner.order.push(id);
    Ok(answer.into_response())
}

async fn details(State(shared): State<Arc<Shared>>, Path(id): Path<i64>) -> Answer {
    let mut inner = shared.lock();
    inner.read.push(id);
    shared.changed.notify_waiters();
    let early = inner.early;
    let build = find(&mut inner, id)?;
    if early == Early::Refused && build.stage["machine"] == "" {
        return Err(StatusCode::INTERNAL_SERVER_ERROR.into());
    }
    let secrets: Vec<Value> =
        build.secrets.iter().map(|(name, data)| json!({ "id": 1, "name": name, "data": data })).collect();
    Ok(axum::Json(json!({
        "build": { "id": id, "number": id, "status": build.status, "event": build.event, "after": "abc", "ref": "refs/heads/main",
                   "target": "main", "params": if build.params.is_empty() { Value::Null } else { json!(build.params) } },
        "stage": build.stage,
        "config": { "Data": STANDARD.encode(&build.yaml) },
        "netrc": { "machine": "git.ci.localhost", "login": "ci-bot", "password": "canary-netrc-password" },
        "repository": { "id": 1, "slug": build.slug, "timeout": build.timeout },
        "secrets": if secrets.is_empty() { Value::Null } else { json!(secrets) },
        "system": { "proto": "https", "host": "drone.ci.localhost", "link": "https://drone.ci.localhost", "version": "2.0.4" },
    }))
    .into_response())
}

async fn update_stage(State(shared): State<Arc<Shared>>, Path(id): Path<i64>, body: Bytes) -> Answer {
    let mut said: Value = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let mut inner = shared.lock();
    let mut next_step = inner.next_step;
    let build = find(&mut inner, id)?;
    if build.stage["version"] != said["version"] {
        return Err(StatusCode::CONFLICT.into());
    }
    let is_open = matches!(said["status"].as_str(), Some("pending" | "running"));
    let mut steps: Vec<Value> = said["steps"].as_array().cloned().unwrap_or_default();
    for step in &mut steps {
        assert_eq!(step["step_id"], json!(id), "a step names its stage");
        if is_open {
            next_step += 1;
            step["id"] = next_step.into();
            step["version"] = 1.into();
        } else {
            let known = build.steps.iter_mut().find(|known| known["id"] == step["id"]);
            let known = known.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
            if known["version"] != step["version"] {
                return Err(StatusCode::CONFLICT.into());
            }
            step["version"] = (step["version"].as_i64().unwrap() + 1).into();
            *known = step.clone();
        }
    }
    if is_open {
        if !build.steps.is_empty() {
            return Err(StatusCode::INTERNAL_SERVER_ERROR.into());
        }
        build.steps.clone_from(&steps);
        build.begun = micros();
    }
    said["steps"] = json!(steps);
    said["version"] = (said["version"].as_i64().unwrap() + 1).into();
    build.stage = said.clone();
    if !build.is_over() {
        build.status = said["status"].as_str().unwrap().into();
    }
    inner.next_step = next_step;
    let is_running = |build: &&Build| build.stage["status"] == "running";
    inner.most_at_once = inner.most_at_once.max(inner.builds.iter().filter(is_running).count());
    drop(inner);
    shared.changed.notify_waiters();
    Ok(axum::Json(said).into_response())
}

async fn update_step(State(shared): State<Arc<Shared>>, Path(id): Path<i64>, body: Bytes) -> Answer {
    let mut said: Value = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let mut inner = shared.lock();
    let known = inner.builds.iter_mut().flat_map(|build| &mut build.steps).find(|step| step["id"] == json!(id));
    let known = known.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
    if known["version"] != said["version"] {
        let is_open = matches!(said["status"].as_str(), Some("pending" | "running"));
        let wrapped = (StatusCode::INTERNAL_SERVER_ERROR, "1 error occurred:\n\t* Optimistic Lock Error\n\n");
        return if is_open { Err(StatusCode::CONFLICT.into()) } else { Ok(wrapped.into_response()) };
    }
    said["version"] = (said["version"].as_i64().unwrap() + 1).into();
    *known = said.clone();
    Ok(axum::Json(said).into_response())
}

async fn watch(State(shared): State<Arc<Shared>>, Path(id): Path<i64>) -> Answer {
    // As in Drone: only a request that is open at the moment of the cancel gets it.
    let mut was_over = None;
    let ended = long_poll(&shared, |inner| {
        let is_over = find(inner, id).is_ok_and(|build| build.is_over());
        (is_over && !*was_over.get_or_insert(is_over)).then_some(())
    });
    Ok(ended.await.map_or(StatusCode::NO_CONTENT, |()| StatusCode::OK).into_response())
}

fn text_of(lines: &[u8]) -> Result<String, StatusCode> {
    let lines: Vec<Value> = serde_json::from_slice(lines).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(lines.iter().filter_map(|line| line["out"].as_str()).collect())
}

fn with_step<T>(shared: &Shared, id: i64, act: impl FnOnce(&mut Build) -> T) -> Result<T, StatusCode> {
    let mut inner = shared.lock();
    let build = inner.builds.iter_mut().find(|build| build.steps.iter().any(|step| step["id"] == json!(id)));
    build.map(act).ok_or(StatusCode::INTERNAL_SERVER_ERROR)
}

async fn batch(State(shared): State<Arc<Shared>>, Path(id): Path<i64>, body: Bytes) -> Answer {
    let text = text_of(&body)?;
    with_step(&shared, id, |build| {
        build.log_bytes += text.len();
        let live = build.live.entry(id).or_default();
        // As in Drone: only the last lines.
        if live.len() < 1 << 20 {
            live.push_str(&text);
        }
    })?;
    Ok(StatusCode::OK.into_response())
}

async fn upload(State(shared): State<Arc<Shared>>, Path(id): Path<i64>, body: Bytes) -> Answer {
    let text = text_of(&body)?;
    with_step(&shared, id, |build| drop(build.log.insert(id, text)))?;
    Ok(StatusCode::OK.into_response())
}
