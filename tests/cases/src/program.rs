//! A program run on a configuration of a test's own.

use std::fs;
use std::process::{Command, Output};

/// Runs a program on a configuration, in a place of its own; answers what it left there, too.
pub fn run(program: &str, configuration: &str, flags: &[&str]) -> (Output, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("configuration.json");
    fs::write(&path, configuration).unwrap();
    let output = Command::new(program)
        .arg("--config")
        .arg(&path)
        .args(flags)
        .env_clear()
        // Nobody listens there: a run that asked would end with 1.
        .env("DOCKER_HOST", format!("unix://{}/docker.sock", folder.path().display()))
        .env("RUNTIME_DIRECTORY", folder.path().join("run"))
        .env("STATE_DIRECTORY", folder.path().join("state"))
        .output()
        .unwrap();
    let left = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    (output, left.filter(|name| name != "configuration.json").collect())
}
