//! Changes by hand: repaired by one run with one update of the service, or blocked with a command.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use converger_kit::Piece;
use converger_kit::drift::{self, Drift};
use converger_kit::service::write_image;
use serde_json::Value;

use crate::World;
use crate::world::SERVICE;

/// (flags of `docker service update`, a text of the change that the run makes)
type Update = (&'static [&'static str], &'static str);

/// Each is repaired by a run of its own.
const EACH: &[Update] = &[
    (&["--replicas=0"], "Mode.Replicated.Replicas differs"),
    (&["--env-add=DEBUG=1"], "Env.DEBUG is extra"),
    (&["--image=traefik:v3.6.15", "--no-resolve-image"], "Image differs"),
    (&["--mount-rm=/ledger"], "Mounts./ledger is missing"),
    (&["--label-add=traefik.enable=false"], "Labels.traefik.enable differs"),
    (&["--network-rm=proxy"], "is missing"),
];

/// Each is in the plan, and all together are repaired by one run.
const ALL: &[Update] = &[
    (&["--replicas=2"], "Mode.Replicated.Replicas differs"),
    (&["--env-rm=SSL_CERT_FILE"], "Env.SSL_CERT_FILE is missing"),
    (&["--env-add=COMMENT_BRIDGE_SETTINGS={}"], "Env.COMMENT_BRIDGE_SETTINGS differs"),
    (&["--mount-add=type=bind,source=/,target=/host"], "Mounts./host is extra"),
    (&["--mount-add=type=tmpfs,target=/tmp"], "Mounts./tmp is extra"),
    (&["--label-add=others=own"], "Labels.others is extra"),
    (&["--label-rm=converge.managed"], "Labels.converge.managed is missing"),
    (&["--container-label-add=others=own"], "ContainerSpec.Labels.others is extra"),
    (&["--network-add=another"], "is extra"),
    (&["--user=0:0"], "User differs"),
    (&["--group-add=0"], "Groups is extra"),
    (&["--entrypoint=/bin/sh"], "Command is extra"),
    (&["--args=-c ls"], "Args is extra"),
    (&["--secret-rm=comment-bridge_gitea_token_v1"], "Secrets.gitea_token is missing"),
    (&["--secret-add=source=others,target=others"], "Secrets.others is extra"),
    (&["--config-add=source=others,target=/others"], "Configs"),
    (&["--cap-add=NET_ADMIN"], "CapabilityAdd is extra"),
    (&["--cap-add=ALL"], "Capability"),
    (&["--read-only=false"], "ReadOnly is missing"),
    (&["--no-healthcheck"], "HealthCheck"),
    (&["--health-cmd=true"], "HealthCheck.Test differs"),
    (&["--limit-memory=512M"], "Resources.Limits.MemoryBytes differs"),
    (&["--limit-pids=0"], "Resources.Limits.Pids is missing"),
    (&["--limit-cpu=0.1"], "Resources.Limits.NanoCPUs is extra"),
    (&["--reserve-memory=16M"], "Resources.Reservations.MemoryBytes differs"),
    (&["--constraint-add=node.role==worker"], "Placement is extra"),
    (&["--publish-add=published=8080,target=8080,mode=host"], "EndpointSpec.Ports is extra"),
    (&["--log-driver=json-file", "--log-opt=max-size=1g"], "LogDriver.Options.max-size differs"),
    (&["--log-driver=none"], "LogDriver"),
    (&["--init=false"], "Init is missing"),
    (&["--host-add=git.example.org:192.0.2.1"], "Hosts is extra"),
    (&["--dns-add=192.0.2.1"], "DNSConfig is extra"),
    (&["--hostname=others"], "Hostname is extra"),
    (&["--workdir=/srv"], "Dir is extra"),
    (&["--tty"], "TTY is extra"),
    (&["--sysctl-add=net.ipv4.ip_forward=1"], "Sysctls is extra"),
    (&["--ulimit-add=nofile=1024"], "Ulimits is extra"),
    (&["--stop-signal=KILL"], "StopSignal is extra"),
    (&["--stop-grace-period=1s"], "StopGracePeriod differs"),
    (&["--restart-condition=none"], "RestartPolicy.Condition differs"),
    (&["--restart-max-attempts=1"], "RestartPolicy.MaxAttempts is extra"),
    (&["--update-order=start-first"], "UpdateConfig.Order differs"),
    (&["--update-failure-action=continue"], "UpdateConfig.FailureAction differs"),
    (&["--rollback-order=start-first"], "RollbackConfig.Order differs"),
];

