//! The rendered units: validity, hardening, order, and the events that start them again.

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use nixos_tests::{Analyze, Exposure, Nix, Rendered, skip};

const WITH_ALL: &str = r#"{
    services.converge.interval = "1h";
    services.converge.hostStatus.enable = true;
    services.converge.registryCredentials = "/run/secrets/docker-config.json";
}"#;
const LIMIT: Exposure = Exposure(2.0);
/// The runner removes files that steps leave behind, of any owner; nixos/drone-runner.nix gives the reasons.
const LIMIT_OF_THE_RUNNER: Exposure = Exposure(1.8);

fn rendered(test: &str, module: &str) -> Option<Rendered> {
    Some(Nix::find_or_skip(test)?.lab_host(module).unwrap())
}

fn analyze(test: &str) -> Option<Analyze> {
    match Analyze::new(&rendered(test, WITH_ALL)?) {
        Ok(analyze) => Some(analyze),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            skip(test, "systemd-analyze is not there (Debian: apt install systemd)");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Returns the values of a key, one a line of the unit.
fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

fn words<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    values(unit, key).into_iter().flat_map(str::split_whitespace).collect()
}

#[test]
fn systemd_verifies_them_without_a_word() {
    let Some(analyze) = analyze("systemd_verifies_them_without_a_word") else { return };
    let units = analyze.units().unwrap();
    let expected = [
        "converge-again.service",
        "converge-again.timer",
        "converge-bridge.service",
        "converge-dashboard.service",
        "converge-drone.service",
        "converge-swarm.service",
        "converge-traefik.service",
        "converge.target",
        "drone-runner.service",
        "host-status.service",
    ];
    assert_eq!(units, expected);
    assert_eq!(analyze.complaints().unwrap(), "");
}

#[test]
fn their_exposure_is_low() {
    let Some(analyze) = analyze("their_exposure_is_low") else { return };
    for unit in analyze.units().unwrap().iter().filter(|name| name.ends_with(".service")) {
        let (exposure, table) = analyze.exposure(unit).unwrap();
        let limit = if unit == "drone-runner.service" { LIMIT_OF_THE_RUNNER } else { LIMIT };
        println!("exposure of {unit}: {:.1} (limit {:.1})", exposure.0, limit.0);
        assert!(exposure <= limit, "{table}");
    }
}

#[test]
fn a_word_that_systemd_does_not_know_is_noticed() {
    let test = "a_word_that_systemd_does_not_know_is_noticed";
    let Some(mut rendered) = rendered(test, "{ }") else { return };
    for unit in
        rendered.files.iter_mut().filter(|(path, _)| path.ends_with("converge-swarm.service")).map(|(_, text)| text)
    {
        *unit = unit.replace("ProtectClock=", "ProtectClocks=");
    }
    match Analyze::new(&rendered) {
        Ok(analyze) => assert!(analyze.complaints().unwrap().contains("ProtectClocks")),
        Err(error) => skip(test, error),
    }
}

#[test]
fn every_switch_and_every_docker_start_runs_them_again() {
    let Some(rendered) = rendered("every_switch_and_every_docker_start_runs_them_again", "{ }") else { return };
    assert!(rendered.unit("converge.target").contains("\nX-StopOnReconfiguration=true\n"));
    assert_eq!(rendered.links["/etc/systemd/system/multi-user.target.wants/converge.target"], "../converge.target");
    for piece in ["swarm", "traefik", "drone", "bridge", "dashboard"] {
        let name = &format!("converge-{piece}.service");
        let unit = rendered.unit(name);
        // converge-drone may have a new token, which the bridge gives to its service.
        let drone = (piece == "bridge").then_some("converge-drone.service");
        let all: Vec<&str> = ["converge.target", "docker.service"].into_iter().chain(drone).collect();
        assert_eq!(words(unit, "PartOf"), all);
        assert_eq!(values(unit, "RemainAfterExit"), ["true"]);
        assert_eq!(values(unit, "NotifyAccess"), ["main"]);
        assert_eq!(values(unit, "Type"), ["oneshot"]);
        assert_eq!(values(unit, "RuntimeDirectoryPreserve"), ["yes"]);
        for by in all {
            assert_eq!(rendered.links[&format!("/etc/systemd/system/{by}.wants/{name}")], format!("../{name}"));
        }
    }
}

#[test]
fn they_run_in_order_and_need_nothing_to_start() {
    let Some(rendered) = rendered("they_run_in_order_and_need_nothing_to_start", "{ }") else { return };
    let swarm = rendered.unit("converge-swarm.service");
    let traefik = rendered.unit("converge-traefik.service");
    assert_eq!(words(swarm, "After"), ["docker.service", "docker.socket"]);
    assert_eq!(words(swarm, "Wants"), ["docker.service"]);
    assert_eq!(
        words(traefik, "After"),
        ["docker.service", "docker.socket", "converge-swarm.service", "time-sync.target"]
    );
    assert_eq!(words(traefik, "Wants"), ["docker.service", "converge-swarm.service"]);
    let drone = rendered.unit("converge-drone.service");
    let pieces = ["converge-swarm.service", "converge-traefik.service"];
    assert_eq!(words(drone, "After"), [["docker.service", "docker.socket"], pieces].concat());
    assert_eq!(words(drone, "Wants"), [["docker.service"].as_slice(), &pieces].concat());
    let bridge = rendered.unit("converge-bridge.service");
    let pieces = ["converge-swarm.service", "converge-traefik.service", "converge-drone.service"];
    assert_eq!(words(bridge, "After"), [["docker.service", "docker.socket"].as_slice(), &pieces].concat());
    assert_eq!(words(bridge, "Wants"), [["docker.service"].as_slice(), &pieces].concat());
    let dashboard = rendered.unit("converge-dashboard.service");
    assert_eq!(words(dashboard, "After"), words(drone, "After"));
    assert_eq!(words(dashboard, "Wants"), words(drone, "Wants"));
    for unit in [swarm, traefik, drone, bridge, dashboard] {
        assert_eq!(words(unit, "Requires"), [""; 0]);
        assert_eq!(words(unit, "BindsTo"), [""; 0]);
    }
}

#[test]
fn a_changed_setting_changes_its_own_unit_only() {
    let test = "a_changed_setting_changes_its_own_unit_only";
    let Some(before) = rendered(test, "{ }") else { return };
    let Some(after) = rendered(test, "{ services.converge.swarm.settings.task_history = 6; }") else { return };
    let trigger = |rendered: &Rendered| values(rendered.unit("converge-swarm.service"), "X-Restart-Triggers").join("");
    assert_ne!(trigger(&before), trigger(&after));
    assert_eq!(before.unit("converge-traefik.service"), after.unit("converge-traefik.service"));
}

#[test]
fn secrets_come_as_credentials_and_as_nothing_else() {
    let Some(rendered) = rendered("secrets_come_as_credentials_and_as_nothing_else", WITH_ALL) else { return };
    let traefik = rendered.unit("converge-traefik.service");
    let expected = [
        "config.json:/run/secrets/docker-config.json",
        "fullchain:/run/secrets/fullchain",
        "privkey:/run/secrets/privkey",
    ];
    assert_eq!(values(traefik, "LoadCredential"), expected);
    assert_eq!(values(traefik, "SetCredential"), ["config.json:{}", "fullchain:\\n", "privkey:\\n"]);
    assert!(traefik.contains("Environment=\"DOCKER_CONFIG=%d\"\n"), "{traefik}");
    for (path, text) in &rendered.files {
        for line in text.lines().filter(|line| line.contains("/run/secrets")) {
            assert!(line.contains("LoadCredential="), "{path}: {line}");
        }
    }
}

#[test]
fn the_secrets_of_drone_come_as_credentials() {
    let Some(rendered) = rendered("the_secrets_of_drone_come_as_credentials", WITH_ALL) else { return };
    let drone = rendered.unit("converge-drone.service");
    let expected = ["config.json:/run/secrets/docker-config.json", "gitea-password:/run/secrets/gitea-password"];
    assert_eq!(values(drone, "LoadCredential"), expected);
    let runner = rendered.unit("drone-runner.service");
    assert_eq!(values(runner, "LoadCredential"), ["rpc-secret:/var/lib/converge/drone/rpc-secret"]);

    let given = r#"{ services.converge.drone.rpcSecret = "/run/secrets/rpc"; }"#;
    let Some(rendered) = self::rendered("the_secrets_of_drone_come_as_credentials", given) else { return };
    let drone = rendered.unit("converge-drone.service");
    assert_eq!(
        values(drone, "LoadCredential"),
        ["gitea-password:/run/secrets/gitea-password", "rpc-secret:/run/secrets/rpc"]
    );
    let runner = rendered.unit("drone-runner.service");
    assert_eq!(values(runner, "LoadCredential"), ["rpc-secret:/run/secrets/rpc"]);
    assert_eq!(values(runner, "ConditionPathExists"), ["/run/secrets/rpc"]);
}

#[test]
fn the_secrets_of_the_bridge_come_as_credentials() {
    let test = "the_secrets_of_the_bridge_come_as_credentials";
    let Some(with) = rendered(test, "{ }") else { return };
    let expected = [
        "drone-token:/var/lib/converge/drone/api-token",
        "gitea-token:/run/secrets/gitea-token",
        "webhook-secret:/run/secrets/webhook-secret",
    ];
    assert_eq!(values(with.unit("converge-bridge.service"), "LoadCredential"), expected);
    assert!(with.file("/etc/converge/bridge.json").contains("\"webhook\":true"));

    let module = "{ lib, ... }: { services.converge.bridge.webhookSecret = lib.mkForce null; }";
    let Some(without) = rendered(test, module) else { return };
    assert_eq!(values(without.unit("converge-bridge.service"), "LoadCredential"), expected[..2]);
    assert!(without.file("/etc/converge/bridge.json").contains("\"webhook\":false"));
}

#[test]
fn the_directories_of_the_services_are_made_for_the_users_of_their_containers() {
    let test = "the_directories_of_the_services_are_made_for_the_users_of_their_containers";
    let Some(example) = rendered(test, "{ }") else { return };
    let made = example.file("/etc/tmpfiles.d/00-nixos.conf");
    assert_eq!(
        made.lines().collect::<Vec<_>>(),
        [
            "d /var/lib/dashboard 0700 60991 60991 -",
            "d /run/converge 0755 root root -",
            "d /var/lib/comment-bridge 0700 60990 60990 -",
            "d /run/comment-bridge 0755 60990 60990 -",
            "d /var/lib/recipe-ci/runs 0755 root root -",
        ]
    );
    let user = |host: &Rendered| {
        let bridge: converge_bridge::Desired = serde_json::from_str(host.file("/etc/converge/bridge.json")).unwrap();
        bridge.user
    };
    assert_eq!(user(&example), "60990:60990");

    let module = r#"{ services.converge.bridge.settings = { ledger = "/srv/ledger"; user = "7:8"; }; }"#;
    let Some(other) = rendered(test, module) else { return };
    let made = other.file("/etc/tmpfiles.d/00-nixos.conf");
    assert!(made.contains("d /srv/ledger 0700 7 8 -\nd /run/comment-bridge 0755 7 8 -\n"), "{made}");
    assert_eq!(user(&other), "7:8");
}

#[test]
fn the_dashboard_has_no_credential_and_reads_what_the_bridge_writes() {
    let test = "the_dashboard_has_no_credential_and_reads_what_the_bridge_writes";
    let Some(example) = rendered(test, "{ }") else { return };
    let unit = example.unit("converge-dashboard.service");
    assert!(!unit.is_empty() && !unit.contains("Credential="), "{unit}");
    let dashboard = |host: &Rendered| -> converge_dashboard::Desired {
        serde_json::from_str(host.file("/etc/converge/dashboard.json")).unwrap()
    };
    let links = |host: &Rendered| {
        let bridge: converge_bridge::Desired = serde_json::from_str(host.file("/etc/converge/bridge.json")).unwrap();
        bridge.dashboard
    };
    assert_eq!(dashboard(&example).domain, "ci.localhost");
    assert_eq!(dashboard(&example).gitea.as_deref(), Some("http://git.ci.localhost:3000"));
    assert_eq!(links(&example).as_deref(), Some("https://ci.localhost"));

    let moved = r#"{ services.converge.bridge.settings = { runs = "/srv/runs"; published = "/srv/published"; };
                     services.converge.dashboard.settings = { domain = "show.ci.localhost"; index = "/srv/index"; }; }"#;
    let Some(other) = rendered(test, moved) else { return };
    let declared = dashboard(&other);
    assert_eq!((declared.runs, declared.bridge), ("/srv/runs".into(), "/srv/published".into()));
    assert_eq!(links(&other).as_deref(), Some("https://show.ci.localhost"));
    let made = other.file("/etc/tmpfiles.d/00-nixos.conf");
    assert!(made.starts_with("d /srv/index 0700 60991 60991 -\nd /run/converge 0755 root root -\nd /var/"), "{made}");

    let alone = "{ lib, ... }: { services.converge.bridge.enable = lib.mkForce false; }";
    let Some(alone) = rendered(test, alone) else { return };
    let made = alone.file("/etc/tmpfiles.d/00-nixos.conf");
    let expected = [
        "d /var/lib/dashboard 0700 60991 60991 -",
        "d /var/lib/recipe-ci/runs 0755 root root -",
        "d /run/converge 0755 root root -",
        "d /run/comment-bridge 0755 root root -",
    ];
    assert_eq!(made.lines().collect::<Vec<_>>(), expected);

    let without = "{ lib, ... }: { services.converge.dashboard.enable = lib.mkForce false; }";
    let Some(without) = rendered(test, without) else { return };
    assert_eq!((without.unit("converge-dashboard.service"), links(&without)), ("", None));
}

