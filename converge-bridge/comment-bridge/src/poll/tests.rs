//! Tests of the poll: a Gitea whose clock and pull requests are moved by hand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use doubles::{BOT, GITEA, GITEA_TOKEN, Request, Server};

use crate::Bridge;
use crate::settings::Settings;
use crate::tests::fake::{bridge, settings};
use crate::trigger::{StateKind, Trigger};
use http::testing::{Fake, Reply, at, comment, entry, list, raw, says};

/// A pull request: its repository, number, when it changed, and its comments (id, author, body, when).
#[derive(Debug, Clone)]
struct Pull(&'static str, i64, i64, Vec<(i64, &'static str, &'static str, i64)>);

/// A hook before each answer.
type Meddle = Box<dyn Fn(&mut World, &str) -> Option<Reply> + Send>;

#[derive(Default)]
struct World {
    now: i64,
    pulls: Vec<Pull>,
    meddle: Option<Meddle>,
}

fn asked(line: &str) -> BTreeMap<String, String> {
    let url = reqwest::Url::parse(&format!("http://x{}", line.split_once(' ').unwrap().1)).unwrap();
    url.query_pairs().into_owned().collect()
}

/// The reply of the double with these pull requests in it, unless the test replies itself.
fn answers(world: &mut World, line: &str) -> Reply {
    if let Some(meddle) = world.meddle.take() {
        let reply = meddle(world, line);
        world.meddle.get_or_insert(meddle);
        if let Some(reply) = reply {
            return reply;
        }
    }
    let (method, path) = line.split_once(' ').unwrap();
    assert_eq!(method, "GET", "a poll changes nothing");
    let url = reqwest::Url::parse(&format!("{GITEA}{path}")).unwrap();
    let request = Request::of(Server::Gitea, reqwest::Method::GET, &url, &format!("Bearer {GITEA_TOKEN}"), &[]);
    let reply = world.gitea().answer(&request, at(world.now)).unwrap_or_else(|| panic!("no double answers {line}"));
    Some(Ok(reply.dated(at(world.now)).into_response()))
}

impl World {
    /// A double that lists these pull requests in their order here.
    fn gitea(&self) -> doubles::Gitea {
        let mut gitea = doubles::Gitea::default();
        for name in ["recipes", "apps"] {
            gitea.organisations.entry(name.into()).or_default().members.insert(BOT.into());
        }
        for Pull(repository, number, updated, comments) in self.pulls.iter().rev() {
            gitea.add_repository(repository).last_number = number - 1;
            let id = gitea.open_pull(repository, "", at(-1000));
            gitea.pulls.get_mut(&id).unwrap().updated = at(*updated);
            for (comment, author, body, when) in comments {
                let (author, body, created) = ((*author).to_owned(), (*body).to_owned(), at(*when));
                let comment_of =
                    doubles::Comment { pull: id.clone(), author, body, created, updated: created, head: String::new() };
                gitea.comments.insert(*comment, comment_of);
            }
        }
        gitea
    }
}

struct Case {
    fake: Arc<Fake>,
    bridge: Arc<Bridge>,
    world: Arc<Mutex<World>>,
}

fn case(settings: Settings) -> Case {
    let world = Arc::new(Mutex::new(World::default()));
    let fake = Fake::new({
        let world = world.clone();
        move |line, _| answers(&mut world.lock().unwrap(), line)
    });
    let bridge = bridge(&fake, settings);
    Case { fake, bridge, world }
}

impl Case {
    /// Polls for so long, Gitea's clock going on.
    async fn for_seconds(&self, seconds: u64) {
        let ticks = async {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                self.world.lock().unwrap().now += 1;
            }
        };
        let both = async { tokio::join!(super::run(&self.bridge), ticks) };
        let _over = tokio::time::timeout(Duration::from_millis(seconds * 1000 + 500), both).await;
    }

    fn add(&self, pull: Pull) {
        self.world.lock().unwrap().pulls.push(pull);
    }

    /// Adds a comment with the present time.
    fn comment(&self, repository: &str, number: i64, id: i64, author: &'static str, body: &'static str) {
        let mut world = self.world.lock().unwrap();
        let now = world.now;
        let pull = world.pulls.iter_mut().find(|pull| pull.0 == repository && pull.1 == number).unwrap();
        pull.2 = now;
        pull.3.push((id, author, body, now));
    }

    fn meddle(&self, meddle: impl Fn(&mut World, &str) -> Option<Reply> + Send + 'static) {
        self.world.lock().unwrap().meddle = Some(Box::new(meddle));
    }

    fn leave_alone(&self) {
        self.world.lock().unwrap().meddle = None;
    }

    fn seen(&self) -> Vec<i64> {
        let seen: Vec<Trigger> = self.bridge.ledger.of_kinds(&[StateKind::Seen]).unwrap();
        seen.iter().map(|trigger| trigger.comment).collect()
    }

    fn problems(&self) -> Vec<String> {
        self.bridge.health.problems().into_iter().map(|(of, problem)| format!("{of}: {problem}")).collect()
    }
}

const HELLO: &str = "recipes/hello";

