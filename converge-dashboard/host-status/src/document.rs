//! The form of the file.
//!
//! ```json
//! {"schema": 1, "version": "0.1.0", "written": "2026-11-28T03:00:00Z", "outdated_since": null,
//!  "units": [{"unit": "drone-runner.service", "load": "loaded", "load_error": null, "active": "failed", "sub": "failed",
//!    "has_job": false, "since": "2026-11-28T02:59:59Z", "result": "exit-code",
//!    "exit": {"kind": "exited", "status": 243, "name": "CREDENTIALS"}, "restarts": 0, "status": null,
//!    "missing_credentials": ["rpc-secret"]}]}
//! ```
//!
//! - `outdated_since`: systemd has not answered since then; null while the file is current
//! - `load`, `active`, `sub`, `result`: systemd's words; `unknown` before the first answer
//! - `since`: the last change, or the time at which it was noticed; null for a unit that has been idle since the start
//! - `result`, `exit`, `restarts`, `status`: null for a unit that is not a service, or has none
//! - `status`: the line that the service has sent with `STATUS=`
//! - `missing_credentials`: of a service that ended with 243/CREDENTIALS, the names of the credentials whose files are
//!   missing; all of its names if none is seen to be missing
//!
//! Readers ignore unknown keys.

use jiff::Timestamp;
use serde::Serialize;
use systemd::watch::{EXIT_CREDENTIALS, ServiceState, State};

use crate::exit;

/// The version of this form.
pub const SCHEMA: u32 = 1;

/// The word for a state that systemd has not told yet.
const UNKNOWN: &str = "unknown";

/// `CLD_…` of a main process that ended: the words of `systemctl status`.
const KINDS: [(i32, &str); 3] = [(1, "exited"), (2, "killed"), (3, "dumped")];

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Document {
    /// The version of this form.
    pub schema: u32,
    /// The version of the program.
    pub version: &'static str,
    /// The time of this writing.
    pub written: Timestamp,
    /// The time since which systemd has not answered.
    pub outdated_since: Option<Timestamp>,
    /// The units, in the order of the configuration.
    pub units: Vec<Unit>,
}

/// A unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unit {
    /// The name in the configuration.
    pub unit: String,
    /// `loaded`, `not-found`, `masked`, …
    pub load: String,
    /// The reason why the unit could not be loaded.
    pub load_error: Option<String>,
    /// `active`, `inactive`, `failed`, …
    pub active: String,
    /// `running`, `exited`, `auto-restart`, …
    pub sub: String,
    /// True while a start, stop or restart is queued or running.
    pub has_job: bool,
    /// The last change.
    pub since: Option<Timestamp>,
    /// `success`, `exit-code`, …
    pub result: Option<String>,
    /// The end of the last main process.
    pub exit: Option<Exit>,
    /// The number of automatic restarts.
    pub restarts: Option<u32>,
    /// The line of `STATUS=`.
    pub status: Option<String>,
    /// The names of missing credentials.
    pub missing_credentials: Vec<String>,
}

/// The end of a main process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exit {
    /// `exited`, `killed` or `dumped`.
    pub kind: &'static str,
    /// The exit status, or the number of the signal.
    pub status: i32,
    /// The name of systemd's own exit status, or of the signal.
    pub name: Option<&'static str>,
}

impl Document {
    /// A document about units of which nothing is known.
    pub fn new(units: &[String], now: Timestamp) -> Self {
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            written: now,
            outdated_since: Some(now),
            units: units.iter().map(|name| Unit::unknown(name)).collect(),
        }
    }

    /// The line for `systemctl status`.
    pub fn summary(&self) -> String {
        if self.outdated_since.is_some() {
            return "systemd does not answer".into();
        }
        let failed: Vec<&str> =
            self.units.iter().filter(|unit| unit.active == "failed").map(|unit| unit.unit.as_str()).collect();
        let count = self.units.len();
        if failed.is_empty() {
            format!("{count} units, none failed")
        } else {
            format!("{count} units, failed: {}", failed.join(", "))
        }
    }
}

impl Unit {
    pub(crate) fn unknown(name: &str) -> Self {
        Self {
            unit: name.into(),
            load: UNKNOWN.into(),
            load_error: None,
            active: UNKNOWN.into(),
            sub: UNKNOWN.into(),
            has_job: false,
            since: None,
            result: None,
            exit: None,
            restarts: None,
            status: None,
            missing_credentials: Vec::new(),
        }
    }

    /// The unit in this state, read at `now`. systemd forgets the times of a unit that it unloads: then the time of
    /// `before` stands in for a state that is the same, and `now` for one that has just changed.
    pub fn of(name: &str, state: State, before: Option<&Self>, now: Timestamp) -> Self {
        let told = state.since.and_then(|micros| Timestamp::from_microsecond(i64::try_from(micros).ok()?).ok());
        let noticed = || {
            let before = before.filter(|before| before.active != UNKNOWN)?;
            if before.active == state.active && before.sub == state.sub { before.since } else { Some(now) }
        };
        let since = told.or_else(noticed);
        let mut unit = Self {
            load: state.load,
            load_error: state.load_error,
            since,
            active: state.active,
            sub: state.sub,
            has_job: state.has_job,
            ..Self::unknown(name)
        };
        if let Some(service) = state.service {
            unit.missing_credentials = missing(&service);
            unit.exit = Exit::of(&service);
            unit.result = Some(service.result);
            unit.restarts = Some(service.restarts);
            unit.status = Some(service.text).filter(|text| !text.is_empty());
        }
        unit
    }
}

impl Exit {
    fn of(service: &ServiceState) -> Option<Self> {
        let (_, kind) = KINDS.into_iter().find(|(code, _)| *code == service.code)?;
        let name = if kind == "exited" { exit::status_name } else { exit::signal_name };
        Some(Self { kind, status: service.status, name: name(service.status) })
    }
}

/// The names of the credentials that are missing. A file that this user may not look for counts as there.
fn missing(service: &ServiceState) -> Vec<String> {
    if service.status != EXIT_CREDENTIALS {
        return Vec::new();
    }
    let names = |is_it: &dyn Fn(&std::path::Path) -> bool| {
        service.credentials.iter().filter(|(_, path)| is_it(path)).map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    let gone = names(&|path| path.try_exists().is_ok_and(|exists| !exists));
    if gone.is_empty() { names(&|_| true) } else { gone }
}

#[cfg(test)]
mod tests;