#[test]
fn a_switch_leaves_the_runner_alone() {
    let test = "a_switch_leaves_the_runner_alone";
    let Some(before) = rendered(test, "{ }") else { return };
    let other = "{ lib, ... }: { services.converge.drone.runner.maxTests = lib.mkForce 7; }";
    let Some(after) = rendered(test, other) else { return };
    assert!(after.file("/etc/converge/drone-runner.json").contains("\"capacity\":7"));
    let runner = before.unit("drone-runner.service");
    assert_eq!(runner, after.unit("drone-runner.service"));
    assert_eq!(values(runner, "X-RestartIfChanged"), ["false"]);
    for key in ["PartOf", "Requires", "BindsTo", "Wants"] {
        assert_eq!(words(runner, key), [""; 0], "{key}");
    }
    assert_eq!(words(runner, "After"), ["network.target", "docker.service"], "neither waits for the other");
    // Not by a target: a switch starts targets again, and would wait for a runner that drains.
    let pulled_in: Vec<_> = before.links.keys().filter(|link| link.ends_with("/drone-runner.service")).collect();
    assert_eq!(pulled_in, ["/etc/systemd/system/converge-drone.service.wants/drone-runner.service"]);
}

#[test]
fn stopping_the_runner_waits_for_its_builds() {
    let test = "stopping_the_runner_waits_for_its_builds";
    let module = "{ services.converge.drone.settings.repository.timeout_minutes = 10; }";
    let Some(rendered) = rendered(test, module) else { return };
    assert!(rendered.file("/etc/converge/drone-runner.json").contains("\"drain_seconds\":600"));
    assert_eq!(values(rendered.unit("drone-runner.service"), "TimeoutStopSec"), ["631"]);
}

