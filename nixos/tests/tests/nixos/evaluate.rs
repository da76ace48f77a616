//! Evaluation of the modules, and their messages about a wrong configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nixos_tests::{Nix, root};
use serde_json::{Value, json};

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
    let Some(nix) = Nix::find_or_skip("every_nix_file_parses") else { return };
    let mut files = vec![root().join("flake.nix")];
    nix_files(&root().join("nixos"), &mut files);
    assert!(files.len() > 15, "{files:?}");
    for file in files {
        nix.parse(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}

#[test]
fn the_example_and_the_lab_evaluate_without_complaint() {
    let Some(nix) = Nix::find_or_skip("the_example_and_the_lab_evaluate_without_complaint") else { return };
    for rendered in [nix.host("./nixos/example").unwrap(), nix.lab_host("{ }").unwrap()] {
        assert_eq!(rendered.assertions, [""; 0]);
        assert_eq!(rendered.warnings, [""; 0]);
    }
}

#[test]
fn the_host_is_made_ready_for_a_swarm() {
    let Some(nix) = Nix::find_or_skip("the_host_is_made_ready_for_a_swarm") else { return };
    let rendered = nix.lab_host("{ }").unwrap();
    let daemon: Value = serde_json::from_str(rendered.file("/etc/docker/daemon.json")).unwrap();
    assert_eq!(daemon["live-restore"], false);
    assert_eq!(rendered.file("/etc/timezone"), "Europe/Berlin\n");
    let docker = rendered.unit("docker.service.d/overrides.conf");
    assert!(
        docker.contains("After=network-online.target time-sync.target\n")
            && docker.contains("Wants=network-online.target\n"),
        "{docker}"
    );
    assert!(rendered.file("/etc/profile.d/set-environment.sh").contains("ABRA_DIR=/var/lib/converge/abra"));
    assert!(
        rendered.file("/etc/pam/environment").contains("ABRA_DIR   DEFAULT=\"/var/lib/converge/abra\""),
        "sudo has it too"
    );
}

#[test]
fn only_traefik_opens_ports_of_the_firewall() {
    let Some(nix) = Nix::find_or_skip("only_traefik_opens_ports_of_the_firewall") else { return };
    let firewall = |modules: &str| -> Value {
        let file = "import ./nixos/tests/evaluate.nix";
        nix.value(&format!("({file} {{ modules = [ {modules} ]; }}).config.networking.firewall")).unwrap()
    };
    let closed = json!({"enable": true, "trustedInterfaces": [], "allowedTCPPorts": []});
    let mut open = closed.clone();
    open["allowedTCPPorts"] = json!([80, 443]);
    assert_eq!(firewall("./nixos/example"), open, "containers get no port that another machine does not");
    assert_eq!(firewall("./nixos/example { services.converge.traefik.openFirewall = false; }"), closed);
    let swarm = r#"{ services.converge.swarm = { enable = true; settings.advertise_address = "192.0.2.10"; }; }"#;
    assert_eq!(firewall(&format!("./nixos {swarm}")), closed);
}

#[test]
fn without_a_piece_nothing_is_changed() {
    let Some(nix) = Nix::find_or_skip("without_a_piece_nothing_is_changed") else { return };
    let rendered = nix.host("./nixos").unwrap();
    assert!(rendered.files.is_empty() && rendered.links.is_empty(), "{rendered:?}");
}

#[test]
fn assertions_say_what_is_missing_and_what_to_do() {
    let Some(nix) = Nix::find_or_skip("assertions_say_what_is_missing_and_what_to_do") else { return };
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
        (
            "{ services.converge.traefik.settings.env.LOG = 3; }",
            "traefik.settings.env.LOG is 3, not a string",
            r#"hint: write a string, such as "false""#,
        ),
        (
            r#"{ services.converge.drone.settings.abra_directory = "/root/.abra"; }"#,
            "drone.settings.abra_directory is /root/.abra, outside its sandbox",
            "hint: ",
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
        ("{ services.converge.drone.settings.runner = null; }", "drone.settings.runner names another unit", "hint: "),
        (
            r#"{ services.converge.drone.runner.settings.repositories = [ "recipes/other" ]; }"#,
            "drone.runner.settings.repositories is without recipes/ci",
            "hint: leave it unset",
        ),
        (
            r#"{ services.converge.bridge.settings.drone.repository = "recipes/other"; }"#,
            "names another Drone or repository than recipes/ci at https://drone.ci.localhost",
            "hint: leave it unset",
        ),
        (
            "{ services.converge.swarm.enable = lib.mkForce false; }",
            "bridge, dashboard, drone, traefik is enabled without services.converge.swarm",
            "hint: set services.converge.swarm.enable = true",
        ),
        ("{ virtualisation.docker.enable = false; }", "docker.enable is off", "hint: remove your setting"),
        ("{ virtualisation.docker.enable = lib.mkForce false; }", "docker.enable is off", "hint: remove your setting"),
        (
            "{ services.converge.bridge.settings.organisations = lib.mkForce [ ]; }",
            "has no organisation and no repository",
            r#"such as [ { name = "recipes"; } ]"#,
        ),
        ("{ services.converge.drone.runner.maxTests = lib.mkForce (-1); }", "maxTests is -1", "hint: write 1 or more"),
    ];
    assert_told(&nix, &cases);
}

#[test]
fn a_domain_that_the_certificate_does_not_cover_or_that_two_pieces_have_is_told() {
    let test = "a_domain_that_the_certificate_does_not_cover_or_that_two_pieces_have_is_told";
    let Some(nix) = Nix::find_or_skip(test) else { return };
    let cases = [
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
            r#"{ services.converge.bridge.settings.domain = "bridge.example.org"; }"#,
            "bridge.settings.domain is bridge.example.org, which the certificate of *.ci.localhost does not cover",
            r#"such as "bridge.ci.localhost""#,
        ),
        (
            r#"{ services.converge.bridge.settings.domain = "Drone.ci.localhost"; }"#,
            "drone.settings.domain is drone.ci.localhost, which is the domain of bridge too",
            r#"such as "drone.ci.localhost" and "bridge.ci.localhost""#,
        ),
        (
            r#"{ services.converge.dashboard.settings.domain = "www.dashboard.ci.localhost"; }"#,
            "dashboard.settings.domain is www.dashboard.ci.localhost, which the certificate of *.ci.localhost does not cover",
            r#"such as "dashboard.ci.localhost""#,
        ),
        (
            r#"{ services.converge.bridge.settings.domain = "ci.localhost"; }"#,
            "dashboard.settings.domain is ci.localhost, which is the domain of bridge too",
            r#"such as "dashboard.ci.localhost" and "bridge.ci.localhost""#,
        ),
        (
            r#"{ services.converge.bridge.settings.domain = "traefik.ci.localhost"; }"#,
            "bridge.settings.domain is traefik.ci.localhost, which is the domain of traefik too",
            r#"such as "bridge.ci.localhost""#,
        ),
    ];
    assert_told(&nix, &cases);
}

