//! `host.json`, as host-status writes it. Read unit by unit.

use jiff::Timestamp;
use serde_json::Value;

use super::json;

/// The schema of the file.
const SCHEMA: u64 = 1;

/// The states of the host's units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Units {
    /// The time since which the states are outdated.
    pub outdated_since: Option<Timestamp>,
    /// The units.
    pub all: Vec<Unit>,
    /// The number of entries that cannot be read.
    pub odd: usize,
}

/// A unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The name.
    pub name: String,
    /// `loaded`, `not-found`, …
    pub load: String,
    /// `active`, `failed`, …
    pub active: String,
    /// `running`, `exited`, …
    pub sub: String,
    /// True while a start or stop is queued or running.
    pub has_job: bool,
    /// The last change.
    pub since: Option<Timestamp>,
    /// The result and the end of the process: `exit-code, exited 243/CREDENTIALS`.
    pub result: Option<String>,
    /// The number of automatic restarts.
    pub restarts: u64,
    /// The status line, and the reason why the unit was not loaded.
    pub texts: Vec<String>,
    /// The names of missing credentials.
    pub missing_credentials: Vec<String>,
}

impl Units {
    /// Reads the file.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let document = json::document(bytes, SCHEMA)?;
        let entries = json::list(&document, "units");
        let all: Vec<Unit> = entries.iter().filter_map(Unit::read).collect();
        let odd = entries.len() - all.len();
        Ok(Self { outdated_since: json::time(&document, "outdated_since"), all, odd })
    }

    /// The unit of this name.
    pub fn get(&self, name: &str) -> Option<&Unit> {
        self.all.iter().find(|unit| unit.name == name)
    }
}

impl Unit {
    fn read(entry: &Value) -> Option<Self> {
        Some(Self {
            name: json::name(entry, "unit")?,
            load: json::name(entry, "load")?,
            active: json::name(entry, "active")?,
            sub: json::name(entry, "sub")?,
            has_job: entry.get("has_job").and_then(Value::as_bool) == Some(true),
            since: json::time(entry, "since"),
            result: result(entry),
            restarts: json::count(entry, "restarts").unwrap_or(0),
            texts: ["status", "load_error"].into_iter().filter_map(|key| json::text(entry, key)).collect(),
            missing_credentials: json::texts(entry, "missing_credentials")
                .into_iter()
                .filter(|name| json::is_name(name))
                .collect(),
        })
    }

    /// True if the unit could be loaded.
    pub fn is_loaded(&self) -> bool {
        self.load == "loaded"
    }
}

fn result(entry: &Value) -> Option<String> {
    let result = json::name(entry, "result").filter(|result| result != "success")?;
    let Some(exit) = entry.get("exit") else { return Some(result) };
    let (Some(kind), Some(status)) = (json::name(exit, "kind"), json::count(exit, "status")) else {
        return Some(result);
    };
    let name = json::name(exit, "name").map(|name| format!("/{name}")).unwrap_or_default();
    Some(format!("{result}, {kind} {status}{name}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_odd_unit_hides_no_other() {
        let file = json!({ "schema": 1, "outdated_since": "2026-11-28T03:00:00Z", "units": [
            7, { "unit": "<b>.service", "load": "loaded", "active": "active", "sub": "running" },
            { "unit": "a.service", "load": "loaded", "active": "failed", "sub": "failed", "since": "x", "restarts": -1,
              "result": "exit-code", "exit": { "kind": "exited", "status": 243, "name": "CREDENTIALS" },
              "status": null, "missing_credentials": ["token", "<b>", 7] },
        ] });
        let units = Units::parse(file.to_string().as_bytes()).unwrap();
        assert_eq!((units.odd, units.all.len()), (2, 1));
        assert!(units.outdated_since.is_some());
        let unit = units.get("a.service").unwrap();
        assert_eq!(unit.result.as_deref(), Some("exit-code, exited 243/CREDENTIALS"));
        assert_eq!((unit.restarts, unit.since), (0, None));
        assert_eq!(unit.missing_credentials, ["token"]);
    }

    #[test]
    fn the_file_of_host_status_is_read_whole() {
        let document = host_status::document::Document::new(&["a.service".into()], Timestamp::UNIX_EPOCH);
        let units = Units::parse(&serde_json::to_vec(&document).unwrap()).unwrap();
        assert_eq!((units.odd, units.outdated_since), (0, Some(Timestamp::UNIX_EPOCH)));
        assert_eq!((units.all[0].name.as_str(), units.all[0].active.as_str()), ("a.service", "unknown"));
    }
}
