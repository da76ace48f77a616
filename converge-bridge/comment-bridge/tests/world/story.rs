//! What a test tells: who does what, and what comes of it.

use std::cell::{Cell, RefCell, RefMut};
use std::fmt::Write as _;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{self, FromRequest};
use axum::http::{Request, StatusCode};
use comment_bridge::settings::Settings;
use comment_bridge::testing::{Bridge, Hook, HookState, LedgerError, Signed, StateKind, Trigger, receive};
use hmac::{Hmac, KeyInit, Mac};
use http::names::Pull;
use serde_json::json;
use sha2::Sha256;
use tempfile::TempDir;
use tokio::task::LocalSet;
use tokio::time::sleep;

use crate::commits::{CommitFault, CommitFaults};
use crate::life::{Disk, Life};
use doubles::{BOT, Build, CI, ClockOf, DRONE, Fault, FaultRule, GITEA, Network, PullId, PullRequest, Shared, lock};

/// Longer than a poll and a call that hangs.
const QUIET: Duration = Duration::from_secs(30);

/// The key of the webhooks' signatures.
const SECRET: &str = "what webhooks are signed with";

/// How long it may take until it is quiet.
const PATIENCE: Duration = Duration::from_hours(72);

pub struct World {
    pub shared: Shared,
    pub commit_faults: Arc<Mutex<CommitFaults>>,
    pub settings: RefCell<Settings>,
    pub disk: RefCell<Disk>,
    pub life: RefCell<Option<Life>>,
    /// How long nothing changes before it is quiet.
    pub quiet: Cell<Duration>,
    runs: TempDir,
}

/// Tells a story in a world with the organisation `recipes`, the repositories `recipes/hello` and the CI's, and the
/// bridge running in it.
pub fn story<T>(test: impl AsyncFnOnce(&World) -> T) -> T {
    in_time(0, async |world| {
        world.starts();
        world.pass(2).await;
        let told = test(world).await;
        world.check();
        told
    })
}

/// The same, with a poll a minute: hours pass in it.
pub fn slow_story<T>(test: impl AsyncFnOnce(&World) -> T) -> T {
    in_time(0, async |world| {
        world.settings.borrow_mut().poll_seconds = 60;
        world.quiet.set(Duration::from_secs(90));
        world.starts();
        world.pass(2).await;
        let told = test(world).await;
        world.check();
        told
    })
}

/// The same, before the bridge has started.
pub fn in_time<T>(seed: u64, test: impl AsyncFnOnce(&World) -> T) -> T {
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let world = World::new(seed);
        test(&world).await
    })
}

pub fn settings() -> Settings {
    serde_json::from_value(json!({
        "gitea": GITEA, "bot": BOT, "drone": DRONE, "repository": CI, "organisations": [{"name": "recipes"}],
        "poll_seconds": 5, "catch_up_hours": 24, "give_up_hours": 24,
    }))
    .unwrap()
}

impl World {
    fn new(seed: u64) -> Self {
        let world = Self {
            shared: Network::new(seed).shared(),
            commit_faults: Arc::default(),
            settings: RefCell::new(settings()),
            disk: RefCell::new(Disk::new()),
            life: RefCell::new(None),
            quiet: Cell::new(QUIET),
            runs: tempfile::tempdir().unwrap(),
        };
        world.organisation("recipes");
        world.repository("recipes/ci");
        world.repository("recipes/hello");
        world
    }

