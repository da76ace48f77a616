//! Labs start, work and end, and leave nothing behind in any case.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod footprint;
mod interrupted;
mod switching;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use footprint::Footprint;
use lab::{Lab, Seen, UpOptions, wait_until};

/// A bare machine with a name; `None`, with a line about the skipped test, if this machine cannot run labs.
fn machine(name: &str) -> Option<Lab> {
    if let Some(why) = Lab::why_not() {
        println!("skipped: {name}: {why}");
        return None;
    }
    let options = UpOptions { bare: true, replace: true, ..UpOptions::named(name) };
    Some(Lab::up(&options).expect("the lab boots"))
}

fn sh(lab: &Lab, script: &str) -> String {
    lab.exec(&["sh", "-c", script]).unwrap().text().unwrap()
}

/// The answer of a web server behind a forwarded port, once there is one.
fn get(port: u16) -> String {
    wait_until("an answer through the forwarded port", Duration::from_secs(20), || {
        let ask = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        Ok(match ask() {
            Ok(answer) if !answer.is_empty() => Seen::Yes(answer),
            other => Seen::NotYet(format!("{other:?}")),
        })
    })
    .unwrap()
}

/// Serves a page with the lab's name on the lab's port 80.
fn serve(lab: &Lab) {
    let script = "mkdir -p /srv/www && echo $1 > /srv/www/index.html && \
                  systemd-run --quiet --unit=www busybox httpd -f -p 80 -h /srv/www";
    lab.exec(&["sh", "-c", script, "sh", lab.name()]).unwrap().text().unwrap();
}

#[test]
fn a_lab_boots_works_reboots_and_goes() {
    let before = Footprint::of("test-whole");
    let Some(lab) = machine("test-whole") else { return };
    assert_eq!(sh(&lab, "systemctl is-system-running"), "running");
    assert_eq!(sh(&lab, "ps -p 1 -o comm= 2>/dev/null || cat /proc/1/comm"), "systemd");
    assert_eq!(lab.exec(&["sh", "-c", "echo out; echo err >&2; exit 7"]).unwrap().code, 7);
    let error = lab.exec(&["sh", "-c", "echo gone wrong >&2; exit 7"]).unwrap().text().unwrap_err().to_string();
    assert!(error.ends_with("exit code 7\n    gone wrong"), "{error}");
    assert!(sh(&lab, "docker image ls --format '{{.Repository}}:{{.Tag}}'").contains("traefik:v"));

    sh(&lab, "docker swarm init --advertise-addr 10.99.0.1 && docker volume create kept");
    lab.write_file("/etc/kept", b"yes", 0o600).unwrap();
    lab.write_file("/run/lost", b"yes", 0o600).unwrap();
    let boot = sh(&lab, "cat /proc/sys/kernel/random/boot_id");
    serve(&lab);
    assert!(get(lab.http_port().unwrap()).ends_with("test-whole\n"));

    lab.reboot().unwrap();
    assert_ne!(sh(&lab, "cat /proc/sys/kernel/random/boot_id"), boot);
    assert_eq!(lab.read_file("/etc/kept").unwrap(), "yes");
    assert!(!lab.exec(&["test", "-e", "/run/lost"]).unwrap().ok(), "/run is new");
    assert!(sh(&lab, "docker volume ls -q").contains("kept"));
    assert_eq!(sh(&lab, "docker info -f '{{.Swarm.LocalNodeState}}'"), "active");
    serve(&lab);
    assert!(get(lab.http_port().unwrap()).ends_with("test-whole\n"), "the forwarder finds the new network");

    lab.down().unwrap();
    assert_eq!(Footprint::of("test-whole"), before);
    assert!(Lab::find("test-whole").is_err());
}

#[test]
fn two_labs_have_nothing_in_common() {
    let Some(one) = machine("test-one") else { return };
    let two = machine("test-two").unwrap();
    for lab in [&one, &two] {
        sh(lab, "docker swarm init --advertise-addr 10.99.0.1");
        serve(lab);
    }
    assert_ne!(sh(&one, "docker node ls -q"), sh(&two, "docker node ls -q"));
    assert_ne!(one.http_port().unwrap(), two.http_port().unwrap());
    assert_ne!(std::fs::read(one.ca_file()).unwrap(), std::fs::read(two.ca_file()).unwrap());
    assert!(get(one.http_port().unwrap()).ends_with("test-one\n"));
    assert!(get(two.http_port().unwrap()).ends_with("test-two\n"));
    let port = two.http_port().unwrap();
    one.down().unwrap();
    assert!(get(port).ends_with("test-two\n"), "the end of one is nothing to the other");
    drop(two);
    assert!(Lab::find("test-two").is_err(), "a dropped lab is down");
}

#[test]
fn the_same_name_twice_is_refused() {
    let Some(lab) = machine("test-same") else { return };
    let error = Lab::up(&UpOptions { bare: true, ..UpOptions::named("test-same") }).unwrap_err();
    assert!(error.hint().unwrap().contains("lab down --name test-same"));
    assert_eq!(sh(&lab, "echo still here"), "still here");
}

#[test]
fn a_name_that_is_no_folder_is_refused() {
    for name in ["", "../x", "A", "-x", "a b", "a/b"] {
        let error = Lab::clear(name).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{error}");
    }
}

#[test]
fn the_links_of_a_lab_for_browsers_lead_to_it_inside_and_outside() {
    // Another program has this machine's ports.
    let _https = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 443));
    let _http = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 80));
    let name = "test-links";
    if let Some(why) = Lab::why_not() {
        println!("skipped: {name}: {why}");
        return;
    }
    let options = UpOptions { bare: true, for_browsers: true, replace: true, ..UpOptions::named(name) };
    let lab = Lab::up(&options).unwrap();
    let (https, http) = (lab.https_port().unwrap(), lab.http_port().unwrap());
    assert!(https != 443 && http != 80, "{https} {http}");
    assert_eq!(lab.address("hello").unwrap(), format!("https://hello.ci.localhost:{https}"));
    let script = "mkdir -p /srv/www && echo here > /srv/www/index.html && \
                  systemd-run --quiet --unit=www busybox httpd -f -p 443 -h /srv/www";
    sh(&lab, script);
    assert!(get(https).ends_with("here\n"));
    assert_eq!(sh(&lab, &format!("curl --silent --retry 5 --retry-connrefused http://10.99.0.1:{https}/")), "here");
}