/// Asserts that each module alone leads to one message, with these texts of message and hint.
#[track_caller]
fn assert_told(nix: &Nix, cases: &[(&str, &str, &str)]) {
    for (module, message, hint) in cases {
        let rendered = nix.lab_host(&format!("{{ lib, ... }}: {module}")).unwrap();
        assert_eq!(rendered.assertions.len(), 1, "{module}: {:?}", rendered.assertions);
        let found = &rendered.assertions[0];
        assert!(found.contains(message) && found.contains(hint), "{module}: {found}");
    }
}

#[test]
fn an_empty_configuration_is_asked_for_all_it_lacks() {
    let Some(nix) = Nix::find_or_skip("an_empty_configuration_is_asked_for_all_it_lacks") else { return };
    let rendered = nix
        .host("./nixos { services.converge = { swarm.enable = true; traefik.enable = true; drone.enable = true; bridge.enable = true; dashboard.enable = true; }; }")
        .unwrap();
    let messages = rendered.assertions.join("\n");
    for message in [
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
        "dashboard has no domain",
    ] {
        assert!(messages.contains(message), "{message} is not in: {messages}");
    }
    assert_eq!(rendered.assertions.len(), 15);
    assert_eq!(messages.matches("hint: set services.converge.").count(), 15, "{messages}");
}

