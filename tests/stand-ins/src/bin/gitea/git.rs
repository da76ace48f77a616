//! A bare repository, changed by git itself.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::answer::{Answer, broken};

#[derive(Debug, Clone)]
pub struct Git {
    path: PathBuf,
}

/// A commit as git tells it.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    pub sha: String,
    pub parents: Vec<String>,
    pub message: String,
    pub author: Person,
    pub committer: Person,
}

#[derive(Debug, Clone, Default)]
pub struct Person {
    pub name: String,
    pub email: String,
    pub date: String,
}

/// An entry of a folder.
#[derive(Debug, Clone)]
pub struct Entry {
    pub kind: String,
    pub sha: String,
    pub size: u64,
    pub path: String,
}

/// A change of one file.
#[derive(Debug)]
pub struct Change<'a> {
    pub path: &'a str,
    /// `None` removes the file.
    pub content: Option<&'a [u8]>,
    pub message: &'a str,
    pub parent: Option<&'a str>,
    pub name: &'a str,
    pub email: &'a str,
}

const FORMAT: &str = "--format=%H%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B%x01";

impl Git {
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.arg("--git-dir").arg(&self.path).args(arguments).stdin(Stdio::null());
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").env_remove("GIT_INDEX_FILE");
        command
    }

    /// The output of git, or nothing when git fails.
    pub fn ask(&self, arguments: &[&str]) -> Option<String> {
        let output = self.command(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
    }

    /// The output of git. A failure of git is an error.
    pub fn run(&self, arguments: &[&str]) -> Answer<String> {
        Self::done(self.command(arguments), arguments, None)
    }

    fn done(mut command: Command, arguments: &[&str], input: Option<&[u8]>) -> Answer<String> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if input.is_some() {
            command.stdin(Stdio::piped());
        }
        let mut child = command.spawn().map_err(broken)?;
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            stdin.write_all(input).map_err(broken)?;
        }
        let output = child.wait_with_output().map_err(broken)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned());
        }
        Err(broken(format!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr))))
    }

    pub fn init(&self, branch: &str) -> Answer<()> {
        self.run(&["init", "--quiet", "--bare", &format!("--initial-branch={branch}")])?;
        self.configure()
    }

    pub fn clone_from(&self, other: &Self) -> Answer<()> {
        let (from, to) = (other.path.to_string_lossy(), self.path.to_string_lossy());
        let arguments = ["clone", "--quiet", "--bare", "--no-hardlinks", &from, &to];
        let mut command = Command::new("git");
        command.args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        Self::done(command, &arguments, None)?;
        self.configure()
    }

    fn configure(&self) -> Answer<()> {
        for key in ["http.receivepack", "uploadpack.allowAnySHA1InWant"] {
            self.run(&["config", key, "true"])?;
        }
        Ok(())
    }

    /// The commit that a name resolves to.
    pub fn commit_of(&self, name: &str) -> Option<String> {
        if name.is_empty() || name.starts_with('-') {
            return None;
        }
        self.ask(&["rev-parse", "--quiet", "--verify", &format!("{name}^{{commit}}")])
    }

    pub fn branch(&self, name: &str) -> Option<String> {
        self.commit_of(&format!("refs/heads/{name}"))
    }

    /// Every branch and tag with its target.
    pub fn refs(&self) -> BTreeMap<String, String> {
        self.refs_below(&["refs/heads", "refs/tags"])
    }

    /// Every branch and tag, and the head of every pull request, with its target.
    pub fn all_refs(&self) -> BTreeMap<String, String> {
        self.refs_below(&["refs/heads", "refs/tags", "refs/pull"])
    }

    fn refs_below(&self, folders: &[&str]) -> BTreeMap<String, String> {
        let arguments = [&["for-each-ref", "--format=%(objectname) %(refname)"], folders].concat();
        let listed = self.ask(&arguments).unwrap_or_default();
        let pairs = listed.lines().filter_map(|line| line.split_once(' '));
        pairs.map(|(sha, name)| (name.to_owned(), sha.to_owned())).collect()
    }

    pub fn set(&self, name: &str, sha: &str) -> Answer<()> {
        self.run(&["update-ref", name, sha]).map(drop)
    }

    /// Commits from this one on, newest first.
    pub fn commits(&self, from: &str, skip: usize, count: usize) -> Vec<Commit> {
        let (skip, count) = (format!("--skip={skip}"), format!("--max-count={count}"));
        let said = self.ask(&["log", FORMAT, &skip, &count, from, "--"]).unwrap_or_default();
        said.split('\u{1}').filter_map(read).collect()
    }

    pub fn commit(&self, sha: &str) -> Option<Commit> {
        self.commits(sha, 0, 1).pop()
    }

    pub fn count(&self, from: &str) -> usize {
        self.ask(&["rev-list", "--count", from, "--"]).and_then(|count| count.parse().ok()).unwrap_or(0)
    }

    /// A file or folder at a commit.
    pub fn entry(&self, commit: &str, path: &str) -> Option<Entry> {
        self.entries(&["ls-tree", "-l", "-z", commit, "--", path]).pop()
    }

    pub fn folder(&self, commit: &str, path: &str) -> Vec<Entry> {
        let inside = if path.is_empty() { String::new() } else { format!("{path}/") };
        let mut arguments = vec!["ls-tree", "-l", "-z", commit];
        if !inside.is_empty() {
            arguments.extend(["--", &inside]);
        }
        self.entries(&arguments)
    }

    fn entries(&self, arguments: &[&str]) -> Vec<Entry> {
        let said = self.ask(arguments).unwrap_or_default();
        let lines = said.split('\0').filter_map(|line| line.split_once('\t'));
        let entry = |(before, path): (&str, &str)| {
            let mut words = before.split_whitespace().skip(1);
            let (kind, sha) = (words.next()?.to_owned(), words.next()?.to_owned());
            Some(Entry { kind, sha, size: words.next()?.parse().unwrap_or(0), path: path.to_owned() })
        };
        lines.filter_map(entry).collect()
    }

    /// A blob's bytes.
    pub fn blob(&self, sha: &str) -> Option<Vec<u8>> {
        let output = self.command(&["cat-file", "blob", sha]).output().ok()?;
        output.status.success().then_some(output.stdout)
    }

    /// Creates a commit that changes one file, with or without a parent.
    pub fn change(&self, change: &Change) -> Answer<String> {
        let folder = tempfile::tempdir().map_err(broken)?;
        let index = folder.path().join("index");
        let with_index = |arguments: &[&str], input: Option<&[u8]>| {
            let mut command = self.command(arguments);
            command.env("GIT_INDEX_FILE", &index);
            Self::done(command, arguments, input)
        };
        if let Some(parent) = change.parent {
            with_index(&["read-tree", parent], None)?;
        }
        if let Some(content) = change.content {
            let blob = with_index(&["hash-object", "-w", "--stdin"], Some(content))?;
            let entry = format!("100644,{blob},{}", change.path);
            with_index(&["update-index", "--add", "--cacheinfo", &entry], None)?;
        } else {
            let entry = format!("0 {}\t{}\n", "0".repeat(40), change.path);
            with_index(&["update-index", "--index-info"], Some(entry.as_bytes()))?;
        }
        let tree = with_index(&["write-tree"], None)?;
        let parents: Vec<&str> = change.parent.into_iter().collect();
        self.commit_tree(&tree, &parents, change.message, (change.name, change.email))
    }

    pub fn commit_tree(&self, tree: &str, on: &[&str], message: &str, by: (&str, &str)) -> Answer<String> {
        let mut arguments = vec!["commit-tree", tree];
        arguments.extend(on.iter().flat_map(|parent| ["-p", *parent]));
        let mut command = self.command(&arguments);
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), by.0).env(format!("GIT_{who}_EMAIL"), by.1);
        }
        Self::done(command, &arguments, Some(message.as_bytes()))
    }

    pub fn tag(&self, name: &str, target: &str, message: &str, by: (&str, &str)) -> Answer<()> {
        let mut arguments = vec!["tag", name, target];
        if !message.is_empty() {
            arguments.extend(["-a", "-m", message]);
        }
        let mut command = self.command(&arguments);
        command.env("GIT_COMMITTER_NAME", by.0).env("GIT_COMMITTER_EMAIL", by.1);
        Self::done(command, &arguments, None).map(drop)
    }
}

fn read(text: &str) -> Option<Commit> {
    let mut parts = text.trim_start_matches('\n').splitn(9, '\0').map(str::to_owned);
    let sha = parts.next().filter(|sha| !sha.is_empty())?;
    let parents = parts.next()?.split_whitespace().map(str::to_owned).collect();
    let mut person = || Some(Person { name: parts.next()?, email: parts.next()?, date: parts.next()? });
    let (author, committer) = (person()?, person()?);
    Some(Commit { sha, parents, author, committer, message: parts.next()? })
}
