use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::*;

#[test]
fn commands_are_printed_unchanged_and_the_first_failure_ends_the_step() {
    let commands = ["echo 'it''s' \"$A\"", "false", "echo never"].map(str::to_owned).to_vec();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sh");
    fs::write(&path, script(&StepKind::Commands(commands), "export B='x\r'\n")).unwrap();
    let output = Command::new("/bin/sh").arg("-e").arg(&path).env("A", "$(id) `id`").output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(shown, "+ echo 'it''s' \"$A\"\nits $(id) `id`\n+ false\n");
    assert_eq!(output.status.code(), Some(1));
}

/// A repository whose history the tests change after a build was made.
struct Origin {
    folder: TempDir,
}

impl Origin {
    /// Three commits on `main`.
    fn new() -> Self {
        let origin = Self { folder: tempfile::tempdir().unwrap() };
        origin.git(&["init", "-q", "-b", "main", "work"], ".");
        for text in ["one", "two", "three"] {
            origin.commit(text);
        }
        origin
    }

    fn path(&self, below: &str) -> std::path::PathBuf {
        self.folder.path().join(below)
    }

    fn git(&self, words: &[&str], below: &str) -> String {
        let output = git(words, &self.path(below));
        assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn work(&self, words: &[&str]) -> String {
        self.git(words, "work")
    }

    /// Commits this text, and returns the id.
    fn commit(&self, text: &str) -> String {
        fs::write(self.path("work/file"), text).unwrap();
        self.work(&["add", "."]);
        self.work(&["commit", "-q", "-m", text]);
        self.work(&["rev-parse", "HEAD"])
    }

    /// Runs the clone step of a build. Returns its output and the checked-out text.
    fn clone(&self, depth: Option<u32>, reference: &str, branch: &str, commit: &str) -> (Output, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        let (path, source) = (folder.path().join("sh"), folder.path().join("src"));
        fs::create_dir(&source).unwrap();
        fs::write(&path, script(&StepKind::Clone(depth), "")).unwrap();
        let output = Command::new("/bin/sh")
            .arg("-e")
            .arg(&path)
            .current_dir(&source)
            .env("HOME", folder.path())
            .env("DRONE_REMOTE_URL", format!("file://{}", self.path("work").display()))
            .envs([("DRONE_COMMIT_REF", reference), ("DRONE_COMMIT_BRANCH", branch), ("DRONE_COMMIT_SHA", commit)])
            .output()
            .unwrap();
        let head = git(&["rev-parse", "HEAD"], &source).stdout;
        let is_it = String::from_utf8(head).unwrap().trim() == commit;
        (output, fs::read_to_string(source.join("file")).ok().filter(|_| is_it))
    }
}

fn git(words: &[&str], below: &Path) -> Output {
    let name = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
    Command::new("git")
        .args(name)
        .args(words)
        .current_dir(below)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap()
}

type Change<'a> = &'a dyn Fn(&Origin);

#[test]
fn the_commit_of_a_build_is_checked_out_wherever_its_branch_is_by_now() {
    let moved = |origin: &Origin| drop(origin.commit("four"));
    let rewritten = |origin: &Origin| {
        origin.work(&["reset", "-q", "--hard", "HEAD~2"]);
        origin.commit("another");
    };
    let gone = |origin: &Origin| {
        origin.work(&["checkout", "-q", "-b", "next", "HEAD~1"]);
        origin.work(&["branch", "-D", "main"]);
    };
    let as_it_was = |_: &Origin| ();
    let table: [(&str, Option<u32>, &str, &str, Change<'_>); 14] = [
        ("tip", None, "refs/heads/main", "main", &as_it_was),
        ("tip", Some(1), "refs/heads/main", "main", &as_it_was),
        ("moved", None, "refs/heads/main", "main", &moved),
        ("moved", Some(1), "refs/heads/main", "main", &moved),
        ("moved, within the depth", Some(2), "refs/heads/main", "main", &moved),
        ("rewritten", None, "refs/heads/main", "main", &rewritten),
        ("rewritten", Some(1), "refs/heads/main", "main", &rewritten),
        ("gone", None, "refs/heads/main", "main", &gone),
        ("gone", Some(1), "refs/heads/main", "main", &gone),
        ("pull request", Some(1), "refs/pull/1/head", "main", &as_it_was),
        ("pull request, moved", Some(1), "refs/pull/2/head", "main", &as_it_was),
        ("tag", Some(1), "refs/tags/v1", "main", &as_it_was),
        ("no ref", Some(1), "", "", &moved),
        ("a branch with the characters of a shell", None, "refs/heads/main", "a'$(touch${IFS}owned)`id`;", &as_it_was),
    ];
    for (name, depth, reference, branch, change) in table {
        let origin = Origin::new();
        let commit = origin.work(&["rev-parse", "HEAD"]);
        origin.work(&["update-ref", "refs/pull/1/head", "HEAD"]);
        origin.work(&["update-ref", "refs/pull/2/head", "HEAD~1"]);
        origin.work(&["tag", "-a", "-m", "v1", "v1"]);
        change(&origin);
        let (output, text) = origin.clone(depth, reference, branch, &commit);
        let shown = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}, depth {depth:?}: {shown}");
        assert_eq!(text.as_deref(), Some("three"), "{name}, depth {depth:?}: {shown}");
    }
}

#[test]
fn a_commit_that_is_nowhere_fails_the_clone() {
    let origin = Origin::new();
    for commit in ["0123456789012345678901234567890123456789", "--upload-pack=touch", ""] {
        let (output, _) = origin.clone(Some(1), "refs/heads/main", "main", commit);
        assert!(!output.status.success(), "{commit}");
    }
}
