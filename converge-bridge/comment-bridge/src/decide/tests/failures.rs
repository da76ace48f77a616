//! Failures of Gitea: nothing is permitted, all is tried again, and each trigger delays only its own pull request.

use super::*;

#[tokio::test(start_paused = true)]
async fn no_failure_allows_anything_and_each_is_tried_again() {
    let failures: [fn() -> Reply; 9] = [
        || None,
        || Some(Err(http::TransportError::Connection)),
        || Some(Err(http::TransportError::Body)),
        || raw(500, &[], ""),
        || raw(200, &[], "{}"),
        || raw(303, &[("location", "/api/v1/orgs/recipes/public_members/mara")], ""),
        || raw(307, &[("location", "/api/v1/orgs/other/members/mara")], ""),
        || raw(404, &[], "404 page not found"),
        || says(403, at(0), &json!({"message": "token does not have at least one of required scope(s)"})),
    ];
    for (number, member) in failures.into_iter().enumerate() {
        let case = case(Says { member, ..FINE });
        case.see(&found(1, TEST));
        case.for_seconds(300).await;
        let trigger = case.trigger(1);
        assert_eq!(trigger.state.kind(), StateKind::Seen, "{number}");
        assert!(trigger.problem.is_some(), "{number}");
        let problems = case.bridge.health.problems();
        assert_eq!(problems.len(), 1, "{number}: {problems:?}");
        assert!(problems.keys().all(|subject| subject.starts_with("decide: Gitea")), "{number}: {problems:?}");
        let tries = case.fake.asked().iter().filter(|line| line.contains("members")).count();
        assert!((5..=14).contains(&tries), "{number}: {tries} tries");
        *case.says.lock().unwrap() = FINE;
        case.for_seconds(61).await;
        let trigger = case.trigger(1);
        assert_eq!((trigger.state.kind(), trigger.problem), (StateKind::Authorised, None), "{number}");
        assert!(case.bridge.health.problems().is_empty(), "{:?}", case.bridge.health.problems());
    }
}

#[tokio::test(start_paused = true)]
async fn a_bot_outside_the_organisation_is_told_on_the_status_page() {
    let case = case(Says { member: || raw(303, &[("location", "/x")], ""), ..FINE });
    case.see(&found(1, TEST));
    case.for_seconds(3).await;
    let subject = "decide: Gitea does not show the organisation's members to the bot";
    let problem = case.bridge.health.problems().remove(subject).unwrap();
    let problem = problem.strip_prefix("recipes/hello#7, comment 1: ").unwrap();
    assert!(problem.starts_with("the bot `ci-bot` is not a member of the organisation `recipes`"), "{problem}");
}

