//! The command `converge`, run with a `systemd-run` that records its arguments.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use nixos_tests::{Nix, Rendered, skip};
use tempfile::TempDir;

const SYSTEMD_RUN: &str = r#"#!/bin/sh
printf '%s\n' "$@" > "$0.asked"
echo "on stdout"
exit 3
"#;

struct Machine {
    directory: TempDir,
    rendered: Rendered,
}

impl Machine {
    fn new(test: &str) -> Option<Self> {
        let nix = Nix::find_or_skip(test)?;
        let rendered = nix
            .lab_host(
                r#"{ services.converge.registryCredentials = "/run/secrets/docker-config.json";
                     systemd.services.converge-swarm.serviceConfig.MemoryMax = "256M"; }"#,
            )
            .unwrap();
        let directory = tempfile::tempdir().unwrap();
        let bin = directory.path();
        // The script's PATH begins with the systemd package.
        let script =
            rendered.file("/usr/local/bin/converge").replace("PATH=\"/usr/bin:", &format!("PATH=\"{}:", bin.display()));
        program(&bin.join("converge"), &script);
        program(&bin.join("systemd-run"), SYSTEMD_RUN);
        program(&bin.join("id"), "#!/bin/sh\necho \"${FAKE_UID-0}\"\n");
        Some(Self { directory, rendered })
    }

    fn converge(&self, arguments: &[&str]) -> Output {
        Command::new(self.directory.path().join("converge")).args(arguments).output().unwrap()
    }

    fn asked(&self) -> Option<Vec<String>> {
        let asked = fs::read_to_string(self.directory.path().join("systemd-run.asked")).ok()?;
        Some(asked.lines().map(str::to_owned).collect())
    }
}

fn program(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn the_command_passes_arguments_and_exit_code() {
    let Some(machine) = Machine::new("the_command_passes_arguments_and_exit_code") else { return };
    let output = machine.converge(&["traefik", "--plan", "--format", "a b"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(output.stdout, b"on stdout\n");
    let asked = machine.asked().unwrap();
    let at = asked.iter().position(|word| word == "--").unwrap();
    assert_eq!(asked[at + 1..], ["/usr/local/bin/converge-traefik", "--plan", "--format", "a b"]);
    assert!(
        ["--pipe", "--wait", "--collect"].iter().all(|option| asked.iter().any(|word| word == option)),
        "{asked:?}"
    );
}

#[test]
fn the_command_has_the_unit_s_sandbox_and_credentials() {
    // An operator's own addition to the unit (MemoryMax above) holds by hand too.
    let Some(machine) = Machine::new("the_command_has_the_unit_s_sandbox_and_credentials") else { return };
    // These set how a unit starts and stops, not the rights of its program.
    let of_the_unit = ["ExecStart", "NotifyAccess", "RemainAfterExit", "TimeoutStartSec", "TimeoutStopSec", "Type"];
    for name in ["bridge", "drone", "swarm", "traefik"] {
        machine.converge(&[name, "--plan"]);
        let asked = machine.asked().unwrap();
        let by_hand = asked.iter().find_map(|word| word.strip_prefix("--unit=")).unwrap();
        let unit = machine.rendered.unit(&format!("converge-{name}.service"));
        let section = unit.split("[Service]\n").nth(1).unwrap().split("\n\n").next().unwrap();
        for line in section.lines() {
            let (key, value) = line.split_once('=').unwrap();
            let option = match (key, value) {
                (key, _) if of_the_unit.contains(&key) => continue,
                ("Environment", quoted) => {
                    format!(
                        "--setenv={}",
                        quoted.trim_matches('"').replace("%d", &format!("/run/credentials/{by_hand}"))
                    )
                }
                (key, "true") => format!("--property={key}=yes"),
                (key, value) => format!("--property={key}={value}"),
            };
            assert!(asked.contains(&option), "{name}: {option} is not in {asked:#?}");
        }
    }
}

#[test]
fn the_command_passes_only_variables_of_the_terminal() {
    let Some(machine) = Machine::new("the_command_passes_only_variables_of_the_terminal") else { return };
    let mut command = Command::new(machine.directory.path().join("converge"));
    command.arg("swarm").env("RUST_LOG", "debug").env("TERM", "xterm").env("TOKEN", "canary").env_remove("NO_COLOR");
    command.output().unwrap();
    let asked = machine.asked().unwrap();
    let handed_on: Vec<_> =
        asked.iter().filter(|word| word.starts_with("--setenv=") && word.matches('=').count() == 1).collect();
    assert_eq!(handed_on, ["--setenv=TERM", "--setenv=RUST_LOG"]);
    assert!(!asked.iter().any(|word| word.contains("canary")), "{asked:?}");
}

#[test]
fn shellcheck_has_nothing_to_say() {
    let test = "shellcheck_has_nothing_to_say";
    let Some(machine) = Machine::new(test) else { return };
    // Building it with Nix runs shellcheck, and fails on any word.
    match Command::new("shellcheck").arg(machine.directory.path().join("converge")).output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout)),
        Err(error) => skip(test, format!("shellcheck does not run: {error}")),
    }
}

#[test]
fn the_command_prints_its_usage() {
    let Some(machine) = Machine::new("the_command_prints_its_usage") else { return };
    for (arguments, code) in [(&["--help"][..], 0), (&[], 2), (&["unknown"], 2)] {
        let output = machine.converge(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let text = String::from_utf8(if code == 0 { output.stdout } else { output.stderr }).unwrap();
        assert!(
            text.contains("usage: converge NAME") && text.contains("names: bridge dashboard drone swarm traefik"),
            "{text}"
        );
    }
    assert_eq!(machine.asked(), None);
}

#[test]
fn the_command_needs_root() {
    let Some(machine) = Machine::new("the_command_needs_root") else { return };
    let mut command = Command::new(machine.directory.path().join("converge"));
    let output = command.args(["swarm", "--plan"]).env("FAKE_UID", "1000").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("hint: sudo converge swarm --plan"));
    assert_eq!(machine.asked(), None);
}
