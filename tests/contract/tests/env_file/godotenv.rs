//! godotenv, built from the Go module in `tests/contract/godotenv`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::prelude::{BASE64_STANDARD, Engine};
use tempfile::TempDir;

/// The values of a file by key.
pub type Values = BTreeMap<String, String>;

/// One version of godotenv.
pub struct Godotenv {
    folder: TempDir,
}

impl Godotenv {
    /// 1.5.1, which abra's fork was made from. `None` and a line for a test that cannot have it.
    pub fn first(test: &str) -> Option<Self> {
        Self::build("go.mod").map_err(|why| println!("skipped: {test}: {why}")).ok()
    }

    /// A pre-release of 1.6.
    pub fn later(test: &str) -> Option<Self> {
        Self::build("later.mod").map_err(|why| println!("skipped: {test}: {why}")).ok()
    }

    fn build(module: &str) -> Result<Self, String> {
        let go = go().ok_or("Go is not here")?;
        let folder = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| {
            let mut command = Command::new(&go);
            command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("godotenv")).args(arguments);
            if std::env::var_os("HOME").is_none() {
                command.env("HOME", "/root");
            }
            command.env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "0").output().unwrap()
        };
        let modfile = format!("-modfile={module}");
        let download = run(&["mod", "download", &modfile]);
        if !download.status.success() {
            let said = String::from_utf8_lossy(&download.stderr);
            return Err(format!("godotenv cannot be downloaded: {}", said.lines().next_back().unwrap_or_default()));
        }
        let program = folder.path().join("reader");
        let build = run(&["build", "-buildvcs=false", &modfile, "-o", program.to_str().unwrap(), "."]);
        assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
        Ok(Self { folder })
    }

    /// Reads files; `None` for one that is refused.
    pub fn read(&self, files: &[Vec<u8>]) -> Vec<Option<Values>> {
        let files: Vec<String> = files.iter().map(|file| BASE64_STANDARD.encode(file)).collect();
        let mut command = Command::new(self.folder.path().join("reader"));
        // Later versions look up names in the environment.
        let mut child = command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // All input is read before the first output.
        child.stdin.take().unwrap().write_all(&serde_json::to_vec(&files).unwrap()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn go() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/local/go/bin")]);
    folders.map(|folder| folder.join("go")).find(|program| program.is_file())
}