#[tokio::test(start_paused = true)]
async fn an_obstacle_is_told_to_the_operator_at_once_and_in_plain_words_to_the_pull_request() {
    let refused = || {
        let message = "token does not have at least one of required scope(s), required=[read:repository]";
        says(403, at(0), &json!({"message": message}))
    };
    let obstacles = [
        (Says { pull: refused, ..FINE }, GiteaProblem::Refused, "with the scopes read:repository, write:issue"),
        (Says { pull: || says(200, at(0), &json!(null)), ..FINE }, GiteaProblem::Odd, "missing or of another type"),
        (Says { head: || says(200, at(0), &head(7, "")), ..FINE }, GiteaProblem::Odd, "is no commit"),
        (Says { head: not_found, ..FINE }, GiteaProblem::HeadUnknown, "the bot may read its code"),
        (Says { pull: || raw(500, &[], "sql: locked"), ..FINE }, GiteaProblem::Failing(500), "sql: locked"),
    ];
    for (says, problem, why) in obstacles {
        let case = case(says);
        let pulls: &[i64] = if problem == GiteaProblem::Refused { &[7, 8, 9] } else { &[7] };
        for number in pulls.iter().copied() {
            case.see(&Found { pull: on(number), ..found(number, TEST) });
        }
        case.says.lock().unwrap().comment = |id| {
            let mut elsewhere = comment(id, "mara", "!testme", 0);
            elsewhere["pull_request_url"] = json!(format!("http://git.example.org/recipes/hello/pulls/{id}"));
            http::testing::says(200, at(0), &elsewhere)
        };
        case.for_seconds(1).await;
        let problems = case.bridge.health.problems();
        assert_eq!(problems.len(), 1, "{problems:?}");
        let told = &problems[&format!("decide: {problem}")];
        assert!(told.starts_with("recipes/hello#7, comment 7: ") && told.contains(why), "{told}");
        assert_eq!(case.trigger(7).problem, Some(problem.into()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiting_trigger_delays_only_its_own_pull_request() {
    let broken: fn(i64) -> Reply = |id| {
        let reply = comment(id, "mara", "!testme", 0);
        match id {
            1 => raw(500, &[], ""),
            3 => {
                let mut other = reply;
                other["pull_request_url"] = json!("http://git.example.org/recipes/hello/pulls/8");
                says(200, at(0), &other)
            }
            _ => says(200, at(0), &reply),
        }
    };
    let case = case(Says {
        comment: broken,
        pull: || says(200, at(0), &pull(8)),
        head: || says(200, at(0), &head(8, HEAD)),
        ..FINE
    });
    case.see(&found(1, TEST));
    case.see(&found(2, TEST));
    case.see(&Found { pull: on(8), ..found(3, TEST) });
    case.for_seconds(2).await;
    let kinds: Vec<StateKind> = [1, 2, 3].map(|id| case.trigger(id).state.kind()).into();
    assert_eq!(kinds, [StateKind::Seen, StateKind::Seen, StateKind::Authorised]);
    *case.says.lock().unwrap() = FINE;
    case.for_seconds(60).await;
    assert_eq!(case.trigger(1).state.kind(), StateKind::Authorised);
    assert_eq!(case.trigger(2).state, State::Joined { joined_trigger: 1 });
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_time_gets_it() {
    let case = case(Says { comment: |_| raw(429, &[("retry-after", "120")], ""), ..FINE });
    case.see(&found(1, TEST));
    case.see(&Found { pull: on(8), ..found(2, TEST) });
    case.for_seconds(119).await;
    assert_eq!(case.fake.asked().len(), 1);
    *case.says.lock().unwrap() = FINE;
    case.for_seconds(130).await;
    assert_eq!(case.trigger(1).state.kind(), StateKind::Authorised);
}

#[test]
fn a_trigger_is_given_up_by_time_and_by_tries() {
    let trigger = |head: Option<&str>, command| Trigger {
        comment: 1,
        pull: on(7),
        author: "mara".into(),
        command,
        created: at(0),
        state: State::Seen { order: head.map(|head| Order::new(head.into(), false)), delivered_head: None },
        changed: at(0),
        problem: None,
    };
    let (settings, late) = (settings(), at(25 * 3600));
    assert!(crate::decide::rules::is_given_up(&trigger(None, TEST), late, &settings, 5));
    assert!(!crate::decide::rules::is_given_up(&trigger(None, TEST), late, &settings, 4), "a clock that jumped");
    assert!(!crate::decide::rules::is_given_up(&trigger(None, TEST), at(3600), &settings, 500));
    assert!(!crate::decide::rules::is_given_up(&trigger(None, TEST), at(-3600), &settings, 500));
    let failed = |head, command| crate::decide::rules::given_up(&trigger(head, command), Problem::Late);
    assert_eq!(failed(None, TEST), State::Failed { order: None, reason: Problem::Late });
    let order = Some(Order::new(HEAD.into(), false));
    assert_eq!(failed(Some(HEAD), TEST), State::Failed { order, reason: Problem::Late });
    assert_eq!(failed(None, Command::Cancel), State::Forgotten, "it may be a stranger's");
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_gitea_as_a_whole_is_met_by_two_pull_requests_only() {
    type ToComment = fn(i64) -> Reply;
    let of_its_pull: ToComment = |id| {
        let mut comment = comment(id, "mara", "!testme", 0);
        comment["pull_request_url"] = json!(format!("http://git.example.org/recipes/hello/pulls/{id}"));
        says(200, at(0), &comment)
    };
    let failures: [(ToComment, usize); 5] = [
        (|_| says(401, at(0), &json!({"message": "user does not exist"})), 2),
        (|_| raw(502, &[], ""), 2),
        (|_| raw(503, &[], ""), 2),
        (|_| raw(504, &[], ""), 2),
        (|_| raw(500, &[], ""), 6),
    ];
    for (number, (comment, asked)) in failures.into_iter().enumerate() {
        let case = case(Says { comment, ..FINE });
        for pull in 11..=16 {
            case.see(&Found { pull: on(pull), ..found(pull, Command::Help) });
        }
        let _over = tokio::time::timeout(Duration::from_millis(100), crate::decide::run(&case.bridge)).await;
        assert_eq!(case.fake.asked().len(), asked, "{number}: {:?}", case.fake.asked());
        assert_eq!(case.bridge.health.problems().len(), 1, "{number}");
        case.says.lock().unwrap().comment = of_its_pull;
        case.for_seconds(120).await;
        assert!((11..=16).all(|comment| case.trigger(comment).state.kind() == StateKind::Forgotten), "{number}");
        assert!(case.bridge.health.problems().is_empty(), "{number}: {:?}", case.bridge.health.problems());
    }
}
