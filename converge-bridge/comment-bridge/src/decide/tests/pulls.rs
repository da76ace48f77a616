//! Pull requests and repositories that get no build.

use super::*;

#[tokio::test(start_paused = true)]
async fn closed_merged_and_archived_ones_get_no_build_and_drafts_do() {
    let state = async |to: fn() -> Reply| case(Says { pull: to, ..FINE }).becomes(found(1, TEST)).await;
    let closed = || {
        let mut closed = pull(7);
        closed["state"] = json!("closed");
        says(200, at(0), &closed)
    };
    let merged = || {
        let mut merged = pull(7);
        merged["merged"] = json!(true);
        says(200, at(0), &merged)
    };
    let archived = || {
        let mut archived = pull(7);
        archived["base"]["repo"]["archived"] = json!(true);
        says(200, at(0), &archived)
    };
    assert_eq!(state(closed).await, refused(Refusal::Closed));
    assert_eq!(state(merged).await, refused(Refusal::Closed));
    assert_eq!(state(archived).await, refused(Refusal::Archived));
    assert_eq!(state(FINE.pull).await.kind(), StateKind::Authorised);
}

#[tokio::test(start_paused = true)]
async fn a_repository_whose_name_is_no_recipe_name_gets_no_build() {
    for name in ["--chaos", "-h", ".hidden", "_x"] {
        let case = case(FINE);
        let pull = Pull { repository: format!("recipes/{name}").parse().unwrap(), number: 7 };
        let state = case.becomes(Found { pull, ..found(1, TEST) }).await;
        assert_eq!(state, refused(Refusal::NoRecipe), "{name}");
        assert!(case.fake.asked().iter().all(|line| !line.contains("/pulls/")), "{name}");
        // Who may not ask gets no answer there either.
        case.says.lock().unwrap().member = not_found;
        let pull = Pull { repository: format!("recipes/{name}").parse().unwrap(), number: 7 };
        assert_eq!(case.becomes(Found { pull, ..found(2, TEST) }).await, refused(Refusal::Stranger), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_repository_that_is_not_watched_any_more_is_not_asked_about() {
    let mut others = settings();
    others.organisations[0].exclude.push("hello".into());
    let case = case_with(FINE, others);
    assert_eq!(case.becomes(found(1, TEST)).await, State::Forgotten);
    assert!(case.fake.asked().is_empty());
}
