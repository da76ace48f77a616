//! Gitea, built as a Go module. If Go is missing or too old, the stand-in serves.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Part, run_telling};
use crate::command;
use crate::error::{Error, Result};
use crate::layout;

/// Oldest Go that builds this version; tests/lab/gitea/go.mod names the same.
const GO: (u32, u32, u32) = (1, 26, 2);

/// Folders that Gitea reads at run time, beside its program.
const FILES: [&str; 3] = ["templates", "options", "public"];

pub(super) fn missing() -> Option<Part> {
    if forge::installation().is_some() {
        return None;
    }
    let version = forge::VERSION;
    let (major, minor, patch) = GO;
    let Some(go) = go() else {
        eprintln!(
            "Gitea's stand-in will serve: Go {major}.{minor}.{patch} or later, which builds the real one, is not here"
        );
        return None;
    };
    Some(Part {
        what: format!(
            "Gitea {version} (150 MB), built from its Go module with {} in about three minutes",
            go.display()
        ),
        step: format!("building Gitea {version}"),
        make: Box::new(move || build(&go)),
    })
}

/// A Go that is new enough.
fn go() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = PathBuf::from("/usr/local/go/bin");
    let programs = std::env::split_paths(&path).chain([usual]).map(|folder| folder.join("go"));
    programs.filter(|program| program.is_file()).find(|program| {
        let said = command::text(at_home(&mut Command::new(program)).args(["env", "GOVERSION"]));
        said.is_ok_and(|said| version_of(&said).is_some_and(|version| version >= GO))
    })
}

/// Forbids Go the download of another toolchain, and sets the caches of its user.
fn at_home(command: &mut Command) -> &mut Command {
    if std::env::var_os("HOME").is_none() {
        command.env("HOME", "/root");
    }
    command.env("GOTOOLCHAIN", "local").current_dir(module())
}

fn module() -> PathBuf {
    layout::project().join("tests/lab/gitea")
}

/// `go1.26.2` → (1, 26, 2); of `go1.27rc1` only the numbers before `rc`.
fn version_of(said: &str) -> Option<(u32, u32, u32)> {
    let said = said.trim().strip_prefix("go")?;
    let numbers = said.split_once(|c: char| c != '.' && !c.is_ascii_digit()).map_or(said, |(numbers, _)| numbers);
    let mut parts = numbers.split('.');
    let mut next = || parts.next().map_or(Some(0), |part| part.parse().ok());
    Some((next()?, next()?, next()?))
}

fn build(go: &Path) -> Result<()> {
    let place = forge::cache();
    let partial = layout::cache().join("gitea.partial");
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(Error::file("remove", &partial))?;
    }
    layout::make(&partial.join("static"))?;
    // Ends with this process, which may end for an error elsewhere.
    let mut build = Command::new("setpriv");
    at_home(&mut build).args(["--pdeathsig", "TERM", "--"]).arg(go).args(["build", "-v", "-buildvcs=false"]);
    // A third less time of the processor: no debug information, which the linker drops anyway, rarer collections of the
    // compiler's garbage, inlining only in Go's own library, and SQLite not optimised. Tests run as fast.
    build.args(["-gcflags=all=-dwarf=false -l", "-gcflags=std=-dwarf=false"]);
    build.env("GOGC", "400").env("CGO_CFLAGS", "-O0");
    build.args(["-tags", "sqlite sqlite_unlock_notify", "-ldflags"]);
    build.arg(format!("-s -w -X main.Version={}", forge::VERSION)).arg("-o").arg(partial.join("gitea"));
    run_telling(build.arg("code.gitea.io/gitea"))?;
    let mut list = Command::new(go);
    let source = command::text(at_home(&mut list).args(["list", "-m", "-f", "{{.Dir}}", "code.gitea.io/gitea"]))?;
    for folder in FILES {
        copy(&Path::new(&source).join(folder), &partial.join("static").join(folder))?;
    }
    if let Some(parent) = place.parent() {
        layout::make(parent)?;
    }
    if place.exists() {
        fs::remove_dir_all(&place).map_err(Error::file("remove", &place))?;
    }
    fs::rename(&partial, &place).map_err(Error::file("move", &partial))
}

/// Copies a folder of Go's module cache; the copy is writable, so that it can be removed.
fn copy(from: &Path, to: &Path) -> Result<()> {
    layout::make(to)?;
    for entry in fs::read_dir(from).map_err(Error::file("read", from))?.flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target)?;
            continue;
        }
        fs::copy(&source, &target).map_err(Error::file("copy", &source))?;
        fs::set_permissions(&target, fs::Permissions::from_mode(0o644))
            .map_err(Error::file("set the mode of", &target))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_go_are_compared_by_number() {
        assert_eq!(version_of("go1.26.2\n"), Some((1, 26, 2)));
        assert_eq!(version_of("go1.27"), Some((1, 27, 0)));
        assert_eq!(version_of("go1.26rc1"), Some((1, 26, 0)));
        assert_eq!(version_of("devel"), None);
        assert!(version_of("go1.100.0") > version_of("go1.26.9"));
    }

    #[test]
    fn the_module_wants_the_same_go() {
        let module = fs::read_to_string(module().join("go.mod")).unwrap();
        let (major, minor, patch) = GO;
        assert!(module.lines().any(|line| line == format!("go {major}.{minor}.{patch}")), "{module}");
    }
}
