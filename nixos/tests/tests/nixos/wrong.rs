//! Settings and options of a wrong type: an assertion with a hint for each, never an error of Nix, and no more than the
//! programs refuse.

use nixos_tests::{Nix, root};
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
fn wrong_settings_of_the_dashboard_are_told() {
    let test = "wrong_settings_of_the_dashboard_are_told";
    every_wrong_value_of::<converge_dashboard::Desired>(test, "dashboard", &example("dashboard"));
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

/// The messages of the lab's host with one more definition below `services.converge`. Nothing else is evaluated: a
/// function cannot be rendered.
fn messages(nix: &Nix, definition: &str) -> Vec<String> {
    let module = format!("{{ lib, ... }}: {{ services.converge.{definition}; }}");
    nix.value(&format!(
        "let host = import ./nixos/tests/evaluate.nix {{ modules = [ ./nixos/example ./nixos/tests/lab-host.nix ({module}) ]; }};
         in map (it: it.message) (builtins.filter (it: !it.assertion) host.config.assertions)"
    ))
    .unwrap_or_else(|error| panic!("{definition}: {error}"))
}

#[test]
fn a_wrong_value_of_any_option_is_one_message_with_a_hint() {
    let Some(nix) = Nix::find_or_skip("a_wrong_value_of_any_option_is_one_message_with_a_hint") else { return };
    let cases = [
        (
            "interval",
            "3",
            "3, not a time span of systemd.time(7) above zero",
            r#"write a number and a unit, such as "1h""#,
        ),
        ("swarm.enable", "null", "null, not true or false", "write true or false"),
        ("bridge.enable", r#""yes""#, r#""yes", not true or false"#, "write true or false"),
        ("traefik.openFirewall", "[ 80 ]", "a list, not true or false", "write true or false"),
        ("drone.runner.enable", "0", "0, not true or false", "write true or false"),
        (
            "traefik.package",
            "null",
            "null, not a package",
            "leave it unset, or write a package with the program converge-traefik",
        ),
        (
            "abra.package",
            r#""abra""#,
            r#""abra", not a package"#,
            "leave it unset, or write a package with the program abra",
        ),
        (
            "abra.directory",
            r#""/root/.abra""#,
            r#""/root/.abra", not /var/lib/converge/abra"#,
            "remove your setting; the sandboxes of the pieces have only this directory",
        ),
        (
            "drone.runner.maxTests",
            r#""2""#,
            r#""2", not a number above zero"#,
            "write 1 or more, or set services.converge.drone.runner.enable = false",
        ),
        (
            "bridge.image",
            "null",
            "null, not a path",
            "leave it unset, or write the path of a docker archive of comment-bridge",
        ),
        ("dashboard.image", "5", "5, not a path", "leave it unset, or write the path of a docker archive of dashboard"),
        ("bridge.settings", "x: x", "a function, not an attribute set", "write an attribute set"),
        ("traefik.settings.domain", "x: x", "a function, not a string", r#"write a string, such as "ci.example.org""#),
    ];
    for (option, value, problem, hint) in cases {
        let found = messages(&nix, &format!("{option} = lib.mkOverride 10 ({value})"));
        assert_eq!(found, [format!("services.converge.{option} is {problem}.\nhint: {hint}.\n")]);
    }
}

#[test]
fn a_wrong_path_of_a_secret_is_told_without_the_secret() {
    let Some(nix) = Nix::find_or_skip("a_wrong_path_of_a_secret_is_told_without_the_secret") else { return };
    let stored = r#""${builtins.storeDir}/vl9bnavj43d6x9h7nl7dl5dqmy9sra5s-privkey.pem""#;
    let values = [
        ("5", "5"),
        ("[ ]", "an empty list"),
        (stored, "-privkey.pem\""),
        ("./Cargo.toml", "/Cargo.toml\""),
        (r#""privkey.pem""#, "a text that does not begin with /"),
        (r#""correct horse""#, "a text that does not begin with /"),
    ];
    for (option, example) in [
        ("registryCredentials", "docker-config.json"),
        ("traefik.certificate.fullchain", "fullchain"),
        ("traefik.certificate.privkey", "privkey"),
        ("drone.giteaPassword", "gitea-password"),
        ("drone.rpcSecret", "drone-rpc-secret"),
        ("bridge.giteaToken", "gitea-token"),
        ("bridge.webhookSecret", "webhook-secret"),
    ] {
        for (value, shown) in values {
            let found = messages(&nix, &format!("{option} = lib.mkForce ({value})"));
            let [message] = &found[..] else { panic!("{option} = {value}: {found:?}") };
            assert!(message.starts_with(&format!("services.converge.{option} is ")), "{message}");
            let rest = format!(
                "{shown}, not an absolute path outside the store.\nhint: write the path of a file that only root can read, as a string such as \"/run/secrets/{example}\".\n"
            );
            assert!(message.ends_with(&rest), "{message}");
        }
    }
}

#[test]
fn the_message_names_the_file_of_the_definition() {
    let Some(nix) = Nix::find_or_skip("the_message_names_the_file_of_the_definition") else { return };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("own.nix");
    std::fs::write(&file, "{ services.converge.interval = 3; }").unwrap();
    let found = nix.host(&format!("./nixos {}", file.display())).unwrap().assertions;
    let expected = format!(
        "services.converge.interval is 3, not a time span of systemd.time(7) above zero (in {}).\n",
        file.display()
    );
    assert!(found.len() == 1 && found[0].starts_with(&expected), "{found:?}");
}

#[test]
fn an_option_that_does_not_exist_is_refused() {
    let Some(nix) = Nix::find_or_skip("an_option_that_does_not_exist_is_refused") else { return };
    let error = nix.lab_host("{ services.converge.traefik.setings.domain = \"x\"; }").unwrap_err().to_string();
    assert!(error.contains("services.converge.traefik.setings' does not exist"), "{error}");
}