#[test]
fn the_states_of_units_are_kept_by_a_user_without_rights() {
    let test = "the_states_of_units_are_kept_by_a_user_without_rights";
    let Some(host) = rendered(test, WITH_ALL) else { return };
    let unit = host.unit(host_status::UNIT);
    assert_eq!(values(unit, "User"), [host_status::USER]);
    assert_eq!(values(unit, "CapabilityBoundingSet"), [""]);
    assert_eq!(values(unit, "RestrictAddressFamilies"), ["AF_UNIX"]);
    // Below that of the reports, and gone with the service.
    let directory = values(unit, "RuntimeDirectory")[0];
    assert_eq!(Path::new("/run").join(directory), Path::new(host_status::RUNTIME_DIRECTORY));
    assert_eq!(values(unit, "RuntimeDirectoryPreserve"), ["restart"]);
    let reports = values(host.unit("converge-swarm.service"), "RuntimeDirectory")[0];
    assert_eq!(Path::new(directory).parent(), Some(Path::new(reports)));
    // All settings have defaults, and the default units are those of this host.
    assert_eq!(host.file(host_status::settings::PATH), "{}");
    let settings = host_status::settings::Settings::default();
    for name in settings.units.iter().filter(|name| !name.contains("dashboard") && *name != "docker.service") {
        assert!(!host.unit(name).is_empty(), "{name} is no unit of the host");
    }

    let other = r#"{ services.converge.hostStatus = { enable = true; settings.units = [ "docker.service" 7 ]; }; }"#;
    let Some(other) = rendered(test, other) else { return };
    let message = "services.converge.hostStatus.settings.units[1] is 7, not a string.\nhint: write a string, such as \"converge-swarm.service\".\n";
    assert_eq!(other.assertions, [message]);
}