fn update(world: &World, flags: &[&str]) {
    println!("case: docker service update {}", flags.join(" "));
    world.daemon.docker(&[&["service", "update", "--quiet", "--detach=true"], flags, &[SERVICE]].concat());
}

#[test]
fn every_setting_changed_by_hand_is_repaired_by_one_update() {
    let Some(world) = World::converged("every_setting_changed_by_hand_is_repaired_by_one_update") else { return };
    world.daemon.docker(&["network", "create", "--driver=overlay", "another"]);
    world.sh("printf x | docker secret create others - && printf x | docker config create others -");
    let is_update = |changes: &[&str], because: &str| {
        let [change] = changes else { panic!("{because}: {changes:?}") };
        assert!(change.starts_with("update service comment-bridge (") && change.contains(because), "{change}");
    };
    for (flags, because) in EACH {
        update(&world, flags);
        let run = world.run();
        is_update(&run.assert_outcome(0, "changed").changes(), because);
        world.assert_converged();
    }
    // Only the specs count here: no task is started and stopped for each of them.
    let availability =
        |word| drop(world.sh(&format!("docker node update --availability {word} $(docker node ls --quiet)")));
    availability("drain");
    for (flags, because) in ALL {
        update(&world, flags);
        let plan = world.plan();
        let planned: Value = serde_json::from_str(&plan.stdout).unwrap_or_default();
        assert_eq!(plan.exit_code, Some(3), "{flags:?}: {planned}");
        let [because_of] = &planned["plan"]["sequences"].as_array().unwrap()[..] else {
            panic!("{flags:?}: {planned}")
        };
        let because_of = because_of["changes"][0]["update_service"]["because"].to_string();
        assert!(because_of.contains(because), "{flags:?}: {because_of}");
    }
    availability("active");
    let run = world.run();
    is_update(&run.assert_outcome(0, "changed").changes(), "and ");
    world.assert_converged();
    println!("{n} of {n} settings changed by hand are seen and repaired by one update", n = EACH.len() + ALL.len());
}

#[test]
fn an_update_without_effect_is_left_alone() {
    let Some(world) = World::converged("an_update_without_effect_is_left_alone") else { return };
    world.daemon.docker(&["service", "update", "--quiet", "--detach=false", "--force", SERVICE]);
    world.assert_converged();
    world.daemon.docker(&["service", "update", "--quiet", "--detach=false", SERVICE]);
    world.assert_converged();
}

const REMOVED: &[Drift<World>] = &[
    ("the service is deleted", |world| drop(world.daemon.docker(&["service", "rm", SERVICE])), "create service"),
    (
        "the service is made a global one",
        |world| {
            world.daemon.docker(&["service", "rm", SERVICE]);
            world.daemon.docker(&[
                "service",
                "create",
                "--quiet",
                "--detach=true",
                "--name",
                SERVICE,
                "--mode=global",
                "hello:none",
            ]);
        },
        "remove service comment-bridge (its mode",
    ),
    (
        "the image is removed",
        |world| {
            world.daemon.docker(&["service", "rm", SERVICE]);
            world.sh("while docker ps --quiet --filter label=com.docker.swarm.service.name | grep -q .; do :; done; \
                 docker images --format '{{.Repository}}:{{.Tag}}' localhost/comment-bridge | xargs docker rmi --force");
        },
        "load image",
    ),
    (
        "another image gets our tag",
        |world| {
            world.sh("docker tag traefik:v3.6.15 $(docker images --format '{{.Repository}}:{{.Tag}}' localhost/comment-bridge)");
        },
        "load image",
    ),
    (
        "an old image is left",
        |world| drop(world.daemon.docker(&["tag", "traefik:v3.6.15", "localhost/comment-bridge:old"])),
        "remove superseded image localhost/comment-bridge:old",
    ),
];

#[test]
fn removed_objects_come_back() {
    let Some(world) = World::converged("removed_objects_come_back") else { return };
    drift::assert_each_repaired(&world, REMOVED);
}

