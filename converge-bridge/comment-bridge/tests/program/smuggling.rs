//! Requests whose end two readers might see at two places. None is a delivery, and nothing behind a request is another.

use crate::running::{Place, SECRET, comment};
use crate::server::Server;
use crate::wire::{raw, signature};

#[test]
fn a_request_with_two_ends_is_never_a_delivery() {
    let gitea = Server::quiet();
    let running = Place::new(&gitea.address(), &gitea.address()).start_and_poll();
    let body = comment(41, "!testme").to_string();
    let (length, signature) = (body.len(), signature(SECRET, &body));
    let start =
        format!("POST /hook HTTP/1.1\r\nHost: x\r\nX-Gitea-Event: issue_comment\r\nX-Gitea-Signature: {signature}\r\n");
    let chunked = format!("{length:x}\r\n{body}\r\n0\r\n\r\n");
    let refused = [
        // Both, in either order, in either shape.
        format!("{start}Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}"),
        format!("{start}Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n\r\n{chunked}"),
        format!("{start}Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n{body}"),
        format!("{start}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{body}"),
        format!("{start}Transfer-Encoding: identity\r\nContent-Length: {length}\r\n\r\n{body}"),
        format!("{start}Transfer-Encoding: \tchunked\r\nContent-Length: {length}\r\n\r\n{chunked}"),
        format!("{start}Transfer-Encoding: xchunked\r\nContent-Length: {length}\r\n\r\n{body}"),
        format!("{start}Transfer-Encoding: gzip, chunked\r\nContent-Length: {length}\r\n\r\n{chunked}"),
        format!("{start}Transfer-Encoding : chunked\r\nContent-Length: {length}\r\n\r\n{body}"),
        format!("{start}transfer-encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n{chunked}"),
        // Chunks alone: Gitea and Traefik always say how long it is.
        format!("{start}Transfer-Encoding: chunked\r\n\r\n{chunked}"),
        format!("{start}Transfer-Encoding: chunked\r\n\r\n{chunked}").replace("HTTP/1.1", "HTTP/1.0"),
        // Lengths that differ or are none.
        format!("{start}Content-Length: {length}\r\nContent-Length: 0\r\n\r\n{body}"),
        format!("{start}Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{body}"),
        format!("{start}Content-Length: {length}, {length}\r\n\r\n{body}"),
        format!("{start}Content-Length: +{length}\r\n\r\n{body}"),
        format!("{start}Content-Length: 0x{length:x}\r\n\r\n{body}"),
        format!("{start}Content-Length: -1\r\n\r\n{body}"),
        format!("{start}Content-Length: 18446744073709551616\r\n\r\n{body}"),
        format!("{start}Content-Length: \r\n\r\n{body}"),
        format!("{start}Content-Length : {length}\r\n\r\n{body}"),
        format!("{start}Content_Length: {length}\r\n\r\n{body}"),
        format!("{start}\r\n{body}"),
        // Lines that go on in the next one, and ends of lines that are none.
        format!("{start}X-Folded: a\r\n b\r\nContent-Length: {length}\r\n\r\n{body}"),
        format!("{start}Content-Length:\r\n {length}\r\n\r\n{body}"),
        format!("{start} Content-Length: {length}\r\n\r\n{body}"),
        format!("{start}X-Null: a\0b\r\nContent-Length: {length}\r\n\r\n{body}"),
        format!("{start}X-Return: a\rContent-Length: {length}\r\n\r\n{body}"),
        // Other beginnings.
        format!("{start}Content-Length: {length}\r\n\r\n{body}").replace("POST /hook", "POST  /hook"),
        format!("{start}Content-Length: {length}\r\n\r\n{body}").replace("POST /hook", "post /hook"),
        format!("{start}Content-Length: {length}\r\n\r\n{body}").replace("POST /hook HTTP/1.1", "POST /hook"),
        format!("{start}Content-Length: {length}\r\n\r\n{body}").replace("HTTP/1.1", "HTTP/2.0"),
    ];
    for request in &refused {
        let answer = raw(running.listen, request.as_bytes());
        assert!(answer.status == 0 || (400..500).contains(&answer.status), "{answer:?} to {request}");
        assert!(answer.count() <= 1, "{answer:?} to {request}");
    }
    assert_eq!(running.deliveries("accepted"), 0);
    assert!(running.triggers().is_empty(), "{:?}", running.triggers());
}

#[test]
fn a_request_body_is_never_read_as_a_request() {
    let gitea = Server::quiet();
    let running = Place::new(&gitea.address(), &gitea.address()).start_and_poll();
    let body = comment(41, "!testme").to_string();
    let (length, signature) = (body.len(), signature(SECRET, &body));
    let delivery = format!(
        "POST /hook HTTP/1.1\r\nHost: x\r\nX-Gitea-Event: issue_comment\r\nX-Gitea-Signature: {signature}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    for first in [
        "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        "POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        "POST /hook HTTP/1.1\r\nHost: x\r\nX-Gitea-Signature: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let answer = raw(running.listen, format!("{first}{delivery}").as_bytes());
        assert_eq!(answer.count(), 1, "{answer:?}");
        assert_eq!(answer.header("connection"), Some("close"), "{answer:?}");
    }
    assert_eq!(running.deliveries("accepted"), 0);
    // And what stands behind a delivery is not part of it.
    let answer = raw(running.listen, format!("{delivery}GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
    assert_eq!((answer.status, answer.count()), (200, 1));
    assert_eq!(running.deliveries("accepted"), 1);
}
