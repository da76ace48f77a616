//! Tests of the decision: what Gitea says, and what becomes of a comment.

mod heads;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use crate::Bridge;
use crate::ledger::Found;
use crate::problem::{GiteaProblem, Problem};
use crate::settings::Settings;
use crate::tests::fake::{bridge, settings};
use crate::trigger::{BuildRecord, Command, Order, Progress, Refusal, State, StateKind, Trigger};
use http::names::Pull;
use http::testing::{Fake, Reply, at, comment, head, list, not_found, pull, push, raw, says};

const HEAD: &str = "0123456789abcdef0123456789abcdef01234567";
const OTHER: &str = "f123456789abcdef0123456789abcdef01234567";

/// The answers of Gitea.
#[derive(Debug, Clone)]
struct Says {
    comment: fn(i64) -> Reply,
    member: fn() -> Reply,
    pull: fn() -> Reply,
    head: fn() -> Reply,
    /// The first page of the timeline; the second one is empty.
    pushes: fn() -> Reply,
}

const FINE: Says = Says {
    comment: |id| says(200, at(0), &comment(id, "mara", "!testme", 0)),
    member: || raw(204, &[], ""),
    pull: || says(200, at(0), &pull(7)),
    head: || says(200, at(0), &head(7, HEAD)),
    pushes: || says(200, at(0), &json!([push(0, -60, &[HEAD])])),
};

fn number(line: &str) -> i64 {
    line.rsplit('/').next().unwrap().parse().unwrap()
}

fn answers(line: &str, to: &Says) -> Reply {
    if line.contains("/issues/comments/") {
        (to.comment)(number(line))
    } else if line.contains("/git/refs/") {
        (to.head)()
    } else if line.contains("/timeline?") {
        if line.ends_with("page=1") { (to.pushes)() } else { list(at(0), 0, &[]) }
    } else if line.contains("/members/") {
        (to.member)()
    } else if line.contains("/pulls/") {
        (to.pull)()
    } else {
        panic!("nobody answers {line}")
    }
}

fn on(number: i64) -> Pull {
    Pull { repository: "recipes/hello".parse().unwrap(), number }
}

fn found(comment: i64, command: Command) -> Found {
    Found { comment, pull: on(7), author: "mara".into(), command, created: at(0), delivered_head: None }
}

const TEST: Command = Command::Test { quick: false };

struct Case {
    fake: Arc<Fake>,
    bridge: Arc<Bridge>,
    says: Arc<Mutex<Says>>,
}

fn case(to: Says) -> Case {
    case_with(to, settings())
}

fn case_with(to: Says, settings: Settings) -> Case {
    let says = Arc::new(Mutex::new(to));
    let fake = Fake::new({
        let says = says.clone();
        move |line, _| answers(line, &says.lock().unwrap().clone())
    });
    let bridge = bridge(&fake, settings);
    Case { fake, bridge, says }
}

impl Case {
    fn see(&self, found: &Found) -> i64 {
        self.bridge.ledger.insert_found(std::slice::from_ref(found), None, at(0)).unwrap();
        self.bridge.wakers.decide.notify_one();
        found.comment
    }

    fn trigger(&self, comment: i64) -> Trigger {
        self.bridge.ledger.trigger(comment).unwrap().unwrap()
    }

    /// Decides for so long.
    async fn for_seconds(&self, seconds: u64) {
        let _over = tokio::time::timeout(Duration::from_secs(seconds), super::run(&self.bridge)).await;
    }

    async fn becomes(&self, found: Found) -> State {
        let id = self.see(&found);
        self.for_seconds(1).await;
        self.trigger(id).state
    }

    fn build(&self, comment: i64, quick: bool) {
        let trigger = self.trigger(comment);
        let build = BuildRecord { number: 1, progress: Progress::Running, started: None, finished: None };
        let order = Order::new(HEAD.into(), quick);
        self.bridge.ledger.advance(&trigger, State::Building { order, build }, at(1)).unwrap();
    }
}

fn refused(reason: Refusal) -> State {
    State::Refused { reason }
}

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

#[tokio::test(start_paused = true)]
async fn a_trigger_found_too_late_does_not_fire() {
    let case = case(Says { comment: |id| says(200, at(0), &comment(id, "mara", "!testme", -90_000)), ..FINE });
    assert_eq!(case.becomes(Found { created: at(-90_000), ..found(1, TEST) }).await, refused(Refusal::TooOld));
    case.says.lock().unwrap().comment = |id| says(200, at(0), &comment(id, "mara", "!testme", -80_000));
    case.says.lock().unwrap().pushes = || says(200, at(0), &json!([push(0, -80_000, &[HEAD])]));
    assert_eq!(case.becomes(Found { created: at(-80_000), ..found(2, TEST) }).await.kind(), StateKind::Authorised);
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
    assert!(super::rules::is_given_up(&trigger(None, TEST), late, &settings, 5));
    assert!(!super::rules::is_given_up(&trigger(None, TEST), late, &settings, 4), "a clock that jumped");
    assert!(!super::rules::is_given_up(&trigger(None, TEST), at(3600), &settings, 500));
    assert!(!super::rules::is_given_up(&trigger(None, TEST), at(-3600), &settings, 500));
    let failed = |head, command| super::rules::given_up(&trigger(head, command), Problem::Late);
    assert_eq!(failed(None, TEST), State::Failed { order: None, reason: Problem::Late });
    let order = Some(Order::new(HEAD.into(), false));
    assert_eq!(failed(Some(HEAD), TEST), State::Failed { order, reason: Problem::Late });
    assert_eq!(failed(None, Command::Cancel), State::Forgotten, "it may be a stranger's");
}
