//! Making sense of `results.json`, whichever schema it has. What is not as it should be is as if it were not said.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Name, Results, Rung, Status, Test, Trouble, Verdict};

/// How many failed tests, causes and artefacts are remembered.
const MANY: usize = 20;
/// How much of one text is remembered, in bytes.
const LONG: usize = 16 * 1024;

/// Parses a file. Returns `None` if it is not complete or has an unknown schema.
pub fn parse(bytes: &[u8]) -> Option<Results> {
    let Value::Object(said) = serde_json::from_slice(bytes).ok()? else { return None };
    let schema = said.get("schema")?.as_u64().filter(|schema| (1..=3).contains(schema))?;
    // The first two were written once, at the end.
    let done = schema < 3 || text(&said, "state").as_deref() == Some("done");
    let verdict = match said.get("verdict") {
        // The first two had none.
        None | Some(Value::Null) if schema < 3 || !done => None,
        Some(Value::String(verdict)) if verdict == "pass" => Some(Verdict::Pass),
        Some(Value::String(verdict)) if verdict == "fail" => Some(Verdict::Fail),
        // None in the end, or a word that is not known, is no success.
        _ => Some(Verdict::Error),
    };
    Some(Results {
        run: identity(said.get("run_id")?)?,
        commit: text(&said, "ref"),
        pull: said.get("pr").and_then(number),
        recipe: text(&said, "recipe"),
        version: text(&said, "version"),
        quick: text(&said, "mode").map(|mode| mode == "quick"),
        done,
        phase: text(&said, "phase"),
        started: time(said.get("started")),
        finished: time(said.get("finished")),
        verdict,
        claimed: said.get("level").and_then(Value::as_u64).and_then(|level| u8::try_from(level).ok()),
        rungs: said.get("rungs").map(rungs).unwrap_or_default(),
        failed: failed(&said),
        base: said
            .get("base")
            .and_then(Value::as_object)
            .and_then(|base| text(base, "version").or_else(|| text(base, "why"))),
        clean: flag(&said, "clean_teardown"),
        tight: flag(&said, "no_secret_leak"),
        artefacts: artefacts(&said),
        error: said.get("error").and_then(trouble),
    })
}

/// An id is a text, or a number in older files.
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

/// The end of a text: what went wrong is told there.
fn shortened(text: &str) -> String {
    let mut from = text.len().saturating_sub(LONG);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text[from..].to_owned()
}

fn time(value: Option<&Value>) -> Option<Timestamp> {
    match value? {
        Value::String(time) => time.parse().ok(),
        // Older files count seconds.
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

fn flag(said: &Map<String, Value>, key: &str) -> Option<bool> {
    said.get("flags")?.get(key)?.as_bool()
}

/// A rung is a word, or an object that holds it.
fn rungs(said: &Value) -> Vec<Rung> {
    let of = |name: Name| {
        let value = said.get(name.as_str())?;
        let status = value.as_str().or_else(|| value.get("status")?.as_str());
        let reason = value.as_object().and_then(|rung| text(rung, "reason"));
        Some(Rung { name, status: status_of(status), reason, seconds: seconds(value.get("seconds")) })
    };
    Name::ALL.into_iter().filter_map(of).collect()
}

/// A word that is not known says nothing of it.
fn status_of(word: Option<&str>) -> Status {
    match word {
        Some("pass") => Status::Pass,
        Some("fail") => Status::Fail,
        Some("skip") => Status::Skip,
        _ => Status::Unverified,
    }
}

fn name_of(word: &str) -> Option<Name> {
    Name::ALL.into_iter().find(|name| name.as_str() == word)
}

/// Tests that failed: `tests` of schema 3, `stages` of those before.
fn failed(said: &Map<String, Value>) -> Vec<Test> {
    let rows = ["tests", "stages"].into_iter().find_map(|key| said.get(key)?.as_array());
    let test = |row: &Value| {
        let row = row.as_object()?;
        let fell = matches!(row.get("status")?.as_str()?, "fail" | "failed" | "error");
        let rung = text(row, "rung").or_else(|| text(row, "stage")).and_then(|rung| name_of(&rung));
        let output = text(row, "output_tail").or_else(|| text(row, "output")).unwrap_or_default();
        fell.then(|| Test { rung, name: text(row, "name").unwrap_or_default(), output })
    };
    rows.into_iter().flatten().filter_map(test).take(MANY).collect()
}

fn artefacts(said: &Map<String, Value>) -> Vec<String> {
    let rows = said.get("artefacts").and_then(Value::as_array);
    rows.into_iter().flatten().filter_map(|row| text(row.as_object()?, "name")).take(MANY).collect()
}

fn trouble(value: &Value) -> Option<Trouble> {
    match value {
        Value::Null => None,
        Value::Object(said) => {
            let causes = said.get("causes").and_then(Value::as_array);
            let causes =
                causes.into_iter().flatten().filter_map(|cause| cause.as_str().map(shortened)).take(MANY).collect();
            Some(Trouble { message: text(said, "message").unwrap_or_default(), causes, hint: text(said, "hint") })
        }
        Value::String(message) => Some(Trouble { message: shortened(message), ..Trouble::default() }),
        // Something is said to be wrong, if not what.
        _ => Some(Trouble::default()),
    }
}
