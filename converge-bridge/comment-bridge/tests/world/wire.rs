//! What lies between the bridge and the two servers: it takes its time, loses things, and knows when the bridge dies.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{Carried, Carrier, Lost};
use reqwest::{Request, StatusCode};
use tokio::time::sleep;

use crate::servers::{Call, Drone, Gitea, Mood, Reply};
use crate::time::{Time, Whose};

/// The CI repository.
pub const CI: &str = "recipes/ci";

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No connection: the server never hears of it.
    Refused,
    /// The server does it; its answer is lost.
    AnswerLost,
    /// The server does it; its answer breaks off.
    AnswerCut,
    /// Nothing comes, and nothing is done.
    Hangs,
    /// The server does it so many seconds later; no answer ever comes.
    Late(u64),
    /// A status from the server or what is before it, instead of doing it.
    Says(u16),
    /// The same, after it was done.
    DoesAndSays(u16),
    /// Done; the body says `null`, or half of the answer, or is a page.
    DoesAndSaysNull,
    DoesAndSaysHalf,
    DoesAndSaysPage,
    /// The bridge dies, before or after the server has done it.
    DiesBefore,
    DiesAfter,
}

/// Trouble for the calls whose line (`gitea GET /api/v1/…?…`) has all these words in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    pub what: &'static str,
    /// How many such calls go well first, and how many do not after that.
    pub after: u32,
    pub times: u32,
    pub trouble: Trouble,
}

/// What goes wrong with writing to the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spill {
    /// The bridge dies before or after it is written.
    DiesBefore,
    DiesAfter,
    /// The disk is full.
    Full,
}

/// Everything but the bridge.
#[derive(Debug)]
pub struct State {
    pub time: Time,
    pub gitea: Gitea,
    pub drone: Drone,
    pub orders: Vec<Order>,
    /// How many commits go well first, how many do not, and what happens.
    pub spills: Vec<(u32, u32, Spill)>,
    pub is_full: bool,
    pub down: Vec<&'static str>,
    late: Vec<(Duration, Call)>,
    /// What was asked, and the status, if there was one.
    pub calls: Vec<(Duration, String, u16)>,
    pub keeps_calls: bool,
    /// Calls nobody knows.
    pub unknown: Vec<String>,
    /// The last time anything changed at a server.
    pub changed: Duration,
    /// How long a request and its answer take at most, in milliseconds.
    pub takes: u64,
    pub random: fastrand::Rng,
}

pub type Shared = Arc<Mutex<State>>;

pub fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether one life of the bridge is over.
#[derive(Debug, Default)]
pub struct Mortal {
    dead: AtomicBool,
}

impl Mortal {
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    pub fn die(&self) {
        self.dead.store(true, Ordering::Relaxed);
    }
}

impl State {
    pub fn new(seed: u64) -> Self {
        Self {
            time: Time::begin(),
            gitea: Gitea::default(),
            drone: Drone::new(seed),
            orders: Vec::new(),
            spills: Vec::new(),
            is_full: false,
            down: Vec::new(),
            late: Vec::new(),
            calls: Vec::new(),
            keeps_calls: true,
            unknown: Vec::new(),
            changed: Duration::ZERO,
            takes: 20,
            random: fastrand::Rng::with_seed(seed ^ 0x5eed),
        }
    }

    /// Brings the servers up to now.
    pub fn settle(&mut self) {
        let now = self.time.passed();
        self.late.sort_by_key(|(at, _)| *at);
        while self.late.first().is_some_and(|(at, _)| *at <= now) {
            let (at, call) = self.late.remove(0);
            self.serve(&call, at);
        }
        self.pass(now);
    }

    fn serve_later(&mut self, call: &Call, seconds: u64) {
        let at = self.time.passed() + Duration::from_secs(seconds);
        self.late.push((at, call.clone()));
    }

    /// Whether something is still under way to Gitea.
    pub fn has_late_words(&self) -> bool {
        self.late.iter().any(|(_, call)| call.is_gitea)
    }

    pub fn has_late(&self) -> bool {
        !self.late.is_empty()
    }

    fn pass(&mut self, now: Duration) {
        let time = &self.time;
        self.drone.pass(now, &|passed| time.shown(Whose::Drone, passed));
    }

    fn serve(&mut self, call: &Call, at: Duration) -> Reply {
        self.pass(at);
        let answered = if call.is_gitea {
            self.gitea.answer(call, self.time.shown(Whose::Gitea, at))
        } else {
            self.drone.answer(call, CI, at, self.time.shown(Whose::Drone, at))
        };
        if call.changes() {
            self.changed = self.changed.max(at);
        }
        answered.unwrap_or_else(|| {
            self.unknown.push(call.line());
            Reply::said(404, "nobody taught this world that call")
        })
    }

