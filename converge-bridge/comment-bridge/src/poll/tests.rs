//! Tests of the poll: a Gitea whose clock and pull requests are moved by hand.

mod comments;
mod failures;
mod listings;
mod sources;

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
