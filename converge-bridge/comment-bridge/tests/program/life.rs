//! Start, end, crash, and two at once.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use comment_bridge::container;
use nix::sys::signal::Signal;

use crate::running::{PROGRAM, Place, SECRET, comment, is_root};
use crate::server::Server;
use crate::wire::{deliver, get, open, raw};

/// The time until the end that Swarm and the design permit.
const END: Duration = Duration::from_secs(5);

#[test]
fn the_program_starts_is_healthy_and_ends() {
    let gitea = Server::quiet();
    let place = Place::new(&gitea.address(), &gitea.address());
    let mut running = place.start_and_poll();
    let health = get(running.listen, "/healthz");
    assert_eq!(health.json()["healthy"], true);
    let triggers: serde_json::Value = serde_json::from_str(&running.published("triggers.json")).unwrap();
    assert_eq!(triggers["schema"], 1);
    let asked = Command::new(PROGRAM).args(["health", "--listen", &place.listen.to_string()]).output().unwrap();
    assert!(asked.status.success(), "{asked:?}");
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let began = Instant::now();
        running.signal(signal);
        assert_eq!(running.ended(), 0, "{}", running.said());
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
        running = place.start();
    }
}

#[test]
fn paths_methods_and_limits_that_are_none_get_plain_answers() {
    let gitea = Server::quiet();
    let running = Place::new(&gitea.address(), &gitea.address()).start();
    for (path, status) in [
        ("/", 404),
        ("/hook", 405),
        ("/hook/", 404),
        ("/../etc/passwd", 404),
        ("/metrics", 404),
        ("/api/triggers", 404),
        ("/triggers.json", 404),
    ] {
        assert_eq!(get(running.listen, path).status, status, "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"] {
        let request = format!("{method} /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(raw(running.listen, request.as_bytes()).status, 405, "{method}");
    }
}

#[test]
fn shutdown_is_in_time_while_gitea_and_drone_hang() {
    let (gitea, drone) = (Server::hanging(), Server::hanging());
    let mut place = Place::new(&gitea.address(), &drone.address());
    place.settings["call_seconds"] = 60.into();
    let mut running = place.start();
    running.until("a call under way", |_| !gitea.seen().is_empty());
    let began = Instant::now();
    running.signal(Signal::SIGTERM);
    assert_eq!(running.ended(), 0, "{}", running.said());
    assert!(began.elapsed() < END, "{:?}", began.elapsed());
    assert!(running.said().contains("a call was still in flight"), "{}", running.said());
}

#[test]
fn shutdown_is_in_time_while_clients_hang() {
    let gitea = Server::quiet();
    let mut running = Place::new(&gitea.address(), &gitea.address()).start();
    let mut hanging = [open(running.listen), open(running.listen), open(running.listen)];
    hanging[1].write_all(b"GET /healthz HTTP/1.1\r\nHost:").unwrap();
    hanging[2].write_all(b"POST /hook HTTP/1.1\r\nX-Gitea-Signature: 0\r\nContent-Length: 9\r\n\r\n{").unwrap();
    // All three were accepted when a later one was answered.
    assert_eq!(get(running.listen, "/healthz").status, 200);
    let began = Instant::now();
    running.signal(Signal::SIGTERM);
    assert_eq!(running.ended(), 0, "{}", running.said());
    assert!(began.elapsed() < END, "{:?}", began.elapsed());
}

#[test]
fn an_accepted_delivery_survives_a_kill() {
    let gitea = Server::quiet_but_slow();
    let place = Place::new(&gitea.address(), &gitea.address());
    let mut running = place.start_and_poll();
    assert_eq!(deliver(running.listen, SECRET, "issue_comment", &comment(41, "!testme").to_string()).status, 200);
    running.signal(Signal::SIGKILL);
    assert_eq!(running.ended(), -9);
    let running = place.start();
    let triggers = running.triggers();
    assert_eq!(triggers.len(), 1, "{triggers:?}");
    assert_eq!((&triggers[0]["comment"], &triggers[0]["state"]), (&41.into(), &"seen".into()));
    let again = deliver(running.listen, SECRET, "issue_comment", &comment(41, "!testme").to_string());
    assert_eq!((again.status, running.triggers().len()), (200, 1));
}

#[test]
fn a_second_instance_waits_for_the_first_to_end() {
    let gitea = Server::quiet();
    let mut place = Place::new(&gitea.address(), &gitea.address());
    let mut first = place.start();
    place.listen = crate::running::free_port();
    let mut second = place.begin();
    first.signal(Signal::SIGTERM);
    assert_eq!(first.ended(), 0);
    second.until("it is well", crate::running::Running::is_well);
}

#[test]
fn a_second_instance_gives_up_or_ends_when_told_and_the_first_goes_on() {
    let gitea = Server::quiet();
    let mut place = Place::new(&gitea.address(), &gitea.address());
    let first = place.start();
    place.listen = crate::running::free_port();
    let (mut patient, mut told) = (place.begin(), place.begin());
    told.signal(Signal::SIGTERM);
    let began = Instant::now();
    // Told before it listens for signals, it ends by the signal itself.
    assert!(matches!(told.ended(), 0 | -15), "{}", told.said());
    assert!(began.elapsed() < END);
    assert_eq!(patient.ended(), 1, "{}", patient.said());
    assert!(patient.said().contains("another instance has the ledger open\nhint: "), "{}", patient.said());
    assert!(first.is_well());
}

/// Runs the program as an unprivileged user.
fn as_anonymous(place: &Place) -> Output {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--", PROGRAM]);
    command.env_clear().env("COMMENT_BRIDGE_SETTINGS", place.settings.to_string());
    for flag in ["secrets", "ledger", "runs", "published"] {
        command.arg(format!("--{flag}")).arg(place.path(flag));
    }
    command.arg("--listen").arg(place.listen.to_string()).output().unwrap()
}

#[test]
fn a_ledger_that_cannot_be_written_is_an_error_with_a_hint() {
    if !is_root() {
        println!(
            "skipped: a_ledger_that_cannot_be_written_is_an_error_with_a_hint: only root can become somebody else"
        );
        return;
    }
    let place = Place::new("http://127.0.0.1:1", "http://127.0.0.1:1");
    // The unprivileged user must reach the program, too.
    fs::set_permissions(place.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let output = as_anonymous(&place);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if said.contains("setpriv:") {
        println!("skipped: a_ledger_that_cannot_be_written_is_an_error_with_a_hint: {}", said.trim());
        return;
    }
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot use the ledger in ") && said.contains("Permission denied"), "{said}");
    assert!(said.contains("hint: the ledger's directory and its files must belong to the service's user"), "{said}");
}

#[test]
fn a_ledger_folder_that_is_not_there_and_a_port_that_is_taken_are_errors_with_hints() {
    let place = Place::new("http://127.0.0.1:1", "http://127.0.0.1:1");
    fs::remove_dir(place.path("ledger")).unwrap();
    let output = place.command().output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("No such file") && said.contains("hint: "), "{said}");

    let gitea = Server::quiet();
    let first = Place::new(&gitea.address(), &gitea.address());
    let _running = first.start();
    let mut other = Place::new(&gitea.address(), &gitea.address());
    other.listen = first.listen;
    let output = other.command().output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("cannot listen on {}: Address already in use", first.listen)), "{said}");
    assert!(said.contains("hint: name another address with --listen"), "{said}");
}

