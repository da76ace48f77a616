//! The differences between a live service and its wanted spec: every change from outside, and no default of Docker.
//!
//! Both sides are brought to one form first: empty values and Docker's own defaults are left out, and lists without an
//! order become maps. Everything that differs then is a difference.

use std::collections::BTreeSet;

use bollard::models::ServiceSpec;
use serde_json::{Map, Value};

/// Fields that Docker fills in, with its default.
const DEFAULTS: &[(&str, &str)] =
    &[("TaskTemplate.Runtime", "container"), ("TaskTemplate.ContainerSpec.Isolation", "default")];

/// Fields that are never compared: the name finds the service, and the counter only restarts tasks.
const LEFT_OUT: &[&str] = &["Name", "TaskTemplate.ForceUpdate"];

/// Fields that mean something even when they are empty or zero.
const KEPT: &[&str] = &["Mode.Replicated.Replicas", "Mode.Global", "Mode.GlobalJob"];

/// Lists with an order.
const ORDERED: &[&str] = &[
    "TaskTemplate.ContainerSpec.Command",
    "TaskTemplate.ContainerSpec.Args",
    "TaskTemplate.ContainerSpec.HealthCheck.Test",
];

/// Lists with named entries, and the path of the name.
const NAMED: &[(&str, &str)] = &[
    ("TaskTemplate.ContainerSpec.Mounts", "/Target"),
    ("TaskTemplate.ContainerSpec.Secrets", "/File/Name"),
    ("TaskTemplate.ContainerSpec.Configs", "/File/Name"),
    ("TaskTemplate.Networks", "/Target"),
];

/// `NAME=value` lines.
const VARIABLES: &str = "TaskTemplate.ContainerSpec.Env";

/// Every difference, each in a few words: `Env.DEBUG is extra`. Never a value.
pub fn differences(wanted: &ServiceSpec, live: &ServiceSpec) -> Vec<String> {
    let mut found = Vec::new();
    diff("", &canonical(wanted), &canonical(live), &mut found);
    found
}

fn canonical(spec: &ServiceSpec) -> Value {
    let mut value = serde_json::to_value(spec).unwrap_or_default();
    reduce("", &mut value);
    value
}

/// Brings a value to the form in which equal means the same.
fn reduce(path: &str, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|key, value| {
                let path = below(path, key);
                reduce(&path, value);
                let is_default = DEFAULTS.iter().any(|(at, default)| *at == path && value == default);
                let is_nothing = is_empty(value) && !KEPT.contains(&path.as_str());
                !is_default && !is_nothing && !LEFT_OUT.contains(&path.as_str())
            });
        }
        Value::Array(entries) => {
            if ORDERED.contains(&path) {
                return;
            }
            let mut entries = std::mem::take(entries);
            for entry in &mut entries {
                reduce("[]", entry);
            }
            *value = by_name(path, entries);
        }
        _ => {}
    }
}

/// A list as a map by its entries' names; entries without one are each their own.
fn by_name(path: &str, entries: Vec<Value>) -> Value {
    let pointer = NAMED.iter().find(|(at, _)| *at == path).map(|(_, pointer)| *pointer);
    let mut named: Map<String, Value> = Map::new();
    for entry in entries {
        let name = match (&entry, pointer) {
            (Value::String(line), _) if path == VARIABLES => line.split('=').next().unwrap_or(line).to_owned(),
            (Value::String(text), _) => text.clone(),
            (entry, Some(pointer)) => entry.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned(),
            (entry, None) => entry.to_string(),
        };
        // The same name twice differs from once.
        let all = named.entry(name).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(all) = all {
            all.push(entry);
        }
    }
    Value::Object(named)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(entries) => entries.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

fn diff(path: &str, wanted: &Value, live: &Value, found: &mut Vec<String>) {
    match (wanted, live) {
        (Value::Object(wanted), Value::Object(live)) => {
            let keys: BTreeSet<&String> = wanted.keys().chain(live.keys()).collect();
            for key in keys {
                let path = below(path, key);
                match (wanted.get(key), live.get(key)) {
                    (Some(wanted), Some(live)) => diff(&path, wanted, live, found),
                    (Some(_), None) => found.push(format!("{} is missing", in_words(&path))),
                    _ => found.push(format!("{} is extra", in_words(&path))),
                }
            }
        }
        _ if wanted == live => {}
        _ => found.push(format!("{} differs", in_words(path))),
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Shortens a path. `ContainerSpec` stays before labels: a container has labels of its own.
fn in_words(path: &str) -> &str {
    let path = path.strip_prefix("TaskTemplate.").unwrap_or(path);
    path.strip_prefix("ContainerSpec.").filter(|rest| !rest.starts_with("Labels")).unwrap_or(path)
}
