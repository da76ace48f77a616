//! `systemd-analyze` over rendered units, without booting them.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::Rendered;

/// Exposure of a unit by `systemd-analyze security`: 0.0 (closed) to 10.0.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Exposure(pub f32);

/// Rendered units in a temporary directory, with an empty script for every program of ours that they start.
#[derive(Debug)]
pub struct Analyze {
    directory: TempDir,
}

impl Analyze {
    /// Writes the units. Fails with `NotFound` on a machine without `systemd-analyze`.
    pub fn new(rendered: &Rendered) -> io::Result<Self> {
        Command::new("systemd-analyze").arg("--version").output()?;
        let directory = tempfile::tempdir()?;
        let programs = directory.path().join("bin");
        fs::create_dir(&programs)?;
        for (path, text) in &rendered.files {
            let Some(unit) = path.strip_prefix("/etc/systemd/system/").filter(|name| !name.contains('/')) else {
                continue;
            };
            for program in text.lines().filter_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/")) {
                let file = programs.join(program.split_whitespace().next().unwrap_or(program));
                fs::write(&file, "#!/bin/sh\n")?;
                fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
            }
            let ours = format!("ExecStart={}/", programs.display());
            fs::write(directory.path().join(unit), text.replace("ExecStart=/usr/local/bin/", &ours))?;
        }
        Ok(Self { directory })
    }

    /// Returns the names of the units, sorted.
    pub fn units(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.directory.path())? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// Returns the complaints of `systemd-analyze verify`: all of stderr, because it exits 0 on unknown keys.
    pub fn complaints(&self) -> io::Result<String> {
        let units: Vec<PathBuf> = self.units()?.iter().map(|name| self.directory.path().join(name)).collect();
        let output = run(Command::new("systemd-analyze").args(["verify", "--man=no"]).args(units))?;
        let complaints = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Ok(if complaints.is_empty() && !output.status.success() { output.status.to_string() } else { complaints })
    }

    /// Returns the exposure of a unit, and the table of its settings.
    pub fn exposure(&self, unit: &str) -> io::Result<(Exposure, String)> {
        let file: &Path = &self.directory.path().join(unit);
        let output = run(Command::new("systemd-analyze")
            .args(["security", "--offline=yes", "--no-pager", "--threshold=100"])
            .arg(file))?;
        let table = String::from_utf8_lossy(&output.stdout).into_owned();
        let level = table.lines().find_map(|line| line.split("Overall exposure level for ").nth(1));
        let score = level.and_then(|level| level.split(": ").nth(1)?.split_whitespace().next()?.parse().ok());
        match score {
            Some(score) => Ok((Exposure(score), table)),
            None => Err(io::Error::other(format!(
                "no exposure of {unit} in: {table}{}",
                String::from_utf8_lossy(&output.stderr)
            ))),
        }
    }
}

fn run(command: &mut Command) -> io::Result<Output> {
    // Without these a terminal's width or colour ends up in the table.
    command.env("SYSTEMD_COLORS", "0").env("SYSTEMD_PAGER", "").env("LC_ALL", "C.UTF-8").output()
}