#[test]
fn as_the_first_process_of_a_container_it_hears_the_end() {
    let name = "as_the_first_process_of_a_container_it_hears_the_end";
    if !is_root() {
        println!("skipped: {name}: only root makes namespaces");
        return;
    }
    let gitea = Server::quiet();
    let place = Place::new(&gitea.address(), &gitea.address());
    let mut running = place.begin_as(&["unshare", "--pid", "--fork", "--kill-child", "--"]);
    running.until("it is well", crate::running::Running::is_well);
    let children = format!("/proc/{0}/task/{0}/children", running.pid());
    let inner: i32 = fs::read_to_string(children).unwrap().trim().parse().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(inner), Signal::SIGTERM).unwrap();
    let began = Instant::now();
    assert_eq!(running.ended(), 0, "{}", running.said());
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[test]
fn a_ledger_that_cannot_be_written_makes_it_unwell_until_it_can() {
    let gitea = Server::quiet();
    let place = Place::new(&gitea.address(), &gitea.address());
    let mut running = place.start_and_poll();
    let other = rusqlite::Connection::open(place.path("ledger").join(container::LEDGER_FILE)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    running.until("it is unwell", |running| get(running.listen, "/healthz").status == 503);
    let health = get(running.listen, "/healthz").json();
    assert_eq!(health["healthy"], false);
    assert!(health["details"]["unhealthy_reasons"][0].as_str().unwrap().contains("ledger"), "{health}");
    let asked = Command::new(PROGRAM).args(["health", "--listen", &place.listen.to_string()]).output().unwrap();
    assert_eq!(asked.status.code(), Some(1), "{asked:?}");
    let delivery = comment(41, "!testme").to_string();
    assert_eq!(deliver(running.listen, SECRET, "issue_comment", &delivery).status, 503);
    other.execute_batch("ROLLBACK").unwrap();
    running.until("it is well again", crate::running::Running::is_well);
    assert_eq!(deliver(running.listen, SECRET, "issue_comment", &delivery).status, 200);
    assert_eq!((running.deliveries("failed"), running.deliveries("accepted")), (1, 1));
}
