//! The store over real directories: what changes while it follows, and what is damaged.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::*;

/// Longest wait for a change to be seen.
const DEADLINE: Duration = Duration::from_secs(30);

struct World {
    root: tempfile::TempDir,
    health: Arc<Health>,
    store: Store,
}

impl World {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for name in ["runs", "reports", "bridge", "index"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        let health = Arc::new(Health::new(&[RUNS_REMOVED]));
        let store = store(root.path(), &health);
        Self { root, health, store }
    }

    /// A world that has looked once.
    fn following() -> Self {
        let world = Self::new();
        world.store.follow(Duration::ZERO);
        world
    }

    fn path(&self, of: &str) -> PathBuf {
        self.root.path().join(of)
    }

    /// Writes results as a run does: a draft, then a rename.
    fn write(&self, run: &str, results: &str) {
        let directory = self.path("runs").join(run);
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(".draft"), results).unwrap();
        fs::rename(directory.join(".draft"), directory.join("results.json")).unwrap();
    }

    /// Follows until the snapshot is as expected.
    fn until(&self, what: &str, expected: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let start = Instant::now();
        while !expected(&self.store.snapshot()) {
            let Snapshot { runs, damaged, .. } = &*self.store.snapshot();
            let newest: Vec<_> = runs.iter().take(10).collect();
            assert!(start.elapsed() < DEADLINE, "{what}: {} runs, {newest:?}, {damaged:?}", runs.len());
            self.store.follow(Duration::from_millis(200));
        }
        self.store.snapshot()
    }

    fn restart(&mut self) {
        self.store = store(self.root.path(), &self.health);
        self.store.follow(Duration::ZERO);
    }
}

fn store(root: &Path, health: &Arc<Health>) -> Store {
    let at = |name: &str| root.join(name);
    let directories =
        Directories { runs: at("runs"), reports: at("reports"), bridge: at("bridge"), index: at("index") };
    Store::with_health(directories, health.clone())
}

fn running(run: &str) -> String {
    format!(r#"{{"schema": 3, "run_id": "{run}", "recipe": "hello", "state": "running", "phase": "install"}}"#)
}

fn done(run: &str) -> String {
    format!(
        r#"{{"schema": 3, "run_id": "{run}", "recipe": "hello", "state": "done", "phase": "teardown", "verdict": "pass",
            "finished": "2026-11-28T03:00:00Z", "level": 1, "rungs": {{"install": {{"status": "pass"}}}}}}"#
    )
}

fn ids(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.runs.iter().map(|run| run.id.as_str()).collect()
}

fn reason<'a>(snapshot: &'a Snapshot, run: &str) -> Option<&'a str> {
    snapshot.damaged.iter().find(|damaged| damaged.id.as_str() == run).map(|damaged| &*damaged.reason)
}

#[test]
fn a_run_appears_goes_on_ends_and_disappears() {
    let world = World::following();
    let generation = world.store.generation();
    let first = *generation.borrow();
    fs::create_dir(world.path("runs/7")).unwrap();
    world.store.follow(Duration::from_millis(200));
    assert_eq!(*generation.borrow(), first, "a directory without results is no run yet");
    world.write("7", &running("7"));
    let snapshot = world.until("it appears", |snapshot| snapshot.runs.len() == 1);
    assert_eq!((snapshot.runs[0].is_done, snapshot.runs[0].phase.as_deref()), (false, Some("install")));
    world.write("7", &done("7"));
    world.until("it ends", |snapshot| snapshot.runs[0].is_done);
    assert_eq!(world.store.snapshot().recipes["hello"].runs.len(), 1);
    fs::remove_dir_all(world.path("runs/7")).unwrap();
    let snapshot = world.until("it disappears", |snapshot| snapshot.runs.is_empty());
    assert_eq!((*generation.borrow(), snapshot.recipes.len()), (snapshot.generation, 0));
    assert!(snapshot.generation > first);
}

