//! A test's Gitea ends with the test in every case; a kept folder serves again elsewhere.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use forge::{Content, Forge, Options, World};

/// Variable that marks the copy of this test that will be killed.
const VICTIM: &str = "FORGE_VICTIM";

/// The data folder of a Gitea, from its command line.
fn folder(pid: i32) -> PathBuf {
    let words = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap();
    let config = words.split('\0').find(|word| word.ends_with("app.ini")).expect("it has a configuration");
    Path::new(config).parent().unwrap().to_owned()
}

/// The processes with a folder in their command line or as their working directory.
fn processes(folder: &Path) -> Vec<String> {
    let ids = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    ids.filter(|id| {
        let words = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let works_there = fs::read_link(format!("/proc/{id}/cwd")).is_ok_and(|place| place.starts_with(folder));
        works_there || String::from_utf8_lossy(&words).contains(&*folder.to_string_lossy())
    })
    .collect()
}

fn wait_until_gone(folder: &Path) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !processes(folder).is_empty() {
        assert!(Instant::now() < deadline, "still there: {:?}", processes(folder));
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_panicking_test_leaves_no_process() {
    let (tell, told) = std::sync::mpsc::channel();
    let failed = thread::spawn(move || {
        let forge = Forge::start().unwrap();
        forge.fill(&Content::default()).unwrap();
        tell.send(folder(forge.pid())).unwrap();
        // Not `panic!`: no message and no backtrace.
        std::panic::resume_unwind(Box::new("on purpose"));
    })
    .join();
    assert_eq!(failed.unwrap_err().downcast_ref(), Some(&"on purpose"));
    let folder = told.recv().unwrap();
    assert_eq!(processes(&folder), Vec::<String>::new());
    assert!(!folder.exists(), "{} is still there", folder.display());
}

#[test]
fn no_process_is_left_by_a_test_that_is_killed() {
    if std::env::var_os(VICTIM).is_some() {
        let forge = Forge::start().unwrap();
        println!("\nfolder {}", folder(forge.pid()).display());
        loop {
            thread::park();
        }
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "no_process_is_left_by_a_test_that_is_killed", "--nocapture"]);
    let mut victim = command.env(VICTIM, "yes").stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines().map_while(Result::ok);
    let folder = { lines }.find_map(|line| line.strip_prefix("folder ").map(PathBuf::from));
    let running = folder.as_ref().map(|folder| processes(folder));
    victim.kill().unwrap();
    victim.wait().unwrap();
    let folder = folder.expect("it said where its Gitea writes");
    assert!(!running.unwrap().is_empty());
    wait_until_gone(&folder);
    // A killed process cannot remove its folders.
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_kept_folder_serves_again_in_another_place() {
    let place = tempfile::tempdir().unwrap();
    let (first, second) = (place.path().join("first"), place.path().join("second"));
    // The user of Gitea needs access to this folder.
    fs::set_permissions(place.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let at = |folder: &Path, address: &str| {
        let options =
            Options { folder: Some(folder.to_owned()), address: Some(address.to_owned()), ..Options::default() };
        Forge::start_with(&options).unwrap()
    };
    let forge = at(&first, "http://one.localhost:3000");
    let world = forge.fill(&Content::default()).unwrap();
    drop(forge);
    assert_eq!(processes(&first), Vec::<String>::new());
    fs::rename(&first, &second).unwrap();

    let forge = Forge::start_again(&second, "http://two.localhost:3000", &world.administrator).unwrap();
    assert_eq!(forge.address(), "http://two.localhost:3000");
    let bot = forge.api().with_token(&world.bot.token);
    assert_eq!(bot.get("/repos/recipes/hello/pulls/1").unwrap().text("/state").unwrap(), "open");
    let mara = forge.api().with_password("mara", &world.mara.password);
    assert_eq!(mara.get("/user").unwrap().text("/login").unwrap(), "mara");
    // The hooks, which contain the paths of the program and the configuration, work too.
    forge.write_file(World::CI, "again.txt", "again\n").unwrap();
    assert_eq!(bot.get("/repos/recipes/ci/raw/again.txt").unwrap().body, "again\n");
    drop(forge);
    assert!(second.exists(), "a folder that is kept is kept");
}