#[test]
fn without_the_runner_drone_is_still_there() {
    let test = "without_the_runner_drone_is_still_there";
    let module = "{ services.converge.drone.runner.enable = false; }";
    let Some(rendered) = rendered(test, module) else { return };
    assert_eq!(rendered.unit("drone-runner.service"), "");
    assert!(!rendered.file("/etc/converge/drone.json").contains("runner"));
    assert!(!rendered.unit("converge-drone.service").is_empty());
}

#[test]
fn the_timer_is_there_when_asked_for() {
    let test = "the_timer_is_there_when_asked_for";
    let Some(without) = rendered(test, "{ }") else { return };
    assert_eq!(without.unit("converge-again.timer"), "");
    let Some(with) = rendered(test, WITH_ALL) else { return };
    let timer = with.unit("converge-again.timer");
    assert_eq!(values(timer, "OnUnitActiveSec"), ["1h"]);
    assert_eq!(with.links["/etc/systemd/system/timers.target.wants/converge-again.timer"], "../converge-again.timer");
    assert!(with.unit("converge-again.service").contains("systemctl --no-block restart converge.target"));
}

#[test]
fn the_example_renders_as_before() {
    let Some(nix) = Nix::find_or_skip("the_example_renders_as_before") else { return };
    let rendered = nix.host("./nixos/example").unwrap();
    let mut names = BTreeSet::from(["links".to_owned()]);
    for (path, text) in &rendered.files {
        let name = path.trim_start_matches('/').replace('/', "_");
        insta::assert_snapshot!(name.as_str(), text);
        names.insert(name);
    }
    let links: Vec<_> = rendered.links.iter().map(|(from, to)| format!("{from} -> {to}")).collect();
    insta::assert_snapshot!("links", links.join("\n"));

    // tests/house leaves this folder to this test, because the names come from the evaluation.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nixos/snapshots");
    let found = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let snapshots =
        found.filter_map(|file| Some(file.strip_suffix(".snap")?.strip_prefix("nixos__units__")?.to_owned()));
    assert_eq!(snapshots.collect::<BTreeSet<_>>(), names, "a snapshot has no file of the example any more: remove it");
}