#[test]
fn a_state_that_only_an_operator_can_repair_is_blocked_and_the_service_stays() {
    let test = "a_state_that_only_an_operator_can_repair_is_blocked_and_the_service_stays";
    let Some(world) = World::converged(test) else { return };
    let task = || world.daemon.docker(&["ps", "--quiet", "--filter", "label=com.docker.swarm.service.name"]);
    let before = task();
    let blocked = |name: &str, texts: &[&str]| {
        println!("case: {name}");
        let run = world.run();
        run.assert_outcome(1, "blocked");
        for text in texts {
            run.assert_says(text);
        }
        run.assert_no_writes();
        assert_eq!(task(), before, "{name}: the service was touched");
    };
    let ledger = world.path("ledger");
    world.own_ledger(0, 0o700);
    blocked(
        "the ledger is root's",
        &["belongs to 0:0", &format!("chown --recursive 60990:60990 {}", ledger.display())],
    );
    world.own_ledger(60990, 0o755);
    blocked("all users read the ledger", &["has mode 755", &format!("chmod 0700 {}", ledger.display())]);
    world.own_ledger(60990, 0o700);
    fs::rename(&ledger, world.path("moved")).unwrap();
    blocked(
        "there is no ledger",
        &["there is no directory", "install --directory --owner=60990 --group=60990 --mode=0700"],
    );
    fs::rename(world.path("moved"), &ledger).unwrap();

    let runs = world.path("runs");
    fs::set_permissions(&runs, fs::Permissions::from_mode(0o700)).unwrap();
    blocked("no other user reads the runs", &["has mode 700", "chmod o+rx"]);
    fs::set_permissions(&runs, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(&runs, world.path("moved")).unwrap();
    blocked("there are no runs", &["there is no directory", "install --directory --mode=0755"]);
    fs::rename(world.path("moved"), &runs).unwrap();

    world.write_credential("gitea-token", "\n");
    blocked("a credential is empty", &["credential `gitea-token` is empty"]);
    fs::remove_file(world.path("credentials/gitea-token")).unwrap();
    blocked("a credential is missing", &["credential `gitea-token` is missing", "LoadCredential=gitea-token"]);
    world.write_credential("gitea-token", "two words");
    blocked("a credential is two words", &["credential `gitea-token` is not one word"]);
    world.write_credential("gitea-token", "gitea-token-0123456789");

    world.declare(|desired| desired["image"] = "/nowhere/at-all.tar".into());
    blocked("there is no archive", &["/nowhere/at-all.tar cannot be read"]);
    world.declare(|desired| desired["image"] = world.path("bridge.json").to_string_lossy().into());
    blocked("the file is no archive", &["is no docker archive of one image"]);
    write_image(&world.path("another.tar"), "another", "#!/bin/sh\n", "");
    world.declare(|desired| desired["image"] = world.path("another.tar").to_string_lossy().into());
    blocked("the archive is another program's", &["starts another, not comment-bridge"]);
    world.declare(|_| ());
    world.assert_converged();
}

#[test]
fn without_a_network_or_a_swarm_converge_swarm_is_named() {
    let Some(world) = World::bare("without_a_network_or_a_swarm_converge_swarm_is_named") else { return };
    world.daemon.docker(&["rm", "--force", "traefik"]);
    world.daemon.docker(&["network", "rm", "proxy"]);
    let run = world.run();
    run.assert_outcome(1, "blocked");
    assert!(run.stderr.contains("no network proxy") && run.stderr.contains("converge-swarm.service"), "{}", run.stderr);
    world.daemon.docker(&["swarm", "leave", "--force"]);
    let run = world.run();
    run.assert_outcome(1, "blocked");
    assert!(run.stderr.contains("no swarm") && run.stderr.contains("converge-swarm.service"), "{}", run.stderr);
    run.assert_no_writes();
}

#[test]
fn secrets_and_images_of_others_are_kept() {
    let Some(world) = World::converged("secrets_and_images_of_others_are_kept") else { return };
    world.sh("printf x | docker secret create comment-bridge_gitea_token_v7 -");
    world.daemon.docker(&["tag", "traefik:v3.6.15", "localhost/another:1"]);
    world.assert_converged();
    world.write_credential("gitea-token", "another-token-0123456789");
    world.run().assert_outcome(0, "changed");
    // It has no label of ours: it stays, and its number is not used again.
    let expected = ["comment-bridge_drone_token_v1", "comment-bridge_gitea_token_v7", "comment-bridge_gitea_token_v8"];
    assert_eq!(world.secrets(), expected);
    world.assert_converged();
}
