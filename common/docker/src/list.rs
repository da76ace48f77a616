//! Docker's lists, read entry by entry: one odd entry is left out and named, and hides no other.

use std::fmt;

use base::fact::Fact;
use bollard::models::{Config, ContainerSummary, ImageSummary, Network, Node, Secret, Service, Task};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Docker, Error, Failure};

/// An entry of one of Docker's lists.
pub trait Entry: DeserializeOwned {
    /// The kind in words: `service`.
    const KIND: &'static str;

    /// Returns the part without which an entry cannot be used, if it has none.
    fn lacks(&self) -> Option<&'static str>;
}

/// An entry that is left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OddEntry {
    /// The kind: `service`.
    pub kind: String,
    /// The name, else the id, else its number in the list.
    pub name: String,
    /// The reason, as a predicate: `has no status`.
    pub why: String,
}

impl fmt::Display for OddEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.kind, self.name, self.why)
    }
}

impl OddEntry {
    /// The hint to look at the entry.
    pub(super) fn hint(&self) -> String {
        // Older clients do not find a config by `docker inspect`.
        let command = if self.kind == Config::KIND { "docker config inspect" } else { "docker inspect" };
        format!("look at it: `{command} {}`", self.name)
    }

    /// The facts that warn of odd entries.
    pub fn facts(entries: &[Self]) -> Vec<Fact> {
        let fact = |entry: &Self| {
            Fact::new("odd_entry", json!({ "kind": entry.kind, "name": entry.name })).warn(
                format!("Docker lists a {} that is left out: {} {}", entry.kind, entry.name, entry.why),
                entry.hint(),
            )
        };
        entries.iter().map(fact).collect()
    }
}

impl Docker {
    /// Reads the list at `path`, named `what` in errors (`list secrets`). A list of which no entry can be read is an
    /// error.
    pub async fn list<T: Entry>(&self, what: &str, path: &str, filters: &Value) -> Result<Vec<T>, Error> {
        let listed = self.read(what, path, filters).await?;
        let (entries, odd) = entries(listed).map_err(|source| Error::new(what, source))?;
        self.leave_out(odd);
        Ok(entries)
    }

    /// Adds odd entries that the reader of a list leaves out.
    pub fn leave_out(&self, odd: impl IntoIterator<Item = OddEntry>) {
        if let Ok(mut known) = self.odd.lock() {
            known.extend(odd);
        }
    }

    /// Returns the odd entries of all lists that were read over this connection.
    pub fn odd_entries(&self) -> Vec<OddEntry> {
        self.odd.lock().map(|known| known.iter().cloned().collect()).unwrap_or_default()
    }
}

/// Separates the entries of a list from the odd ones.
fn entries<T: Entry>(listed: Value) -> Result<(Vec<T>, Vec<OddEntry>), Failure> {
    let listed = match listed {
        Value::Array(listed) => listed,
        // Go's empty list.
        Value::Null => Vec::new(),
        _ => return Err(Failure::NotDocker),
    };
    if listed.iter().any(|entry| !entry.is_object()) {
        return Err(Failure::NotDocker);
    }
    let (mut entries, mut odd) = (Vec::new(), Vec::new());
    for (index, mut entry) in listed.into_iter().enumerate() {
        rename_healthcheck(&mut entry);
        let name = name(&entry).unwrap_or_else(|| format!("number {}", index + 1));
        let why = match serde_json::from_value::<T>(entry) {
            Ok(entry) => match entry.lacks() {
                None => {
                    entries.push(entry);
                    continue;
                }
                Some(part) => format!("has no {part}"),
            },
            Err(_) => "cannot be read".to_owned(),
        };
        odd.push(OddEntry { kind: T::KIND.to_owned(), name, why });
    }
    match odd.first() {
        Some(first) if entries.is_empty() => Err(Failure::OddEntry(first.clone())),
        _ => Ok((entries, odd)),
    }
}

/// The name or the id of an entry. Control characters are left out.
fn name(entry: &Value) -> Option<String> {
    let places = ["/Spec/Name", "/Name", "/ID", "/Id"];
    let names = places.iter().filter_map(|place| entry.pointer(place)?.as_str());
    let plain = |name: &str| name.chars().filter(|c| !c.is_control()).take(100).collect::<String>();
    names.map(plain).find(|name| !name.is_empty())
}

/// The client library has another name for the health check of a service or task, and would leave it out.
fn rename_healthcheck(entry: &mut Value) {
    for place in ["/Spec/TaskTemplate/ContainerSpec", "/Spec/ContainerSpec"] {
        if let Some(Value::Object(container)) = entry.pointer_mut(place)
            && let Some(check) = container.remove("Healthcheck")
        {
            container.insert("HealthCheck".to_owned(), check);
        }
    }
}

/// Returns the first part that is missing.
fn first_missing(parts: &[(&'static str, bool)]) -> Option<&'static str> {
    parts.iter().find(|(_, is_there)| !is_there).map(|(part, _)| *part)
}

fn is_text(text: Option<&String>) -> bool {
    text.is_some_and(|text| !text.is_empty())
}

impl Entry for Service {
    const KIND: &'static str = "service";

    fn lacks(&self) -> Option<&'static str> {
        let name = self.spec.as_ref().and_then(|spec| spec.name.as_ref());
        first_missing(&[("id", is_text(self.id.as_ref())), ("spec", self.spec.is_some()), ("name", is_text(name))])
    }
}

impl Entry for Task {
    const KIND: &'static str = "task";

    fn lacks(&self) -> Option<&'static str> {
        let has_status = self.status.as_ref().is_some_and(|status| status.state.is_some());
        first_missing(&[("service", is_text(self.service_id.as_ref())), ("status", has_status)])
    }
}

impl Entry for Secret {
    const KIND: &'static str = "secret";

    fn lacks(&self) -> Option<&'static str> {
        let name = self.spec.as_ref().and_then(|spec| spec.name.as_ref());
        first_missing(&[("id", is_text(self.id.as_ref())), ("name", is_text(name))])
    }
}

