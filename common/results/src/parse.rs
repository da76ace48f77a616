//! Parses `results.json` of any schema. The writer may be a program that runs untrusted code: a field of a wrong type counts
//! as missing, an odd entry of a list is left out and counted, and the parts that are kept have limits.

use std::time::Duration;

use jiff::Timestamp;

use crate::lenient::{Object, entries, fields, value};
use crate::{
    Artefact, Base, Customisation, Fault, Finding, Results, RunError, RunKind, Rung, RungName, RungStatus, Test,
    UpgradeDiff, Verdict,
};

/// The longest text that is kept, in bytes; of a longer one the end is kept.
const LONGEST_TEXT: usize = 16 * 1024;
/// The longest name (recipe, version, phase), in bytes; a longer one counts as missing.
const LONGEST_NAME: usize = 256;
/// The most entries of a list that are kept.
pub(crate) const MOST_ENTRIES: usize = 2000;

/// The fields that are read, of all schemas.
const FIELDS: [&str; 27] = [
    "schema",
    "run_id",
    "recipe",
    "version",
    "ref",
    "pr",
    "src",
    "kind",
    "mode",
    "state",
    "phase",
    "started",
    "finished",
    "verdict",
    "level",
    "rungs",
    "tests",
    "stages",
    "base",
    "customisation",
    "flags",
    "findings",
    "upgrade_diff",
    "fault",
    "attempts",
    "timings",
    "artefacts",
];

/// Parses a file. Returns `None` if it is not complete or has an unknown schema.
pub fn parse(bytes: &[u8]) -> Option<Results> {
    let json = std::str::from_utf8(bytes).ok()?;
    let keys: Vec<&'static str> = FIELDS.into_iter().chain(["error"]).collect();
    let file = Object::of(json, &keys)?;
    let schema: u64 = file.value("schema").filter(|schema| (1..=3).contains(schema))?;
    // Schemas 1 and 2 were written once, at the end.
    let done = schema < 3 || text(&file, "state").as_deref() == Some("done");
    let verdict = match file.get("verdict") {
        // Schemas 1 and 2 had none.
        None | Some("null") if schema < 3 || !done => None,
        said => match said.and_then(value::<String>).as_deref() {
            Some("pass") => Some(Verdict::Pass),
            Some("fail") => Some(Verdict::Fail),
            // A missing verdict at the end or an unknown word is not a success.
            _ => Some(Verdict::Error),
        },
    };
    let mut left_out = 0;
    Some(Results {
        run: identity(file.get("run_id")?)?,
        commit: name(&file, "ref"),
        pull: file.get("pr").and_then(number),
        source: name(&file, "src"),
        kind: name(&file, "kind").and_then(|kind| kind_of(&kind)),
        recipe: name(&file, "recipe"),
        version: name(&file, "version"),
        quick: text(&file, "mode").map(|mode| mode == "quick"),
        done,
        phase: name(&file, "phase"),
        started: file.get("started").and_then(time),
        finished: file.get("finished").and_then(time),
        verdict,
        claimed_level: file.value("level"),
        rungs: file.get("rungs").map(rungs).unwrap_or_default(),
        tests: tests(&file, &mut left_out),
        base: file.get("base").map(base).unwrap_or_default(),
        customisation: file.get("customisation").map(|json| customisation(json, &mut left_out)).unwrap_or_default(),
        clean_teardown: flag(&file, "clean_teardown"),
        no_secret_leak: flag(&file, "no_secret_leak"),
        findings: list(file.get("findings"), &mut left_out, finding),
        upgrade_diff: file.get("upgrade_diff").and_then(|json| upgrade_diff(json, &mut left_out)),
        fault: match text(&file, "fault").as_deref() {
            Some("recipe") => Some(Fault::Recipe),
            Some("server") => Some(Fault::Server),
            _ => None,
        },
        attempts: file.value("attempts"),
        timings: file.get("timings").map(|json| timings(json, &mut left_out)).unwrap_or_default(),
        artefacts: list(file.get("artefacts"), &mut left_out, artefact),
        error: file.get("error").and_then(run_error),
        left_out,
    })
}

