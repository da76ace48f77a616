//! Settings of a wrong type: an assertion with a hint for each, never an error of Nix, and no more than the programs refuse.

use nixos_tests::{Error, Nix, root};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A host with one wrong setting.
#[derive(Debug, Deserialize)]
struct Evaluated {
    settings: Value,
    assertions: Vec<String>,
}

/// The attribute paths of a configuration, those of sets included; of a list only its own.
fn paths(value: &Value, path: &str, found: &mut Vec<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        paths(value, &path, found);
        found.push(path);
    }
}

/// Expressions of every kind.
const VALUES: [&str; 7] = ["null", "true", "-1", "1.5", r#""600""#, "[ null ]", "{ a = [ 1 ]; }"];

fn refuses<T: DeserializeOwned>(settings: &Value) -> bool {
    serde_json::from_value::<T>(settings.clone()).is_err()
}

/// Evaluates the lab's host once for each path and value, and compares with what the program takes.
fn every_wrong_value_of<T: DeserializeOwned>(test: &str, option: &str, example: &Value) {
    let Some(nix) = Nix::find_or_skip(test) else { return };
    let mut places = vec![String::new()];
    paths(example, "", &mut places);
    let tries: Vec<(&str, &str)> =
        places.iter().flat_map(|place| VALUES.iter().map(|value| (place.as_str(), *value))).collect();
    let hosts = tries.iter().map(|(place, value)| {
        format!(
            "(host ({{ lib, ... }}: {{ services.converge.{option}.settings{place} = lib.mkOverride 10 ({value}); }}))"
        )
    });
    let hosts: Vec<String> = hosts.collect();
    let expression = format!(
        "let host = module:
           let config = (import ./nixos/tests/evaluate.nix {{ modules = [ ./nixos/example ./nixos/tests/lab-host.nix module ]; }}).config;
           in {{
             inherit (config.services.converge.{option}) settings;
             assertions = map (it: it.message) (builtins.filter (it: !it.assertion) config.assertions);
           }};
         in [ {} ]",
        hosts.join(" ")
    );
    let evaluated: Vec<Evaluated> = nix.value(&expression).unwrap();
    let mut refused = 0;
    for ((place, value), Evaluated { settings, assertions }) in tries.iter().zip(evaluated) {
        let what = format!("services.converge.{option}.settings{place} = {value}: {assertions:#?}");
        for assertion in &assertions {
            assert!(assertion.contains("\nhint: "), "{what}");
        }
        // The form of a text is the program's matter.
        let is_text = value.starts_with('"') && example.pointer(&place.replace('.', "/")).is_some_and(Value::is_string);
        if refuses::<T>(&settings) && !is_text {
            assert!(!assertions.is_empty(), "{what}\n{settings}");
            refused += 1;
        }
    }
    assert!(refused > tries.len() / 2, "the program refused {refused} of {}", tries.len());
}

fn example(piece: &str) -> Value {
    let text = std::fs::read_to_string(root().join(format!("converge-{piece}/example.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn wrong_settings_of_the_swarm_are_told() {
    let test = "wrong_settings_of_the_swarm_are_told";
    every_wrong_value_of::<converge_swarm::Desired>(test, "swarm", &example("swarm"));
}

#[test]
fn wrong_settings_of_traefik_are_told() {
    let test = "wrong_settings_of_traefik_are_told";
    every_wrong_value_of::<converge_traefik::Desired>(test, "traefik", &example("traefik"));
}

#[test]
fn wrong_settings_of_drone_are_told() {
    let test = "wrong_settings_of_drone_are_told";
    every_wrong_value_of::<converge_drone::Desired>(test, "drone", &example("drone"));
}

#[test]
fn wrong_settings_of_the_bridge_are_told() {
    let test = "wrong_settings_of_the_bridge_are_told";
    every_wrong_value_of::<converge_bridge::Desired>(test, "bridge", &example("bridge"));
}

#[test]
fn wrong_settings_of_the_runner_are_told() {
    let example = json!({
        "server": "", "address": "", "capacity": 0, "name": "", "repositories": [], "events": [],
        "steps": {"environment": {"A": ""}, "path": [], "shell": "", "credentials": {"a": ""}, "properties": {"MemoryMax": "", "TasksMax": 0}},
        "limits": {"drain_seconds": 0, "stop_seconds": 0, "log_bytes": 0},
    });
    let test = "wrong_settings_of_the_runner_are_told";
    every_wrong_value_of::<drone_runner::settings::Settings>(test, "drone.runner", &example);
}

#[test]
fn the_assertion_names_the_setting_the_value_and_an_example() {
    let Some(nix) = Nix::find_or_skip("the_assertion_names_the_setting_the_value_and_an_example") else { return };
    let cases = [
        (
            r#"swarm.settings.limits.run_seconds = "600";"#,
            "swarm.settings.limits.run_seconds is \"600\", not an integer.\nhint: write an integer, such as 300.\n",
        ),
        (
            "bridge.settings.organisations = lib.mkForce null;",
            "bridge.settings.organisations is null, not a list.\nhint: write a list, such as [ { exclude = [ \"archive-*\" ]; include = [ \"*\" ]; name = \"recipes\"; } ].\n",
        ),
        (
            r#"bridge.settings.organisations = lib.mkForce [ "recipes" ];"#,
            "bridge.settings.organisations[0] is \"recipes\", not an attribute set.\nhint: write an attribute set, such as { exclude = [ \"archive-*\" ]; include = [ \"*\" ]; name = \"recipes\"; }.\n",
        ),
        (
            r#"traefik.settings.domian = "ci.example.org";"#,
            "traefik.settings.domian is not a setting.\nhint: leave it out; `converge-traefik --schema` prints all settings.\n",
        ),
        (
            "bridge.settings.organisations = lib.mkForce [ { } ];",
            "bridge.settings.organisations[0] has no name.\nhint: set it, such as \"recipes\".\n",
        ),
        (
            "traefik.settings.domain = lib.mkOverride 10 5;",
            "traefik.settings.domain is 5, not a string.\nhint: write a string, such as \"ci.example.org\".\n",
        ),
        (
            r#"drone.settings.repository = lib.mkForce "recipes/ci";"#,
            "drone.settings.repository is \"recipes/ci\", not an attribute set.\nhint: write an attribute set, such as { name = \"recipes/ci\"; timeout_minutes = 60; trusted = true; }.\n",
        ),
        (
            // The module's own default, the network proxy, gives way.
            r#"swarm.settings.networks = "proxy";"#,
            "swarm.settings.networks is \"proxy\", not an attribute set.\nhint: write an attribute set, such as { proxy = { attachable = true; subnet = \"10.10.0.0/16\"; }; }.\n",
        ),
        (
            "drone.runner.settings.limits.stop_seconds = -1;",
            "drone.runner.settings.limits.stop_seconds is -1, less than 0.\nhint: write 0 or more, such as 1.\n",
        ),
        (
            "drone.settings = lib.mkForce null;",
            "drone.settings is null, not an attribute set.\nhint: write an attribute set.\n",
        ),
        (
            r#"bridge.settings.user = "1000";"#,
            "bridge.settings.user is \"1000\", not the numbers of a user and a group.\nhint: leave it at 60990:60990, or write the numbers of an account of its own in the same form.\n",
        ),
        (
            r#"interval = "hourly";"#,
            "interval is \"hourly\", not a time span of systemd.time(7) above zero.\nhint: write a number and a unit, such as \"1h\".\n",
        ),
    ];
    for (module, expected) in cases {
        let rendered = nix.lab_host(&format!("{{ lib, ... }}: {{ services.converge = {{ {module} }}; }}"));
        let assertions = rendered.unwrap_or_else(|error| panic!("{module}: {error}")).assertions;
        assert_eq!(assertions, [format!("services.converge.{expected}")], "{module}");
    }
}

#[test]
fn accounts_and_time_spans_are_known_by_their_form() {
    let Some(nix) = Nix::find_or_skip("accounts_and_time_spans_are_known_by_their_form") else { return };
    let complaints = |module: &str| nix.lab_host(module).unwrap().assertions.len();
    for span in ["1h", "90", "1h 30min", "1.5 hours", "2 weeks", "1y 2M 3w 4d 5h 6m 7s 8ms 9us"] {
        assert_eq!(complaints(&format!("{{ services.converge.interval = \"{span}\"; }}")), 0, "{span}");
    }
    for span in ["", " ", "0", "0s", "-1h", "1 fortnight", "h", "*:0/5", "infinity", "1h\\n"] {
        assert_eq!(complaints(&format!("{{ services.converge.interval = \"{span}\"; }}")), 1, "{span}");
    }
    for user in ["7:8", "60990:60990", "2147483647:1"] {
        assert_eq!(complaints(&format!("{{ services.converge.bridge.settings.user = \"{user}\"; }}")), 0, "{user}");
    }
    for user in
        ["", "7", "7:", ":8", "0:0", "7:0", "root:root", "7:8:9", "-7:8", "07:8", "2147483648:1", "99999999999:1"]
    {
        assert_eq!(complaints(&format!("{{ services.converge.bridge.settings.user = \"{user}\"; }}")), 1, "{user}");
    }
}

#[test]
fn a_host_without_a_name_leaves_the_runners_to_its_own() {
    let Some(nix) = Nix::find_or_skip("a_host_without_a_name_leaves_the_runners_to_its_own") else { return };
    let rendered = nix.lab_host("{ lib, ... }: { networking.hostName = lib.mkForce \"\"; }").unwrap();
    assert_eq!(rendered.assertions, [""; 0]);
    let runner: Value = serde_json::from_str(rendered.file("/etc/converge/drone-runner.json")).unwrap();
    assert_eq!(runner.get("name"), None);
}

#[test]
fn options_of_a_type_are_named_by_the_module_system() {
    let Some(nix) = Nix::find_or_skip("options_of_a_type_are_named_by_the_module_system") else { return };
    let options = [
        ("interval", "3"),
        ("registryCredentials", "3"),
        ("swarm.enable", "null"),
        ("traefik.package", "null"),
        ("traefik.certificate.fullchain", "[ ]"),
        ("drone.giteaPassword", "-1"),
        ("drone.runner.maxTests", "\"2\""),
        ("bridge.image", "null"),
        ("bridge.settings", "x: x"),
    ];
    for (option, value) in options {
        let module = format!("{{ lib, ... }}: {{ services.converge.{option} = lib.mkForce ({value}); }}");
        let message = match nix.lab_host(&module) {
            Err(Error::Nix(message)) => message,
            other => panic!("{option} = {value}: {other:?}"),
        };
        let expected = format!("A definition for option `services.converge.{option}' is not of type `");
        assert!(message.contains(&expected), "{message}");
    }
}
