//! Figures: certificate, versions, services, networks, runner, disk, bridge.

use jiff::Timestamp;
use serde_json::Value;

use super::{Condition, Problem, json, places_of};
use crate::host::bridge::Bridge;
use crate::host::report::{Fact, Report};
use crate::host::source::Disk;
use crate::host::words::{When, age, counted, gibibytes};

/// The days before its end from which a certificate is bad, not only a warning.
const LAST_DAYS: i64 = 3;
/// The days before its end from which a certificate is a warning, if its converger has none.
const SOON_DAYS: i64 = 21;
/// The fill of a network that is a warning, in per cent.
const NETWORK_WARNING: u64 = 80;
/// The fill of a disk that is a warning, and that is bad, in per cent.
const DISK: (u64, u64) = (85, 95);
/// The age at which the file of the bridge is bad, in seconds: it is written every 15 seconds at least.
const BRIDGE_AGE: u64 = 60;

/// A figure in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// The name.
    pub name: String,
    /// The value in words.
    pub value: String,
    /// The condition.
    pub condition: Condition,
    /// The time that belongs to it.
    pub when: Option<When>,
}

impl Figure {
    fn new(name: impl Into<String>, value: impl Into<String>, condition: Condition) -> Self {
        Self { name: name.into(), value: value.into(), condition, when: None }
    }
}

/// The places that tell more of the bridge.
pub fn bridge_places() -> Vec<String> {
    vec!["/run/comment-bridge/triggers.json".into(), "/run/converge/bridge.json".into()]
}

/// The figures of the convergers' facts.
pub fn of_reports(reports: &[(&str, Report)], now: Timestamp, problems: &mut Vec<Problem>) -> Vec<Figure> {
    let facts = reports.iter().flat_map(|(name, report)| report.facts.iter().map(move |fact| (*name, fact)));
    facts.filter_map(|(name, fact)| of_fact(name, fact, now, problems)).collect()
}

fn of_fact(piece: &str, fact: &Fact, now: Timestamp, problems: &mut Vec<Problem>) -> Option<Figure> {
    let figure = match fact.name.as_str() {
        "certificate_expires" => certificate(fact, now)?,
        "service" => service(&fact.value)?,
        "runner" => runner(&fact.value)?,
        other => match (other.strip_prefix("network_"), other.strip_suffix("_version")) {
            (Some(network), _) => fill(network, fact)?,
            (None, Some(recipe)) => {
                let version = fact.value.as_str().filter(|version| json::is_name(version))?;
                Figure::new(format!("Version of {recipe}"), version, Condition::Good)
            }
            (None, None) => return None,
        },
    };
    if matches!(figure.condition, Condition::Bad | Condition::Warning) {
        let what = format!("{}: {}", figure.name, figure.value);
        let warning = fact.warning.iter().flat_map(|warning| {
            [Some(warning.text.clone()), warning.hint.as_ref().map(|hint| format!("hint: {hint}"))]
                .into_iter()
                .flatten()
        });
        problems.push(Problem::new(figure.condition, what, places_of(piece)).with_texts(warning));
    }
    Some(figure)
}

/// The earliest end in the chain, judged by the time of the page: the run may be long ago.
fn certificate(fact: &Fact, now: Timestamp) -> Option<Figure> {
    let until = json::time(&fact.value, "time")?;
    let seconds = until.as_second() - now.as_second();
    let days = seconds.div_euclid(86_400);
    let condition = match days {
        ..LAST_DAYS => Condition::Bad,
        LAST_DAYS..SOON_DAYS => Condition::Warning,
        _ if fact.warning.is_some() => Condition::Warning,
        _ => Condition::Good,
    };
    let value = match usize::try_from(days) {
        Err(_) => "has expired".into(),
        Ok(0) => "ends within a day".into(),
        Ok(days) => format!("ends in {}", counted(days, "day")),
    };
    let when = When { age: value.clone(), ..When::new(until, now) };
    Some(Figure { when: Some(when), ..Figure::new("Certificate", value, condition) })
}

fn service(value: &Value) -> Option<Figure> {
    let name = json::name(value, "name")?;
    let (running, wanted) = (json::count(value, "running")?, json::count(value, "wanted")?);
    let condition = if running == wanted { Condition::Good } else { Condition::Bad };
    Some(Figure::new(format!("Service {name}"), format!("{running} of {wanted} tasks run"), condition))
}

