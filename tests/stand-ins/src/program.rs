//! The programs of this package.

use std::env;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The stand-in for abra, built if necessary: `cargo test` of another package does not build it.
pub fn abra() -> io::Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    once(&BUILT, "abra")
}

/// The stand-in for the Drone server, built if necessary.
pub fn drone_server() -> io::Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    once(&BUILT, "drone-server")
}

/// The stand-in for Gitea, built if necessary.
pub fn gitea() -> io::Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    once(&BUILT, "gitea")
}

fn once(built: &OnceLock<Result<PathBuf, String>>, program: &str) -> io::Result<PathBuf> {
    let built = built.get_or_init(|| build(program).map_err(|error| error.to_string()));
    built.clone().map_err(io::Error::other)
}

fn build(program: &str) -> io::Result<PathBuf> {
    // A test runs in <target>/<profile>/deps, a program in <target>/<profile>.
    let this = env::current_exe()?;
    let folder = this.parent().filter(|folder| !folder.ends_with("deps")).or_else(|| this.parent()?.parent());
    let folder = folder.ok_or_else(|| io::Error::other(format!("no target directory above {}", this.display())))?;
    let target = folder.parent().unwrap_or(folder);
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let profile = if folder.ends_with("release") { "release" } else { "dev" };
    let mut command = Command::new(cargo);
    // The whole workspace: for one package alone the same libraries would be built again, with other features.
    command.args(["build", "--quiet", "--workspace", "--bin", program, "--profile", profile]);
    command.arg("--target-dir").arg(target).current_dir(env!("CARGO_MANIFEST_DIR"));
    // Cargo's variables for the test's package would make build scripts that read them (ring) run again each time.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|begin| text.starts_with(begin)) {
            command.env_remove(&name);
        }
    }
    let output = command.output()?;
    if output.status.success() {
        return Ok(folder.join(program));
    }
    Err(io::Error::other(format!("cargo build: {}", String::from_utf8_lossy(&output.stderr))))
}
