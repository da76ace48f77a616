//! Whatever Gitea answers, nothing panics, and nothing but its 204 makes a member.

use std::sync::Mutex;

use fastrand::Rng;
use serde_json::{Value, json};

use super::super::wire::{self, WireComment, WireEntry, WirePull, WireReferences};
use super::{Membership, Scope, repository, seven};
use crate::testing::{Fake, at, comment, entry, head, http_date, pull, push, raw};

/// How many answers are read as each kind of answer.
const CASES: u32 = 90_000;

/// A value of any kind.
fn any(rng: &mut Rng, depth: u32) -> Value {
    match rng.u32(..if depth == 0 { 12 } else { 14 }) {
        0 => Value::Null,
        1 => json!(rng.bool()),
        2 => json!(rng.i64(..)),
        3 => json!(rng.u64(..)),
        4 => json!(-rng.f64() * 1e300),
        5 => json!(0),
        6 => json!(""),
        7 => json!("..".repeat(rng.usize(..300))),
        8 => {
            let length = rng.usize(..20);
            json!((0..length).map(|_| rng.char(..)).collect::<String>())
        }
        9 => json!("9999999-99-99T99:99:99Z"),
        10 => json!("-009999-01-01T00:00:00+25:59"),
        11 => json!("2026-11-21T12:00:00+01:00"),
        12 => (0..rng.usize(..4)).map(|_| any(rng, depth - 1)).collect(),
        _ => json!({"login": any(rng, depth - 1), "full_name": any(rng, depth - 1), "sha": any(rng, depth - 1)}),
    }
}

/// Changes something somewhere in a value.
fn meddle(rng: &mut Rng, value: &mut Value) {
    match value {
        Value::Object(fields) if !fields.is_empty() && rng.u32(..5) > 0 => {
            let key = fields.keys().nth(rng.usize(..fields.len())).cloned().unwrap_or_default();
            if rng.u32(..8) == 0 {
                fields.remove(&key);
            } else if let Some(field) = fields.get_mut(&key) {
                meddle(rng, field);
            }
        }
        Value::Array(entries) if !entries.is_empty() && rng.u32(..5) > 0 => {
            let at = rng.usize(..entries.len());
            if rng.u32(..8) == 0 {
                entries.push(entries[at].clone());
            } else {
                meddle(rng, &mut entries[at]);
            }
        }
        other => *other = any(rng, 2),
    }
}

/// An answer that is nearly right, or wholly wrong.
fn garbled(rng: &mut Rng, right: &Value) -> Vec<u8> {
    let mut bytes = if rng.u32(..10) == 0 {
        let length = rng.usize(..60);
        (0..length).map(|_| rng.u8(..)).collect()
    } else {
        let mut value = right.clone();
        for _ in 0..rng.u32(..3) {
            meddle(rng, &mut value);
        }
        value.to_string().into_bytes()
    };
    if rng.u32(..4) == 0 && !bytes.is_empty() {
        let at = rng.usize(..bytes.len());
        match rng.u32(..3) {
            0 => bytes[at] = rng.u8(..),
            1 => bytes.truncate(at),
            _ => bytes.insert(at, rng.u8(..)),
        }
    }
    bytes
}

#[test]
fn no_answer_is_too_strange_to_be_read_or_refused() {
    let mut rng = Rng::with_seed(5);
    let comments = json!([comment(1, "mara", "!testme", 0), comment(2, "ci-bot", "queued", 1)]);
    let entries = json!([entry("recipes/hello", 7, 3, 2), entry("recipes/other", 9, 4, 0)]);
    let one = pull(7);
    let heads = head(7, super::HEAD);
    let pushed = push(9, 3, &[super::HEAD]);
    let mut right = 0;
    for _ in 0..CASES {
        if let Ok(list) = serde_json::from_slice::<Vec<WireComment>>(&garbled(&mut rng, &comments)) {
            for comment in list.into_iter().filter_map(|comment| comment.understood().ok()) {
                assert!(comment.id > 0);
                right += 1;
            }
        }
        if let Ok(list) = serde_json::from_slice::<Vec<WireEntry>>(&garbled(&mut rng, &entries)) {
            for entry in list.into_iter().filter_map(|entry| entry.understood().ok()) {
                assert!(entry.pull.number > 0 && entry.comments >= 0);
                right += 1;
            }
        }
        if let Ok(read) = serde_json::from_slice::<WirePull>(&garbled(&mut rng, &one))
            && let Ok(read) = read.understood(7)
        {
            assert!(read.number == 7);
            right += 1;
        }
        if let Ok(read) = serde_json::from_slice::<WireReferences>(&garbled(&mut rng, &heads))
            && let Ok(Some(commit)) = read.commit("refs/pull/7/head")
        {
            assert!(matches!(commit.len(), 40 | 64));
            right += 1;
        }
        if let Ok(entry) = serde_json::from_slice::<Value>(&garbled(&mut rng, &pushed))
            && let Ok(Some(push)) = wire::push(&entry)
        {
            assert!(push.head.is_none_or(|head| matches!(head.len(), 40 | 64)));
            right += 1;
        }
    }
    assert!(right > 10_000, "{right} of them made sense");
}

#[tokio::test(start_paused = true)]
async fn no_answer_but_204_makes_a_member() {
    let state = Mutex::new(Rng::with_seed(55));
    let fake = Fake::new(move |_, _| {
        let mut rng = state.lock().unwrap();
        let right = [
            comment(1, "mara", "!testme", 0),
            pull(7),
            head(7, super::HEAD),
            json!([push(1, 0, &[super::HEAD])]),
            json!({"message": "not found"}),
        ];
        let which = rng.usize(..right.len());
        let body = garbled(&mut rng, &right[which]);
        let date = http_date(at(rng.i64(-100..100)));
        let statuses = [200, 200, 201, 202, 206, 301, 302, 303, 304, 307, 400, 401, 403, 404, 404, 418, 429, 500, 503];
        let total = ["1", "0", "-1", "x", "18446744073709551616"];
        let headers = [
            ("content-type", *rng.choice(&["application/json", "text/html", "", "image/png"]).unwrap()),
            ("location", *rng.choice(&["/x", "//y/z", "http://[::1", "/api/v1/repos/a/b", "é?#"]).unwrap()),
            ("x-total-count", *rng.choice(&total).unwrap()),
            ("date", *rng.choice(&[date.as_str(), "yesterday", "Mon, 99 Foo 2026 25:61:61 GMT"]).unwrap()),
            ("retry-after", *rng.choice(&["1", "-5", "soon", "1e9"]).unwrap()),
        ];
        let kept: Vec<(&str, &str)> = headers.into_iter().filter(|_| rng.u32(..5) > 0).collect();
        raw(*rng.choice(&statuses).unwrap(), &kept, body)
    });
    let gitea = fake.gitea();
    let source = Scope::Owner("recipes");
    for _ in 0..3_000 {
        assert_ne!(gitea.is_member("recipes", "mara").await.ok(), Some(Membership::Member));
        let _any = gitea.comment_at(&repository(), 1).await;
        let _any = gitea.comments(&seven(), None).await;
        let _any = gitea.pull(&seven()).await;
        let _any = gitea.head(&seven()).await;
        let _any = gitea.pushes(&seven()).await;
        let _any = gitea.changed(source, at(0), 1, 50).await;
        let _any = gitea.edit_comment(&repository(), 1, "x").await;
        let _any = gitea.delete_comment(&repository(), 1).await;
    }
}
