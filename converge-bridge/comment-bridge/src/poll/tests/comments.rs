//! Comments that are found: once, all of them, and whatever Gitea's clock does.

use super::*;

#[tokio::test(start_paused = true)]
async fn an_idle_poll_is_one_request_and_the_first_one_fires_nothing() {
    let case = case(settings());
    case.add(hello());
    case.for_seconds(21).await;
    let asked = case.fake.asked();
    assert_eq!(asked.len(), 5, "{asked:#?}");
    assert!(asked.iter().all(|line| line.contains("search")));
    assert!(case.seen().is_empty() && case.problems().is_empty());
    case.comment(HELLO, 7, 2, "mara", "!testme");
    case.comment(HELLO, 7, 3, "mara", "looks good");
    case.comment(HELLO, 7, 4, "ci-bot", "!testme");
    case.for_seconds(11).await;
    assert_eq!(case.seen(), [2]);
    // Read again after the first time, for it was in the same second.
    let asked = case.fake.asked();
    assert_eq!(asked.iter().filter(|line| line.contains("comments")).count(), 2, "{asked:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_comment_is_found_within_an_interval() {
    let case = case(settings());
    case.add(hello());
    case.for_seconds(7).await;
    for id in 10..40 {
        case.comment(HELLO, 7, id, "mara", "!testme");
        case.for_seconds(5).await;
        assert!(case.seen().contains(&id), "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_comments_of_one_second_are_both_found() {
    let case = case(settings());
    case.add(hello());
    case.for_seconds(6).await;
    case.comment(HELLO, 7, 2, "mara", "!testme");
    // The second one comes in the same second, after the first was read; another one is deleted, so that no count tells.
    case.meddle(|world, line| {
        if line.contains("comments") && world.pulls[0].3[0].0 == 1 {
            let now = world.pulls[0].2;
            let reply = list(at(world.now), 1, &[comment(2, "mara", "!testme", now)]);
            world.pulls[0].3 = vec![(2, "mara", "!testme", now), (3, "mara", "!testme --quick", now)];
            return Some(reply);
        }
        None
    });
    case.for_seconds(20).await;
    assert_eq!(case.seen(), [2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_or_ahead_loses_nothing() {
    let case = case(settings());
    case.add(hello());
    case.for_seconds(6).await;
    for (id, step) in [(2, -7200), (3, 7200), (4, -30), (5, 1), (6, -1), (7, -86_400 * 400), (8, 86_400 * 400)] {
        case.world.lock().unwrap().now += step;
        case.comment(HELLO, 7, id, "mara", "!testme");
        case.for_seconds(11).await;
        assert!(case.seen().contains(&id), "{step}: {:?}", case.seen());
    }
    assert!(!case.seen().contains(&1));
}

#[tokio::test(start_paused = true)]
async fn comments_that_are_counted_and_not_shown_are_a_problem_until_they_are_found() {
    let case = case(settings());
    case.add(hello());
    case.for_seconds(6).await;
    case.comment(HELLO, 7, 2, "mara", "!testme");
    case.comment(HELLO, 7, 3, "mara", "!testme --quick");
    case.meddle(|world, line| {
        let first = comment(2, "mara", "!testme", world.pulls[0].2);
        line.contains("comments").then(|| list(at(world.now), 2, &[first]))
    });
    case.for_seconds(600).await;
    assert_eq!(case.seen(), [2], "what is shown counts");
    let problems = case.problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("poll org:recipes: Gitea's answer cannot be understood: recipes/hello#7: "));
    assert!(problems[0].contains("it lists 1 of 2 entries"), "{problems:?}");
    case.leave_alone();
    case.for_seconds(70).await;
    assert_eq!(case.seen(), [2, 3]);
    assert!(case.problems().is_empty(), "{:?}", case.problems());
}
