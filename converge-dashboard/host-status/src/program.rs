//! The command line of `host-status`.

use std::env;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use base::error::{Explain, Explained};
use clap::{CommandFactory, Parser};
use daemon::exit::print;
use daemon::log;
use tracing::Level;

use crate::settings::{self, Settings};
use crate::{FILE, RUNTIME_DIRECTORY, follow};

#[derive(Debug, Parser)]
#[command(version, about = "Keeps a file current with the states of this host's units")]
struct Flags {
    /// The path of the configuration.
    #[arg(long, value_name = "PATH", default_value = settings::PATH)]
    config: PathBuf,
    /// Check the configuration alone.
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
            Ok(_) => print(&format!("host-status: {} is valid", flags.config.display())),
            Err(error) => fail(&error),
        };
    }
    log::start("host-status", Level::INFO);
    let settings = match Settings::read(&flags.config) {
        Ok(settings) => settings,
        Err(error) => return fail(&error),
    };
    let directory = env::var_os("RUNTIME_DIRECTORY").map_or_else(|| RUNTIME_DIRECTORY.into(), PathBuf::from);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!("cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(follow::run(&settings, &directory.join(FILE)));
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
        let _ = writeln!(std::io::stderr(), "host-status: {error}");
    }
    ExitCode::from(error.class.exit_code())
}
