//! The network and the two servers behind it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::clock::{ClockOf, Clocks};
use crate::fault::{Fault, FaultRule};
use crate::{Drone, Gitea, Reply, Request, Server};

/// Both servers, the network's faults, and the log of calls.
#[derive(Debug)]
pub struct Network {
    /// The time.
    pub clocks: Clocks,
    /// The forge.
    pub gitea: Gitea,
    /// The build server.
    pub drone: Drone,
    /// The faults to come; the first that matches a call counts.
    pub faults: Vec<FaultRule>,
    /// The calls that find no server, by words of their line.
    pub down: Vec<&'static str>,
    /// Each call: the time, its line, the status or 0 where there was none.
    pub calls: Vec<(Duration, String, u16)>,
    /// False where nothing reads the log.
    pub keeps_calls: bool,
    /// Calls that no double supports. A network that is dropped with some in it panics.
    pub unknown: Vec<String>,
    /// The last time a call changed something.
    pub changed: Duration,
    /// The shortest and the longest way there, in milliseconds.
    pub there: (u64, u64),
    /// The shortest and the longest way back, in milliseconds.
    pub back: (u64, u64),
    late: Vec<(Duration, Request)>,
    random: fastrand::Rng,
}

/// A network that several callers share.
pub type Shared = Arc<Mutex<Network>>;

/// Locks a network, also after a panic.
pub fn lock(network: &Shared) -> MutexGuard<'_, Network> {
    network.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Network {
    /// A network whose ways take 1 to 20 ms, before servers that know the bot.
    pub fn new(seed: u64) -> Self {
        Self {
            clocks: Clocks::begin(),
            gitea: Gitea::default(),
            drone: Drone::new(seed),
            faults: Vec::new(),
            down: Vec::new(),
            calls: Vec::new(),
            keeps_calls: true,
            unknown: Vec::new(),
            changed: Duration::ZERO,
            there: (1, 20),
            back: (1, 20),
            late: Vec::new(),
            random: fastrand::Rng::with_seed(seed ^ 0x5eed),
        }
    }

    /// The same, to be shared.
    pub fn shared(self) -> Shared {
        Arc::new(Mutex::new(self))
    }

    /// Serves what is late, and lets builds begin and end up to now.
    pub fn settle(&mut self) {
        let now = self.clocks.passed();
        self.late.sort_by_key(|(at, _)| *at);
        while self.late.first().is_some_and(|(at, _)| *at <= now) {
            let (at, request) = self.late.remove(0);
            self.serve(&request, at);
        }
        self.pass(now);
    }

    /// True while a request is in flight to Gitea.
    pub fn has_late_at_gitea(&self) -> bool {
        self.late.iter().any(|(_, request)| request.server == Server::Gitea)
    }

    /// True while a request is in flight.
    pub fn has_late(&self) -> bool {
        !self.late.is_empty()
    }

    fn pass(&mut self, now: Duration) {
        let clocks = &self.clocks;
        self.drone.pass(now, &|passed| clocks.at(ClockOf::Drone, passed));
    }

    /// The server's reply at a time.
    pub(crate) fn serve(&mut self, request: &Request, at: Duration) -> Reply {
        self.pass(at);
        let reply = match request.server {
            Server::Gitea => self.gitea.answer(request, self.clocks.at(ClockOf::Gitea, at)),
            Server::Drone => self.drone.answer(request, at, self.clocks.at(ClockOf::Drone, at)),
        };
        if request.is_change() {
            self.changed = self.changed.max(at);
        }
        reply.unwrap_or_else(|| {
            self.unknown.push(request.line());
            Reply::refusal(501, "the double does not support this call")
        })
    }

    pub(crate) fn serve_later(&mut self, request: &Request, seconds: u64) {
        let at = self.clocks.passed() + Duration::from_secs(seconds);
        self.late.push((at, request.clone()));
    }

    /// The fault of this call, if one is due.
    pub(crate) fn fault(&mut self, line: &str) -> Option<Fault> {
        if self.down.iter().any(|what| FaultRule::matches(what, line)) {
            return Some(Fault::Refused);
        }
        let rule = self.faults.iter_mut().find(|rule| rule.times > 0 && FaultRule::matches(rule.what, line))?;
        if rule.after > 0 {
            rule.after -= 1;
            return None;
        }
        rule.times -= 1;
        Some(rule.fault)
    }

    /// The time that the ways there and back take.
    pub(crate) fn ways(&mut self) -> (Duration, Duration) {
        let mut way = |(from, to)| Duration::from_millis(self.random.u64(from..=to));
        (way(self.there), way(self.back))
    }

    pub(crate) fn note(&mut self, line: String, status: u16) {
        if self.keeps_calls {
            self.calls.push((self.clocks.passed(), line, status));
        }
    }

    /// Puts the server's date into a reply.
    pub(crate) fn dated(&self, reply: Reply, server: Server) -> Reply {
        let clock = if server == Server::Gitea { ClockOf::Gitea } else { ClockOf::Drone };
        reply.dated(self.clocks.now(clock))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        assert!(self.unknown.is_empty() || thread::panicking(), "calls that no double supports: {:#?}", self.unknown);
    }
}
