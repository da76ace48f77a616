//! The configurations that the modules write for the programs: what the operator set and what the host decides.
//! All defaults are Rust's.

use std::fs;

use nixos_tests::{Nix, Rendered, root};
use schemars::{JsonSchema, schema_for};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The configurations of a host, as the programs read them.
struct Programs {
    swarm: converge_swarm::Desired,
    traefik: converge_traefik::Desired,
    drone: converge_drone::Desired,
    bridge: converge_bridge::Desired,
    dashboard: converge_dashboard::Desired,
    runner: drone_runner::settings::Settings,
}

impl Programs {
    fn of(rendered: &Rendered) -> Self {
        Self {
            swarm: read(rendered, "swarm"),
            traefik: read(rendered, "traefik"),
            drone: read(rendered, "drone"),
            bridge: read(rendered, "bridge"),
            dashboard: read(rendered, "dashboard"),
            runner: read(rendered, "drone-runner"),
        }
    }
}

fn read<T: DeserializeOwned>(rendered: &Rendered, name: &str) -> T {
    serde_json::from_str(rendered.file(&format!("/etc/converge/{name}.json"))).unwrap()
}

/// Asserts that all of `expected` is in a configuration, beside other settings.
fn assert_holds(configuration: &impl Serialize, expected: &Value) {
    fn merge(into: &mut Value, from: &Value) {
        match (into, from) {
            (Value::Object(into), Value::Object(from)) => {
                for (key, value) in from {
                    merge(into.entry(key.clone()).or_insert(Value::Null), value);
                }
            }
            (into, from) => *into = from.clone(),
        }
    }
    let found = serde_json::to_value(configuration).unwrap();
    let mut merged = found.clone();
    merge(&mut merged, expected);
    assert_eq!(found, merged);
}

#[test]
fn the_modules_write_what_is_set_and_what_the_host_decides() {
    let Some(nix) = Nix::find_or_skip("the_modules_write_what_is_set_and_what_the_host_decides") else { return };
    let rendered = nix.host("./nixos/example").unwrap();
    let swarm = json!({
        "advertise_address": "192.0.2.10",
        "address_pools": {"pools": ["10.20.0.0/16"], "subnet_size": 24},
        "task_history": 5,
        "networks": {"proxy": {"subnet": "10.10.0.0/16"}},
    });
    let traefik = json!({
        "domain": "ci.example.org",
        "recipe": {"version": {"pin": "3.8.0+v3.6.15"}},
        "env": {"DASHBOARD_ENABLED": "false"},
        "probe": {"address": "192.0.2.10"},
    });
    let drone = json!({
        "domain": "drone.ci.example.org",
        "recipe": {"version": {"pin": "1.9.0+2.26.0"}},
        "gitea": {"address": "https://git.example.org", "bot": "ci-bot"},
        "repository": {"name": "recipes/ci", "trusted": true},
        "runner": {"unit": "drone-runner.service", "configuration": "/etc/converge/drone-runner.json"},
        "probe": {"address": "192.0.2.10"},
    });
    let bridge = json!({
        "domain": "bridge.ci.example.org",
        "image": "/usr/local/share/converge/comment-bridge.tar",
        "gitea": {"address": "https://git.example.org", "bot": "ci-bot"},
        "drone": {"address": "https://drone.ci.example.org", "repository": "recipes/ci"},
        "organisations": [{"name": "recipes"}],
        "webhook": true,
        "dashboard": "https://ci.example.org",
        "probe": {"address": "192.0.2.10"},
    });
    let dashboard = json!({
        "domain": "ci.example.org",
        "image": "/usr/local/share/converge/dashboard.tar",
        "gitea": "https://git.example.org",
        "probe": {"address": "192.0.2.10"},
    });
    let runner = json!({
        "server": "https://drone.ci.example.org",
        "address": "192.0.2.10",
        "capacity": 2,
        "name": "ci",
        "repositories": ["recipes/ci"],
        "steps": {
            "environment": {"ABRA_DIR": "/var/lib/converge/abra", "DOCKER_HOST": "unix:///run/docker.sock"},
            "path": ["/run/current-system/sw/bin"],
            "properties": {"MemoryMax": "4G", "TasksMax": 4096, "CPUWeight": 50},
        },
        "metrics": "/run/drone-runner/metrics.sock",
        "limits": {"drain_seconds": 3600},
    });
    for (name, expected) in [
        ("swarm", swarm),
        ("traefik", traefik),
        ("drone", drone),
        ("bridge", bridge),
        ("dashboard", dashboard),
        ("drone-runner", runner),
    ] {
        assert_eq!(read::<Value>(&rendered, name), expected, "{name}");
    }
}

