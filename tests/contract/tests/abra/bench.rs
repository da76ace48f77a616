//! An abra directory with recipes and an app, and abra started in it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The program under test.
pub fn program() -> PathBuf {
    match env::var_os("ABRA_CONTRACT_BIN") {
        Some(path) => PathBuf::from(path),
        None => stand_ins::abra().expect("the stand-in builds"),
    }
}

/// True if the program is the real abra, which has a forge and a catalogue of its own.
pub fn is_real() -> bool {
    env::var_os("ABRA_CONTRACT_BIN").is_some()
}

/// Result of a run of abra.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    /// Both streams, as a terminal shows them.
    pub all: String,
}

impl Ran {
    fn new(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let stdout = text(&output.stdout);
        Self { code: output.status.code(), all: format!("{stdout}{}", text(&output.stderr)), stdout }
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.all);
        self
    }

    /// Asserts an error: exit code 1, and a line that begins with FATA and contains these words.
    #[track_caller]
    pub fn fatal(self, words: &str) -> Self {
        assert_eq!(self.code, Some(1), "{}", self.all);
        let says = self.all.lines().any(|line| line.contains("FATA") && line.contains(words));
        assert!(says, "no FATA line with {words:?} in:\n{}", self.all);
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {}", self.stdout))
    }
}

/// Makes the command that starts abra: on this machine, or where a daemon is.
pub type Start<'a> = &'a dyn Fn(&Path) -> Command;

/// An abra directory with the local server and the given recipes.
pub struct Bench {
    folder: TempDir,
}

impl Bench {
    pub fn new(recipes: &[&str]) -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(bench.directory().join("servers/default")).unwrap();
        fs::create_dir_all(bench.directory().join("recipes")).unwrap();
        fs::create_dir_all(bench.forge()).unwrap();
        for recipe in recipes {
            let bare = stand_ins::catalogue::publish(recipe, &bench.forge()).unwrap();
            let clone = bench.recipe(recipe);
            git(bench.folder.path(), &["clone", "--quiet", &text(&bare), &text(&clone)]);
        }
        bench
    }

    pub fn directory(&self) -> PathBuf {
        self.folder.path().join("abra")
    }

    /// The folder of the recipes' bare repositories.
    pub fn forge(&self) -> PathBuf {
        self.folder.path().join("forge")
    }

    pub fn recipe(&self, recipe: &str) -> PathBuf {
        self.directory().join("recipes").join(recipe)
    }

    pub fn env_path(&self, domain: &str) -> PathBuf {
        self.directory().join("servers/default").join(format!("{domain}.env"))
    }

    pub fn env(&self, domain: &str) -> String {
        fs::read_to_string(self.env_path(domain)).unwrap()
    }

    pub fn write_env(&self, domain: &str, text: &str) {
        fs::write(self.env_path(domain), text).unwrap();
    }

    /// Writes a file into a recipe's clone.
    pub fn write(&self, recipe: &str, file: &str, text: &str) {
        fs::write(self.recipe(recipe).join(file), text).unwrap();
    }

    /// Replaces a text in a file of a recipe's clone.
    pub fn edit(&self, recipe: &str, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.recipe(recipe).join(file)).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}");
        self.write(recipe, file, &text.replace(from, to));
    }

    pub fn git_in(&self, recipe: &str, arguments: &[&str]) -> String {
        git(&self.recipe(recipe), arguments)
    }

    fn prepare(&self, command: &mut Command) {
        command.env("ABRA_DIR", self.directory()).env("HOME", self.folder.path());
        command.env("ABRA_STAND_IN_CATALOGUE", self.forge());
    }

    /// Runs abra without a terminal.
    pub fn run_with(&self, start: Start, arguments: &[&str]) -> Ran {
        let mut command = start(&program());
        self.prepare(&mut command);
        Ran::new(&command.args(arguments).stdin(Stdio::null()).output().unwrap())
    }

    /// Runs abra in a terminal of its own.
    pub fn run_in_terminal_with(&self, start: Start, arguments: &[&str]) -> Ran {
        let line = [&[text(&program()).as_str()], arguments].concat().join(" ");
        let mut command = start(Path::new("script"));
        self.prepare(&mut command);
        Ran::new(
            &command
                .args(["--quiet", "--return", "--command", &line, "/dev/null"])
                .stdin(Stdio::null())
                .output()
                .unwrap(),
        )
    }

    /// Runs abra without a terminal and without Docker.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(&no_docker, arguments)
    }

    pub fn run_in_terminal(&self, arguments: &[&str]) -> Ran {
        self.run_in_terminal_with(&no_docker, arguments)
    }

    /// A `hello` app at its first version, without its secret.
    pub fn new_hello(&self, domain: &str) {
        self.run(&["app", "new", "hello", "1.0.0+1.0.0", "-n", "-o", "--server=default", "-D", domain]).ok();
    }
}

fn no_docker(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    command
}

pub fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["-c", "user.name=test", "-c", "user.email=test@example.org"]);
    let output = command.args(["-c", "advice.detachedHead=false"]).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "git {arguments:?}: {said}");
    text(Path::new(String::from_utf8_lossy(&output.stdout).trim()))
}
