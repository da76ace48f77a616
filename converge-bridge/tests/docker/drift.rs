//! What somebody changes by hand: mended by one run, by one update of the service, or blocked with what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::World;
use crate::world::SERVICE;

/// What somebody does by `docker service update`, and what is said of it.
type Update = (&'static [&'static str], &'static str);

/// Each is put back by a run of its own.
const EACH: &[Update] = &[
    (&["--replicas=0"], "Mode.Replicated.Replicas differs"),
    (&["--env-add=DEBUG=1"], "Env.DEBUG is extra"),
    (&["--image=traefik:v3.6.15", "--no-resolve-image"], "Image differs"),
    (&["--mount-rm=/ledger"], "Mounts./ledger is missing"),
    (&["--label-add=traefik.enable=false"], "Labels.traefik.enable differs"),
    (&["--network-rm=proxy"], "is missing"),
];

/// Each is seen, and all of them together are put back by one run.
const ALL: &[Update] = &[
    (&["--replicas=2"], "Mode.Replicated.Replicas differs"),
    (&["--env-rm=SSL_CERT_FILE"], "Env.SSL_CERT_FILE is missing"),
    (&["--env-add=COMMENT_BRIDGE_SETTINGS={}"], "Env.COMMENT_BRIDGE_SETTINGS differs"),
    (&["--mount-add=type=bind,source=/,target=/host"], "Mounts./host is extra"),
    (&["--mount-add=type=tmpfs,target=/tmp"], "Mounts./tmp is extra"),
    (&["--label-add=somebodys=own"], "Labels.somebodys is extra"),
    (&["--label-rm=converge.managed"], "Labels.converge.managed is missing"),
    (&["--container-label-add=somebodys=own"], "ContainerSpec.Labels is extra"),
    (&["--network-add=another"], "is extra"),
    (&["--user=0:0"], "User differs"),
    (&["--group-add=0"], "Groups is extra"),
    (&["--entrypoint=/bin/sh"], "Command is extra"),
    (&["--args=-c ls"], "Args is extra"),
    (&["--secret-rm=comment-bridge_gitea_token_v1"], "Secrets.gitea_token is missing"),
    (&["--secret-add=source=somebodys,target=somebodys"], "Secrets.somebodys is extra"),
    (&["--config-add=source=somebodys,target=/somebodys"], "Configs"),
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
    (&["--hostname=somebodys"], "Hostname is extra"),
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
fn every_setting_changed_by_hand_is_put_back_by_one_update() {
    let Some(world) = World::converged("every_setting_changed_by_hand_is_put_back_by_one_update") else { return };
    world.daemon.docker(&["network", "create", "--driver=overlay", "another"]);
    world.sh("printf x | docker secret create somebodys - && printf x | docker config create somebodys -");
    let is_update = |changes: &[&str], because: &str| {
        let [change] = changes else { panic!("{because}: {changes:?}") };
        assert!(change.starts_with("update service comment-bridge (") && change.contains(because), "{change}");
    };
    for (flags, because) in EACH {
        update(&world, flags);
        let ran = world.run();
        is_update(&ran.ends_as(0, "changed").changes(), because);
        world.is_converged();
    }
    for (flags, because) in ALL {
        update(&world, flags);
        let (code, planned) = world.plan();
        assert_eq!(code, Some(3), "{flags:?}: {planned}");
        let [because_of] = &planned["plan"]["sequences"].as_array().unwrap()[..] else {
            panic!("{flags:?}: {planned}")
        };
        let because_of = because_of["changes"][0]["update_service"]["because"].to_string();
        assert!(because_of.contains(because), "{flags:?}: {because_of}");
    }
    let ran = world.run();
    is_update(&ran.ends_as(0, "changed").changes(), "and ");
    world.is_converged();
    println!("{n} of {n} settings changed by hand are seen and put back by one update", n = EACH.len() + ALL.len());
}

#[test]
fn a_change_that_docker_makes_nothing_of_is_left_alone() {
    let Some(world) = World::converged("a_change_that_docker_makes_nothing_of_is_left_alone") else { return };
    world.daemon.docker(&["service", "update", "--quiet", "--detach=false", "--force", SERVICE]);
    world.is_converged();
    world.daemon.docker(&["service", "update", "--quiet", "--detach=false", SERVICE]);
    world.is_converged();
}

type Case = (&'static str, fn(&World), &'static str);

/// (what happens, how, a change that mends it)
const OTHERS: &[Case] = &[
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
fn what_is_taken_away_comes_back() {
    let Some(world) = World::converged("what_is_taken_away_comes_back") else { return };
    for (what, happens, mended_by) in OTHERS {
        println!("case: {what}");
        happens(&world);
        let ran = world.run();
        ran.ends_as(0, "changed");
        assert!(ran.changes().iter().any(|change| change.contains(mended_by)), "{what}: {:?}", ran.changes());
        world.is_converged();
    }
    println!("{n} of {n} came back", n = OTHERS.len());
}

#[test]
fn what_only_an_operator_can_mend_is_blocked_and_what_runs_stays() {
    let test = "what_only_an_operator_can_mend_is_blocked_and_what_runs_stays";
    let Some(world) = World::converged(test) else { return };
    let task = || world.daemon.docker(&["ps", "--quiet", "--filter", "label=com.docker.swarm.service.name"]);
    let before = task();
    let blocked = |what: &str, says: &[&str]| {
        println!("case: {what}");
        let ran = world.run();
        ran.ends_as(1, "blocked");
        for says in says {
            assert!(ran.said.contains(says), "{what}: {}", ran.said);
        }
        ran.changed_nothing();
        assert_eq!(task(), before, "{what}: what runs was touched");
    };
    let ledger = world.path("ledger");
    world.own_ledger(0, 0o700);
    blocked(
        "the ledger is root's",
        &["belongs to 0:0", &format!("chown --recursive 60990:60990 {}", ledger.display())],
    );
    world.own_ledger(60990, 0o755);
    blocked("everybody reads the ledger", &["has mode 755", &format!("chmod 0700 {}", ledger.display())]);
    world.own_ledger(60990, 0o700);
    fs::rename(&ledger, world.path("moved")).unwrap();
    blocked(
        "there is no ledger",
        &["there is no directory", "install --directory --owner=60990 --group=60990 --mode=0700"],
    );
    fs::rename(world.path("moved"), &ledger).unwrap();

    let runs = world.path("runs");
    fs::set_permissions(&runs, fs::Permissions::from_mode(0o700)).unwrap();
    blocked("nobody reads the runs", &["has mode 700", "chmod o+rx"]);
    fs::set_permissions(&runs, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(&runs, world.path("moved")).unwrap();
    blocked("there are no runs", &["there is no directory", "install --directory --mode=0755"]);
    fs::rename(world.path("moved"), &runs).unwrap();

    world.give("gitea-token", "\n");
    blocked("a credential is empty", &["credential `gitea-token` is empty"]);
    fs::remove_file(world.path("credentials/gitea-token")).unwrap();
    blocked("a credential is missing", &["credential `gitea-token` is missing", "LoadCredential=gitea-token"]);
    world.give("gitea-token", "two words");
    blocked("a credential is two words", &["credential `gitea-token` is not one word"]);
    world.give("gitea-token", "gitea-token-0123456789");

    world.declare(|desired| desired["image"] = "/nowhere/at-all.tar".into());
    blocked("there is no archive", &["/nowhere/at-all.tar cannot be read"]);
    world.declare(|desired| desired["image"] = world.path("bridge.json").to_string_lossy().into());
    blocked("the archive is none", &["is no docker archive of one image"]);
    crate::images::script(&world.path("another.tar"), "/bin/another", "#!/bin/sh\n", "");
    world.declare(|desired| desired["image"] = world.path("another.tar").to_string_lossy().into());
    blocked("the archive is another's", &["starts another, not comment-bridge"]);
    world.declare(|_| ());
    world.is_converged();
}

#[test]
fn without_a_network_or_a_swarm_converge_swarm_is_named() {
    let Some(world) = World::bare("without_a_network_or_a_swarm_converge_swarm_is_named") else { return };
    world.daemon.docker(&["rm", "--force", "traefik"]);
    world.daemon.docker(&["network", "rm", "proxy"]);
    let ran = world.run();
    ran.ends_as(1, "blocked");
    assert!(ran.said.contains("no network proxy") && ran.said.contains("converge-swarm.service"), "{}", ran.said);
    world.daemon.docker(&["swarm", "leave", "--force"]);
    let ran = world.run();
    ran.ends_as(1, "blocked");
    assert!(ran.said.contains("no swarm") && ran.said.contains("converge-swarm.service"), "{}", ran.said);
    ran.changed_nothing();
}

#[test]
fn a_service_mended_by_hand_keeps_what_somebody_else_owns() {
    let Some(world) = World::converged("a_service_mended_by_hand_keeps_what_somebody_else_owns") else { return };
    world.sh("printf x | docker secret create comment-bridge_gitea_token_v7 -");
    world.daemon.docker(&["tag", "traefik:v3.6.15", "localhost/another:1"]);
    world.is_converged();
    world.give("gitea-token", "another-token-0123456789");
    world.run().ends_as(0, "changed");
    // Not ours by its label, so it stays, and its number is not used again.
    let expected = ["comment-bridge_drone_token_v1", "comment-bridge_gitea_token_v7", "comment-bridge_gitea_token_v8"];
    assert_eq!(world.secrets(), expected);
    world.is_converged();
}