#[test]
fn with_the_programs_defaults_the_example_is_complete() {
    let Some(nix) = Nix::find_or_skip("with_the_programs_defaults_the_example_is_complete") else { return };
    let example = Programs::of(&nix.host("./nixos/example").unwrap());
    let limits = json!({"run_seconds": 600, "wait_seconds": 180, "call_seconds": 30, "lock_seconds": 60});
    let swarm = json!({"networks": {"proxy": {"subnet": "10.10.0.0/16", "attachable": true}}, "limits": limits});
    assert_holds(&example.swarm, &swarm);
    let traefik = json!({
        "recipe": {"refresh_hours": 6},
        "compose_files": ["compose.yml", "compose.wildcard.yml"],
        "certificate": {"warn_days": 21},
        "abra_directory": "/var/lib/converge/abra",
        "limits": limits,
    });
    assert_holds(&example.traefik, &traefik);
    let source = example.traefik.recipe.address("traefik");
    assert_eq!(source, "https://git.coopcloud.tech/coop-cloud/traefik.git");
    let drone = json!({
        "recipe": {"refresh_hours": 6},
        "compose_files": ["compose.yml", "compose.gitea.yml"],
        "repository": {"name": "recipes/ci", "timeout_minutes": 60, "trusted": true},
        "abra_directory": "/var/lib/converge/abra",
        "limits": limits,
    });
    assert_holds(&example.drone, &drone);
    assert_eq!(example.drone.recipe.address("drone"), "https://git.coopcloud.tech/coop-cloud/drone.git");
    let bridge = json!({
        "repositories": [],
        "allow": [],
        "poll_seconds": 2,
        "catch_up_hours": 24,
        "give_up_hours": 24,
        "ledger": "/var/lib/comment-bridge",
        "published": "/run/comment-bridge",
        "runs": "/var/lib/recipe-ci/runs",
        "authorities": "/etc/ssl/certs/ca-certificates.crt",
        "user": "60990:60990",
        "memory_mib": 64,
        "limits": limits,
    });
    assert_holds(&example.bridge, &bridge);
    let dashboard = json!({
        "runs": "/var/lib/recipe-ci/runs",
        "reports": "/run/converge",
        "bridge": "/run/comment-bridge",
        "index": "/var/lib/dashboard",
        "user": "60991:60991",
        "memory_mib": 64,
        "limits": limits,
    });
    assert_holds(&example.dashboard, &dashboard);
    let runner = json!({
        "events": ["custom"],
        "steps": {"shell": "/bin/sh", "directory": "/var/lib/drone-runner"},
        "limits": {"drain_seconds": 3600, "stop_seconds": 1, "call_seconds": 30},
    });
    assert_holds(&example.runner, &runner);
}

#[test]
fn the_programs_take_what_the_modules_write() {
    let Some(nix) = Nix::find_or_skip("the_programs_take_what_the_modules_write") else { return };
    for rendered in [nix.host("./nixos/example").unwrap(), nix.lab_host("{ }").unwrap()] {
        let Programs { swarm, traefik, drone, bridge, dashboard, runner } = Programs::of(&rendered);
        assert_eq!(swarm.networks.len(), 1);
        assert!(swarm.problems().is_empty(), "{:?}", swarm.problems());
        assert!(traefik.problems().is_empty(), "{:?}", traefik.problems());
        assert!(drone.problems().is_empty(), "{:?}", drone.problems());
        assert!(bridge.problems().is_empty(), "{:?}", bridge.problems());
        assert!(dashboard.problems().is_empty(), "{:?}", dashboard.problems());
        assert_eq!(bridge.dashboard, Some(dashboard.settings().address));
        assert_eq!((&bridge.runs, &bridge.published), (&dashboard.runs, &dashboard.bridge));
        assert_eq!(
            (bridge.drone.address, bridge.drone.repository.to_string()),
            (drone.address(), drone.repository.name.clone())
        );
        assert_eq!((bridge.gitea.address, bridge.gitea.bot), (drone.gitea.address.clone(), drone.gitea.bot.clone()));
        assert!(runner.problems().is_empty(), "{:?}", runner.problems());
        assert_eq!(runner.server, drone.address());
        assert_eq!(runner.repositories, [drone.repository.name]);
    }
}

#[test]
fn the_units_open_the_directories_that_the_programs_use() {
    let Some(nix) = Nix::find_or_skip("the_units_open_the_directories_that_the_programs_use") else { return };
    let rendered = nix.host("./nixos/example").unwrap();
    let Programs { traefik, drone, runner, .. } = Programs::of(&rendered);
    let unit = rendered.unit("drone-runner.service");
    assert!(unit.contains("\nStateDirectory=drone-runner\n") && unit.contains("\nRuntimeDirectory=drone-runner\n"));
    assert!(runner.steps.directory.starts_with("/var/lib/drone-runner"));
    assert!(drone.runner.unwrap().status.starts_with("/run/drone-runner"));
    for (piece, directory) in [("traefik", traefik.abra_directory), ("drone", drone.abra_directory)] {
        let unit = rendered.unit(&format!("converge-{piece}.service"));
        assert!(unit.contains(&format!("\nStateDirectory=converge/{piece} converge/abra\n")), "{unit}");
        assert!(directory.starts_with("/var/lib/converge/abra"));
    }
}

