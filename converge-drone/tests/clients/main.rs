//! Every call to Gitea and Drone against servers that are wrong in every way: each ends within its deadline, with an error
//! with the call, the cause and a hint, without a secret, and without a call to another server.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test that cannot go on fails")]

mod calls;
mod connection;
mod fault;
mod server;

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use base::backoff::Backoff;
use http::drone::Drone;
use http::gitea::Gitea;
use http::{Connect, Service};
use secrecy::SecretString;

use calls::{Call, Pair, Settled, log_in_for_a_token};
use connection::{Broken, broken};
use fault::Fault;
use server::{Server, Step, Steps};

/// A secret that a server says by mistake.
pub const CANARY: &str = "canary-said";
/// The bot's password; a form has to encode it.
const PASSWORD: &str = "canary pass&word=ü";
/// The API token.
pub const TOKEN: &str = "canary-token";
/// The value of every cookie.
pub const COOKIE: &str = "canary-cookie";

/// The deadline of calls that must reach it.
const SHORT: Duration = Duration::from_millis(250);
/// The deadline of calls that must not.
const LONG: Duration = Duration::from_secs(20);
/// How much later than its deadline a call may end, on a machine that is busy.
const LATE: Duration = Duration::from_secs(2);

fn connect(slow: bool, authority: Option<String>) -> Connect {
    let backoff = Backoff { attempts: 3, first: Duration::from_millis(2), longest: Duration::from_millis(4) };
    Connect { backoff, authority, ..Connect::within(if slow { SHORT } else { LONG }) }
}

fn pair(drone: &str, gitea: &str, connect: &Connect) -> Pair {
    let drone = Drone::new(drone, connect).unwrap().with_token(&SecretString::from(TOKEN));
    Pair { drone, gitea: Gitea::with_password(gitea, "ci-bot", &SecretString::from(PASSWORD), connect).unwrap() }
}

/// Checks what became of one call; answers what is wrong with it.
fn judge(what: &str, settled: &Settled, took: Duration, slow: bool, expected: &[&str]) -> Option<String> {
    let failure = match settled {
        Ok(value) => return Some(format!("{what}: ended well: {value}")),
        Err(failure) => failure,
    };
    let text = failure.text();
    let wrong = |why: &str| Some(format!("{what}: {why}:\n{text}\n"));
    let shown = format!("{text}\n{}", failure.debugged);
    if took > LATE + if slow { SHORT } else { Duration::ZERO } {
        return wrong(&format!("took {took:?}"));
    }
    if shown.contains("canary") || shown.contains("Y2ktYm90") {
        return wrong(&format!("tells a secret ({})", failure.debugged));
    }
    if failure.explained.hint.as_deref().is_none_or(str::is_empty) {
        return wrong("has no hint");
    }
    if !(text.contains("Gitea") || text.contains("Drone")) || !text.contains("http") {
        return wrong("does not say where");
    }
    if !expected.iter().any(|expected| text.contains(expected)) {
        return wrong(&format!("lacks one of {expected:?}"));
    }
    None
}

/// The texts of which an error about a fault must contain one.
fn says(fault: Fault) -> &'static [&'static str] {
    match fault {
        Fault::Silent | Fault::HeadOnly | Fault::Drip => &["has not answered within 0.25 s"],
        Fault::Half => &["is cut off"],
        Fault::CutJson | Fault::Empty => &["is cut off: its JSON ends at", "cannot be understood"],
        Fault::OtherJson => &["cannot be understood"],
        Fault::Page(200) => &["answers with a web page (“Back soon”), status 200", "“Back soon”)"],
        Fault::Page(403) => &["web page (“Back soon”), status 403", "“Back soon”)"],
        Fault::Page(404) => &["web page (“Back soon”), status 404", "no backend serves"],
        Fault::Page(_) => &["fails (", "50"],
        Fault::Message(400 | 409 | 422) => &["rejects (", "it says no"],
        Fault::Message(401 | 403) => &["refuses (", "it says no"],
        Fault::Message(404) => &["knows no such thing ("],
        Fault::Message(_) => &[": it says no)"],
        Fault::Plain(401) => &["refuses ("],
        Fault::Plain(404) => &["404 by the proxy before it"],
        Fault::Plain(_) => &["it says no)"],
        Fault::Echo(_) => &["400", "401", "403", "404", "500"],
        Fault::Circle => &["redirects to", "in a circle", "asks for it again", "no such step"],
        Fault::Elsewhere | Fault::ElsewhereAgain => &["redirects to", "which is neither Gitea nor Drone"],
        Fault::Nowhere => &["redirects to", "redirects to no address"],
        Fault::HugeAnnounced | Fault::Endless => &["is larger than 4194304 bytes"],
    }
}