#[test]
fn a_change_of_a_run_that_has_ended_is_found_by_the_slow_look() {
    let world = World::following();
    world.write("7", &done("7"));
    world.until("it appears", |snapshot| snapshot.runs.len() == 1);
    world.write("7", &done("7").replace("hello", "other"));
    world.store.refresh();
    assert_eq!(&*world.store.snapshot().runs[0].recipe, "other");
    let before = world.store.snapshot().generation;
    world.store.refresh();
    assert_eq!(world.store.snapshot().generation, before, "nothing differs");
}

#[test]
fn damaged_runs_are_told_and_hide_no_other() {
    let world = World::new();
    let at = |run: &str| {
        fs::create_dir(world.path("runs").join(run)).unwrap();
        world.path("runs").join(run).join("results.json")
    };
    world.write("1", &done("1"));
    let incomplete = "results.json is not complete, or of an unknown schema";
    for (run, text) in [
        ("half", r#"{"schema": 3, "run_id"#),
        ("empty", ""),
        ("later", r#"{"schema": 99, "run_id": "later"}"#),
        ("list", "[]"),
        ("binary", "\u{0}\u{1}"),
    ] {
        fs::write(at(run), text).unwrap();
    }
    fs::write(at("nameless"), r#"{"schema": 3, "run_id": "nameless", "recipe": ["x"]}"#).unwrap();
    fs::File::create(at("huge")).unwrap().set_len(50 * 1024 * 1024).unwrap();
    fs::create_dir(at("directory")).unwrap();
    nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    symlink(world.path("runs/1/results.json"), at("linked-file")).unwrap();
    symlink(world.path("runs/1"), world.path("runs/linked")).unwrap();
    symlink("circle", world.path("runs/circle")).unwrap();
    symlink("missing", world.path("runs/dangling")).unwrap();
    fs::write(world.path("runs/stray.txt"), "").unwrap();
    fs::create_dir(world.path("runs/waiting")).unwrap();
    fs::create_dir(world.path("runs/not a run")).unwrap();
    world.write("2", &done("2"));
    world.store.follow(Duration::ZERO);
    let snapshot = world.store.snapshot();
    assert_eq!(ids(&snapshot), ["2", "1"]);
    let no_file = "results.json is no regular file";
    for (run, expected) in [
        ("half", incomplete),
        ("empty", incomplete),
        ("later", incomplete),
        ("list", incomplete),
        ("binary", incomplete),
        ("nameless", "results.json names no recipe"),
        ("huge", "results.json is larger than 4194304 bytes"),
        ("directory", no_file),
        ("pipe", no_file),
        ("socket", no_file),
        ("linked", "the directory of the run is a link"),
        ("circle", "the directory of the run is a link"),
        ("dangling", "the directory of the run is a link"),
    ] {
        assert_eq!(reason(&snapshot, run), Some(expected), "{run}");
    }
    assert!(reason(&snapshot, "linked-file").unwrap().starts_with("results.json cannot be read: "));
    assert_eq!(snapshot.damaged.len(), 14, "{:?}", snapshot.damaged);
    // Each is whole again as soon as its file is.
    world.write("half", &done("half"));
    world.until("a damaged run is mended", |snapshot| reason(snapshot, "half").is_none() && snapshot.runs.len() == 3);
}

/// Root reads every file: the calling thread reads as another user.
fn as_nobody<T>(work: impl FnOnce() -> T) -> T {
    let (nobody, own) = (nix::unistd::Uid::from_raw(65534), nix::unistd::geteuid());
    nix::unistd::setfsuid(if own.is_root() { nobody } else { own });
    let done = work();
    nix::unistd::setfsuid(own);
    done
}

#[test]
fn a_run_that_may_not_be_read_is_read_once_it_may() {
    let world = World::new();
    fs::set_permissions(world.root.path(), fs::Permissions::from_mode(0o755)).unwrap();
    world.write("1", &done("1"));
    let file = world.path("runs/1/results.json");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    as_nobody(|| world.store.follow(Duration::ZERO));
    assert!(reason(&world.store.snapshot(), "1").unwrap().contains("Permission denied"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    as_nobody(|| world.until("it is readable", |snapshot| snapshot.runs.len() == 1));
}

#[test]
fn many_runs_at_once_are_all_seen() {
    let world = World::following();
    for run in 0..3000 {
        world.write(&run.to_string(), &if run % 100 == 0 { running(&run.to_string()) } else { done(&run.to_string()) });
    }
    world.until("all of them", |snapshot| snapshot.runs.len() == 3000);
    world.write("100", &done("100"));
    world.write("3000", &running("3000"));
    world.until("one more, and one that ended", |snapshot| {
        let ended = RunId::new("100").unwrap();
        snapshot.runs.len() == 3001 && snapshot.run(&ended).unwrap().is_done
    });
}

#[test]
fn files_that_vanish_while_they_are_read_are_no_error() {
    let world = World::following();
    let runs = world.path("runs");
    let churn = std::thread::spawn(move || {
        for round in 0..300_usize {
            let directory = runs.join((round % 7).to_string());
            fs::create_dir_all(&directory).unwrap();
            let text = done("1");
            fs::write(directory.join("results.json"), &text[..text.len() - round % 3]).unwrap();
            if round.is_multiple_of(2) {
                fs::remove_dir_all(&directory).unwrap();
            }
        }
        for run in 0..7 {
            drop(fs::remove_dir_all(runs.join(run.to_string())));
        }
    });
    while !churn.is_finished() {
        world.store.follow(Duration::from_millis(1));
        world.store.refresh();
    }
    churn.join().unwrap();
    world.until("all are gone", |snapshot| snapshot.runs.is_empty() && snapshot.damaged.is_empty());
}

#[test]
fn a_clock_that_was_set_back_mixes_no_runs() {
    let world = World::new();
    world.write("1", &done("1"));
    world.write("2", &done("2").replace("2026-11-28T03", "1999-01-01T00"));
    world.write("3", &done("3").replace("2026-11-28T03", "2070-01-01T00"));
    world.write("4", &done("4").replace("\"finished\"", "\"later\""));
    world.store.follow(Duration::ZERO);
    assert_eq!(ids(&world.store.snapshot()), ["3", "1", "2", "4"]);
}

#[test]
fn an_index_answers_a_start_and_its_loss_loses_nothing() {
    let mut world = World::new();
    world.write("1", &done("1"));
    world.write("2", "half");
    world.store.follow(Duration::ZERO);
    let index = world.path("index/runs.sqlite");
    // A row that the file does not say shows that the index was read.
    let connection = rusqlite::Connection::open(&index).unwrap();
    connection.execute("UPDATE run SET run = replace(run, 'hello', 'cached') WHERE id = '1'", []).unwrap();
    world.restart();
    assert_eq!(&*world.store.snapshot().runs[0].recipe, "cached");
    assert_eq!(world.store.snapshot().damaged.len(), 1);
    world.write("1", &done("1"));
    world.store.refresh();
    assert_eq!(&*world.store.snapshot().runs[0].recipe, "hello", "another file, another row");
    for rubbish in [None, Some("rubbish")] {
        fs::remove_file(&index).unwrap();
        if let Some(rubbish) = rubbish {
            fs::write(&index, rubbish).unwrap();
        }
        world.restart();
        assert_eq!(ids(&world.store.snapshot()), ["1"]);
        assert!(index.exists() && world.health.problems().is_empty());
    }
}

#[test]
fn an_index_that_cannot_be_written_is_a_problem_and_no_loss() {
    let world = World::new();
    fs::remove_dir(world.path("index")).unwrap();
    world.write("1", &done("1"));
    world.store.follow(Duration::ZERO);
    assert_eq!(ids(&world.store.snapshot()), ["1"]);
    let problems = world.health.problems();
    assert!(problems["index"].ends_with("every start reads all runs"), "{problems:?}");
    assert!(world.health.unhealthy_reasons(Duration::MAX).is_empty());
}

#[test]
fn a_missing_directory_of_runs_is_a_problem_until_it_is_there() {
    let world = World::new();
    fs::remove_dir(world.path("runs")).unwrap();
    world.store.follow(Duration::ZERO);
    assert_eq!(world.health.problems().into_keys().collect::<Vec<_>>(), [RUNS_MISSING]);
    fs::create_dir(world.path("runs")).unwrap();
    world.write("1", &done("1"));
    world.until("it is there", |snapshot| snapshot.runs.len() == 1);
    assert!(world.health.problems().is_empty());
}

#[test]
fn a_directory_that_was_removed_behind_a_mount_is_mended_by_a_restart() {
    use std::os::fd::AsRawFd as _;
    let world = World::new();
    world.write("1", &done("1"));
    // As a mount does, an open directory leads to the removed one, whose link count of 0 is the only sign.
    let held = fs::File::open(world.path("runs")).unwrap();
    let runs = PathBuf::from(format!("/proc/self/fd/{}", held.as_raw_fd()));
    let directories = Directories { runs, ..world.store.directories().clone() };
    let store = Store::with_health(directories, world.health.clone());
    store.follow(Duration::ZERO);
    assert_eq!((store.snapshot().runs.len(), world.health.unhealthy_reasons(Duration::MAX)), (1, vec![]));
    fs::remove_dir_all(world.path("runs")).unwrap();
    fs::create_dir(world.path("runs")).unwrap();
    world.write("2", &done("2"));
    store.follow(Duration::ZERO);
    assert!(store.snapshot().runs.is_empty());
    assert_eq!(world.health.unhealthy_reasons(Duration::MAX), [RUNS_REMOVED]);
}

#[test]
fn reports_and_the_bridge_are_part_of_the_snapshot() {
    let world = World::following();
    fs::write(world.path("reports/traefik.json"), "{}").unwrap();
    fs::write(world.path("bridge/triggers.json"), "[]").unwrap();
    let expected = |snapshot: &Snapshot| snapshot.reports.len() == 1 && snapshot.bridge.as_deref() == Some(b"[]");
    let before = world.until("both are read", expected);
    fs::write(world.path("reports/traefik.json"), "{}").unwrap();
    world.store.follow(Duration::from_millis(200));
    assert_eq!(world.store.snapshot().generation, before.generation, "the same content is no change");
    fs::remove_file(world.path("bridge/triggers.json")).unwrap();
    world.until("the bridge is gone", |snapshot| snapshot.bridge.is_none());
}

#[test]
fn odd_runs_are_what_they_are_and_hide_no_ordinary_one() {
    let mut world = World::new();
    let now = "2026-11-28T03:00:00Z".parse().unwrap();
    runs::Ordinary { runs: 40, recipes: 5, seed: 1, now }.fill(&world.path("runs")).unwrap();
    let odd = runs::odd::fill(&world.path("runs")).unwrap();
    // The second time the index answers.
    for _ in 0..2 {
        world.restart();
        let snapshot = world.store.snapshot();
        for odd in &odd {
            let (run, expected) = (RunId::new(odd.id).unwrap(), odd.expected);
            let found = match (snapshot.run(&run), reason(&snapshot, odd.id)) {
                (Some(_), None) => runs::Expected::Readable,
                (None, Some(_)) => runs::Expected::Damaged,
                (None, None) => runs::Expected::Absent,
                (Some(_), Some(_)) => panic!("{run} is both"),
            };
            assert_eq!(found, expected, "{run}");
        }
        let ordinary = snapshot.runs.iter().filter(|run| !run.id.as_str().starts_with("odd-")).count();
        assert_eq!(ordinary, 40);
    }
}
