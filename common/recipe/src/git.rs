//! The git program: a recipe's clone, its tags and their files.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::process::Command;

use crate::program;
use crate::program::Failure;
use base::address::shown;
use base::error::{Class, Explain};

/// The variables that git inherits: paths of programs, proxies and certificate authorities.
const KEPT: [&str; 12] = [
    "PATH",
    "HOME",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "no_proxy",
    "NO_PROXY",
    "ALL_PROXY",
    "GIT_SSL_CAINFO",
    "NIX_SSL_CERT_FILE",
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
];

/// A clone.
#[derive(Debug, Clone)]
pub struct Git {
    directory: PathBuf,
    deadline: Duration,
}

/// The reason why a command of git failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program failed.
    #[error("git could not {what}")]
    Program {
        /// The task: `fetch from https://…`.
        what: String,
        /// True if the command talks to another machine.
        remote: bool,
        /// How it failed.
        source: Failure,
    },
    /// A file or directory of the clone could not be handled.
    #[error("cannot {what}")]
    Files {
        /// The action: `read`, `write`.
        what: String,
        /// The error.
        source: io::Error,
    },
    /// The output was not understood.
    #[error("git answered unexpectedly when asked to {0}")]
    Unexpected(String),
}

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Program { source: Failure::Absent(_), .. } | Self::Files { .. } => Class::Blocked,
            Self::Program { remote: true, source: Failure::Exit { .. }, .. } => Class::Transient,
            Self::Program { .. } => Class::Failed,
            Self::Unexpected(_) => Class::Bug,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Program { source: Failure::Absent(_), .. } => {
                Some("install git and put it into the unit's path".into())
            }
            Self::Program { remote: true, .. } => Some(
                "is the address right, and can this host reach it without a password? `git ls-remote` shows".into(),
            ),
            Self::Files { .. } => Some("check the permissions and the free space of that directory".into()),
            Self::Program { .. } | Self::Unexpected(_) => None,
        }
    }
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The name.
    pub name: String,
    /// True for an annotated tag. Only those are releases.
    pub annotated: bool,
}

/// An object as `cat-file` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The hash.
    pub id: String,
    /// `commit`, `tag`, `tree` or `blob`.
    pub kind: String,
    /// The content.
    pub content: Vec<u8>,
}

impl Git {
    /// The clone in `directory`; every call ends within `deadline`.
    pub fn new(directory: impl Into<PathBuf>, deadline: Duration) -> Self {
        Self { directory: directory.into(), deadline }
    }

    /// True if the clone exists.
    pub fn exists(&self) -> bool {
        self.directory.join(".git").exists()
    }

    /// Clones `source` here, completely or not at all: removes the rest of a killed run first.
    pub async fn clone_from(&self, source: &str) -> Result<(), Error> {
        let draft = self
            .directory
            .with_file_name(format!(".{}.clone", self.directory.file_name().unwrap_or_default().to_string_lossy()));
        let files = |what: &str, path: &Path| {
            let what = format!("{what} {}", path.display());
            move |source| Error::Files { what, source }
        };
        remove(&draft).map_err(files("remove", &draft))?;
        let parent = draft.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(files("create", parent))?;
        let mut command = Self::command_in(parent);
        command.args(["clone", "--quiet", "--"]).arg(source).arg(&draft);
        self.run(command, &[], format!("clone {}", shown(source)), true).await?;
        // Its age is the age of the tag list.
        let marker = draft.join(".git/FETCH_HEAD");
        fs::write(&marker, "").map_err(files("write", &marker))?;
        // Anything else here is not a clone.
        remove(&self.directory).map_err(files("remove", &self.directory))?;
        fs::rename(&draft, &self.directory).map_err(files("rename", &draft))
    }

    /// Fetches the branches and tags of `source`, and remembers it as the origin.
    pub async fn fetch_from(&self, source: &str) -> Result<(), Error> {
        let what = format!("fetch from {}", shown(source));
        let mut command = self.command();
        command.args(["config", "remote.origin.url"]).arg(source);
        self.run(command, &[], what.clone(), false).await?;
        let mut command = self.command();
        command.args([
            "fetch",
            "--quiet",
            "--prune",
            "--tags",
            "--force",
            "origin",
            "+refs/heads/*:refs/remotes/origin/*",
        ]);
        self.run(command, &[], what, true).await.map(drop)
    }

