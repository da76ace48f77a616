//! Reads `results.json` of any schema. The writer may be a program that runs untrusted code, so a field of a wrong type
//! counts as missing.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use jiff::Timestamp;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::Mode;
use serde_json::{Map, Value};

use super::{FILE, FailedTest, Fault, Results, RunError, Rung, RungName, RungStatus, Verdict};

/// The largest file that is read.
pub(super) const LARGEST: u64 = 1024 * 1024;
/// The longest text that is kept, in bytes.
const LONGEST_TEXT: usize = 16 * 1024;

/// The reason why a results file that is there says nothing.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The file or its directory cannot be opened or read.
    #[error("results.json cannot be read")]
    Io(#[source] io::Error),
    /// A directory, a pipe, a device.
    #[error("results.json is no regular file")]
    NotAFile,
    /// Larger than any run writes.
    #[error("results.json is larger than {LARGEST} bytes")]
    TooLarge,
    /// Not JSON, not complete, or of an unknown schema.
    #[error("results.json is not complete, or of an unknown schema")]
    NotUnderstood,
}

/// Reads `<runs>/<run>/results.json`; `None` if it is missing. Follows no link, opens nothing but a regular file, and never
/// blocks.
pub(super) fn read_file(runs: &Path, run: &str) -> Result<Option<Vec<u8>>, Unreadable> {
    let Some(file) = open_file(runs, run).map_err(|errno| Unreadable::Io(errno.into()))? else { return Ok(None) };
    let about = file.metadata().map_err(Unreadable::Io)?;
    if !about.is_file() {
        return Err(Unreadable::NotAFile);
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(Unreadable::Io)?;
    if bytes.len() as u64 > LARGEST { Err(Unreadable::TooLarge) } else { Ok(Some(bytes)) }
}

fn open_file(runs: &Path, run: &str) -> Result<Option<File>, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let opened = || {
        // The directory of all runs is the operator's and may be a link.
        let all = open(runs, OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_DIRECTORY, Mode::empty())?;
        let one: OwnedFd = openat(&all, run, flags | OFlag::O_DIRECTORY, Mode::empty())?;
        Ok(File::from(openat(&one, FILE, flags, Mode::empty())?))
    };
    match opened() {
        Err(Errno::ENOENT) => Ok(None),
        opened => opened.map(Some),
    }
}

/// Parses a file. Returns `None` if it is not complete or has an unknown schema.
pub fn parse(bytes: &[u8]) -> Option<Results> {
    let Value::Object(fields) = serde_json::from_slice(bytes).ok()? else { return None };
    let schema = fields.get("schema")?.as_u64().filter(|schema| (1..=3).contains(schema))?;
    // Schemas 1 and 2 were written once, at the end.
    let done = schema < 3 || text(&fields, "state").as_deref() == Some("done");
    let verdict = match fields.get("verdict") {
        // Schemas 1 and 2 had none.
        None | Some(Value::Null) if schema < 3 || !done => None,
        Some(Value::String(verdict)) if verdict == "pass" => Some(Verdict::Pass),
        Some(Value::String(verdict)) if verdict == "fail" => Some(Verdict::Fail),
        // A missing verdict at the end or an unknown word is not a success.
        _ => Some(Verdict::Error),
    };
    Some(Results {
        run: identity(fields.get("run_id")?)?,
        commit: text(&fields, "ref"),
        pull: fields.get("pr").and_then(number),
        recipe: text(&fields, "recipe"),
        version: text(&fields, "version"),
        quick: text(&fields, "mode").map(|mode| mode == "quick"),
        done,
        phase: text(&fields, "phase"),
        started: time(fields.get("started")),
        finished: time(fields.get("finished")),
        verdict,
        claimed_level: fields.get("level").and_then(Value::as_u64).and_then(|level| u8::try_from(level).ok()),
        rungs: fields.get("rungs").map(rungs).unwrap_or_default(),
        failed_tests: failed_tests(&fields),
        base: fields
            .get("base")
            .and_then(Value::as_object)
            .and_then(|base| text(base, "version").or_else(|| text(base, "why"))),
        clean_teardown: flag(&fields, "clean_teardown"),
        no_secret_leak: flag(&fields, "no_secret_leak"),
        artefacts: artefacts(&fields),
        fault: match text(&fields, "fault").as_deref() {
            Some("recipe") => Some(Fault::Recipe),
            Some("server") => Some(Fault::Server),
            _ => None,
        },
        error: fields.get("error").and_then(run_error),
    })
}