    pub fn network(&self) -> std::sync::MutexGuard<'_, Network> {
        lock(&self.shared)
    }

    // Who and what there is.

    /// An organisation that the bot is a member of.
    pub fn organisation(&self, name: &str) {
        let mut network = self.network();
        network.gitea.organisations.entry(name.into()).or_default().members.insert(BOT.into());
    }

    pub fn repository(&self, name: &str) {
        self.network().gitea.add_repository(name);
    }

    /// A member of every organisation.
    pub fn member(&self, name: &str) -> Person<'_> {
        let person = self.stranger(name);
        let mut network = self.network();
        network.gitea.organisations.values_mut().for_each(|organisation| {
            organisation.members.insert(name.to_owned());
        });
        person
    }

    pub fn stranger(&self, name: &str) -> Person<'_> {
        self.network().gitea.add_account(name);
        Person { world: self, name: name.into() }
    }

    /// A new open pull request.
    pub fn pull(&self, repository: &str) -> Pull {
        let mut network = self.network();
        let now = network.clocks.now(ClockOf::Gitea);
        let id = network.gitea.open_pull(repository, &head(1), now);
        Pull { repository: repository.parse().unwrap(), number: id.number }
    }

    // What happens.

    /// A new head, as `1111…`, `2222…`.
    pub fn push(&self, pull: &Pull) {
        self.move_head(pull);
        self.note_push(pull);
    }

    /// A new head that is not in the timeline yet.
    pub fn move_head(&self, pull: &Pull) {
        let mut network = self.network();
        let id = id(pull);
        let next = network.gitea.pulls[&id].head[..1].parse::<u8>().unwrap() % 9 + 1;
        network.gitea.move_head(&id, &head(next));
    }

    /// Gitea notes the push of the present head.
    pub fn note_push(&self, pull: &Pull) {
        let mut network = self.network();
        let now = network.clocks.now(ClockOf::Gitea);
        network.gitea.note_push(&id(pull), now);
    }

    pub fn change(&self, pull: &Pull, change: impl FnOnce(&mut PullRequest)) {
        let mut network = self.network();
        let now = network.clocks.now(ClockOf::Gitea);
        let it = network.gitea.pulls.get_mut(&id(pull)).unwrap();
        change(it);
        it.updated = now;
        network.changed = network.clocks.passed();
    }

    pub fn close(&self, pull: &Pull) {
        self.change(pull, |it| it.is_closed = true);
    }

    /// The next call with these words in it meets fault.
    pub fn fault(&self, what: &'static str, fault: Fault) {
        self.faults(what, 1, fault);
    }

    pub fn faults(&self, what: &'static str, times: u32, fault: Fault) {
        self.network().faults.push(FaultRule { what, after: 0, times, fault });
    }

    /// The next commit but so many meets with something.
    pub fn commit_fault(&self, after: u32, fault: CommitFault) {
        self.commit_faults.lock().unwrap().rules.push((after, 1, fault));
    }

    pub fn is_down(&self, what: &'static str) {
        self.network().down.push(what);
    }

    pub fn is_up_again(&self) {
        let mut network = self.network();
        network.down.clear();
        network.changed = network.clocks.passed();
    }

    /// The disk has no room, or has again.
    pub fn disk_is_full(&self, is_full: bool) {
        self.commit_faults.lock().unwrap().is_full = is_full;
        let mut network = self.network();
        network.changed = network.clocks.passed();
    }

    /// The bridge starts.
    pub fn starts(&self) {
        self.try_start().unwrap();
    }

    pub fn try_start(&self) -> Result<(), LedgerError> {
        let life = Life::begin(
            &self.shared,
            &self.commit_faults,
            &self.disk.borrow(),
            &self.settings.borrow(),
            self.runs.path(),
        )?;
        assert!(self.life.replace(Some(life)).is_none(), "it runs already");
        let mut network = self.network();
        network.changed = network.clocks.passed();
        Ok(())
    }

    /// The bridge ends at once, wherever it is.
    pub async fn dies(&self) {
        let life = self.life.take();
        if let Some(life) = life {
            life.end().await;
        }
    }

    /// The bridge is told to end, and does.
    pub async fn stops(&self) {
        let life = self.life.take();
        if let Some(life) = life {
            life.stop().await;
        }
    }

    pub fn bridge(&self) -> Arc<Bridge> {
        self.life.borrow().as_ref().expect("the bridge does not run").bridge.clone()
    }

    pub fn disk(&self) -> RefMut<'_, Disk> {
        self.disk.borrow_mut()
    }

    /// The ledger is gone. The bridge must not run.
    pub fn forgets_everything(&self) {
        *self.disk() = Disk::new();
    }

    /// A webhook tells the bridge of a comment, as it was written: says what the bridge answers, if it runs.
    pub async fn hook(&self, comment: i64, action: &str) -> Option<StatusCode> {
        let life = self.life.borrow().as_ref().map(|life| (life.bridge.clone(), life.caller.is_dead()));
        let (bridge, false) = life? else { return None };
        let body = {
            let network = self.network();
            network.gitea.show_event(comment, &network.gitea.written[&comment], action).to_string()
        };
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let signature = base::hex::encode(mac.finalize().into_bytes());
        let request = Request::post("/hook")
            .header("x-gitea-event", "issue_comment")
            .header("x-gitea-signature", signature)
            .header("content-length", body.len())
            .body(Body::from(body))
            .unwrap();
        let hook = Arc::new(Hook::new(SECRET.into()));
        let web = HookState { bridge, hook };
        Some(match Signed::from_request(request, &web).await {
            Ok(signed) => receive(extract::State(web), signed).await,
            Err(refused) => refused.status(),
        })
    }

    pub fn step(&self, clock: ClockOf, seconds: i64) {
        self.network().clocks.step(clock, seconds);
    }

    /// Writes the results of a build.
    pub fn results(&self, build: i64, results: &serde_json::Value) {
        let folder = self.runs.path().join(build.to_string());
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("results.json"), results.to_string()).unwrap();
    }

    // Time passes.

    /// So many seconds pass. Who died meanwhile is started again.
    pub async fn pass(&self, seconds: u64) {
        for _ in 0..seconds {
            self.second().await;
        }
    }

    pub async fn second(&self) {
        sleep(Duration::from_secs(1)).await;
        self.network().settle();
        let dead = self.life.borrow().as_ref().is_some_and(|life| life.caller.is_dead());
        if dead {
            self.dies().await;
            drop(self.try_start());
        }
    }

    /// Until nothing is to be done any more.
    pub fn until_quiet(&self) -> impl Future<Output = ()> {
        self.until("it is quiet", World::is_quiet)
    }

    /// Until something is so.
    pub async fn until(&self, what: &str, is_so: impl Fn(&World) -> bool) {
        let mut left = PATIENCE.as_secs();
        while !is_so(self) {
            self.second().await;
            self.alive();
            left -= 1;
            assert!(left > 0, "not in time: {what}\n{}", self.picture());
        }
    }

    pub fn is_quiet(&self) -> bool {
        let borrowed = self.life.borrow();
        let Some(life) = borrowed.as_ref() else { return false };
        {
            let network = self.network();
            // A build whose end is never told may be unknown to an older ledger.
            let busy = network.drone.builds.values().any(|build| !build.is_over() && !build.is_lost);
            if busy || network.has_late() || network.clocks.passed() < network.changed + self.quiet.get() {
                return false;
            }
        }
        let open: Vec<StateKind> = StateKind::ALL.into_iter().filter(|kind| !kind.is_end()).collect();
        let ledger = &life.bridge.ledger;
        // Who could not write down what it read is to read again.
        let reads = |of: &String| of.starts_with("poll") || of.starts_with("ledger");
        !life.bridge.health.problems().keys().any(reads)
            && ledger.of_kinds(&open).is_ok_and(|open| open.is_empty())
            && ledger.dirty_pulls().is_ok_and(|unsaid| unsaid.is_empty())
    }

    fn alive(&self) {
        let fallen = self.life.borrow().as_ref().is_some_and(Life::has_fallen);
        assert!(!fallen, "a task has ended by itself\n{}", self.picture());
    }

    /// Checks the rules of every story.
    pub fn check(&self) {
        self.check_calls();
        self.alive();
    }

    /// Checks that this world knows every call.
    pub fn check_calls(&self) {
        let unknown = self.network().unknown.clone();
        assert!(unknown.is_empty(), "calls that this world does not know: {unknown:#?}");
    }

    // What came of it.

    /// The visible comments of a pull request.
    pub fn comments(&self, pull: &Pull) -> String {
        let (network, id) = (self.network(), id(pull));
        let each = network.gitea.comments_of(&id).map(|(_, it)| {
            let seen = it.body.split("<!-- converge-ci").next().unwrap_or_default();
            format!("{}: {}", it.author, seen.trim().replace('\u{200b}', "{no width}"))
        });
        each.collect::<Vec<_>>().join("\n\n")
    }

    /// The bot's own comments.
    pub fn said(&self, pull: &Pull) -> Vec<String> {
        let network = self.network();
        network.gitea.comments_of(&id(pull)).filter(|(_, it)| it.author == BOT).map(|(_, it)| it.body.clone()).collect()
    }

    /// Every build, as `1 success hello@1111111 quick trigger 5`.
    pub fn builds(&self) -> Vec<String> {
        let network = self.network();
        network.drone.builds.iter().map(|(number, build)| line(*number, build)).collect()
    }

    pub fn triggers(&self, pull: &Pull) -> Vec<Trigger> {
        let all = self.bridge().ledger.newest(1000).unwrap();
        all.into_iter().filter(|trigger| trigger.pull == *pull).collect()
    }

    /// The states of a pull request's triggers, oldest first.
    pub fn became(&self, pull: &Pull) -> Vec<&'static str> {
        self.triggers(pull).iter().rev().map(|trigger| trigger.state.kind().name()).collect()
    }

    pub fn problems(&self) -> Vec<String> {
        self.bridge().health.problems().iter().map(|(of, problem)| format!("{of}: {problem}")).collect()
    }

    /// The calls with these words in them.
    pub fn calls(&self, what: &str) -> Vec<String> {
        let fits = |line: &str| what.split(' ').all(|word| line.contains(word));
        let network = self.network();
        network.calls.iter().filter(|(_, line, _)| fits(line)).map(|(_, line, _)| line.clone()).collect()
    }

    pub fn forget_calls(&self) {
        self.network().calls.clear();
    }

    /// Everything, for who has to find out what went wrong.
    pub fn picture(&self) -> String {
        let mut picture = String::new();
        if let Some(life) = self.life.borrow().as_ref() {
            let newest = life.bridge.ledger.newest(50);
            writeln!(picture, "triggers: {newest:#?}\nproblems: {:#?}", life.bridge.health.problems()).unwrap();
            writeln!(picture, "unsaid: {:?}", life.bridge.ledger.dirty_pulls()).unwrap();
        }
        writeln!(picture, "builds: {:#?}", self.builds()).unwrap();
        let network = self.network();
        writeln!(picture, "comments:").unwrap();
        for (id, it) in &network.gitea.comments {
            let body = it.body.lines().next().unwrap_or_default();
            writeln!(picture, "  {id} {} {} {}: {body}", it.created, it.pull, it.author).unwrap();
        }
        writeln!(picture, "calls:").unwrap();
        for (at, line, status) in network.calls.iter().rev().take(80).rev() {
            writeln!(picture, "  {:8.3} {status:3} {line}", at.as_secs_f64()).unwrap();
        }
        picture
    }
}