fn hello() -> Pull {
    Pull(HELLO, 7, -500, vec![(1, "mara", "!testme", -500)])
}

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
async fn pages_are_read_to_the_end_and_again_when_they_move() {
    let case = case(settings());
    case.for_seconds(6).await;
    for number in 1..=120 {
        case.add(Pull(HELLO, number, 6, vec![(number, "mara", "!testme", 6)]));
    }
    // While they are read for the first time, one goes and another one is commented on.
    case.add(Pull("recipes/other", 1, 5, vec![(500, "mara", "!testme", 5)]));
    case.meddle(|world, line| {
        if line.contains("page=2") && world.pulls.first().is_some_and(|pull| pull.1 == 1) {
            world.pulls.remove(0);
            world.pulls.push(Pull("recipes/new", 1, world.now, vec![(501, "mara", "!testme", world.now)]));
        }
        None
    });
    case.for_seconds(6).await;
    let seen = case.seen();
    assert!((2..=120).all(|id| seen.contains(&id)) && seen.contains(&500) && seen.contains(&501), "{seen:?}");
    let cursor = case.bridge.ledger.cursor("org:recipes").unwrap().unwrap();
    assert!(cursor.read > at(6), "{cursor:?}");
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_never_settles_keeps_the_cursor_and_finds_what_it_can() {
    let case = case(settings());
    case.add(hello());
    case.for_seconds(6).await;
    let before = case.bridge.ledger.cursor("org:recipes").unwrap().unwrap();
    case.comment(HELLO, 7, 2, "mara", "!testme");
    case.meddle(|world, line| {
        let moment = world.now;
        let entries = [entry(HELLO, 7, moment, 2)];
        line.contains("search")
            .then(|| if line.contains("page=1") { list(at(moment), 3, &entries) } else { list(at(moment), 2, &[]) })
    });
    case.for_seconds(20).await;
    assert_eq!(case.seen(), [2]);
    assert_eq!(case.bridge.ledger.cursor("org:recipes").unwrap().unwrap(), before);
    assert!(case.problems()[0].contains("changed on every read"), "{:?}", case.problems());
}

#[tokio::test(start_paused = true)]
async fn one_pull_request_that_cannot_be_read_holds_up_no_other_and_is_not_lost() {
    let case = case(settings());
    case.add(hello());
    case.add(Pull("recipes/broken", 1, -500, vec![]));
    case.for_seconds(6).await;
    case.meddle(|_, line| line.contains("broken/issues/1/comments").then(|| raw(500, &[], "")));
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

#[tokio::test(start_paused = true)]
async fn an_entry_too_large_to_read_hides_no_other() {
    let case = case(settings());
    case.add(hello());
    case.add(Pull("recipes/huge", 1, -500, vec![]));
    case.for_seconds(6).await;
    // A description of many mebibytes: any page with it in it is too large.
    let begin = r#"[{"id":9,"url":"https://git.example.org/api/v1/repos/recipes/huge/issues/1","number":1,"title":"x","body":""#;
    let body = begin.bytes().chain(std::iter::repeat_n(b'x', 5 << 20)).collect::<Vec<u8>>();
    case.meddle(move |world, line| {
        let query = asked(line);
        if !line.contains("search") {
            return None;
        }
        let (page, limit): (usize, usize) = (query["page"].parse().unwrap(), query["limit"].parse().unwrap());
        let is_in = (page - 1) * limit < 2 && 2 <= page * limit && world.pulls.len() == 2;
        is_in.then(|| raw(200, &[("date", "Fri, 15 Jan 2027 08:00:00 GMT")], body.clone()))
    });
    case.comment("recipes/huge", 1, 2, "sam", "look at this");
    case.comment(HELLO, 7, 3, "mara", "!testme");
    case.for_seconds(6).await;
    assert_eq!(case.seen(), [3]);
    assert!(case.problems().is_empty(), "{:?}", case.problems());
    assert_eq!(
        case.bridge.health.notes()["left out of org:recipes"],
        "recipes/huge#1: it is larger than 4194304 bytes"
    );
}

#[tokio::test(start_paused = true)]
async fn an_odd_entry_or_comment_hides_no_other_and_is_named() {
    let case = case(settings());
    case.add(hello());
    case.for_seconds(6).await;
    case.meddle(|world, line| {
        let now = world.now;
        if line.contains("search") {
            let mut lost = entry(HELLO, 8, now, 1);
            (lost["id"], lost["repository"]) = (0.into(), serde_json::Value::Null);
            return Some(list(at(now), 2, &[lost, entry(HELLO, 7, now, 3)]));
        }
        let mut odd = comment(2, "mara", "!testme", now);
        odd["user"]["login"] = "a\nb".into();
        Some(list(at(now), 2, &[odd, comment(3, "bob@example.org", "!testme", now)]))
    });
    case.for_seconds(6).await;
    assert_eq!(case.seen(), [3]);
    assert!(case.problems().is_empty(), "{:?}", case.problems());
    let notes = case.bridge.health.notes();
    assert_eq!(notes["left out of org:recipes"], "the entry with id 0, number 8: it has no repository");
    let comment = "the entry with id 2: its author's login is none that an account can have";
    assert_eq!(notes["left out of the comments of recipes/hello#7"], comment);
    assert!(case.bridge.ledger.cursor("org:recipes").unwrap().unwrap().read > at(6));
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