/// The id: a text, or a number in schemas 1 and 2.
fn identity(value: &Value) -> Option<String> {
    match value {
        Value::String(id) if !id.is_empty() && id.len() <= 100 => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn text(object: &Map<String, Value>, key: &str) -> Option<String> {
    let text = object.get(key)?.as_str()?;
    (!text.trim().is_empty()).then(|| shortened(text))
}

/// Returns the end of a text, where the error is.
fn shortened(text: &str) -> String {
    let mut from = text.len().saturating_sub(LONGEST_TEXT);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text[from..].to_owned()
}

fn time(value: Option<&Value>) -> Option<Timestamp> {
    match value? {
        Value::String(time) => time.parse().ok(),
        // Schemas 1 and 2: seconds since 1970.
        Value::Number(seconds) => {
            let seconds = seconds.as_f64()?;
            #[allow(clippy::cast_possible_truncation, reason = "it is a second within ten thousand years")]
            (0.0..2.5e11).contains(&seconds).then(|| Timestamp::from_second(seconds as i64).ok()).flatten()
        }
        _ => None,
    }
}

fn seconds(value: Option<&Value>) -> Option<u64> {
    let seconds = value?.as_f64()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is some days at most")]
    (0.0..1e7).contains(&seconds).then(|| seconds.round() as u64)
}

fn flag(fields: &Map<String, Value>, key: &str) -> Option<bool> {
    fields.get("flags")?.get(key)?.as_bool()
}

/// A rung is a word (schemas 1 and 2) or an object with the word in it.
fn rungs(fields: &Value) -> Vec<Rung> {
    let of = |name: RungName| {
        let value = fields.get(name.as_str())?;
        let status = value.as_str().or_else(|| value.get("status")?.as_str());
        let reason = value.as_object().and_then(|rung| text(rung, "reason"));
        Some(Rung { name, status: status_of(status), reason, seconds: seconds(value.get("seconds")) })
    };
    RungName::ALL.into_iter().filter_map(of).collect()
}

/// An unknown word counts as not tested.
fn status_of(word: Option<&str>) -> RungStatus {
    match word {
        Some("pass") => RungStatus::Pass,
        Some("fail") => RungStatus::Fail,
        Some("skip") => RungStatus::Skip,
        _ => RungStatus::Unverified,
    }
}

fn name_of(word: &str) -> Option<RungName> {
    RungName::ALL.into_iter().find(|name| name.as_str() == word)
}

/// The failed tests: `tests` of schema 3, `stages` of schemas 1 and 2.
fn failed_tests(fields: &Map<String, Value>) -> Vec<FailedTest> {
    let rows = ["tests", "stages"].into_iter().find_map(|key| fields.get(key)?.as_array());
    let test = |row: &Value| {
        let row = row.as_object()?;
        let has_failed = matches!(row.get("status")?.as_str()?, "fail" | "failed" | "error");
        let rung = text(row, "rung").or_else(|| text(row, "stage")).and_then(|rung| name_of(&rung));
        let output = text(row, "output_tail").or_else(|| text(row, "output")).unwrap_or_default();
        has_failed.then(|| FailedTest { rung, name: text(row, "name").unwrap_or_default(), output })
    };
    rows.into_iter().flatten().filter_map(test).collect()
}

fn artefacts(fields: &Map<String, Value>) -> Vec<String> {
    let rows = fields.get("artefacts").and_then(Value::as_array);
    rows.into_iter().flatten().filter_map(|row| text(row.as_object()?, "name")).collect()
}

fn run_error(value: &Value) -> Option<RunError> {
    match value {
        Value::Null => None,
        Value::Object(fields) => {
            let causes = fields.get("causes").and_then(Value::as_array);
            let causes = causes.into_iter().flatten().filter_map(|cause| cause.as_str().map(shortened)).collect();
            Some(RunError { message: text(fields, "message").unwrap_or_default(), causes, hint: text(fields, "hint") })
        }
        Value::String(message) => Some(RunError { message: shortened(message), ..RunError::default() }),
        // Some error, of unknown text.
        _ => Some(RunError::default()),
    }
}
