//! Who has not the secret gets a status, no word, and nothing done.

use crate::running::{Place, SECRET, comment};
use crate::server::Server;
use crate::wire::{post, signature};

#[test]
fn a_delivery_without_the_right_signature_does_nothing() {
    let gitea = Server::quiet();
    let running = Place::new(&gitea.address(), &gitea.address()).start_and_poll();
    let body = comment(41, "!testme").to_string();
    let right = signature(SECRET, &body);
    let event = ("X-Gitea-Event", "issue_comment");
    let refused = |status: u16, headers: &[(&str, &str)], body: &str| {
        let answer = post(running.listen, &[headers, &[event]].concat(), body);
        assert_eq!((answer.status, answer.body.as_str()), (status, ""), "{headers:?}");
    };
    let unsigned = [
        &[][..],
        &[("X-Hub-Signature-256", &*format!("sha256={right}"))],
        &[("X-Hub-Signature-256", &right)],
        &[("X-Gogs-Signature", &right)],
        &[("Authorization", &right)],
    ]
    .map(|headers| refused(401, headers, &body));

    let name = "X-Gitea-Signature";
    let mut flipped = right.clone().into_bytes();
    flipped[0] = if flipped[0] == b'0' { b'1' } else { b'0' };
    let flipped = String::from_utf8(flipped).unwrap();
    let mut forged = 0;
    for wrong in [
        signature("another", &body),
        signature("", &body),
        signature(SECRET, ""),
        signature(SECRET, &(body.clone() + " ")),
        signature(SECRET, &body.replace("hello", "other")),
        flipped,
        right.to_uppercase(),
        format!("sha256={right}"),
        right[..62].to_owned(),
        format!("{right}00"),
        "0".repeat(64),
        String::new(),
        "g".repeat(64),
        "é".repeat(32),
        "x".repeat(8000),
    ] {
        refused(403, &[(name, &wrong)], &body);
        forged += 1;
    }
    refused(403, &[(name, &right), (name, &right)], &body);
    refused(403, &[(name, &right), (name, "0")], &body);
    refused(403, &[(name, &right)], &body.replace("mara", "sara"));
    assert_eq!(running.deliveries("missing_signature"), unsigned.len());
    assert_eq!(running.deliveries("invalid_signature"), forged + 3);
    assert!(running.triggers().is_empty());

    // The very same, right.
    assert_eq!(post(running.listen, &[event, (name, &right)], &body).status, 200);
    assert_eq!(running.deliveries("accepted"), 1);
}
