//! Too much, too slow, too many.

use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::running::{Place, Running, SECRET, comment};
use crate::server::Server;
use crate::wire::{get, head, open, post, raw, rest, signature};

/// The answer to a slow client, and the time until it.
const SLOW: Duration = Duration::from_secs(8);

fn quiet() -> (Server, Place, Running) {
    let gitea = Server::quiet();
    let place = Place::new(&gitea.address(), &gitea.address());
    let running = place.start_and_poll();
    (gitea, place, running)
}

#[test]
fn a_body_that_is_too_large_is_not_read() {
    let (_gitea, _place, running) = quiet();
    let zeros = "0".repeat(64);
    for length in ["1048577", "1073741824", "9223372036854775807"] {
        let request = head(running.listen, &[("X-Gitea-Signature", &zeros), ("Content-Length", length)]);
        let answer = raw(running.listen, request.as_bytes());
        assert_eq!((answer.status, answer.body.as_str()), (413, ""), "{length}");
    }
    // The largest is read, and more than it says is not.
    let body = " ".repeat(1024 * 1024);
    let signature = signature(SECRET, &body);
    assert_eq!(post(running.listen, &[("X-Gitea-Signature", &signature)], &body).status, 200);
    let whole = head(running.listen, &[("X-Gitea-Signature", &signature), ("Content-Length", "1048576")]) + &body;
    assert_eq!(raw(running.listen, (whole + &body).as_bytes()).status, 200);
}

#[test]
fn heads_that_are_too_large_are_refused() {
    let (_gitea, _place, running) = quiet();
    let many = "X-Many: x\r\n".repeat(100);
    let large = format!("X-Large: {}\r\n", "x".repeat(20_000));
    let endless = format!("X-Large: {}", "x".repeat(200_000));
    for headers in [many, large, endless] {
        let answer = raw(running.listen, format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{headers}\r\n").as_bytes());
        assert_eq!(answer.status, 431, "{answer:?}");
    }
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(12_000));
    assert_eq!(raw(running.listen, long.as_bytes()).status, 404);
}

#[test]
fn a_slow_client_is_cut_off_and_blocks_no_other() {
    let (_gitea, _place, running) = quiet();
    let began = Instant::now();
    let mut slow: Vec<_> = (0..200).map(|_| open(running.listen)).collect();
    for (number, stream) in slow.iter_mut().enumerate() {
        let address = format!("203.0.113.{number}");
        let headers =
            [("X-Forwarded-For", &*address), ("X-Gitea-Signature", "0"), ("Content-Length", "1000"), ("X-Slow", "1")];
        let request = head(running.listen, &headers);
        // Half of them are slow with the head, half with the body.
        let end = if number % 2 == 0 { request.len() - 3 } else { request.len() };
        stream.write_all(&request.as_bytes()[..end]).unwrap();
    }
    assert_eq!(get(running.listen, "/healthz").status, 200);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let statuses: Vec<u16> = slow.into_iter().map(|stream| rest(stream).status).collect();
    assert!(began.elapsed() < SLOW, "{:?}", began.elapsed());
    // A few bodies are waited for; the others are sent away at once.
    assert!(statuses.iter().all(|status| matches!(status, 0 | 408 | 429)), "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 408).count(), 64);
}

#[test]
fn a_body_that_comes_a_byte_at_a_time_is_cut_off() {
    let (_gitea, _place, running) = quiet();
    let body = comment(41, "!testme").to_string();
    let (signature, length) = (signature(SECRET, &body), body.len().to_string());
    let headers =
        [("X-Gitea-Event", "issue_comment"), ("X-Gitea-Signature", &*signature), ("Content-Length", &*length)];
    let mut stream = open(running.listen);
    stream.write_all(head(running.listen, &headers).as_bytes()).unwrap();
    let began = Instant::now();
    for byte in body.as_bytes() {
        if stream.write_all(&[*byte]).is_err() {
            break;
        }
        assert!(began.elapsed() < SLOW, "it is still taken");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(matches!(rest(stream).status, 0 | 408));
    assert_eq!((running.deliveries("accepted"), running.deliveries("unreadable")), (0, 1));
}

#[test]
fn a_flood_of_one_sender_does_not_keep_another_out() {
    let (_gitea, _place, running) = quiet();
    let body = comment(41, "!testme").to_string();
    let flood = |_| post(running.listen, &[("X-Forwarded-For", "198.51.100.7, 203.0.113.9")], "{}");
    let answers: Vec<_> = (0..700).map(flood).collect();
    let limited: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!((1..=100).contains(&limited.len()), "{}", limited.len());
    assert!(answers.iter().all(|answer| matches!(answer.status, 401 | 429) && answer.body.is_empty()));
    assert!(limited.iter().all(|answer| answer.header("retry-after") == Some("1")));
    assert!(answers[..600].iter().all(|answer| answer.status == 401));
    let signature = signature(SECRET, &body);
    let gitea = |address| {
        let headers =
            [("X-Forwarded-For", address), ("X-Gitea-Event", "issue_comment"), ("X-Gitea-Signature", &*signature)];
        post(running.listen, &headers, &body).status
    };
    // The last hop is what counts: Traefik writes it.
    assert_eq!(gitea("203.0.113.9, 198.51.100.7"), 200);
    // Before the signature is looked at, also a right one.
    let spent: Vec<_> = (0..50).map(flood).collect();
    assert!(spent.iter().any(|answer| answer.status == 429));
    assert_eq!(gitea("203.0.113.9"), 429);
    assert_eq!(running.deliveries("accepted"), 1);
}