    /// Where the clone came from.
    pub async fn origin(&self) -> Result<Option<String>, Error> {
        let mut command = self.command();
        command.args(["config", "--default", "", "--get", "remote.origin.url"]);
        let text = self.text(command, "read its origin").await?;
        Ok(Some(text.trim().to_owned()).filter(|url| !url.is_empty()))
    }

    /// When it was last fetched.
    pub fn fetched(&self) -> Option<SystemTime> {
        fs::metadata(self.directory.join(".git/FETCH_HEAD")).and_then(|file| file.modified()).ok()
    }

    /// All tags.
    pub async fn tags(&self) -> Result<Vec<Tag>, Error> {
        let mut command = self.command();
        command.args(["for-each-ref", "--format=%(objecttype) %(refname:strip=2)", "refs/tags"]);
        let text = self.text(command, "list the tags").await?;
        let tag = |line: &str| {
            let (kind, name) = line.split_once(' ')?;
            Some(Tag { name: name.into(), annotated: kind == "tag" })
        };
        Ok(text.lines().filter_map(tag).collect())
    }

    /// The objects that `names` (`3.8.0+v3.6.15:.env.sample`, `refs/remotes/origin/main^{commit}`) stand for, in their
    /// order, by one call. `None` for what is not there.
    pub async fn objects(&self, names: &[String]) -> Result<Vec<Option<Object>>, Error> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        // A line break would be a second question.
        let asked: String = names.iter().map(|name| name.replace('\n', " ") + "\n").collect();
        let mut command = self.command();
        command.args(["cat-file", "--batch"]);
        let answer = self.run(command, asked.as_bytes(), "read objects".into(), false).await?;
        let mut rest = answer.as_slice();
        let mut objects = Vec::with_capacity(names.len());
        for _ in names {
            let (object, length) = read_object(rest).ok_or_else(|| Error::Unexpected("read objects".into()))?;
            objects.push(object);
            rest = &rest[length..];
        }
        Ok(objects)
    }

    /// Returns the differences from the commit that is checked out, one line for each file; empty for a clean tree.
    pub async fn differences(&self) -> Result<Vec<String>, Error> {
        let mut command = self.command();
        command.args(["status", "--porcelain"]);
        let text = self.text(command, "compare the tree with its commit").await?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// The commit that is checked out.
    pub async fn head(&self) -> Result<Option<String>, Error> {
        let head = self.objects(&["HEAD^{commit}".into()]).await?;
        Ok(head.into_iter().flatten().next().map(|commit| commit.id))
    }

    /// Checks out `commit`, a hash.
    pub async fn check_out(&self, commit: &str) -> Result<(), Error> {
        let mut command = self.command();
        command.args(["checkout", "--quiet", "--detach", commit]);
        self.run(command, &[], format!("check out {commit}"), false).await.map(drop)
    }

    fn command(&self) -> Command {
        Self::command_in(&self.directory)
    }

    fn command_in(directory: &Path) -> Command {
        let mut command = program::clean_command("git", &KEPT);
        command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
        command.arg("-C").arg(directory);
        // The clone may belong to another user than the one we run as.
        let mut safe = OsStr::new("safe.directory=").to_os_string();
        safe.push(directory);
        command.arg("-c").arg(safe);
        command.args(["-c", "core.hooksPath=/dev/null", "-c", "credential.helper=", "-c", "core.askPass=true"]);
        command.args(["-c", "gc.auto=0", "-c", "core.quotePath=false"]);
        command
    }

    async fn text(&self, command: Command, what: &str) -> Result<String, Error> {
        let output = self.run(command, &[], what.into(), false).await?;
        Ok(String::from_utf8_lossy(&output).into_owned())
    }

    async fn run(&self, command: Command, input: &[u8], what: String, remote: bool) -> Result<Vec<u8>, Error> {
        let failed = |source| Error::Program { what, remote, source };
        Ok(program::output(command, input, self.deadline).await.map_err(failed)?.stdout)
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Reads one answer of `cat-file --batch` and how long it was.
fn read_object(answer: &[u8]) -> Option<(Option<Object>, usize)> {
    let line = answer.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(&answer[..line]).ok()?;
    if head.ends_with(" missing") || head.ends_with(" ambiguous") {
        return Some((None, line + 1));
    }
    let mut words = head.split(' ');
    let (id, kind, size) = (words.next()?, words.next()?, words.next()?.parse::<usize>().ok()?);
    let content = answer.get(line + 1..line + 1 + size)?.to_vec();
    Some((Some(Object { id: id.into(), kind: kind.into(), content }), line + 1 + size + 1))
}

#[cfg(test)]
mod tests;
