//! The signals of systemd and of the bus that tell of a change, and their meaning.

use zbus::message::Type;
use zbus::{MatchRule, Message, OwnedObjectPath};

const SYSTEMD: &str = "org.freedesktop.systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const BUS: &str = "org.freedesktop.DBus";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// The names of a unit on the bus.
#[derive(Debug, Clone)]
pub struct Names {
    /// The unit's own name, not an alias.
    pub id: String,
    /// The path of its object.
    pub path: OwnedObjectPath,
}

/// The meaning of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The unit at this place has changed.
    Changed(usize),
    /// systemd has read all units again.
    Reloaded,
    /// Another connection is systemd's now: it was executed again, or it has connected to a new bus.
    NewOwner,
}

/// The rules by which the bus passes on the signals of these units and no others.
pub fn rules(units: &[Names]) -> zbus::Result<Vec<MatchRule<'_>>> {
    let of = |sender| MatchRule::builder().msg_type(Type::Signal).sender(sender);
    let mut rules = vec![
        of(SYSTEMD).interface(MANAGER).member("Reloading").build()?,
        of(BUS).interface(BUS).member("NameOwnerChanged").arg(0, SYSTEMD).build()?,
    ];
    for unit in units {
        let path = unit.path.as_ref();
        rules.push(of(SYSTEMD).interface(PROPERTIES).member("PropertiesChanged").path(path).build()?);
        rules.push(of(SYSTEMD).interface(MANAGER).member("JobRemoved").arg(2, unit.id.as_str()).build()?);
    }
    Ok(rules)
}

/// The meaning of a signal; `None` for one that tells of no change.
pub fn meaning(message: &Message, units: &[Names]) -> Option<Meaning> {
    let header = message.header();
    let place = |is_it: &dyn Fn(&Names) -> bool| units.iter().position(is_it).map(Meaning::Changed);
    match (header.interface()?.as_str(), header.member()?.as_str()) {
        (PROPERTIES, "PropertiesChanged") => {
            let path = header.path()?;
            place(&|unit| unit.path.as_str() == path.as_str())
        }
        (MANAGER, "JobRemoved") => {
            let (_, _, id, _): (u32, OwnedObjectPath, String, String) = message.body().deserialize().ok()?;
            place(&|unit| unit.id == id)
        }
        // True when it begins.
        (MANAGER, "Reloading") => (!message.body().deserialize::<bool>().ok()?).then_some(Meaning::Reloaded),
        (BUS, "NameOwnerChanged") => {
            let (name, _, owner): (String, String, String) = message.body().deserialize().ok()?;
            (name == SYSTEMD && !owner.is_empty()).then_some(Meaning::NewOwner)
        }
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    fn units() -> Vec<Names> {
        ["a_2eservice", "b_2eservice"]
            .into_iter()
            .zip(["a.service", "b.service"])
            .map(|(path, id)| Names {
                id: id.into(),
                path: OwnedObjectPath::try_from(format!("/org/freedesktop/systemd1/unit/{path}")).unwrap(),
            })
            .collect()
    }

    fn signal(
        path: &str,
        interface: &str,
        member: &str,
        body: &(impl serde::Serialize + zbus::Type),
    ) -> Option<Meaning> {
        let message = Message::signal(path, interface, member).build(body).unwrap();
        meaning(&message, &units())
    }

    #[test]
    fn a_signal_tells_which_unit_has_changed() {
        let b = "/org/freedesktop/systemd1/unit/b_2eservice";
        assert_eq!(signal(b, PROPERTIES, "PropertiesChanged", &"any"), Some(Meaning::Changed(1)));
        assert_eq!(signal("/other", PROPERTIES, "PropertiesChanged", &"any"), None);
        let job =
            |unit: &str| (7_u32, OwnedObjectPath::try_from("/job/7").unwrap(), unit.to_owned(), "done".to_owned());
        assert_eq!(signal("/org", MANAGER, "JobRemoved", &job("a.service")), Some(Meaning::Changed(0)));
        assert_eq!(signal("/org", MANAGER, "JobRemoved", &job("c.service")), None);
        assert_eq!(signal("/org", MANAGER, "JobRemoved", &"another shape"), None);
        assert_eq!(signal("/org", MANAGER, "UnitNew", &"a.service"), None);
    }

    #[test]
    fn the_end_of_a_reload_and_a_new_systemd_concern_all_units() {
        assert_eq!(signal("/org", MANAGER, "Reloading", &true), None);
        assert_eq!(signal("/org", MANAGER, "Reloading", &false), Some(Meaning::Reloaded));
        assert_eq!(signal("/org", BUS, "NameOwnerChanged", &(SYSTEMD, ":1.1", "")), None);
        assert_eq!(signal("/org", BUS, "NameOwnerChanged", &(SYSTEMD, "", ":1.2")), Some(Meaning::NewOwner));
        assert_eq!(signal("/org", BUS, "NameOwnerChanged", &("org.other", "", ":1.2")), None);
    }

    #[test]
    fn the_bus_passes_on_the_signals_of_these_units_alone() {
        let units = units();
        let rules: Vec<String> = rules(&units).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(rules.len(), 6);
        for text in ["arg2='a.service'", "arg2='b.service'", "unit/a_2eservice'", "arg0='org.freedesktop.systemd1'"] {
            assert_eq!(rules.iter().filter(|rule| rule.contains(text)).count(), 1, "{text} in {rules:?}");
        }
        assert!(rules.iter().all(|rule| rule.contains("type='signal'") && rule.contains("sender='org.freedesktop.")));
    }
}