/// A pull request's address at the double.
pub fn id(pull: &Pull) -> PullId {
    PullId { repository: pull.repository.to_string(), number: pull.number }
}

fn head(digit: u8) -> String {
    digit.to_string().repeat(40)
}

fn line(number: i64, build: &Build) -> String {
    let of = |name: &str| build.params.get(name).map_or("?", String::as_str);
    let mode = if of("CCCI_QUICK") == "1" { " quick" } else { "" };
    let commit = of("REF").get(..7).unwrap_or("?");
    format!("{number} {} {}@{commit}{mode} for {}", build.status, of("RECIPE"), of("TRIGGER"))
}

/// A user.
pub struct Person<'a> {
    world: &'a World,
    pub name: String,
}

impl Person<'_> {
    /// Writes a comment; says its id.
    pub fn comments(&self, pull: &Pull, body: &str) -> i64 {
        let mut network = self.world.network();
        network.changed = network.clocks.passed();
        let now = network.clocks.now(ClockOf::Gitea);
        network.gitea.comment(&id(pull), &self.name, body, now)
    }

    pub fn edits(&self, comment: i64, body: &str) {
        let mut network = self.world.network();
        let now = network.clocks.now(ClockOf::Gitea);
        let it = network.gitea.comments.get_mut(&comment).unwrap();
        body.clone_into(&mut it.body);
        it.updated = now;
    }

    pub fn deletes(&self, comment: i64) {
        self.world.network().gitea.comments.remove(&comment).unwrap();
    }

    /// Is no member of anything any more.
    pub fn leaves(&self) {
        let mut network = self.world.network();
        network.gitea.organisations.values_mut().for_each(|organisation| {
            organisation.members.remove(&self.name);
        });
    }
}