impl Entry for Config {
    const KIND: &'static str = "config";

    fn lacks(&self) -> Option<&'static str> {
        let name = self.spec.as_ref().and_then(|spec| spec.name.as_ref());
        first_missing(&[("id", is_text(self.id.as_ref())), ("name", is_text(name))])
    }
}

impl Entry for Network {
    const KIND: &'static str = "network";

    fn lacks(&self) -> Option<&'static str> {
        first_missing(&[("id", is_text(self.id.as_ref())), ("name", is_text(self.name.as_ref()))])
    }
}

impl Entry for Node {
    const KIND: &'static str = "node";

    fn lacks(&self) -> Option<&'static str> {
        first_missing(&[("id", is_text(self.id.as_ref()))])
    }
}

impl Entry for ContainerSummary {
    const KIND: &'static str = "container";

    fn lacks(&self) -> Option<&'static str> {
        first_missing(&[("id", is_text(self.id.as_ref()))])
    }
}

impl Entry for ImageSummary {
    const KIND: &'static str = "image";

    fn lacks(&self) -> Option<&'static str> {
        first_missing(&[("id", !self.id.is_empty())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn odd<T: Entry>(listed: Value) -> (usize, Vec<String>) {
        let (entries, odd) = entries::<T>(listed).unwrap();
        (entries.len(), odd.iter().map(ToString::to_string).collect())
    }

    fn service(name: &str) -> Value {
        json!({ "ID": format!("id-{name}"), "Spec": { "Name": name } })
    }

    #[test]
    fn one_odd_entry_hides_no_other() {
        let services = [
            (json!({ "ID": "a1" }), "service a1 has no spec"),
            (json!({ "ID": "a1", "Spec": {} }), "service a1 has no name"),
            (json!({ "ID": "a1", "Spec": null }), "service a1 has no spec"),
            (json!({ "Spec": { "Name": "web" } }), "service web has no id"),
            (json!({}), "service number 2 has no id"),
            (json!({ "ID": "a1", "Spec": { "Name": 7 } }), "service a1 cannot be read"),
            (
                json!({ "ID": "a1", "Spec": { "Name": "web" }, "UpdateStatus": { "State": "new kind" } }),
                "service web cannot be read",
            ),
        ];
        for (entry, told) in services {
            let (left, odd) = odd::<Service>(json!([service("one"), entry, service("two")]));
            assert_eq!((left, odd), (2, vec![told.to_owned()]));
        }
        let task = json!({ "ID": "t1", "ServiceID": "a1", "Status": { "State": "running" } });
        for (entry, told) in [
            (json!({ "ID": "t2", "ServiceID": "a1" }), "task t2 has no status"),
            (json!({ "ID": "t2", "ServiceID": "a1", "Status": {} }), "task t2 has no status"),
            (json!({ "ID": "t2", "ServiceID": "a1", "Status": { "State": "dreaming" } }), "task t2 cannot be read"),
            (json!({ "ID": "t2", "Status": { "State": "running" } }), "task t2 has no service"),
        ] {
            assert_eq!(odd::<Task>(json!([task, entry])), (1, vec![told.to_owned()]));
        }
        let secret = json!({ "ID": "s1", "Spec": { "Name": "one" } });
        let nameless = json!({ "ID": "s2", "Spec": { "Labels": {} } });
        assert_eq!(odd::<Secret>(json!([nameless, secret])), (1, vec!["secret s2 has no name".to_owned()]));
        assert_eq!(odd::<Config>(json!([nameless, secret])), (1, vec!["config s2 has no name".to_owned()]));
        let network = json!({ "Id": "n1", "Name": "proxy" });
        assert_eq!(odd::<Network>(json!([network, { "Id": "n2" }])), (1, vec!["network n2 has no name".to_owned()]));
    }

    #[test]
    fn a_list_of_which_nothing_can_be_read_is_an_error() {
        assert_eq!(odd::<Service>(json!([])), (0, vec![]));
        assert_eq!(odd::<Service>(Value::Null), (0, vec![]));
        for wrong in [json!({}), json!("list"), json!([1]), json!([service("one"), null])] {
            assert!(matches!(entries::<Service>(wrong), Err(Failure::NotDocker)));
        }
        let Err(failure) = entries::<Service>(json!([{ "ID": "a1" }])) else { panic!("a list of one odd entry") };
        assert_eq!(failure.to_string(), "no entry of the list can be read: service a1 has no spec");
    }

    #[test]
    fn the_hint_is_a_command_that_finds_the_entry() {
        let hint = |kind: &str| {
            let entry = OddEntry { kind: kind.to_owned(), name: "a1".to_owned(), why: "cannot be read".to_owned() };
            OddEntry::facts(&[entry])[0].warning.as_ref().unwrap().hint.clone()
        };
        assert_eq!(hint("service"), "look at it: `docker inspect a1`");
        assert_eq!(hint("config"), "look at it: `docker config inspect a1`");
    }

    #[test]
    fn a_health_check_is_read_under_dockers_name() {
        let check = json!({ "Test": ["CMD", "true"] });
        let spec = json!({ "Name": "web", "TaskTemplate": { "ContainerSpec": { "Healthcheck": check } } });
        let (services, _) = entries::<Service>(json!([{ "ID": "a1", "Spec": spec }])).unwrap();
        let template = services[0].spec.as_ref().unwrap().task_template.as_ref().unwrap();
        assert!(template.container_spec.as_ref().unwrap().health_check.is_some());
    }
}
