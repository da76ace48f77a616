//! Triggers that join an open build, or are cancelled.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_second_one_joins_the_build_of_the_same_head_and_mode() {
    let case = case(Says {
        comment: |id| says(200, at(0), &comment(id, "mara", if id == 3 { "!testme --quick" } else { "!testme" }, 0)),
        ..FINE
    });
    case.becomes(found(1, TEST)).await;
    case.build(1, false);
    assert_eq!(case.becomes(found(2, TEST)).await, State::Joined { joined_trigger: 1 });
    assert_eq!(case.becomes(found(3, Command::Test { quick: true })).await.kind(), StateKind::Authorised);
    case.says.lock().unwrap().head = || says(200, at(0), &head(7, OTHER));
    case.says.lock().unwrap().pushes = || says(200, at(0), &json!([push(0, -60, &[HEAD]), push(3, -5, &[OTHER])]));
    assert_eq!(case.becomes(found(4, TEST)).await.kind(), StateKind::Authorised);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_build_is_not_joined_and_a_late_trigger_is_cancelled() {
    let case = case(Says {
        comment: |id| says(200, at(0), &comment(id, "mara", if id == 5 { "!testme cancel" } else { "!testme" }, 0)),
        ..FINE
    });
    case.becomes(found(3, TEST)).await;
    case.build(3, false);
    assert_eq!(case.becomes(found(5, Command::Cancel)).await, State::Cancelling);
    assert_eq!(case.becomes(found(6, TEST)).await.kind(), StateKind::Authorised);
    let order = Order::new(HEAD.into(), false);
    assert_eq!(case.becomes(found(4, TEST)).await, State::Cancelled { order: Some(order) });
}
