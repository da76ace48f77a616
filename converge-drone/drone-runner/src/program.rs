//! The program: flags, and its life.

use std::env;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use base::credential::Credentials;
use base::error::{Explain, Explained};
use clap::{CommandFactory, Parser};
use daemon::log;
use tokio::task::LocalSet;
use tracing::Level;

use super::life::{Place, live};
use super::settings::{Settings, load};

#[derive(Debug, Parser)]
#[command(version, about = "Runs the builds of a Drone server on this host, each step in a systemd unit of its own")]
struct Flags {
    /// The configuration.
    #[arg(long, value_name = "PATH", default_value = "/etc/converge/drone-runner.json")]
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

/// `fn main` of `drone-runner`.
pub fn main() -> ExitCode {
    let flags = Flags::parse();
    if flags.schema {
        return say(&format!("{:#}", schemars::schema_for!(Settings).to_value()));
    }
    if flags.check_config {
        return match Settings::read(&flags.config) {
            Ok(_) => say(&format!("drone-runner: {} is valid", flags.config.display())),
            Err(error) => refuse(&error),
        };
    }
    log::start("drone-runner", Level::INFO);
    let place = Place {
        configuration: flags.config,
        runtime: env::var_os("RUNTIME_DIRECTORY").map_or_else(|| "/run/drone-runner".into(), PathBuf::from),
        credentials: Credentials::from_environment(),
    };
    let loaded = match load(&place.configuration, &place.credentials) {
        Ok(loaded) => loaded,
        Err(error) => return refuse(&error),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!("cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = LocalSet::new().block_on(&runtime, live(place, loaded));
    // A blocked thread must not keep a runner alive that has ended.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error),
    }
}

/// An error with its hint, where errors go.
fn refuse(error: &dyn Explain) -> ExitCode {
    let error = Explained::new(error);
    systemd::notify::status(&error.message);
    if tracing::dispatcher::has_been_set() {
        tracing::error!("{error}");
    } else {
        let _ = writeln!(std::io::stderr(), "drone-runner: {error}");
    }
    ExitCode::from(error.class.exit_code())
}

fn say(text: &str) -> ExitCode {
    // Nobody may be reading.
    let _ = writeln!(std::io::stdout(), "{text}");
    ExitCode::SUCCESS
}
