use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use nix::sys::signal::kill;
use nix::unistd::Pid;
use tempfile::TempDir;

use super::*;

/// A made-up abra that answers `--version` and else runs `script`.
fn made_up(script: &str) -> (TempDir, Abra) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("abra");
    let text = format!(
        "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'abra version 0.13.0-beta-a1b2c3d'; exit; fi\n{script}\n"
    );
    fs::write(&program, text).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let directory = folder.path().join("abra-dir");
    let abra = Abra::new(directory, "unix:///run/docker.sock", Duration::from_secs(20), Duration::from_secs(5));
    (folder, abra.with_program(program))
}

fn in_words(error: &Error) -> String {
    base::error::chain(error)
}

#[tokio::test]
async fn abra_gets_a_terminal_its_directory_and_nothing_else() {
    let (folder, abra) = made_up(
        "for fd in 0 1 2; do [ -t $fd ] || echo \"$fd is no terminal\"; done\n\
         echo \"args: $*\"; stty size; env | cut -d= -f1 | sort | tr '\\n' ' '; echo; echo \"$ABRA_DIR $DOCKER_HOST\"",
    );
    let output = abra.run(&["app", "ls"]).await.unwrap();
    let lines: Vec<_> = output.lines().collect();
    assert_eq!(lines[0], "args: app ls -n");
    assert_eq!(lines[1], "50 240");
    let names: Vec<_> =
        lines[2].split_whitespace().filter(|name| !["PWD", "SHLVL", "_", "OLDPWD"].contains(name)).collect();
    assert_eq!(names, ["ABRA_DIR", "DOCKER_HOST", "HOME", "LANG", "PATH"]);
    assert_eq!(lines[3], format!("{} unix:///run/docker.sock", folder.path().join("abra-dir").display()));
}

#[tokio::test]
async fn a_failure_shows_the_last_lines_without_colours() {
    let (_folder, abra) = made_up("echo first; printf '\\033[31mFATA\\033[0m it is wrong\\n' >&2; exit 1");
    let error = abra.run(&["app", "deploy"]).await.unwrap_err();
    assert_eq!(in_words(&error), "`abra app deploy -n` failed: exit code 1\n  | first\n  | FATA it is wrong");
    assert_eq!(error.class(), Class::Failed);
}

#[tokio::test]
async fn long_output_is_read_to_its_end() {
    let (_folder, abra) = made_up("i=0; while [ $i -lt 5000 ]; do echo \"line $i\"; i=$((i+1)); done; echo the end");
    let output = abra.run(&["app", "logs"]).await.unwrap();
    assert_eq!(output.lines().count(), 5001);
    assert!(output.ends_with("the end\n"));
}

#[tokio::test]
async fn at_the_deadline_its_children_die_too() {
    let (folder, mut abra) = made_up("(sleep 600 & echo $! >\"$ABRA_DIR/child\"; wait) & echo waiting; wait");
    abra.deadline = Duration::from_millis(700);
    let began = Instant::now();
    let error = abra.run(&["app", "deploy"]).await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(in_words(&error).contains("was killed: waiting"), "{}", in_words(&error));
    let child = fs::read_to_string(folder.path().join("abra-dir/child")).unwrap().trim().parse().unwrap();
    gone(child).await;
}

#[tokio::test]
async fn a_run_that_is_given_up_leaves_no_process() {
    let (folder, abra) =
        made_up("sleep 600 & echo $! >\"$ABRA_DIR/draft\"; mv \"$ABRA_DIR/draft\" \"$ABRA_DIR/child\"; wait");
    let file = folder.path().join("abra-dir/child");
    let started = async {
        while !file.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        _ = abra.run(&["app", "deploy"]) => unreachable!("it sleeps"),
        result = tokio::time::timeout(Duration::from_secs(10), started) => result.unwrap(),
    }
    gone(fs::read_to_string(&file).unwrap().trim().parse().unwrap()).await;
}

/// Waits until no process has this id, or only a zombie.
async fn gone(id: i32) {
    let deadline = Instant::now() + Duration::from_secs(10);
    let is_there = || {
        let state = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        kill(Pid::from_raw(id), None).is_ok() && !state.contains(") Z ")
    };
    while is_there() {
        assert!(Instant::now() < deadline, "process {id} is still there");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn one_works_in_a_directory_at_a_time() {
    let (folder, abra) = made_up("mkdir \"$ABRA_DIR/busy\" || exit 9; sleep 0.2; rmdir \"$ABRA_DIR/busy\"");
    let other = Abra::new(folder.path().join("abra-dir"), "", Duration::from_secs(20), Duration::from_secs(5))
        .with_program(folder.path().join("abra"));
    let (first, second) = tokio::join!(abra.run(&["app", "deploy"]), other.run(&["app", "deploy"]));
    first.unwrap();
    second.unwrap();
    let _held = abra.lock().await.unwrap();
    let impatient = Abra::new(folder.path().join("abra-dir"), "", Duration::from_secs(20), Duration::from_millis(50))
        .with_program(folder.path().join("abra"));
    let error = impatient.run(&["app", "deploy"]).await.unwrap_err();
    assert!(matches!(error, Error::InUse(_)), "{error:?}");
}

#[tokio::test]
async fn an_abra_that_is_too_old_or_absent_or_something_else_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("abra");
    let abra = || Abra::new(folder.path(), "", Duration::from_secs(20), Duration::from_secs(5)).with_program(&program);
    let error = abra().run(&["app", "ls"]).await.unwrap_err();
    assert!(in_words(&error).contains("is not in PATH"), "{}", in_words(&error));
    assert_eq!(error.class(), Class::Blocked);
    for (output, expected) in [
        ("abra version 0.10.3-beta", "abra 0.10.3-beta is too old: 0.11.0 is the oldest that works"),
        ("good day", "abra did not say its version, but `good day`"),
    ] {
        fs::write(&program, format!("#!/bin/sh\necho '{output}'\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let error = abra().run(&["app", "ls"]).await.unwrap_err();
        assert_eq!(in_words(&error), expected);
        assert!(error.hint().is_some());
    }
}

#[test]
fn versions_are_found_in_what_abra_says() {
    for (output, version) in [
        ("abra version 0.11.0-beta\n", Some("0.11.0-beta")),
        ("abra version 0.13.0-beta-06a57de (linux)\r\n", Some("0.13.0-beta-06a57de")),
        ("v0.12.1", Some("0.12.1")),
        ("abra version dev", None),
    ] {
        assert_eq!(read_version(output).map(|version| version.to_string()).as_deref(), version, "{output}");
    }
}
