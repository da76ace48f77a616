//! The head at the time of a comment.

use super::*;

/// Comment 5, written at second 0.
fn five(delivered_head: Option<&str>) -> Found {
    Found { delivered_head: delivered_head.map(str::to_owned), ..found(5, TEST) }
}

/// A timeline, and the head that is built or the one that the refusal names.
type Case = (&'static str, fn() -> Reply, Result<&'static str, &'static str>);

/// The head that is built, or the one that the refusal names.
fn head_of(state: &State) -> Result<&str, &str> {
    match state {
        State::Authorised { order, .. } => Ok(&order.head),
        State::Refused { reason: Refusal::Moved(head) } => Err(&head.commit),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_head_from_before_the_comment_is_built() {
    let timelines: [Case; 9] = [
        ("opened before", || says(200, at(0), &json!([push(1, -60, &[HEAD])])), Ok(HEAD)),
        ("in the same second, before", || says(200, at(0), &json!([push(4, 0, &[HEAD])])), Ok(HEAD)),
        ("in the same second, after", || says(200, at(0), &json!([push(6, 0, &[HEAD])])), Err(HEAD)),
        ("an hour later", || says(200, at(0), &json!([push(1, -60, &[OTHER]), push(9, 3600, &[HEAD])])), Err(HEAD)),
        ("the same commit again", || says(200, at(0), &json!([push(1, -60, &[HEAD]), push(9, 1, &[HEAD])])), Err(HEAD)),
        ("before a clock was set back", || says(200, at(0), &json!([push(3, 3600, &[HEAD])])), Ok(HEAD)),
        ("a push whose event is not there", || says(200, at(0), &json!([push(1, -60, &[OTHER])])), Err(HEAD)),
        ("no event at all", || raw(200, &[], "null"), Err(HEAD)),
        ("an event without commits", || says(200, at(0), &json!([push(1, -60, &[])])), Err(HEAD)),
    ];
    for (name, pushes, expected) in timelines {
        let case = case(Says { pushes, ..FINE });
        let state = case.becomes(five(None)).await;
        assert_eq!(head_of(&state), expected, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_head_of_the_delivery_is_built_if_the_repository_has_it() {
    let case = case(Says { pushes: || says(200, at(0), &json!([push(6, 0, &[HEAD])])), ..FINE });
    let state = case.becomes(five(Some(HEAD))).await;
    assert_eq!(head_of(&state), Ok(HEAD));
    assert!(case.fake.asked().iter().all(|line| !line.contains("timeline")));
}

#[tokio::test(start_paused = true)]
async fn a_push_after_the_delivery_is_not_built() {
    let case = case(Says { pushes: || says(200, at(0), &json!([push(6, 0, &[HEAD])])), ..FINE });
    let state = case.becomes(five(Some(OTHER))).await;
    assert_eq!(head_of(&state), Err(HEAD));
}

#[tokio::test(start_paused = true)]
async fn a_push_that_gitea_still_processes_is_waited_for() {
    let case = case(Says { pushes: || says(200, at(0), &json!([push(1, -60, &[HEAD])])), ..FINE });
    assert_eq!(case.becomes(five(Some(OTHER))).await.kind(), StateKind::Seen);
    assert_eq!(case.trigger(5).problem, Some(GiteaProblem::HeadUnknown.into()));
    case.says.lock().unwrap().head = || says(200, at(0), &head(7, OTHER));
    case.for_seconds(3).await;
    assert_eq!(head_of(&case.trigger(5).state), Ok(OTHER));
}

#[tokio::test(start_paused = true)]
async fn a_head_that_a_fork_steers_is_never_built() {
    // The delivery names the fork's commit for as long as the fork wants.
    let case = case(FINE);
    case.see(&five(Some(OTHER)));
    case.for_seconds(30).await;
    assert_eq!(head_of(&case.trigger(5).state), Ok(HEAD), "the one that the page shows");
    case.says.lock().unwrap().pushes = || says(200, at(0), &json!([]));
    case.see(&Found { comment: 6, created: at(-1), ..five(Some(OTHER)) });
    case.for_seconds(30).await;
    assert_eq!(head_of(&case.trigger(6).state), Err(HEAD));
}

#[tokio::test(start_paused = true)]
async fn a_pull_request_without_events_is_built_by_the_second_comment() {
    let none: fn() -> Reply = || raw(200, &[], "null");
    let case = case(Says { pushes: none, ..FINE });
    assert_eq!(head_of(&case.becomes(five(None)).await), Err(HEAD));
    let at_once = Found { comment: 6, ..five(None) };
    assert_eq!(head_of(&case.becomes(at_once).await), Err(HEAD), "in the second of the first one's read");
    case.says.lock().unwrap().comment = |id| says(200, at(30), &comment(id, "mara", "!testme", 30));
    let later = Found { comment: 7, created: at(30), ..five(None) };
    assert_eq!(head_of(&case.becomes(later).await), Ok(HEAD));
    case.says.lock().unwrap().head = || says(200, at(40), &head(7, OTHER));
    case.says.lock().unwrap().comment = |id| says(200, at(40), &comment(id, "mara", "!testme", 40));
    let moved = Found { comment: 8, created: at(40), ..five(None) };
    assert_eq!(head_of(&case.becomes(moved).await), Err(OTHER));
}

#[tokio::test(start_paused = true)]
async fn without_a_reference_nothing_is_built_and_it_is_tried_again() {
    let case = case(Says { head: not_found, ..FINE });
    assert_eq!(case.becomes(five(None)).await.kind(), StateKind::Seen);
    assert_eq!(case.trigger(5).problem, Some(GiteaProblem::HeadUnknown.into()));
    case.says.lock().unwrap().head = FINE.head;
    case.for_seconds(10).await;
    assert_eq!(head_of(&case.trigger(5).state), Ok(HEAD));
}
