//! The sources: organisations and single repositories.

use super::*;

#[tokio::test(start_paused = true)]
async fn one_source_that_fails_does_not_stop_the_others() {
    let mut both = settings();
    let apps = serde_json::from_value(serde_json::json!({"name": "apps"})).unwrap();
    both.organisations.insert(0, apps);
    both.repositories.push("mara/notes".parse().unwrap());
    let case = case(both);
    case.add(hello());
    case.add(Pull("mara/notes", 3, -500, vec![]));
    case.meddle(|_, line| if line.contains("owner=apps") { Some(None) } else { None });
    case.for_seconds(11).await;
    case.comment(HELLO, 7, 2, "mara", "!testme");
    case.comment("mara/notes", 3, 3, "mara", "!testme");
    case.for_seconds(11).await;
    assert_eq!(case.seen(), [2, 3]);
    assert!(case.problems()[0].starts_with("poll org:apps: Gitea has not answered"), "{:?}", case.problems());
    case.meddle(|_, line| {
        let gone = says(400, at(0), &serde_json::json!({"message": "Owner not found"}));
        line.contains("owner=apps").then_some(gone)
    });
    case.for_seconds(61).await;
    assert!(case.problems()[0].contains("does not show the organisation `apps`"), "{:?}", case.problems());
}

#[tokio::test(start_paused = true)]
async fn excluded_repositories_and_the_ci_repository_are_skipped() {
    let case = case(settings());
    for name in ["recipes/old-one", "recipes/ci", "Recipes/CI"] {
        case.add(Pull(name, 1, -500, vec![]));
    }
    case.for_seconds(6).await;
    for name in ["recipes/old-one", "recipes/ci", "Recipes/CI"] {
        case.comment(name, 1, 2, "mara", "!testme");
    }
    case.for_seconds(30).await;
    assert!(case.seen().is_empty());
    assert!(case.fake.asked().iter().all(|line| line.contains("search")));
}

#[tokio::test(start_paused = true)]
async fn a_single_repository_keeps_the_name_it_is_watched_by() {
    let mut single = settings();
    single.organisations.clear();
    single.repositories.push("mara/notes".parse().unwrap());
    let case = case(single);
    case.add(Pull("mara/diary", 3, -500, vec![]));
    case.meddle(|_, line| {
        let to = line.strip_prefix("GET ").unwrap().replace("mara/notes", "mara/diary");
        line.contains("mara/notes").then(|| raw(301, &[("location", &to)], ""))
    });
    case.for_seconds(6).await;
    case.comment("mara/diary", 3, 2, "mara", "!testme");
    case.for_seconds(6).await;
    let seen = case.bridge.ledger.of_kinds(&[StateKind::Seen]).unwrap();
    assert_eq!(seen[0].pull.to_string(), "mara/notes#3");
}