/// The id: a text, or a number in schemas 1 and 2.
fn identity(json: &str) -> Option<String> {
    match value::<String>(json) {
        Some(id) => (!id.is_empty() && id.len() <= 100).then_some(id),
        None => value::<serde_json::Number>(json).map(|id| id.to_string()),
    }
}

fn number(json: &str) -> Option<i64> {
    value(json).or_else(|| value::<String>(json)?.trim().parse().ok())
}

fn text(object: &Object<'_>, key: &str) -> Option<String> {
    let text: String = object.value(key)?;
    (!text.trim().is_empty()).then(|| shortened(text))
}

fn name(object: &Object<'_>, key: &str) -> Option<String> {
    text(object, key).filter(|name| name.len() <= LONGEST_NAME)
}

/// Returns the end of a text, where the error is.
fn shortened(mut text: String) -> String {
    let mut from = text.len().saturating_sub(LONGEST_TEXT);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text.drain(..from);
    text.shrink_to_fit();
    text
}

fn time(json: &str) -> Option<Timestamp> {
    if let Some(time) = value::<String>(json) {
        return time.parse().ok();
    }
    // Schemas 1 and 2: seconds since 1970.
    let seconds: f64 = value(json)?;
    #[allow(clippy::cast_possible_truncation, reason = "it is a second within ten thousand years")]
    (0.0..2.5e11).contains(&seconds).then(|| Timestamp::from_second(seconds as i64).ok()).flatten()
}

fn duration(json: &str) -> Option<Duration> {
    let seconds: f64 = value(json)?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is some days at most")]
    (0.0..1e7).contains(&seconds).then(|| Duration::from_millis((seconds * 1000.0).round() as u64))
}

fn flag(file: &Object<'_>, key: &'static str) -> Option<bool> {
    Object::of(file.get("flags")?, &[key])?.value(key)
}

fn kind_of(word: &str) -> Option<RunKind> {
    match word {
        "release" => Some(RunKind::Release),
        "branch" => Some(RunKind::Branch),
        "pull" => Some(RunKind::Pull),
        _ => None,
    }
}

/// The entries of an array that are understood; the others are counted.
fn list<T>(json: Option<&str>, left_out: &mut usize, entry: impl Fn(&str) -> Option<T>) -> Vec<T> {
    let Some((kept, others)) = json.and_then(|json| entries(json, MOST_ENTRIES)) else { return Vec::new() };
    let read: Vec<T> = kept.iter().filter_map(|json| entry(json)).collect();
    *left_out += others + kept.len() - read.len();
    read
}

fn lines(object: &Object<'_>, key: &str, left_out: &mut usize) -> Vec<String> {
    list(object.get(key), left_out, |json| value(json).map(shortened))
}

/// A rung is a word (schemas 1 and 2) or an object with the word in it.
fn rungs(json: &str) -> Vec<Rung> {
    let Some(rungs) = Object::of(json, &RungName::ALL.map(RungName::as_str)) else { return Vec::new() };
    let of = |name: RungName| {
        let json = rungs.get(name.as_str())?;
        let Some(rung) = Object::of(json, &["status", "reason", "seconds"]) else {
            return Some(Rung { name, status: status_of(Some(json)), reason: None, seconds: None });
        };
        let seconds = rung.get("seconds").and_then(duration).map(|time| time.as_secs_f64().round());
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is some days at most")]
        let seconds = seconds.map(|seconds| seconds as u64);
        Some(Rung { name, status: status_of(rung.get("status")), reason: text(&rung, "reason"), seconds })
    };
    RungName::ALL.into_iter().filter_map(of).collect()
}

/// An unknown word counts as not tested.
fn status_of(json: Option<&str>) -> RungStatus {
    match json.and_then(value::<String>).as_deref() {
        Some("pass") => RungStatus::Pass,
        Some("fail") => RungStatus::Fail,
        Some("skip") => RungStatus::Skip,
        _ => RungStatus::Unverified,
    }
}

