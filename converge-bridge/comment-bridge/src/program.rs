//! The command line of the program.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use daemon::exit::{fail, print};
use daemon::{health_check, log};

use super::container;
use super::runtime::{self, Paths};
use super::secrets::Secrets;
use super::settings::Settings;

/// The name of the program and of its service.
pub const NAME: &str = "comment-bridge";
/// The variable that sets the level of the log.
const LEVEL: &str = "COMMENT_BRIDGE_LOG";
/// The crates whose lines are logged.
const CRATES: [&str; 5] = ["comment_bridge", "base", "daemon", "http", "results"];

#[derive(Debug, Parser)]
#[command(name = NAME, version, about = "Turns comments on pull requests into builds, and reports their results")]
struct Flags {
    /// File with the settings, instead of `$COMMENT_BRIDGE_SETTINGS`.
    #[arg(long, value_name = "PATH", global = true)]
    settings: Option<PathBuf>,
    /// Directory of the secrets `gitea_token`, `drone_token`, `webhook_secret`.
    #[arg(long, value_name = "DIR", default_value = "/run/secrets", global = true)]
    secrets: PathBuf,
    /// Directory of the ledger.
    #[arg(long, value_name = "DIR", default_value = container::LEDGER, global = true)]
    ledger: PathBuf,
    /// Directory of the results: <build number>/results.json.
    #[arg(long, value_name = "DIR", default_value = container::RUNS, global = true)]
    runs: PathBuf,
    /// Directory of the files for the dashboard and Prometheus.
    #[arg(long, value_name = "DIR", default_value = container::PUBLISHED, global = true)]
    published: PathBuf,
    /// Address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value_t = SocketAddr::from(([0, 0, 0, 0], container::PORT)), global = true)]
    listen: SocketAddr,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve; the default.
    Serve,
    /// Check the health of the service on this machine: exit 0 if it is healthy, else 1.
    Health,
    /// Check the settings only, without secrets, ledger and network.
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
            Ok(answer) => print(&answer),
            Err(error) => fail(NAME, &error),
        },
        Some(Command::Check) => match settings(&flags) {
            Ok(_) => print("the settings are valid"),
            Err(error) => fail(NAME, &error),
        },
    }
}

fn serve(flags: Flags) -> ExitCode {
    if let Err(error) = log::start_in_container(LEVEL, &CRATES) {
        return fail(NAME, &error);
    }
    let loaded = settings(&flags);
    let settings = match loaded {
        Ok(settings) => settings,
        Err(error) => return fail(NAME, &error),
    };
    let secrets = match Secrets::read(&flags.secrets, settings.webhook) {
        Ok(secrets) => secrets,
        Err(error) => return fail(NAME, &error),
    };
    let Flags { ledger, runs, published, listen, .. } = flags;
    let paths = Paths { ledger, runs, published, listen };
    match runtime::run(settings, secrets, paths) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(NAME, &error),
    }
}

fn settings(flags: &Flags) -> Result<Settings, base::configuration::Error> {
    Settings::read(flags.settings.as_deref())
}
