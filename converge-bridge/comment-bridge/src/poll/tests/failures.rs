//! Failures of Gitea: as a whole, of one pull request, and its rate limit.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_command_during_an_outage_fires() {
    let case = case(settings());
    case.add(hello());
    case.for_seconds(6).await;
    case.meddle(|_, _| Some(raw(502, &[("content-type", "text/html")], "<title>Bad Gateway</title>")));
    case.comment(HELLO, 7, 2, "mara", "!testme");
    case.for_seconds(3600).await;
    let tries = case.fake.asked().len();
    assert!((60..100).contains(&tries), "{tries}");
    assert_eq!(case.problems().len(), 1);
    case.leave_alone();
    case.for_seconds(65).await;
    assert_eq!(case.seen(), [2]);
    assert!(case.problems().is_empty(), "{:?}", case.problems());
}

#[tokio::test(start_paused = true)]
async fn one_pull_request_that_cannot_be_read_holds_up_no_other_and_is_not_lost() {
    // 502 may have its reason in one pull request, too: a proxy answers so for one that takes too long.
    for status in [500, 502] {
        let case = case(settings());
        case.add(hello());
        case.add(Pull("recipes/broken", 1, -500, vec![]));
        case.for_seconds(6).await;
        case.meddle(move |_, line| line.contains("broken/issues/1/comments").then(|| raw(status, &[], "")));
        case.comment("recipes/broken", 1, 2, "mara", "!testme");
        case.for_seconds(60).await;
        for id in 3..20 {
            case.comment(HELLO, 7, id, "mara", "!testme");
            case.for_seconds(30).await;
            assert!(case.seen().contains(&id), "{id}");
        }
        assert_eq!(case.problems().len(), 1);
        // A later change of it does not put the first out of sight.
        case.comment("recipes/broken", 1, 20, "mara", "thank you");
        case.for_seconds(30).await;
        case.leave_alone();
        case.for_seconds(120).await;
        assert!(case.seen().contains(&2));
        assert!(case.problems().is_empty(), "{:?}", case.problems());
    }
}

#[tokio::test(start_paused = true)]
async fn many_pull_requests_with_one_reason_are_one_problem() {
    let case = case(settings());
    for number in 1..=40 {
        case.add(Pull(HELLO, number, -500, vec![]));
    }
    case.for_seconds(6).await;
    case.meddle(|_, line| {
        let message = "token does not have at least one of required scope(s), required=[read:issue]";
        let refusal = says(403, at(0), &serde_json::json!({"message": message}));
        line.contains("comments").then_some(refusal)
    });
    for number in 1..=40 {
        case.comment(HELLO, number, 100 + number, "mara", "!testme");
    }
    case.for_seconds(30).await;
    let problems = case.problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("poll org:recipes: Gitea refuses the bot's token: recipes/hello#"), "{problems:?}");
    assert!(problems[0].contains("write:issue, read:organization"), "{problems:?}");
    let metrics = case.bridge.metrics.text(&crate::metrics::Gauges::default());
    let counted = "comment_bridge_failures_total{task=\"poll\",problem=\"refused\"} ";
    let failures: u64 = metrics.lines().find_map(|line| line.strip_prefix(counted)).unwrap().parse().unwrap();
    assert!(failures >= 40, "{failures}");
    case.leave_alone();
    case.for_seconds(90).await;
    assert_eq!(case.seen().len(), 40);
    assert!(case.problems().is_empty(), "{:?}", case.problems());
}

#[tokio::test(start_paused = true)]
async fn a_gitea_that_limits_the_rate_is_asked_less_often_for_a_while() {
    let mut every_second = settings();
    every_second.poll_seconds = 1;
    let case = case(every_second);
    case.add(hello());
    let times: Arc<Mutex<Vec<i64>>> = Arc::default();
    case.meddle({
        let times = times.clone();
        move |world, _| {
            let mut times = times.lock().unwrap();
            times.push(world.now);
            let limited = times.iter().filter(|at| **at >= 10).count();
            (1..=3).contains(&limited).then(|| raw(429, &[("retry-after", "10")], ""))
        }
    });
    case.for_seconds(300).await;
    let times = times.lock().unwrap();
    let gaps: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let limited: Vec<usize> = (0..gaps.len()).filter(|at| gaps[*at] >= 10).collect();
    assert_eq!(limited.len(), 3, "as long as it asked: {gaps:?}");
    // The times here are those of a clock that ticks once a second.
    assert!(gaps[..limited[0]].iter().all(|gap| *gap <= 2), "{gaps:?}");
    let after = &gaps[limited[2] + 1..];
    assert!(after[..10].iter().filter(|gap| **gap >= 5).count() >= 7, "{gaps:?}");
    assert!(after[after.len() - 50..].iter().all(|gap| *gap <= 2), "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn a_gitea_that_is_down_is_asked_about_two_pull_requests_only() {
    for (status, asked) in [(401, 2), (502, 2), (503, 2), (504, 2), (500, 9)] {
        let case = case(settings());
        for number in 1..=9 {
            case.add(Pull(HELLO, number, -500, vec![]));
        }
        case.for_seconds(6).await;
        case.meddle(move |_, line| line.contains("comments").then(|| raw(status, &[], "")));
        for number in 1..=9 {
            case.comment(HELLO, number, 100 + number, "mara", "!testme");
        }
        case.for_seconds(3).await;
        let comments = case.fake.asked().iter().filter(|line| line.contains("comments")).count();
        assert_eq!(comments, asked, "{status}");
        case.leave_alone();
        case.for_seconds(120).await;
        assert_eq!(case.seen().len(), 9, "{status}");
        assert!(case.problems().is_empty(), "{status}: {:?}", case.problems());
    }
}