/// True for a fault that is no failure: an answer "there is none", and a health check without a body to read.
fn is_right(call: &str, fault: Fault) -> bool {
    match fault {
        Fault::Message(404) | Fault::Echo(404) => call == "gitea repository",
        Fault::CutJson | Fault::Empty | Fault::OtherJson => call == "drone healthy",
        _ => false,
    }
}

/// Prints how many were right, and fails with the others.
fn count(of: &str, total: usize, wrong: &[String]) {
    println!("{} of {total} {of}", total - wrong.len());
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

async fn timed(asking: impl Future<Output = Settled>) -> (Settled, Duration) {
    let began = Instant::now();
    let settled = asking.await;
    (settled, began.elapsed())
}

#[tokio::test]
async fn every_call_fails_well_for_every_answer() {
    let (mut wrong, mut total) = (Vec::new(), 0);
    let elsewhere = Server::counting().await;
    for &fault in Fault::ALL {
        let server = Server::wrong(fault, &elsewhere.address).await;
        for Call { name, make, .. } in calls::ALL {
            let pair = pair(&server.address, &server.address, &connect(fault.is_slow(), None));
            let (settled, took) = timed(make(&pair)).await;
            total += 1;
            if is_right(name, fault) {
                wrong.extend(settled.err().map(|failure| format!("{name}, {fault:?}: {}", failure.text())));
            } else {
                wrong.extend(judge(&format!("{name}, {fault:?}"), &settled, took, fault.is_slow(), says(fault)));
            }
        }
    }
    assert_eq!(elsewhere.asked(), 0, "another server was asked");
    count("calls to servers that answer wrongly ended as they should", total, &wrong);
}

#[tokio::test]
async fn every_call_fails_well_where_there_is_no_http() {
    let (mut wrong, mut total) = (Vec::new(), 0);
    for &way in Broken::ALL {
        let port = broken(way);
        let expected: &[&str] = match way {
            Broken::Down | Broken::Closed | Broken::OtherProtocol => &["cannot be reached"],
            Broken::SilentTls => &["has not answered within 0.25 s"],
            Broken::SelfSigned | Broken::OtherName | Broken::Expired | Broken::PlainOnTls => {
                &["no trusted connection to"]
            }
        };
        for Call { name, service, make } in calls::ALL {
            let pair = pair(&port.address, &port.address, &connect(way.is_slow(), port.authority.clone()));
            let (settled, took) = timed(make(&pair)).await;
            total += 1;
            let what = format!("{name}, {way:?}");
            wrong.extend(judge(&what, &settled, took, way.is_slow(), expected));
            let said = settled.err().map(|failure| failure.text()).unwrap_or_default();
            if !said.contains(&service.to_string()) {
                wrong.push(format!("{what}: does not name {service}: {said}"));
            }
        }
    }
    count("calls without a server ended as they should", total, &wrong);
}

#[tokio::test]
async fn a_login_fails_well_at_every_step() {
    let (mut wrong, mut total) = (Vec::new(), 0);
    let elsewhere = Server::counting().await;
    for step in Step::ALL {
        for &fault in Fault::ALL {
            let steps = Steps { wrong: Some((step, fault)), elsewhere: elsewhere.address.clone(), busy: 0 };
            let (drone, gitea) = Server::pair(steps).await;
            let pair = pair(&drone.address, &gitea.address, &connect(fault.is_slow(), None));
            let (settled, took) = timed(log_in_for_a_token(&pair)).await;
            total += 1;
            wrong.extend(judge(&format!("{step:?}, {fault:?}"), &settled, took, fault.is_slow(), says(fault)));
        }
    }
    assert_eq!(elsewhere.asked(), 0, "another server was asked");
    count("logins that break off at a step ended as they should", total, &wrong);
}

#[tokio::test]
async fn a_login_where_gitea_has_no_http_fails_well() {
    let mut wrong = Vec::new();
    for &way in Broken::ALL {
        let port = broken(way);
        let drone = Server::leading_to(&port.address).await;
        let pair = pair(&drone.address, &port.address, &connect(way.is_slow(), port.authority.clone()));
        let (settled, took) = timed(log_in_for_a_token(&pair)).await;
        wrong.extend(judge(&format!("{way:?}"), &settled, took, way.is_slow(), &["Gitea"]));
    }
    count("logins without a Gitea ended as they should", Broken::ALL.len(), &wrong);
}

/// The comparison: what the other tests call wrong is so because of its fault alone.
#[tokio::test]
async fn a_sound_server_gives_no_error() {
    let (drone, gitea) = Server::pair(Steps::right()).await;
    let there = pair(&drone.address, &gitea.address, &connect(false, None));
    let said = log_in_for_a_token(&there).await.expect("logged in");
    assert!(!said.contains("canary"), "{said}");
    assert_eq!(drone.asked() + gitea.asked(), 10);

    let port = connection::tls("127.0.0.1", 2999, true);
    let trusted = connect(false, port.authority.clone());
    pair(&port.address, &port.address, &trusted).drone.healthy().await.expect("by its address");

    // By its name, at an address of ours: TLS and Host keep the name.
    let port = connection::tls("drone.example.org", 2999, true);
    let address = format!("https://drone.example.org:{}", port.number());
    let there = Connect { at: Some(Ipv4Addr::LOCALHOST.into()), ..connect(false, port.authority.clone()) };
    pair(&address, &address, &there).drone.healthy().await.expect("by its name");
}

/// Drone writes an account as it was before it read its repositories: no token may be rotated until it is done.
#[tokio::test]
async fn a_login_waits_until_drone_has_read_the_repositories() {
    let (drone, gitea) = Server::pair(Steps { busy: 4, ..Steps::right() }).await;
    log_in_for_a_token(&pair(&drone.address, &gitea.address, &connect(false, None))).await.expect("logged in");
    assert_eq!(drone.asked(), 2 + 4 + 1 + 1, "the token is asked for last");

    let (drone, gitea) = Server::pair(Steps { busy: usize::MAX - 2, ..Steps::right() }).await;
    let there = pair(&drone.address, &gitea.address, &connect(true, None));
    let (settled, took) = timed(log_in_for_a_token(&there)).await;
    let expected = ["Drone still reads the repositories of `ci-bot` from Gitea after 0.25 s"];
    assert_eq!(judge("busy", &settled, took, true, &expected), None);
}

/// A server that fails now and then is asked again, but never for a change.
#[tokio::test]
async fn only_safe_requests_are_retried() {
    for Call { name, service, make } in calls::ALL {
        let server = Server::wrong(Fault::Message(503), "").await;
        let pair = pair(&server.address, &server.address, &connect(false, None));
        make(&pair).await.expect_err(name);
        let again = matches!(*name, "gitea applications" | "gitea repository" | "drone account" | "drone repositories");
        assert_eq!(server.asked(), if again { 3 } else { 1 }, "{name} of {}", Service::to_string(service));
    }
}

#[tokio::test]
async fn addresses_that_cannot_be_used_are_refused_at_once() {
    let wrong = [
        "",
        "git.example.org",
        "ftp://git.example.org",
        "https://",
        "https://bot:canary@git.example.org",
        "http://[::",
        "file:///etc/passwd",
        "https://canary@git.example.org",
    ];
    for address in wrong {
        let error = Drone::new(address, &connect(false, None)).expect_err(address);
        let said = base::error::chain(&error);
        assert!(said.contains("the address of Drone, `"), "{said}");
        assert!(!said.contains("canary"), "{said}");
        assert_eq!(base::error::Explain::class(&error), base::error::Class::Configuration);
    }
    println!("{0} of {0} addresses refused", wrong.len());
}
