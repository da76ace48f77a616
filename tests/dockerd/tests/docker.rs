//! The private daemon and the proxy: the properties that other tests rely on.

#![allow(clippy::unwrap_used)] // A failure ends the test.

use std::fs;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use dockerd::image::Image;
use dockerd::{Daemon, Fault, Garbage, Proxy, Victim};
use serde_json::json;

/// A daemon, or a line with the reason why there is none.
fn daemon_for(test: &str) -> Option<Daemon> {
    match Daemon::start() {
        Ok(daemon) => Some(daemon),
        Err(reason) => {
            println!("skipped: {test}: {reason}");
            None
        }
    }
}

/// Loads an image with a shell and two programs.
fn load_programs(daemon: &Daemon, tag: &str) {
    let mut image = Image::new(tag).cmd(&["/bin/sleep", "infinity"]);
    for program in ["/bin/sleep", "/bin/cat", "/bin/sh"] {
        image = image.with_program(program, Path::new(program)).unwrap();
    }
    let archive = daemon.scratch().join("image.tar");
    image.write(&archive).unwrap();
    daemon.load(&archive);
}

#[test]
fn a_daemon_runs_containers_and_leaves_nothing() {
    let Some(daemon) = daemon_for("a_daemon_runs_containers_and_leaves_nothing") else { return };
    load_programs(&daemon, "programs:1");
    let said = daemon.docker(&["run", "--rm", "--network", "none", "programs:1", "/bin/sh", "-c", "echo hello"]);
    assert_eq!(said, "hello");
    daemon.docker(&["run", "--detach", "--name", "stays", "programs:1"]);
    let folder = daemon.socket().parent().unwrap().to_owned();
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    drop(daemon);
    assert_nothing_is_left(&folder, &name);
}

fn assert_nothing_is_left(folder: &Path, name: &str) {
    assert!(!folder.exists());
    assert!(!fs::read_to_string("/proc/self/mounts").unwrap().contains(name), "a mount is left");
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&line).contains(name), "a process is left: {}", entry.path().display());
    }
    for entry in fs::read_dir("/sys/fs/cgroup").unwrap().flatten() {
        assert!(!entry.path().join(format!("converge-daemon-{name}")).exists(), "a control group is left");
    }
}

#[test]
fn a_test_that_panics_leaves_nothing() {
    let Some(daemon) = daemon_for("a_test_that_panics_leaves_nothing") else { return };
    let folder = daemon.socket().parent().unwrap().to_owned();
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    let panicked = catch_unwind(AssertUnwindSafe(move || {
        daemon.docker(&["no-such-command"]);
    }));
    assert!(panicked.is_err());
    assert_nothing_is_left(&folder, &name);
}

#[test]
fn two_swarms_on_one_address_do_not_meet() {
    let Some(one) = daemon_for("two_swarms_on_one_address_do_not_meet") else { return };
    let two = Daemon::start().unwrap();
    for daemon in [&one, &two] {
        daemon.swarm_init();
        daemon.docker(&["network", "create", "--driver", "overlay", "--attachable", "proxy"]);
        load_programs(daemon, "programs:1");
    }
    one.docker(&[
        "service",
        "create",
        "--quiet",
        "--name",
        "only-in-one",
        "--network",
        "proxy",
        "--endpoint-mode",
        "dnsrr",
        "--no-resolve-image",
        "programs:1",
    ]);
    assert_eq!(one.docker(&["service", "ls", "--format", "{{.Name}} {{.Replicas}}"]), "only-in-one 1/1");
    assert_eq!(two.docker(&["service", "ls", "--format", "{{.Name}}"]), "");
    assert_ne!(one.get("/swarm").unwrap()["ID"], two.get("/swarm").unwrap()["ID"]);
}

#[test]
fn a_swarm_survives_a_stop_and_a_kill() {
    let Some(mut daemon) = daemon_for("a_swarm_survives_a_stop_and_a_kill") else { return };
    daemon.swarm_init();
    let before = daemon.get("/swarm").unwrap()["ID"].clone();
    daemon.stop();
    assert!(!daemon.is_running());
    assert!(daemon.try_docker(&["info"]).is_err());
    daemon.start_again();
    daemon.kill();
    daemon.start_again();
    assert_eq!(daemon.get("/swarm").unwrap()["ID"], before);
}

#[test]
fn settings_reach_the_daemon() {
    let daemon = match Daemon::start_with(&json!({ "live-restore": true })) {
        Ok(daemon) => daemon,
        Err(reason) => return println!("skipped: settings_reach_the_daemon: {reason}"),
    };
    assert_eq!(daemon.get("/info").unwrap()["LiveRestoreEnabled"], true);
}

#[test]
fn indices_move_with_every_write_and_only_then() {
    let Some(daemon) = daemon_for("indices_move_with_every_write_and_only_then") else { return };
    let without_swarm = daemon.indices();
    daemon.swarm_init();
    let mut before = daemon.indices();
    assert_ne!(without_swarm, before);
    let writes: [&[&str]; 4] = [
        &["swarm", "update", "--task-history-limit", "3"],
        &["network", "create", "--driver", "overlay", "proxy"],
        &["config", "create", "--label", "a=b", "empty", "/dev/null"],
        &["network", "rm", "proxy"],
    ];
    for write in writes {
        assert_eq!(daemon.indices(), before);
        // Reads move nothing.
        daemon.docker(&["node", "ls"]);
        daemon.docker(&["info"]);
        assert_eq!(daemon.indices(), before);
        if write[0] == "config" {
            fs::write(daemon.scratch().join("content"), "x").unwrap();
            let content = daemon.scratch().join("content").display().to_string();
            daemon.docker(&["config", "create", "one", &content]);
        } else {
            daemon.docker(write);
        }
        let after = daemon.indices();
        assert_ne!(after, before, "{write:?}");
        before = after;
    }
}

