//! The modules evaluate, and say what is wrong with a configuration.

// A test that cannot go on fails where it stands.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nixos_tests::{Error, Nix, root, skip};
use serde_json::{Value, json};

fn nix(test: &str) -> Option<Nix> {
    match Nix::find() {
        Ok(nix) => Some(nix),
        Err(error @ Error::Missing) => {
            skip(test, error);
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn nix_files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            nix_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "nix") {
            found.push(path);
        }
    }
}

#[test]
fn every_nix_file_parses() {
    let Some(nix) = nix("every_nix_file_parses") else { return };
    let mut files = vec![root().join("flake.nix")];
    nix_files(&root().join("nixos"), &mut files);
    assert!(files.len() > 15, "{files:?}");
    for file in files {
        nix.parse(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}

#[test]
fn the_example_and_the_lab_evaluate_without_complaint() {
    let Some(nix) = nix("the_example_and_the_lab_evaluate_without_complaint") else { return };
    for rendered in [nix.host("./nixos/example").unwrap(), nix.lab_host("{ }").unwrap()] {
        assert_eq!(rendered.assertions, [""; 0]);
        assert_eq!(rendered.warnings, [""; 0]);
    }
}

#[test]
fn the_example_says_what_the_programs_expect() {
    let Some(nix) = nix("the_example_says_what_the_programs_expect") else { return };
    let rendered = nix.host("./nixos/example").unwrap();
    let limits = json!({"run_seconds": 600, "wait_seconds": 180, "call_seconds": 30, "lock_seconds": 60});
    let swarm: Value = serde_json::from_str(rendered.file("/etc/converge/swarm.json")).unwrap();
    let expected = json!({
        "advertise_address": "192.0.2.10",
        "address_pools": {"pools": ["10.20.0.0/16"], "subnet_size": 24},
        "task_history": 5,
        "networks": {"proxy": {"subnet": "10.10.0.0/16", "attachable": true}},
        "limits": limits,
    });
    assert_eq!(swarm, expected);
    let traefik: Value = serde_json::from_str(rendered.file("/etc/converge/traefik.json")).unwrap();
    let expected = json!({
        "domain": "ci.example.org",
        "recipe": {
            "source": "https://git.coopcloud.tech/coop-cloud/traefik.git",
            "version": {"pin": "3.8.0+v3.6.15"},
            "refresh_hours": 6,
        },
        "env": {"DASHBOARD_ENABLED": "false"},
        "compose_files": ["compose.yml", "compose.wildcard.yml"],
        "certificate": {"warn_days": 21},
        "abra_directory": "/var/lib/converge/abra",
        "probe": {"address": "192.0.2.10"},
        "limits": limits,
    });
    assert_eq!(traefik, expected);
    let drone: Value = serde_json::from_str(rendered.file("/etc/converge/drone.json")).unwrap();
    let expected = json!({
        "domain": "drone.ci.example.org",
        "recipe": {
            "source": "https://git.coopcloud.tech/coop-cloud/drone.git",
            "version": {"pin": "1.9.0+2.26.0"},
            "refresh_hours": 6,
        },
        "compose_files": ["compose.yml", "compose.gitea.yml"],
        "gitea": {"address": "https://git.example.org", "bot": "ci-bot"},
        "repository": {"name": "recipes/ci", "timeout_minutes": 60, "trusted": true},
        "runner": {"unit": "drone-runner.service", "configuration": "/etc/converge/drone-runner.json"},
        "abra_directory": "/var/lib/converge/abra",
        "probe": {"address": "192.0.2.10"},
        "limits": limits,
    });
    assert_eq!(drone, expected);
    let bridge: Value = serde_json::from_str(rendered.file("/etc/converge/bridge.json")).unwrap();
    let expected = json!({
        "domain": "bridge.ci.example.org",
        "image": "/usr/local/share/converge/comment-bridge.tar",
        "gitea": {"address": "https://git.example.org", "bot": "ci-bot"},
        "drone": {"address": "https://drone.ci.example.org", "repository": "recipes/ci"},
        "organisations": [{"name": "recipes"}],
        "repositories": [],
        "allow": [],
        "poll_seconds": 5,
        "catch_up_hours": 24,
        "give_up_hours": 24,
        "webhook": true,
        "ledger": "/var/lib/comment-bridge",
        "runs": "/var/lib/recipe-ci/runs",
        "authorities": "/etc/ssl/certs/ca-certificates.crt",
        "user": "60990:60990",
        "memory_mib": 64,
        "probe": {"address": "192.0.2.10"},
        "limits": limits,
    });
    assert_eq!(bridge, expected);
    let runner: Value = serde_json::from_str(rendered.file("/etc/converge/drone-runner.json")).unwrap();
    let expected = json!({
        "server": "https://drone.ci.example.org",
        "address": "192.0.2.10",
        "capacity": 2,
        "name": "ci",
        "repositories": ["recipes/ci"],
        "events": ["custom"],
        "steps": {
            "environment": {"ABRA_DIR": "/var/lib/converge/abra", "DOCKER_HOST": "unix:///run/docker.sock"},
            "path": ["/run/current-system/sw/bin"],
            "shell": "/bin/sh",
            "directory": "/var/lib/drone-runner",
            "properties": {"MemoryMax": "4G", "TasksMax": 4096, "CPUWeight": 50},
        },
        "metrics": "/run/drone-runner/metrics.sock",
        "limits": {"drain_seconds": 3600, "stop_seconds": 1, "call_seconds": 30},
    });
    assert_eq!(runner, expected);
}

#[test]
fn the_programs_take_what_the_modules_write() {
    let Some(nix) = nix("the_programs_take_what_the_modules_write") else { return };
    for rendered in [nix.host("./nixos/example").unwrap(), nix.lab_host("{ }").unwrap()] {
        let swarm: converge_swarm::Desired = serde_json::from_str(rendered.file("/etc/converge/swarm.json")).unwrap();
        assert_eq!(swarm.networks.len(), 1);
        assert!(swarm.problems().is_empty(), "{:?}", swarm.problems());
        let traefik: converge_traefik::Desired =
            serde_json::from_str(rendered.file("/etc/converge/traefik.json")).unwrap();
        assert!(traefik.problems().is_empty(), "{:?}", traefik.problems());
        let drone: converge_drone::Desired = serde_json::from_str(rendered.file("/etc/converge/drone.json")).unwrap();
        assert!(drone.problems().is_empty(), "{:?}", drone.problems());
        let bridge: converge_bridge::Desired =
            serde_json::from_str(rendered.file("/etc/converge/bridge.json")).unwrap();
        assert!(bridge.problems().is_empty(), "{:?}", bridge.problems());
        assert_eq!(
            (bridge.drone.address, bridge.drone.repository.to_string()),
            (drone.address(), drone.repository.name.clone())
        );
        assert_eq!((bridge.gitea.address, bridge.gitea.bot), (drone.gitea.address.clone(), drone.gitea.bot.clone()));
        let file = rendered.file("/etc/converge/drone-runner.json");
        let runner: drone_runner::settings::Settings = serde_json::from_str(file).unwrap();
        assert!(runner.problems().is_empty(), "{:?}", runner.problems());
        assert_eq!(runner.server, drone.address());
        assert_eq!(runner.repositories, [drone.repository.name]);
    }
}

#[test]
fn an_operators_setting_wins_over_a_default() {
    let Some(nix) = nix("an_operators_setting_wins_over_a_default") else { return };
    let rendered = nix
        .lab_host(
            r#"{ services.converge.swarm.settings = { task_history = 2; networks.extra.subnet = "10.30.0.0/16"; limits.run_seconds = 60; };
                 services.converge.traefik.settings.compose_files = [ "compose.yml" ]; }"#,
        )
        .unwrap();
    let swarm: Value = serde_json::from_str(rendered.file("/etc/converge/swarm.json")).unwrap();
    assert_eq!(swarm["task_history"], 2);
    assert_eq!(swarm["networks"]["extra"]["subnet"], "10.30.0.0/16");
    assert_eq!(swarm["networks"]["proxy"]["subnet"], "10.10.0.0/16");
    assert_eq!(swarm["limits"]["wait_seconds"], 180);
    let traefik: Value = serde_json::from_str(rendered.file("/etc/converge/traefik.json")).unwrap();
    assert_eq!(traefik["compose_files"], json!(["compose.yml"]));
    assert!(
        rendered.unit("converge-swarm.service").contains("\nTimeoutStartSec=150\n"),
        "60 s of run, 60 of lock, 30 to spare"
    );
}

#[test]
fn the_host_is_made_ready_for_a_swarm() {
    let Some(nix) = nix("the_host_is_made_ready_for_a_swarm") else { return };
    let rendered = nix.lab_host("{ }").unwrap();
    let daemon: Value = serde_json::from_str(rendered.file("/etc/docker/daemon.json")).unwrap();
    assert_eq!(daemon["live-restore"], false);
    assert_eq!(rendered.file("/etc/timezone"), "Europe/Berlin\n");
    let docker = rendered.unit("docker.service.d/overrides.conf");
    assert!(
        docker.contains("After=network-online.target\n") && docker.contains("Wants=network-online.target\n"),
        "{docker}"
    );
    assert!(rendered.file("/etc/profile.d/set-environment.sh").contains("ABRA_DIR=/var/lib/converge/abra"));
    let firewall: Value = nix
        .value("(import ./nixos/tests/evaluate.nix { modules = [ ./nixos/example ]; }).config.networking.firewall")
        .unwrap();
    assert_eq!(firewall["trustedInterfaces"], json!(["docker_gwbridge"]));
    assert_eq!(firewall["allowedTCPPorts"], json!([80, 443]));
}

#[test]
fn without_a_piece_nothing_is_changed() {
    let Some(nix) = nix("without_a_piece_nothing_is_changed") else { return };
    let rendered = nix.host("./nixos").unwrap();
    assert!(rendered.files.is_empty() && rendered.links.is_empty(), "{rendered:?}");
}

#[test]
fn assertions_say_what_is_missing_and_what_to_do() {
    let Some(nix) = nix("assertions_say_what_is_missing_and_what_to_do") else { return };
    let cases = [
        (
            "{ virtualisation.docker.daemon.settings.live-restore = true; }",
            "live-restore is on",
            "hint: remove your setting",
        ),
        (r#"{ services.converge.traefik.settings.abra_directory = "/root/.abra"; }"#, "outside its sandbox", "hint: "),
        (
            "{ services.converge.traefik.certificate.privkey = lib.mkForce null; }",
            "has no certificate",
            "privkey to paths outside the store",
        ),
        ("{ services.converge.traefik.settings.env.LOG = 3; }", "", ""),
        (
            r#"{ services.converge.drone.settings.domain = lib.mkOverride 40 "ci.drone.ci.localhost"; }"#,
            "which the certificate of *.ci.localhost does not cover",
            r#"such as "drone.ci.localhost""#,
        ),
        (
            r#"{ services.converge.drone.settings.domain = lib.mkOverride 40 "drone.example.org"; }"#,
            "which the certificate of *.ci.localhost does not cover",
            "hint: ",
        ),
        (
            r#"{ services.converge.drone.settings.abra_directory = "/root/.abra"; }"#,
            "drone.settings.abra_directory is /root/.abra, outside its sandbox",
            "hint: ",
        ),
        (
            r#"{ services.converge.bridge.settings.domain = "bridge.example.org"; }"#,
            "bridge.settings.domain is bridge.example.org, which the certificate of *.ci.localhost does not cover",
            r#"such as "bridge.ci.localhost""#,
        ),
        (
            "{ services.converge.bridge.settings.webhook = false; }",
            "bridge.settings.webhook is false, and there is a secret to check webhooks with",
            "hint: leave the setting unset",
        ),
        (
            "{ services.converge.bridge.webhookSecret = lib.mkForce null; services.converge.bridge.settings.webhook = true; }",
            "bridge.settings.webhook is true, and there is no secret to check webhooks with",
            "set services.converge.bridge.webhookSecret",
        ),
        ("{ services.converge.drone.enable = lib.mkForce false; }", "without services.converge.drone", "hint: "),
        (
            r#"{ services.converge.drone.settings.runner.unit = "other.service"; }"#,
            "drone.settings.runner names another unit or configuration than drone-runner.service",
            "hint: leave both unset",
        ),
        (
            r#"{ services.converge.drone.runner.settings.repositories = [ "recipes/other" ]; }"#,
            "drone.runner.settings.repositories is without recipes/ci",
            "hint: leave it unset",
        ),
    ];
    for (module, what, hint) in cases {
        let rendered = nix.lab_host(&format!("{{ lib, ... }}: {module}")).unwrap();
        if what.is_empty() {
            assert_eq!(rendered.assertions, [""; 0]);
            continue;
        }
        assert_eq!(rendered.assertions.len(), 1, "{module}: {:?}", rendered.assertions);
        let said = &rendered.assertions[0];
        assert!(said.contains(what) && said.contains(hint), "{module}: {said}");
    }
}

#[test]
fn an_empty_configuration_is_asked_for_all_it_lacks() {
    let Some(nix) = nix("an_empty_configuration_is_asked_for_all_it_lacks") else { return };
    let rendered = nix
        .host("./nixos { services.converge = { swarm.enable = true; traefik.enable = true; drone.enable = true; bridge.enable = true; }; }")
        .unwrap();
    let said = rendered.assertions.join("\n");
    for what in [
        "has no address to advertise",
        "traefik has no domain",
        "traefik does not say which version of the recipe",
        "has no certificate",
        "drone has no domain",
        "drone does not say which version of the recipe",
        "which Gitea its repositories are on",
        "has no repository to run builds of",
        "has no password",
        "bridge has no domain",
        "which Gitea to read",
        "which Drone builds",
        "has no organisation and no repository",
        "has no token of the bot's Gitea account",
    ] {
        assert!(said.contains(what), "{what} is not in: {said}");
    }
    assert_eq!(rendered.assertions.len(), 14);
    assert_eq!(said.matches("hint: set services.converge.").count(), 14, "{said}");
}

#[test]
fn a_secret_in_the_store_is_refused() {
    let Some(nix) = nix("a_secret_in_the_store_is_refused") else { return };
    let stored = r#""${builtins.storeDir}/vl9bnavj43d6x9h7nl7dl5dqmy9sra5s-privkey.pem""#;
    let values =
        [format!("lib.mkForce {stored}"), "lib.mkForce ./Cargo.toml".into(), r#"lib.mkForce "privkey.pem""#.into()];
    for option in [
        "traefik.certificate.privkey",
        "drone.giteaPassword",
        "drone.rpcSecret",
        "bridge.giteaToken",
        "bridge.webhookSecret",
    ] {
        for value in &values {
            let module = format!("{{ lib, ... }}: {{ services.converge.{option} = {value}; }}");
            let said = match nix.lab_host(&module) {
                Err(Error::Nix(said)) => said,
                other => panic!("{option} = {value}: {other:?}"),
            };
            assert!(said.contains(&format!("services.converge.{option}")), "{value}: {said}");
            assert!(said.contains("not in the Nix store"), "{value}: {said}");
        }
    }
}

#[test]
fn an_option_that_does_not_exist_is_refused() {
    let Some(nix) = nix("an_option_that_does_not_exist_is_refused") else { return };
    let error = nix.lab_host("{ services.converge.traefik.setings.domain = \"x\"; }").unwrap_err().to_string();
    assert!(error.contains("services.converge.traefik.setings' does not exist"), "{error}");
}

#[test]
fn the_json_is_checked_by_its_own_program_at_build_time() {
    let Some(nix) = nix("the_json_is_checked_by_its_own_program_at_build_time") else { return };
    for (file, program) in [
        ("swarm.json", "converge-swarm"),
        ("traefik.json", "converge-traefik"),
        ("drone.json", "converge-drone"),
        ("drone-runner.json", "drone-runner"),
        ("bridge.json", "converge-bridge"),
    ] {
        let check: String = nix
            .value(&format!(
                r#"(import ./nixos/tests/evaluate.nix {{ modules = [ ./nixos/example ]; }}).config.environment.etc."converge/{file}".source.args.checkPhase"#,
            ))
            .unwrap();
        assert_eq!(check.trim(), format!(r#"/usr/local/bin/{program} --config "$target" --check-config"#));
    }
}

#[test]
fn the_module_system_merges_as_nixpkgs_does() {
    let Some(nix) = nix("the_module_system_merges_as_nixpkgs_does") else { return };
    let cases: BTreeMap<String, [Value; 2]> = nix.value("import ./nixos/tests/module-system.nix { }").unwrap();
    assert!(cases.len() > 10);
    for (case, [found, expected]) in cases {
        assert_eq!(found, expected, "{case}");
    }
}

#[test]
fn the_flake_has_its_outputs() {
    let Some(nix) = nix("the_flake_has_its_outputs") else { return };
    let outputs: Value = nix
        .value(
            r"let
                 inherit (import ./nixos/tests/evaluate.nix { modules = [ ]; }) lib pkgs;
                 all = pkgs // { testers.runNixOSTest = import; mkShell = shell: shell; };
                 flake = (import ./flake.nix).outputs { self = { }; nixpkgs = { inherit lib; legacyPackages = { x86_64-linux = all; aarch64-linux = all; }; }; };
               in {
                 modules = lib.attrNames flake.nixosModules;
                 packages = lib.mapAttrs (_: package: package.meta.mainProgram) flake.packages.x86_64-linux;
                 image = flake.packages.x86_64-linux.comment-bridge-image.args.config.Entrypoint;
                 test = flake.checks.aarch64-linux.machine.name;
                 shell = lib.length flake.devShells.x86_64-linux.default.packages > 3;
               }",
        )
        .unwrap();
    let expected = json!({
        "modules": ["default"],
        "packages": {
            "comment-bridge": "comment-bridge",
            "comment-bridge-image": "localhost/comment-bridge",
            "converge-bridge": "converge-bridge",
            "converge-drone": "converge-drone",
            "converge-swarm": "converge-swarm",
            "converge-traefik": "converge-traefik",
        },
        "image": ["/bin/comment-bridge"],
        "test": "converge",
        "shell": true,
    });
    assert_eq!(outputs, expected);
}