/// The tests: `tests` of schema 3, `stages` of schemas 1 and 2, whose words are those of pytest.
fn tests(file: &Object<'_>, left_out: &mut usize) -> Vec<Test> {
    let rows = ["tests", "stages"].into_iter().filter_map(|key| file.get(key)).find(|json| json.starts_with('['));
    list(rows, left_out, |json| {
        let row = Object::of(json, &["rung", "stage", "name", "status", "seconds", "output_tail", "output"])?;
        let rung = text(&row, "rung").or_else(|| text(&row, "stage"));
        let status = match row.value::<String>("status").as_deref() {
            Some("pass" | "passed") => RungStatus::Pass,
            Some("fail" | "failed" | "error") => RungStatus::Fail,
            Some("skip" | "skipped") => RungStatus::Skip,
            _ => RungStatus::Unverified,
        };
        Some(Test {
            rung: rung.and_then(|word| RungName::ALL.into_iter().find(|rung| rung.as_str() == word)),
            name: text(&row, "name").unwrap_or_default(),
            status,
            duration: row.get("seconds").and_then(duration),
            output: text(&row, "output_tail").or_else(|| text(&row, "output")).unwrap_or_default(),
        })
    })
}

fn base(json: &str) -> Base {
    let base = Object::of(json, &["version", "why"]);
    base.map(|base| Base { version: name(&base, "version"), why: text(&base, "why") }).unwrap_or_default()
}

fn customisation(json: &str, left_out: &mut usize) -> Customisation {
    let Some(own) = Object::of(json, &["overlay", "install_steps", "hooks", "untestable"]) else {
        return Customisation::default();
    };
    Customisation {
        overlay: own.value("overlay").unwrap_or_default(),
        install_steps: own.value("install_steps").unwrap_or_default(),
        hooks: lines(&own, "hooks", left_out),
        untestable: lines(&own, "untestable", left_out),
    }
}

/// A finding without a text says nothing.
fn finding(json: &str) -> Option<Finding> {
    let finding = Object::of(json, &["check", "severity", "where", "text", "hint"])?;
    Some(Finding {
        check: text(&finding, "check").unwrap_or_default(),
        severity: text(&finding, "severity").unwrap_or_default(),
        place: text(&finding, "where").unwrap_or_default(),
        text: text(&finding, "text")?,
        hint: text(&finding, "hint"),
    })
}

fn upgrade_diff(json: &str, left_out: &mut usize) -> Option<UpgradeDiff> {
    let diff = Object::of(json, &["images", "env_keys", "configs", "services", "notes"])?;
    let mut of = |key| lines(&diff, key, left_out);
    Some(UpgradeDiff {
        images: of("images"),
        env_keys: of("env_keys"),
        configs: of("configs"),
        services: of("services"),
        notes: of("notes"),
    })
}

fn timings(json: &str, left_out: &mut usize) -> Vec<(String, Duration)> {
    let Some((kept, others)) = fields(json, MOST_ENTRIES) else { return Vec::new() };
    let all = kept.len() + others;
    let read: Vec<(String, Duration)> = kept
        .into_iter()
        .filter(|(phase, _)| phase.len() <= LONGEST_NAME)
        .filter_map(|(phase, json)| Some((phase, duration(json)?)))
        .collect();
    *left_out += all - read.len();
    read
}

fn artefact(json: &str) -> Option<Artefact> {
    let file = Object::of(json, &["name", "bytes", "media_type"])?;
    Some(Artefact {
        name: name(&file, "name")?,
        bytes: file.value("bytes").unwrap_or_default(),
        media_type: name(&file, "media_type").unwrap_or_default(),
    })
}

fn run_error(json: &str) -> Option<RunError> {
    if json == "null" {
        return None;
    }
    if let Some(message) = value::<String>(json) {
        return Some(RunError { message: shortened(message), ..RunError::default() });
    }
    // An error of another type is an error of unknown text.
    let Some(error) = Object::of(json, &["message", "causes", "hint"]) else { return Some(RunError::default()) };
    let message = text(&error, "message").unwrap_or_default();
    Some(RunError { message, causes: lines(&error, "causes", &mut 0), hint: text(&error, "hint") })
}
