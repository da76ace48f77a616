//! The author of a comment: a member, a login on the allow list, or a stranger.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_members_comment_becomes_an_order_of_the_head() {
    let case = case(FINE);
    let state = case.becomes(found(1, TEST)).await;
    let order = Order::new(HEAD.into(), false);
    assert_eq!(state, State::Authorised { order, authorised_at: at(0), requested_at: None });
    assert_eq!(
        case.fake.asked(),
        [
            "GET /api/v1/repos/recipes/hello/issues/comments/1",
            "GET /api/v1/orgs/recipes/members/mara",
            "GET /api/v1/repos/recipes/hello/pulls/7",
            "GET /api/v1/repos/recipes/hello/git/refs/pull/7/head",
            "GET /api/v1/repos/recipes/hello/issues/7/timeline?limit=50&page=1",
            "GET /api/v1/repos/recipes/hello/issues/7/timeline?limit=50&page=2",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_login_on_the_allow_list_needs_no_request() {
    let case = case(Says { comment: |id| says(200, at(0), &comment(id, "Ada", "!testme", 0)), ..FINE });
    assert_eq!(case.becomes(found(1, TEST)).await.kind(), StateKind::Authorised);
    assert!(case.fake.asked().iter().all(|line| !line.contains("members")));
}

#[tokio::test(start_paused = true)]
async fn a_stranger_is_always_refused() {
    for (body, command) in [
        ("!testme", TEST),
        ("!testme cancel", Command::Cancel),
        ("!testme help", Command::Help),
        ("!testme what", Command::Unknown),
    ] {
        let comments: fn(i64) -> Reply = match body {
            "!testme" => FINE.comment,
            "!testme cancel" => |id| says(200, at(0), &comment(id, "mara", "!testme cancel", 0)),
            "!testme help" => |id| says(200, at(0), &comment(id, "mara", "!testme help", 0)),
            _ => |id| says(200, at(0), &comment(id, "mara", "!testme what", 0)),
        };
        let case = case(Says { comment: comments, member: not_found, ..FINE });
        assert_eq!(case.becomes(found(1, command)).await, refused(Refusal::Stranger), "{body}");
        case.says.lock().unwrap().member = FINE.member;
        let kind = case.becomes(found(2, command)).await.kind();
        let wanted = match command {
            Command::Test { .. } => StateKind::Authorised,
            Command::Cancel => StateKind::Cancelling,
            Command::Help | Command::Unknown => StateKind::Answered,
        };
        assert_eq!(kind, wanted, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_trigger_keeps_its_head_when_its_author_is_authorised_again() {
    let case = case(FINE);
    case.becomes(found(1, TEST)).await;
    let seen = State::unauthorised(&Order::new(HEAD.replace('0', "e"), false));
    case.bridge.ledger.advance(&case.trigger(1), seen, at(90)).unwrap();
    case.for_seconds(10).await;
    assert_eq!(case.trigger(1).state.order().unwrap().head, HEAD.replace('0', "e"));
    let seen = State::unauthorised(&Order::new(HEAD.into(), false));
    case.bridge.ledger.advance(&case.trigger(1), seen, at(150)).unwrap();
    case.says.lock().unwrap().member = not_found;
    case.for_seconds(10).await;
    let taken_back = State::Cancelled { order: Some(Order::new(HEAD.into(), false)) };
    assert_eq!(case.trigger(1).state, taken_back, "a member that was removed meanwhile");
}
