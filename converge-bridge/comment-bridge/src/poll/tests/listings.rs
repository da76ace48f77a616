//! The list of changed pull requests: its pages, and the entries that cannot be read.

use super::*;

#[tokio::test(start_paused = true)]
async fn pages_are_read_to_the_end_and_again_when_they_move() {
    let case = case(settings());
    case.for_seconds(6).await;
    for number in 1..=120 {
        case.add(Pull(HELLO, number, 6, vec![(number, "mara", "!testme", 6)]));
    }
    // While they are read for the first time, one goes and another one is commented on.
    case.add(Pull("recipes/other", 1, 5, vec![(500, "mara", "!testme", 5)]));
    case.meddle(|world, line| {
        if line.contains("page=2") && world.pulls.first().is_some_and(|pull| pull.1 == 1) {
            world.pulls.remove(0);
            world.pulls.push(Pull("recipes/new", 1, world.now, vec![(501, "mara", "!testme", world.now)]));
        }
        None
    });
    case.for_seconds(6).await;
    let seen = case.seen();
    assert!((2..=120).all(|id| seen.contains(&id)) && seen.contains(&500) && seen.contains(&501), "{seen:?}");
    let cursor = case.bridge.ledger.cursor("org:recipes").unwrap().unwrap();
    assert!(cursor.read > at(6), "{cursor:?}");
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_never_settles_keeps_the_cursor_and_finds_what_it_can() {
    let case = case(settings());
    case.add(hello());
    case.for_seconds(6).await;
    let before = case.bridge.ledger.cursor("org:recipes").unwrap().unwrap();
    case.comment(HELLO, 7, 2, "mara", "!testme");
    case.meddle(|world, line| {
        let moment = world.now;
        let entries = [entry(HELLO, 7, moment, 2)];
        line.contains("search")
            .then(|| if line.contains("page=1") { list(at(moment), 3, &entries) } else { list(at(moment), 2, &[]) })
    });
    case.for_seconds(20).await;
    assert_eq!(case.seen(), [2]);
    assert_eq!(case.bridge.ledger.cursor("org:recipes").unwrap().unwrap(), before);
    assert!(case.problems()[0].contains("changed on every read"), "{:?}", case.problems());
}

#[tokio::test(start_paused = true)]
async fn an_entry_too_large_to_read_hides_no_other() {
    let case = case(settings());
    case.add(hello());
    case.add(Pull("recipes/huge", 1, -500, vec![]));
    case.for_seconds(6).await;
    // A description of many mebibytes: any page with it in it is too large.
    let begin = r#"[{"id":9,"url":"https://git.example.org/api/v1/repos/recipes/huge/issues/1","number":1,"title":"x","body":""#;
    let body = begin.bytes().chain(std::iter::repeat_n(b'x', 5 << 20)).collect::<Vec<u8>>();
    case.meddle(move |world, line| {
        let query = asked(line);
        if !line.contains("search") {
            return None;
        }
        let (page, limit): (usize, usize) = (query["page"].parse().unwrap(), query["limit"].parse().unwrap());
        let is_in = (page - 1) * limit < 2 && 2 <= page * limit && world.pulls.len() == 2;
        is_in.then(|| raw(200, &[("date", "Fri, 15 Jan 2027 08:00:00 GMT")], body.clone()))
    });
    case.comment("recipes/huge", 1, 2, "sam", "look at this");
    case.comment(HELLO, 7, 3, "mara", "!testme");
    case.for_seconds(6).await;
    assert_eq!(case.seen(), [3]);
    assert!(case.problems().is_empty(), "{:?}", case.problems());
    assert_eq!(
        case.bridge.health.notes()["left out of org:recipes"],
        "recipes/huge#1: it is larger than 4194304 bytes"
    );
}

#[tokio::test(start_paused = true)]
async fn an_odd_entry_or_comment_hides_no_other_and_is_named() {
    let case = case(settings());
    case.add(hello());
    case.for_seconds(6).await;
    case.meddle(|world, line| {
        let now = world.now;
        if line.contains("search") {
            let mut lost = entry(HELLO, 8, now, 1);
            (lost["id"], lost["repository"]) = (0.into(), serde_json::Value::Null);
            return Some(list(at(now), 2, &[lost, entry(HELLO, 7, now, 3)]));
        }
        let mut odd = comment(2, "mara", "!testme", now);
        odd["user"]["login"] = "a\nb".into();
        Some(list(at(now), 2, &[odd, comment(3, "bob@example.org", "!testme", now)]))
    });
    case.for_seconds(6).await;
    assert_eq!(case.seen(), [3]);
    assert!(case.problems().is_empty(), "{:?}", case.problems());
    let notes = case.bridge.health.notes();
    assert_eq!(notes["left out of org:recipes"], "the entry with id 0, number 8: it has no repository");
    let comment = "the entry with id 2: its author's login is none that an account can have";
    assert_eq!(notes["left out of the comments of recipes/hello#7"], comment);
    assert!(case.bridge.ledger.cursor("org:recipes").unwrap().unwrap().read > at(6));
}
