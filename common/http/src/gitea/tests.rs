//! Tests of the client.

mod garbage;

use base::error::one_line;
use jiff::Timestamp;
use serde_json::json;

use super::{Head, Membership, Reached, Scope, Status, moment};
use crate::names::{Pull, Repository};
use crate::testing::{Fake, Reply, at, comment, entry, head, list, not_found, pull, push, raw, says};

const HEAD: &str = "0123456789abcdef0123456789abcdef01234567";

fn repository() -> Repository {
    "recipes/hello".parse().unwrap()
}

fn seven() -> Pull {
    Pull { repository: repository(), number: 7 }
}

#[test]
fn the_date_of_an_answer_is_a_moment() {
    let date = jiff::fmt::rfc2822::parse("Sat, 21 Nov 2026 11:53:19 GMT").unwrap().timestamp();
    assert_eq!(date, "2026-11-21T11:53:19Z".parse::<Timestamp>().unwrap());
    assert_eq!(moment(date), "2026-11-21T11:53:19Z");
}

async fn membership(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Result<Membership, String> {
    let fake = Fake::new(move |_, _| reply());
    fake.gitea().is_member("recipes", "mara").await.map_err(|error| one_line(&error))
}

#[tokio::test(start_paused = true)]
async fn membership_is_what_gitea_itself_says() {
    assert_eq!(membership(|| raw(204, &[], "")).await, Ok(Membership::Member));
    assert_eq!(membership(not_found).await, Ok(Membership::Stranger));
    let public = [("location", "/api/v1/orgs/recipes/public_members/mara")];
    assert_eq!(membership(move || raw(303, &public, "")).await, Ok(Membership::Hidden));
    for (status, body) in [
        (200, "{}"),
        (200, ""),
        (202, ""),
        (301, ""),
        (307, ""),
        (404, "404 page not found"),
        (404, "<html>"),
        (401, "{\"message\":\"token is required\"}"),
        (403, "{\"message\":\"no\"}"),
        (429, ""),
        (500, ""),
        (502, "<html><title>Bad Gateway</title>"),
    ] {
        let settled = membership(move || raw(status, &[("location", "/elsewhere")], body)).await;
        assert!(settled.is_err(), "{status} {body}: {settled:?}");
    }
    assert!(membership(|| None).await.unwrap_err().contains("has not answered within 10 s"));
}

#[tokio::test]
async fn a_name_that_is_none_is_a_stranger_and_never_asked_for() {
    let fake = Fake::new(|_, _| raw(204, &[], ""));
    for login in [
        "",
        ".",
        "..",
        "a/b",
        " a",
        "b ",
        "@mara",
        "mara\n",
        "mara?",
        "%2e%2e",
        "../public_members/mara",
        &"x".repeat(300),
    ] {
        assert_eq!(fake.gitea().is_member("recipes", login).await.unwrap(), Membership::Stranger, "{login:?}");
    }
    assert!(fake.asked().is_empty());
}

#[tokio::test]
async fn reads_follow_a_renamed_repository_and_writes_are_made_anew() {
    let fake = Fake::new(|line, body| match line.split_once(' ').unwrap() {
        (_, path) if path.starts_with("/api/v1/repos/recipes/hello") => {
            let to = path.replace("recipes/hello", "recipes/hi");
            raw(301, &[("location", &to)], "")
        }
        ("GET", "/api/v1/repos/recipes/hi") => says(200, at(0), &json!({"full_name": "recipes/hi"})),
        ("GET", path) if path.contains("/comments?since=") => list(at(0), 1, &[comment(1, "mara", "!testme", 0)]),
        ("POST", "/api/v1/repos/recipes/hi/issues/7/comments") => {
            assert_eq!(body, "{\"body\":\"queued\"}");
            says(201, at(0), &comment(2, "ci-bot", "queued", 0))
        }
        _ => not_found(),
    });
    let comments = fake.gitea().comments(&seven(), Some(at(0))).await.unwrap();
    assert_eq!(comments.read[0].body, "!testme");
    assert_eq!(fake.asked()[1], "GET /api/v1/repos/recipes/hi/issues/7/comments?since=2027-01-15T08%3A00%3A00Z");
    assert_eq!(fake.gitea().create_comment(&seven(), "queued").await.unwrap().id, 2);
    let methods: Vec<String> = fake.asked().iter().map(|line| line.replace("/api/v1/repos/recipes/", "")).collect();
    assert_eq!(methods, ["POST hello/issues/7/comments", "GET hello", "GET hi", "POST hi/issues/7/comments"]);
}

#[tokio::test]
async fn redirects_to_elsewhere_or_without_end_are_errors() {
    for to in ["http://other.example.org/api/v1/repos/recipes/hi", "/api/v1/orgs/recipes", "/login", "", "http://["] {
        let fake = Fake::new(move |_, _| raw(301, &[("location", to)], ""));
        let error = fake.gitea().pull(&seven()).await.unwrap_err();
        assert!(matches!(error, super::Error::Redirected { .. }), "{to}: {error}");
        assert_eq!(fake.asked().len(), 1);
    }
    let fake = Fake::new(|_, _| raw(301, &[("location", "/api/v1/repos/recipes/hello/pulls/7")], ""));
    assert!(fake.gitea().pull(&seven()).await.is_err());
    assert_eq!(fake.asked().len(), 4);
}

#[tokio::test]
async fn a_missing_object_is_none_and_its_deletion_succeeds() {
    let gitea = Fake::new(|_, _| not_found()).gitea();
    assert_eq!(gitea.comment(&repository(), 1).await.unwrap(), None);
    assert_eq!(gitea.edit_comment(&repository(), 1, "x").await.unwrap(), None);
    assert_eq!(gitea.pull(&seven()).await.unwrap(), None);
    gitea.delete_comment(&repository(), 1).await.unwrap();
    assert!(gitea.comments(&seven(), None).await.is_err());
    let gitea = Fake::new(|_, _| raw(404, &[], "404 page not found\n")).gitea();
    assert!(gitea.comment(&repository(), 1).await.is_err(), "a proxy's word is not Gitea's");
    assert!(gitea.delete_comment(&repository(), 1).await.is_err());
}

#[tokio::test]
async fn a_pull_request_is_read() {
    let fake = Fake::new(|_, _| says(200, at(0), &pull(7)));
    let read = fake.gitea().pull(&seven()).await.unwrap().unwrap();
    assert_eq!((read.open, read.archived, read.merged), (true, false, false));
    let fake = Fake::new(|_, _| says(200, at(0), &pull(8)));
    assert!(fake.gitea().pull(&seven()).await.is_err(), "another one");
}

#[tokio::test]
async fn a_head_is_the_reference_of_exactly_this_pull_request() {
    let read =
        async |answer: serde_json::Value| Fake::new(move |_, _| says(200, at(3), &answer)).gitea().head(&seven()).await;
    let wanted = Some(Head { commit: HEAD.into(), read: at(3) });
    assert_eq!(read(head(7, HEAD)).await.unwrap(), wanted);
    assert_eq!(read(head(7, HEAD)[0].clone()).await.unwrap(), wanted, "one alone");
    let mut more = head(7, HEAD);
    more.as_array_mut().unwrap().insert(0, json!({"ref": "refs/pull/7/head-2", "object": {"sha": "f".repeat(40)}}));
    assert_eq!(read(more).await.unwrap(), wanted);
    assert_eq!(read(head(77, HEAD)).await.unwrap(), None);
    for commit in ["", "main", "0123", "../../etc", &HEAD.to_uppercase(), &"g".repeat(40)] {
        let error = read(head(7, commit)).await.unwrap_err();
        assert!(matches!(error, super::Error::NotUnderstood { .. }), "{commit}: {error}");
    }
    for odd in [json!(null), json!({}), json!([null]), json!([{"ref": "refs/pull/7/head"}])] {
        assert!(read(odd.clone()).await.is_err(), "{odd}");
    }
    let gone = Fake::new(|_, _| not_found());
    assert_eq!(gone.gitea().head(&seven()).await.unwrap(), None);
    assert_eq!(gone.asked(), ["GET /api/v1/repos/recipes/hello/git/refs/pull/7/head"]);
}

/// The timeline of a pull request, page by page.
async fn pushes(pages: Vec<serde_json::Value>) -> Result<Vec<(i64, Option<String>)>, super::Error> {
    let fake = Fake::new(move |line, _| {
        let page: usize = line.rsplit_once("page=").unwrap().1.parse().unwrap();
        says(200, at(0), pages.get(page - 1).unwrap_or(&json!(null)))
    });
    let read = fake.gitea().pushes(&seven()).await?;
    Ok(read.into_iter().map(|push| (push.id, push.head)).collect())
}

#[tokio::test]
async fn pushes_are_read_from_all_pages_and_name_the_head_after_them() {
    let (old, new) = ("a".repeat(40), HEAD);
    let mut odd = push(4, 3, &[]);
    odd["body"] = json!("{\"is_force_push\":true,\"commit_ids\":null}");
    let text = comment(2, "mara", "pull_push", 0);
    let read = pushes(vec![
        json!([push(1, 0, &[&old]), text]),
        json!([{"id": 3, "type": "label", "body": null, "created_at": "soon"}, null, 7]),
        json!([odd, push(9, 5, &[&old, new])]),
        json!([]),
        json!([push(12, 0, &[new])]),
    ]);
    assert_eq!(read.await.unwrap(), [(1, Some(old)), (4, None), (9, Some(new.into()))]);
    assert_eq!(pushes(vec![]).await.unwrap(), []);
    let broken = json!([{"id": 1, "type": "pull_push", "body": "{}", "created_at": "soon"}]);
    assert!(pushes(vec![broken]).await.is_err(), "a push of unknown time hides none");
    assert!(pushes(vec![json!({"message": "no"})]).await.is_err());
}

#[tokio::test]
async fn a_timeline_with_large_comments_is_read_entry_by_entry() {
    let fake = Fake::new(|line, _| match line.split_once('?').unwrap().1 {
        "limit=50&page=1" | "limit=1&page=2" => raw(200, &[], vec![b' '; 5 << 20]),
        "limit=1&page=1" => list(at(0), 1, &[push(1, 0, &[HEAD])]),
        "limit=1&page=3" => list(at(0), 1, &[push(3, 0, &[HEAD])]),
        "limit=1&page=4" => list(at(0), 0, &[]),
        other => panic!("{other}"),
    });
    let read = fake.gitea().pushes(&seven()).await.unwrap();
    assert_eq!(read.iter().map(|push| push.id).collect::<Vec<_>>(), [1, 3]);
}

#[tokio::test]
async fn changes_are_asked_for_in_one_request() {
    let fake = Fake::new(|_, _| list(at(5), 1, &[entry("recipes/hello", 7, 3, 2)]));
    let changed = fake.gitea().changed(Scope::Owner("recipes"), at(0), 2, 50).await.unwrap();
    assert_eq!((changed.date, changed.total), (at(5), 1));
    assert_eq!((&changed.entries[0].pull, changed.entries[0].comments), (&seven(), 2));
    fake.gitea().changed(Scope::Repository(&repository()), at(0), 1, 50).await.unwrap();
    let rest = "since=2027-01-15T08%3A00%3A00Z&limit=50";
    assert_eq!(
        fake.asked(),
        [
            format!("GET /api/v1/repos/issues/search?type=pulls&state=all&owner=recipes&{rest}&page=2"),
            format!("GET /api/v1/repos/recipes/hello/issues?type=pulls&state=all&{rest}&page=1"),
        ]
    );
}

#[tokio::test]
async fn a_status_that_a_reader_may_not_set_is_refused() {
    let fake = Fake::new(|_, body| {
        assert_eq!(body, r#"{"context":"cc-ci/testme","description":"queued","state":"pending"}"#);
        says(403, at(0), &json!({"message": "user should have a permission to write to a repo"}))
    });
    let status = Status {
        state: Reached::Pending,
        context: "cc-ci/testme".into(),
        description: "queued".into(),
        target_url: None,
    };
    let error = fake.gitea().set_status(&repository(), HEAD, &status).await.unwrap_err();
    assert_eq!(error.refusal(), Some(crate::Refusal::Rights));
    assert!(one_line(&error).ends_with("its token the scope"), "{}", one_line(&error));
}

#[tokio::test]
async fn a_server_that_wants_to_be_left_alone_is() {
    let wait = async |headers: &'static [(&'static str, &'static str)]| {
        Fake::new(move |_, _| raw(429, headers, "")).gitea().pull(&seven()).await.unwrap_err().wait()
    };
    assert_eq!(wait(&[("retry-after", "30")]).await.unwrap().as_secs(), 30);
    let until = [("retry-after", "Fri, 15 Jan 2027 08:02:00 GMT"), ("date", "Fri, 15 Jan 2027 08:00:00 GMT")];
    assert_eq!(
        Fake::new(move |_, _| raw(503, &until, "")).gitea().pull(&seven()).await.unwrap_err().wait().unwrap().as_secs(),
        120
    );
    for none in ["", "-1", "soon", "99999999999999999999999", "Fri, 15 Jan 2027 08:02:00 GMT"] {
        let fake = Fake::new(move |_, _| raw(429, &[("retry-after", none)], ""));
        assert_eq!(fake.gitea().pull(&seven()).await.unwrap_err().wait(), None, "{none}");
    }
}

#[tokio::test]
async fn a_comment_too_large_to_read_hides_no_other() {
    let huge = 42;
    let fake = Fake::new(move |line, _| {
        let number = |name: &str| {
            let value = line.split(['?', '&']).find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            value.map_or(0, |value| value.parse::<i64>().unwrap())
        };
        let (page, limit) = (number("page"), if line.contains("/7/") { 60 } else { number("limit") });
        let shown = (page - 1).max(0) * limit + 1..=(page.max(1) * limit).min(60);
        if shown.contains(&huge) {
            return raw(200, &[], vec![b' '; 5 << 20]);
        }
        let each = shown.map(|id| {
            let mut comment = comment(id, "mara", "!testme", 0);
            if id == 3 {
                comment["pull_request_url"] = json!("http://git.example.org/recipes/hello/pulls/8");
            }
            comment
        });
        list(at(0), 60, &each.collect::<Vec<_>>())
    });
    let comments = fake.gitea().comments(&seven(), Some(at(0))).await.unwrap();
    let read: Vec<i64> = comments.read.iter().map(|comment| comment.id).collect();
    assert_eq!(read, (1..=60).filter(|id| ![3, huge].contains(id)).collect::<Vec<_>>());
    assert_eq!(comments.left_out, ["a comment in recipes/hello: it is larger than 4194304 bytes"]);
    assert_eq!(comments.missing, 0);
    let all = fake.gitea().comments(&seven(), None).await;
    assert!(matches!(all, Err(super::Error::TooLarge { .. })));
}

#[tokio::test]
async fn a_pull_request_that_is_too_large_is_known_by_its_begin() {
    let url = "https://git.example.org/api/v1/repos/recipes/huge/issues/12";
    let address =
        format!(r#""id":9,"url":"{url}","html_url":"https://git.example.org/recipes/huge/pulls/12","number":12"#);
    let table = [
        (format!(r#"[{{{address},"body":""#), Some("recipes/huge#12")),
        (format!(r#"[ {{ "url": "{url}", "body":""#), Some("recipes/huge#12")),
        (r#"[{"id":9,"body":""#.to_owned(), None),
        (format!(r#"[{{"id":9,"body":"{}",{address}"#, "x".repeat(5000)), None),
        (r#"[{"url":"https://git.example.org/api/v1/repos/recipes/../issues/12","body":""#.to_owned(), None),
        (r#"[{"url":"https://git.example.org/"#.to_owned(), None),
        (r#"[{"url":"","body":""#.to_owned(), None),
        (String::new(), None),
    ];
    for (begin, expected) in table {
        let body: Vec<u8> = begin.bytes().chain(std::iter::repeat_n(b'x', 5 << 20)).collect();
        let fake = Fake::new(move |_, _| raw(200, &[], body.clone()));
        let error = fake.gitea().changed(Scope::Owner("recipes"), at(0), 1, 1).await.unwrap_err();
        let super::Error::TooLarge { begin: ref kept, .. } = error else { panic!("{error:?}") };
        assert_eq!(super::first_pull(kept).map(|pull| pull.to_string()).as_deref(), expected, "{begin}");
        assert!(!format!("{error:?}").contains("xxx"));
    }
}

#[tokio::test]
async fn an_odd_comment_hides_no_other() {
    let with = |id: i64, field: &str, value: serde_json::Value| {
        let mut comment = comment(id, "mara", "!testme", 0);
        comment[field] = value;
        comment
    };
    for login in ["user@example.org", "@bob@social.example", "~name~", "Bob Builder", "a/b", " ", "bøb"] {
        let odd = with(2, "user", json!({"login": login}));
        let fake = Fake::new(move |_, _| list(at(0), 2, &[odd.clone(), comment(3, "mara", "!testme", 0)]));
        let comments = fake.gitea().comments(&seven(), None).await.unwrap();
        assert_eq!(comments.read.len(), 2, "{login}: {:?}", comments.left_out);
        assert_eq!(comments.read[0].author, login);
    }
    let null = serde_json::Value::Null;
    for odd in [
        null.clone(),
        json!([]),
        with(0, "body", json!("")),
        with(2, "id", json!("2")),
        with(2, "user", json!({"login": "x".repeat(300)})),
        with(2, "user", json!({"login": "bob\nbuilder"})),
        with(2, "user", json!("mara")),
        with(2, "body", json!(7)),
        with(2, "created_at", null.clone()),
        with(2, "updated_at", json!("yesterday")),
    ] {
        let shown = odd.to_string();
        let fake = Fake::new(move |_, _| list(at(0), 2, &[odd.clone(), comment(3, "mara", "!testme", 0)]));
        let comments = fake.gitea().comments(&seven(), None).await.unwrap();
        assert_eq!(comments.read.iter().map(|comment| comment.id).collect::<Vec<_>>(), [3], "{shown}");
        assert_eq!((comments.left_out.len(), comments.missing), (1, 0), "{shown}");
    }
    // A deleted account, and fields that older versions leave null.
    for plain in [with(2, "user", null.clone()), with(2, "body", null.clone()), with(2, "pull_request_url", null)] {
        let fake = Fake::new(move |_, _| list(at(0), 1, std::slice::from_ref(&plain)));
        assert_eq!(fake.gitea().comments(&seven(), None).await.unwrap().read.len(), 1);
    }
}

#[tokio::test]
async fn a_list_of_comments_that_is_cut_short_is_read_on_or_says_so() {
    // In pages of two, as a server may show it.
    let paged = Fake::new(|line, _| {
        let page = line.rsplit_once("page=").map_or(1, |(_, page)| page.parse::<i64>().unwrap());
        let ids = (page * 2 - 1..=page * 2).filter(|id| *id <= 5);
        list(at(0), 5, &ids.map(|id| comment(id, "mara", "!testme", 0)).collect::<Vec<_>>())
    });
    let comments = paged.gitea().comments(&seven(), Some(at(0))).await.unwrap();
    assert_eq!((comments.read.len(), comments.missing), (5, 0));
    assert_eq!(paged.asked().len(), 3);
    // Without pages, and with a comment that is counted and never shown.
    let short = Fake::new(|_, _| list(at(0), 3, &[comment(1, "mara", "!testme", 0), comment(2, "mara", "no", 0)]));
    let comments = short.gitea().comments(&seven(), Some(at(0))).await.unwrap();
    assert_eq!((comments.read.len(), comments.missing), (2, 1));
    assert_eq!(short.asked().len(), 2);
    assert!(comments.whole().unwrap_err().to_string().contains("it lists 2 of 3 entries"));
}

#[tokio::test]
async fn an_odd_entry_hides_no_other() {
    let with = |field: &str, value: serde_json::Value| {
        let mut entry = entry("recipes/hello", 8, 3, 2);
        entry["id"] = json!(0);
        entry[field] = value;
        entry
    };
    let null = serde_json::Value::Null;
    for odd in [
        null.clone(),
        with("repository", null.clone()),
        with("repository", json!({"full_name": "recipes"})),
        with("number", null.clone()),
        with("number", json!(0)),
        with("updated_at", null.clone()),
    ] {
        let shown = odd.to_string();
        let fake = Fake::new(move |_, _| list(at(5), 2, &[odd.clone(), entry("recipes/hello", 7, 3, 2)]));
        let changed = fake.gitea().changed(Scope::Owner("recipes"), at(0), 1, 50).await.unwrap();
        assert_eq!(changed.entries.iter().map(|entry| &entry.pull).collect::<Vec<_>>(), [&seven()], "{shown}");
        assert_eq!(changed.left_out.len(), 1, "{shown}");
    }
    let lost = with("repository", null.clone());
    let fake = Fake::new(move |_, _| list(at(5), 1, std::slice::from_ref(&lost)));
    let changed = fake.gitea().changed(Scope::Owner("recipes"), at(0), 1, 50).await.unwrap();
    assert_eq!(changed.left_out, ["the entry with id 0, number 8: it has no repository"]);
    let uncounted = with("comments", null);
    let fake = Fake::new(move |_, _| list(at(5), 1, std::slice::from_ref(&uncounted)));
    assert_eq!(fake.gitea().changed(Scope::Owner("recipes"), at(0), 1, 50).await.unwrap().entries[0].comments, 0);
}

#[tokio::test(start_paused = true)]
async fn the_list_of_applications_is_whole_or_an_error() {
    let application = |id: i64| json!({"id": id, "name": "drone", "client_id": "c", "redirect_uris": null});
    let list_of = move |total, shown: Vec<serde_json::Value>| {
        Fake::new(move |line, _| {
            let is_first = line.contains("page=1&");
            list(at(0), total, if is_first { &shown } else { &[] })
        })
        .gitea()
    };
    let read = list_of(2, vec![json!({"id": "x"}), application(7)]).applications().await.unwrap();
    assert_eq!(read.iter().map(|application| application.id).collect::<Vec<_>>(), [7]);
    let error = list_of(3, vec![application(7)]).applications().await.unwrap_err();
    assert!(error.to_string().contains("it lists 1 of 3 entries"), "{error}");
}
