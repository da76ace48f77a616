//! Comments that were edited, deleted or found too late.

use super::*;

#[tokio::test(start_paused = true)]
async fn an_edited_comment_is_forgotten() {
    let others: [fn(i64) -> Reply; 8] = [
        |_| not_found(),
        |_| raw(204, &[], ""),
        |id| says(200, at(0), &comment(id, "ci-bot", "!testme", 0)),
        |id| says(200, at(0), &comment(id, "CI-Bot", "!testme", 0)),
        |id| says(200, at(0), &comment(id, "mara", "never mind", 0)),
        |id| says(200, at(0), &comment(id, "mara", "!testme --quick", 0)),
        |id| {
            let mut edited = comment(id, "mara", "!testme", 0);
            edited["updated_at"] = json!(at(1));
            says(200, at(1), &edited)
        },
        |id| {
            let mut elsewhere = comment(id, "mara", "!testme", 0);
            elsewhere["pull_request_url"] = json!("");
            says(200, at(0), &elsewhere)
        },
    ];
    for (number, comment) in others.into_iter().enumerate() {
        let case = case(Says { comment, ..FINE });
        assert_eq!(case.becomes(found(1, TEST)).await, State::Forgotten, "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_pull_request_cannot_be_seen_nothing_is_forgotten() {
    let case = case(Says { comment: |_| not_found(), pull: not_found, ..FINE });
    assert_eq!(case.becomes(found(1, TEST)).await.kind(), StateKind::Seen);
    assert_eq!(case.trigger(1).problem, Some(GiteaProblem::NotVisible.into()));
    let problems = case.bridge.health.problems();
    let why = &problems["decide: Gitea does not show the pull request to the bot"];
    assert!(why.starts_with("recipes/hello#7, comment 1: the bot sees neither"), "{why}");
    *case.says.lock().unwrap() = FINE;
    case.for_seconds(10).await;
    assert_eq!(case.trigger(1).state.kind(), StateKind::Authorised);
}

#[tokio::test(start_paused = true)]
async fn a_trigger_found_too_late_does_not_fire() {
    let case = case(Says { comment: |id| says(200, at(0), &comment(id, "mara", "!testme", -90_000)), ..FINE });
    assert_eq!(case.becomes(Found { created: at(-90_000), ..found(1, TEST) }).await, refused(Refusal::TooOld));
    case.says.lock().unwrap().comment = |id| says(200, at(0), &comment(id, "mara", "!testme", -80_000));
    case.says.lock().unwrap().pushes = || says(200, at(0), &json!([push(0, -80_000, &[HEAD])]));
    assert_eq!(case.becomes(Found { created: at(-80_000), ..found(2, TEST) }).await.kind(), StateKind::Authorised);
}
