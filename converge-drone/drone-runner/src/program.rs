//! The command line of `drone-runner`.

use std::env;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use base::credential::Credentials;
use base::error::{Explain, Explained};
use clap::{CommandFactory, Parser};
use daemon::exit::print;
use daemon::log;
use tokio::task::LocalSet;
use tracing::Level;

use super::ProgramFile;
use super::runtime::{Paths, run};
use super::settings::{self, Settings, load};
use super::status;

#[derive(Debug, Parser)]
#[command(version, about = "Runs the builds of a Drone server on this host, each step in a systemd unit of its own")]
struct Flags {
    /// The path of the configuration.
    #[arg(long, value_name = "PATH", default_value = settings::PATH)]
    config: PathBuf,
    /// Check the configuration alone: no host, no credentials.
    #[arg(long, conflicts_with = "schema")]
    check_config: bool,
    /// Print the JSON Schema of the configuration.
    #[arg(long)]
    schema: bool,
}

/// Command line of the program.
pub fn command() -> clap::Command {
    Flags::command()
}

/// Runs the program.
pub fn main() -> ExitCode {
    let flags = Flags::parse();
    if flags.schema {
        return print(&format!("{:#}", schemars::schema_for!(Settings).to_value()));
    }
    if flags.check_config {
        return match Settings::read(&flags.config) {
            Ok(_) => print(&format!("drone-runner: {} is valid", flags.config.display())),
            Err(error) => fail(&error),
        };
    }
    log::start("drone-runner", Level::INFO);
    let paths = Paths {
        configuration: flags.config,
        runtime: env::var_os("RUNTIME_DIRECTORY").map_or_else(|| status::RUNTIME_DIRECTORY.into(), PathBuf::from),
        credentials: Credentials::from_environment(),
        program: ProgramFile::of_this_process(),
    };
    let loaded = match load(&paths.configuration, &paths.credentials, &paths.program) {
        Ok(loaded) => loaded,
        Err(error) => return fail(&error),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!("cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = LocalSet::new().block_on(&runtime, run(paths, loaded));
    // A blocked thread of the pool must not delay the exit.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Reports an error with its hint to systemd and to the log.
fn fail(error: &dyn Explain) -> ExitCode {
    let error = Explained::new(error);
    systemd::notify::status(&error.message);
    if tracing::dispatcher::has_been_set() {
        tracing::error!("{error}");
    } else {
        let _ = writeln!(std::io::stderr(), "drone-runner: {error}");
    }
    ExitCode::from(error.class.exit_code())
}