#[test]
fn the_proxy_records_mutating_calls() {
    let Some(daemon) = daemon_for("the_proxy_records_mutating_calls") else { return };
    daemon.swarm_init();
    let proxy = Proxy::start(daemon.socket()).unwrap();
    let docker = |arguments: &[&str]| {
        let output = daemon.command_on(proxy.socket(), "docker").args(arguments).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    docker(&["network", "ls"]);
    docker(&["info"]);
    assert_eq!(proxy.mutating(), []);
    assert!(proxy.calls().iter().any(|call| call.path == "/info" && call.status == Some(200)));
    docker(&["network", "create", "--driver", "overlay", "--attachable", "proxy"]);
    docker(&["network", "rm", "proxy"]);
    let mutating: Vec<String> = proxy.mutating().iter().map(ToString::to_string).collect();
    assert_eq!(mutating, ["POST /networks/create -> 201", "DELETE /networks/proxy -> 204"]);
    proxy.forget();
    assert_eq!(proxy.calls(), []);
}

#[test]
fn streams_go_through_the_proxy_both_ways() {
    let Some(daemon) = daemon_for("streams_go_through_the_proxy_both_ways") else { return };
    let proxy = Proxy::start(daemon.socket()).unwrap();
    load_programs(&daemon, "programs:1");
    let docker = |arguments: &[&str], input: &str| {
        let mut child = daemon
            .command_on(proxy.socket(), "docker")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let mut said = String::new();
        child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(child.wait().unwrap().success());
        said
    };
    // A long upload, an attached container whose input ends, a command in a running one, and logs in chunks.
    let archive = daemon.scratch().join("image.tar").display().to_string();
    assert!(docker(&["load", "--input", &archive], "").contains("programs:1"));
    let attached =
        ["run", "--rm", "--interactive", "--name", "attached", "--network", "none", "programs:1", "/bin/cat"];
    assert_eq!(docker(&attached, "to and fro\n"), "to and fro\n");
    docker(&["run", "--detach", "--name", "stays", "--network", "none", "programs:1"], "");
    assert_eq!(docker(&["exec", "--interactive", "stays", "/bin/cat"], "again\n"), "again\n");
    docker(&["run", "--name", "speaks", "--network", "none", "programs:1", "/bin/sh", "-c", "echo one; echo two"], "");
    assert_eq!(docker(&["logs", "speaks"], ""), "one\ntwo\n");
}

#[test]
fn faults_break_their_calls() {
    let Some(daemon) = daemon_for("faults_break_their_calls") else { return };
    daemon.swarm_init();
    let proxy = Proxy::start(daemon.socket()).unwrap();
    let create = |name: &str| {
        let mut command = daemon.command_on(proxy.socket(), "docker");
        command.args(["network", "create", "--driver", "overlay", name]).stdin(Stdio::null()).output().unwrap()
    };
    let exists = |name: &str| daemon.get(&format!("/networks/{name}")).is_ok();
    // An earlier call on the way to the nth goes through.
    proxy.set_fault(Fault::CloseBefore { nth: 2 });
    assert!(create("first").status.success());
    assert!(!create("unheard").status.success());
    assert!(exists("first") && !exists("unheard"));
    proxy.set_fault(Fault::CloseAfter { nth: 1 });
    assert!(!create("unanswered").status.success());
    assert!(exists("unanswered"));
    for garbage in [Garbage::Json, Garbage::Shape, Garbage::Http, Garbage::Half] {
        proxy.set_fault_on("/networks", Fault::Garbage(garbage));
        assert!(!create("garbage").status.success(), "{garbage:?}");
    }
    proxy.set_fault_on("/networks", Fault::Refuse(503, "not today".to_owned()));
    assert!(String::from_utf8_lossy(&create("refused").stderr).contains("not today"));
    assert!(!exists("garbage") && !exists("refused"));
    proxy.set_fault(Fault::Delay(Duration::from_millis(200)));
    let begun = Instant::now();
    assert!(create("slow").status.success());
    assert!(begun.elapsed() >= Duration::from_millis(200));
    proxy.clear_fault();
    assert!(create("whole").status.success());
}

#[test]
fn a_client_is_killed_between_the_effect_and_the_answer() {
    let Some(daemon) = daemon_for("a_client_is_killed_between_the_effect_and_the_answer") else { return };
    daemon.swarm_init();
    let proxy = Proxy::start(daemon.socket()).unwrap();
    let victim = Victim::default();
    proxy.set_fault(Fault::kill_after(1, &victim));
    let mut create = daemon.command_on(proxy.socket(), "docker");
    create.args(["network", "create", "--driver", "overlay", "proxy"]).stdin(Stdio::null());
    let mut child = victim.spawn(&mut create).unwrap();
    assert_eq!(child.wait().unwrap().code(), None, "killed by a signal");
    assert!(daemon.get("/networks/proxy").is_ok());
}

#[test]
fn a_call_that_hangs_ends_with_the_proxy() {
    let Some(daemon) = daemon_for("a_call_that_hangs_ends_with_the_proxy") else { return };
    let proxy = Proxy::start(daemon.socket()).unwrap();
    proxy.set_fault_on("/networks", Fault::Hang);
    let mut child = daemon
        .command_on(proxy.socket(), "docker")
        .args(["network", "ls"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !proxy.calls().iter().any(|call| call.path.starts_with("/networks")) {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it asked");
        std::thread::yield_now();
    }
    assert!(child.try_wait().unwrap().is_none());
    drop(proxy);
    assert!(!child.wait().unwrap().success());
}