fn fill(network: &str, fact: &Fact) -> Option<Figure> {
    let percent = json::count(&fact.value, "percent")?;
    let (taken, all) = (json::count(&fact.value, "addresses_taken")?, json::count(&fact.value, "addresses")?);
    let is_full = fact.warning.is_some() || percent > NETWORK_WARNING;
    let condition = if is_full { Condition::Warning } else { Condition::Good };
    let value = format!("{percent} % full, {taken} of {all} addresses");
    Some(Figure::new(format!("Network {network}"), value, condition))
}

/// The unit of the runner is judged by systemd's word, in the table of units.
fn runner(value: &Value) -> Option<Figure> {
    let unit = json::name(value, "unit")?;
    let (words, condition) = match value.get("connected").and_then(Value::as_bool) {
        Some(true) => ("connected to Drone", Condition::Good),
        Some(false) => ("not connected to Drone", Condition::Unknown),
        None => ("not known to be connected", Condition::Unknown),
    };
    Some(Figure::new("Runner", format!("{unit}, {words} at the last run of converge-drone"), condition))
}

/// The figures of the disk.
pub fn of_disk(disk: Option<Disk>, problems: &mut Vec<Problem>) -> Vec<Figure> {
    let Some(disk) = disk else {
        return vec![Figure::new("Disk of the runs", "cannot be read", Condition::Unknown)];
    };
    let condition = |percent: u64| {
        if percent >= DISK.1 {
            Condition::Bad
        } else if percent >= DISK.0 {
            Condition::Warning
        } else {
            Condition::Good
        }
    };
    let (bytes, inodes) = (disk.bytes_percent(), disk.inodes_percent());
    let space = format!("{bytes} % full, {} of {} free", gibibytes(disk.bytes_free), gibibytes(disk.bytes));
    let mut figures = vec![Figure::new("Disk of the runs", space, condition(bytes))];
    if disk.inodes > 0 {
        let value = format!("{inodes} % used, {} free", disk.inodes_free);
        figures.push(Figure::new("Inodes of that disk", value, condition(inodes)));
    }
    for figure in figures.iter().filter(|figure| figure.condition != Condition::Good) {
        let what = format!("{}: {}", figure.name, figure.value);
        problems.push(Problem::new(figure.condition, what, vec!["df -h; df -i".into(), "docker system df".into()]));
    }
    figures
}

/// The figures of the bridge. `is_deployed` is true if converge-bridge says so.
pub fn of_bridge(
    bridge: Option<Bridge>,
    is_deployed: bool,
    now: Timestamp,
    problems: &mut Vec<Problem>,
) -> Vec<Figure> {
    let bad = |what: String| Problem::new(Condition::Bad, what, bridge_places());
    let Some(bridge) = bridge else {
        if is_deployed {
            problems.push(bad("The bridge publishes no state".into()));
        }
        return Vec::new();
    };
    let silent = bridge.written.map(|time| age(time, now)).filter(|age| *age > BRIDGE_AGE);
    let condition = match bridge.written {
        None => Condition::Unknown,
        Some(_) if silent.is_some() => Condition::Bad,
        Some(_) => Condition::Good,
    };
    let when = bridge.written.map(|time| When::new(time, now));
    let value = when.as_ref().map_or_else(|| "at an unknown time".into(), |when| when.age.clone());
    if silent.is_some() {
        problems.push(bad(format!("The bridge has last published its state {value}")));
    }
    if !bridge.problems.is_empty() {
        problems.push(
            bad(format!("The bridge has {}", counted(bridge.problems.len(), "problem"))).with_texts(bridge.problems),
        );
    }
    if !bridge.notes.is_empty() {
        let what = format!("The bridge has {}", counted(bridge.notes.len(), "note"));
        problems.push(Problem::new(Condition::Warning, what, bridge_places()).with_texts(bridge.notes));
    }
    let mut figures = vec![Figure { when, ..Figure::new("Bridge, last sign", value, condition) }];
    let open: Vec<String> = bridge.open.iter().map(|(words, count)| format!("{count} {words}")).collect();
    let open = if open.is_empty() { "none".into() } else { open.join(", ") };
    figures.push(Figure::new("Requests in progress", open, Condition::Good));
    figures
}