#[test]
fn the_module_system_merges_as_nixpkgs_does() {
    let Some(nix) = Nix::find_or_skip("the_module_system_merges_as_nixpkgs_does") else { return };
    let cases: BTreeMap<String, [Value; 2]> = nix.value("import ./nixos/tests/module-system.nix { }").unwrap();
    assert!(cases.len() > 10);
    for (case, [found, expected]) in cases {
        assert_eq!(found, expected, "{case}");
    }
}

#[test]
fn the_flake_of_the_manual_evaluates() {
    let Some(nix) = Nix::find_or_skip("the_flake_of_the_manual_evaluates") else { return };
    let manual = std::fs::read_to_string(root().join("docs/install.md")).unwrap();
    let flake = manual.split("```nix\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let machine = tempfile::tempdir().unwrap();
    std::fs::write(machine.path().join("flake.nix"), flake).unwrap();
    let example = root().canonicalize().unwrap().join("nixos/example");
    let configuration = std::fs::read_to_string(example.join("default.nix")).unwrap();
    let own = format!("imports = [ {}/machine.nix ];", example.display());
    assert!(configuration.contains("imports = [ ../default.nix ./machine.nix ];"));
    let configuration = configuration.replace("imports = [ ../default.nix ./machine.nix ];", &own);
    std::fs::write(machine.path().join("configuration.nix"), configuration).unwrap();
    let host: Value = nix
        .value(&format!(
            "let
               nixosSystem = {{ modules, system }}: import ./nixos/tests/evaluate.nix {{ inherit modules; }};
               converge-ci.nixosModules.default = ./nixos;
               flake = import {}/flake.nix;
               inherit (flake.outputs {{ nixpkgs.lib = {{ inherit nixosSystem; }}; inherit converge-ci; }}) nixosConfigurations;
             in {{
               inherit (nixosConfigurations.ci.config.networking) hostName;
               nixpkgs = flake.inputs.nixpkgs.url;
               pieces = builtins.attrNames nixosConfigurations.ci.config.services.converge.pieces;
             }}",
            machine.path().display()
        ))
        .unwrap();
    let release = "github:NixOS/nixpkgs/nixos-26.05";
    assert_eq!(
        host,
        json!({"hostName": "ci", "nixpkgs": release, "pieces": ["bridge", "dashboard", "drone", "swarm", "traefik"]})
    );
}

#[test]
fn the_flake_has_its_outputs() {
    let Some(nix) = Nix::find_or_skip("the_flake_has_its_outputs") else { return };
    let outputs: Value = nix
        .value(
            r#"let
                 inherit (import ./nixos/tests/evaluate.nix { modules = [ ]; }) lib pkgs;
                 all = pkgs // { testers.runNixOSTest = import; mkShell = shell: shell; };
                 flake = (import ./flake.nix).outputs { self = { }; nixpkgs = { inherit lib; legacyPackages = { x86_64-linux = all; aarch64-linux = all; }; }; };
               in {
                 modules = lib.attrNames flake.nixosModules;
                 packages = lib.mapAttrs (_: package: package.meta.mainProgram) flake.packages.x86_64-linux;
                 images = map (name: flake.packages.x86_64-linux.${name}.args.config.Entrypoint) [ "comment-bridge-image" "dashboard-image" ];
                 test = flake.checks.aarch64-linux.machine.name;
                 shell = lib.length flake.devShells.x86_64-linux.default.packages > 3;
               }"#,
        )
        .unwrap();
    let expected = json!({
        "modules": ["default"],
        "packages": {
            "comment-bridge": "comment-bridge",
            "comment-bridge-image": "localhost/comment-bridge",
            "converge-bridge": "converge-bridge",
            "converge-dashboard": "converge-dashboard",
            "converge-drone": "converge-drone",
            "converge-swarm": "converge-swarm",
            "converge-traefik": "converge-traefik",
            "dashboard": "dashboard",
            "dashboard-image": "localhost/dashboard",
            "host-status": "host-status",
        },
        "images": [["/bin/comment-bridge"], ["/bin/dashboard"]],
        "test": "converge",
        "shell": true,
    });
    assert_eq!(outputs, expected);
}
