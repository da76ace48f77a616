//! The command line.

mod secrets;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use base::error::{Explain, Explained};
use clap::{CommandFactory, Parser, Subcommand};
use daemon::{health_check, log};

use super::life::{self, Place};
use super::settings::Settings;

pub use secrets::Secrets;

/// The service's name, and the program's.
const NAME: &str = "comment-bridge";
/// The variable that sets the level of the log.
const LEVEL: &str = "COMMENT_BRIDGE_LOG";
/// The crates whose lines are logged.
const CRATES: [&str; 5] = ["comment_bridge", "base", "daemon", "http", "results"];

#[derive(Debug, Parser)]
#[command(name = NAME, version, about = "Turns comments on pull requests into builds, and says what came of them")]
struct Flags {
    /// The settings, in place of those in `$COMMENT_BRIDGE_SETTINGS`.
    #[arg(long, value_name = "PATH", global = true)]
    settings: Option<PathBuf>,
    /// Where the secrets are: `gitea_token`, `drone_token`, `webhook_secret`.
    #[arg(long, value_name = "DIR", default_value = "/run/secrets", global = true)]
    secrets: PathBuf,
    /// Where the ledger is kept.
    #[arg(long, value_name = "DIR", default_value = "/ledger", global = true)]
    ledger: PathBuf,
    /// Where the runs' results are: <build number>/results.json.
    #[arg(long, value_name = "DIR", default_value = "/runs", global = true)]
    runs: PathBuf,
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:8080", global = true)]
    listen: SocketAddr,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve; what is done when nothing else is asked for.
    Serve,
    /// Ask the one that serves on this machine whether it is well: exit 0 when it is, else 1.
    Health,
    /// Check the settings alone: no secrets, no ledger, no network.
    Check,
}

/// Command line of the program.
pub fn command() -> clap::Command {
    Flags::command()
}

/// Runs the program.
pub fn main() -> ExitCode {
    let flags = Flags::parse();
    match flags.command {
        None | Some(Command::Serve) => serve(flags),
        Some(Command::Health) => match health_check::health(NAME, flags.listen) {
            Ok(said) => say(&said),
            Err(error) => refuse(&error),
        },
        Some(Command::Check) => match settings(&flags) {
            Ok(_) => say("the settings are valid"),
            Err(error) => refuse(&error),
        },
    }
}

fn serve(flags: Flags) -> ExitCode {
    if let Err(error) = log::start_in_container(LEVEL, &CRATES) {
        return refuse(&error);
    }
    let loaded = settings(&flags);
    let settings = match loaded {
        Ok(settings) => settings,
        Err(error) => return refuse(&error),
    };
    let secrets = match Secrets::read(&flags.secrets, settings.webhook) {
        Ok(secrets) => secrets,
        Err(error) => return refuse(&error),
    };
    let place = Place { ledger: flags.ledger, runs: flags.runs, listen: flags.listen };
    match life::live(settings, secrets, place) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error),
    }
}

fn settings(flags: &Flags) -> Result<Settings, base::configuration::Error> {
    Settings::read(flags.settings.as_deref())
}

/// An error with its hint, for whoever reads the log.
fn refuse(error: &dyn Explain) -> ExitCode {
    let error = Explained::new(error);
    // Nobody may be reading.
    let _ = writeln!(std::io::stderr(), "{NAME}: {error}");
    ExitCode::from(error.class.exit_code())
}

fn say(text: &str) -> ExitCode {
    let _ = writeln!(std::io::stdout(), "{text}");
    ExitCode::SUCCESS
}