/// A JSON Schema without what is meant for readers, and without the forms of texts, which the program checks.
fn reduced(schema: &Value) -> Value {
    let each = |value: &Value| -> Value {
        value.as_object().unwrap().iter().map(|(name, schema)| (name.clone(), reduced(schema))).collect()
    };
    let keywords = schema.as_object().unwrap().iter().filter_map(|(keyword, value)| {
        let kept = match keyword.as_str() {
            "additionalProperties" if value.is_object() => reduced(value),
            "$ref"
            | "type"
            | "const"
            | "enum"
            | "minimum"
            | "maximum"
            | "default"
            | "required"
            | "additionalProperties" => value.clone(),
            "properties" | "$defs" => each(value),
            "items" => reduced(value),
            "anyOf" | "oneOf" => value.as_array().unwrap().iter().map(reduced).collect(),
            "$schema" | "title" | "description" | "format" => return None,
            other => panic!("nixos/settings.nix does not know the keyword {other} of JSON Schema"),
        };
        Some((keyword.clone(), kept))
    });
    keywords.collect()
}

/// The schemas of the programs, as the modules read them.
fn schemas() -> Value {
    fn of<T: JsonSchema>() -> Value {
        reduced(schema_for!(T).as_value())
    }
    json!({
        "swarm": of::<converge_swarm::Desired>(),
        "traefik": of::<converge_traefik::Desired>(),
        "drone": of::<converge_drone::Desired>(),
        "bridge": of::<converge_bridge::Desired>(),
        "dashboard": of::<converge_dashboard::Desired>(),
        "drone-runner": of::<drone_runner::settings::Settings>(),
        "host-status": of::<host_status::settings::Settings>(),
    })
}

#[test]
fn the_schema_that_modules_read_is_that_of_the_programs() {
    let path = root().join("nixos/schema.json");
    let expected = serde_json::to_string_pretty(&schemas()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(path, expected).unwrap();
    } else {
        let written = fs::read_to_string(&path).unwrap();
        assert!(written == expected, "UPDATE_SCHEMA=1 cargo test -p nixos-tests schema writes nixos/schema.json");
    }
}

#[test]
fn an_operators_setting_wins_over_a_default() {
    let Some(nix) = Nix::find_or_skip("an_operators_setting_wins_over_a_default") else { return };
    let rendered = nix
        .lab_host(
            r#"{ services.converge.swarm.settings = { task_history = 2; networks.extra.subnet = "10.30.0.0/16"; limits.run_seconds = 60; };
                 services.converge.traefik.settings.compose_files = [ "compose.yml" ]; }"#,
        )
        .unwrap();
    let swarm: Value = read(&rendered, "swarm");
    assert_eq!(swarm["task_history"], 2);
    assert_eq!(swarm["networks"]["extra"]["subnet"], "10.30.0.0/16");
    assert_eq!(swarm["networks"]["proxy"]["subnet"], "10.10.0.0/16");
    assert_eq!(swarm["limits"], json!({"run_seconds": 60}));
    let Programs { swarm, traefik, .. } = Programs::of(&rendered);
    assert_eq!(swarm.limits.wait_seconds, 180);
    assert_eq!(traefik.compose_files, ["compose.yml"]);
    assert!(
        rendered.unit("converge-swarm.service").contains("\nTimeoutStartSec=150\n"),
        "60 s of run, 60 of lock, 30 to spare"
    );
}

#[test]
fn the_json_is_checked_by_its_own_program_at_build_time() {
    let Some(nix) = Nix::find_or_skip("the_json_is_checked_by_its_own_program_at_build_time") else { return };
    for (file, program) in [
        ("swarm.json", "converge-swarm"),
        ("traefik.json", "converge-traefik"),
        ("drone.json", "converge-drone"),
        ("drone-runner.json", "drone-runner"),
        ("bridge.json", "converge-bridge"),
        ("dashboard.json", "converge-dashboard"),
    ] {
        let check: String = nix
            .value(&format!(
                r#"(import ./nixos/tests/evaluate.nix {{ modules = [ ./nixos/example ]; }}).config.environment.etc."converge/{file}".source.args.checkPhase"#,
            ))
            .unwrap();
        assert_eq!(check.trim(), format!(r#"/usr/local/bin/{program} --config "$target" --check-config"#));
    }
}