    /// What is to go wrong with this call.
    fn trouble(&mut self, line: &str) -> Option<Trouble> {
        let fits = |what: &str| what.split(' ').all(|word| line.contains(word));
        if self.down.iter().any(|what| fits(what)) {
            return Some(Trouble::Refused);
        }
        let order = self.orders.iter_mut().find(|order| order.times > 0 && fits(order.what))?;
        if order.after > 0 {
            order.after -= 1;
            return None;
        }
        order.times -= 1;
        Some(order.trouble)
    }

    /// What is to go wrong with this commit.
    pub fn spill(&mut self) -> Option<Spill> {
        if self.is_full {
            return Some(Spill::Full);
        }
        let (after, times, spill) = self.spills.iter_mut().find(|(_, times, _)| *times > 0)?;
        if *after > 0 {
            *after -= 1;
            return None;
        }
        *times -= 1;
        Some(*spill)
    }

    fn pause(&mut self) -> Duration {
        Duration::from_millis(self.random.u64(1..=self.takes))
    }
}

/// Carries the calls of one life of the bridge.
pub struct Wire {
    pub shared: Shared,
    pub mortal: Arc<Mortal>,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl Carrier for Wire {
    fn carry(&self, request: Request) -> BoxFuture<'_, Result<Carried, Lost>> {
        Box::pin(async move {
            let call = Call::read(&request);
            let carried = self.over(&call).await;
            if self.mortal.is_dead() {
                return std::future::pending().await;
            }
            carried
        })
    }
}

impl Wire {
    async fn over(&self, call: &Call) -> Result<Carried, Lost> {
        if self.mortal.is_dead() {
            return std::future::pending().await;
        }
        let server = if call.is_gitea { "gitea" } else { "drone" };
        let line = format!("{server} {}", call.line());
        let (trouble, there, back) = {
            let mut state = lock(&self.shared);
            (state.trouble(&line), state.pause(), state.pause())
        };
        sleep(there).await;
        match trouble {
            Some(Trouble::Refused) => {
                self.note(line, 0);
                return Err(Lost::Connection);
            }
            Some(Trouble::Hangs) => {
                self.note(line, 0);
                return std::future::pending().await;
            }
            Some(Trouble::Late(seconds)) => {
                self.note(line, 0);
                lock(&self.shared).serve_later(call, seconds);
                return std::future::pending().await;
            }
            Some(Trouble::Says(status)) => {
                self.note(line, status);
                sleep(back).await;
                return Ok(self.put(refusal(status), call.is_gitea));
            }
            Some(Trouble::DiesBefore) => {
                self.note(line, 0);
                self.mortal.die();
                return std::future::pending().await;
            }
            _ => {}
        }
        if self.mortal.is_dead() {
            return std::future::pending().await;
        }
        let slow = !call.is_gitea && call.changes() && lock(&self.shared).drone.mood == Mood::NoPipeline;
        if slow {
            sleep(Duration::from_secs(45)).await;
        }
        let mut reply = {
            let mut state = lock(&self.shared);
            state.settle();
            let now = state.time.passed();
            state.serve(call, now)
        };
        self.note(line, reply.status);
        match trouble {
            Some(Trouble::DiesAfter) => {
                self.mortal.die();
                return std::future::pending().await;
            }
            Some(Trouble::AnswerLost) => {
                sleep(back).await;
                return Err(Lost::Connection);
            }
            Some(Trouble::AnswerCut) => {
                sleep(back).await;
                return Err(Lost::Body);
            }
            Some(Trouble::DoesAndSays(status)) => reply = refusal(status),
            Some(Trouble::DoesAndSaysNull) => reply.body = "null".into(),
            Some(Trouble::DoesAndSaysHalf) => reply.body.truncate(reply.body.len() / 2),
            Some(Trouble::DoesAndSaysPage) => reply = Reply::page(200, "Please wait"),
            _ => {}
        }
        sleep(back).await;
        Ok(self.put(reply, call.is_gitea))
    }

    fn note(&self, line: String, status: u16) {
        let mut state = lock(&self.shared);
        if state.keeps_calls {
            let at = state.time.passed();
            state.calls.push((at, line, status));
        }
    }

    /// Puts an answer on the wire: with the server's own date.
    fn put(&self, reply: Reply, is_gitea: bool) -> Carried {
        let whose = if is_gitea { Whose::Gitea } else { Whose::Drone };
        let date = lock(&self.shared).time.now(whose).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let mut headers = reqwest::header::HeaderMap::new();
        for (name, value) in reply.headers.into_iter().chain([("date", date)]) {
            headers.append(name, value.parse().unwrap());
        }
        Carried { status: StatusCode::from_u16(reply.status).unwrap(), headers, body: reply.body.into_bytes() }
    }
}

/// What a server or a proxy says that does nothing.
fn refusal(status: u16) -> Reply {
    match status {
        429 => Reply::page(429, "Too Many Requests").header("retry-after", "7"),
        502..=504 => Reply::page(status, "Bad Gateway"),
        _ => Reply::said(status, "made up"),
    }
}
