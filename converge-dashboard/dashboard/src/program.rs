//! The command line of the program.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use daemon::exit::{fail, print};
use daemon::{health_check, log};

use crate::container;
use crate::runtime;
use crate::settings::Settings;
use crate::store::Directories;

/// The name of the program and of its service.
pub const NAME: &str = "dashboard";
/// The variable that sets the level of the log.
const LEVEL: &str = "DASHBOARD_LOG";
/// The crates whose lines are logged.
const CRATES: [&str; 4] = ["dashboard", "base", "daemon", "results"];

#[derive(Debug, Parser)]
#[command(name = NAME, version, about = "Shows every recipe's standing, every run and the machine, from files alone")]
struct Flags {
    /// File with the settings, instead of `$DASHBOARD_SETTINGS`.
    #[arg(long, value_name = "PATH", global = true)]
    settings: Option<PathBuf>,
    /// Directory of the runs: <run>/results.json and artefacts.
    #[arg(long, value_name = "DIR", default_value = container::RUNS, global = true)]
    runs: PathBuf,
    /// Directory of the convergers' reports and of host.json.
    #[arg(long, value_name = "DIR", default_value = container::REPORTS, global = true)]
    reports: PathBuf,
    /// Directory of the bridge's triggers.json and metrics.prom.
    #[arg(long, value_name = "DIR", default_value = container::BRIDGE, global = true)]
    bridge: PathBuf,
    /// Directory of the index, a cache that may be deleted at any time.
    #[arg(long, value_name = "DIR", default_value = container::INDEX, global = true)]
    index: PathBuf,
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
    /// Check the settings only.
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
        Some(Command::Check) => match Settings::read(flags.settings.as_deref()) {
            Ok(_) => print("the settings are valid"),
            Err(error) => fail(NAME, &error),
        },
    }
}

fn serve(flags: Flags) -> ExitCode {
    if let Err(error) = log::start_in_container(LEVEL, &CRATES) {
        return fail(NAME, &error);
    }
    let settings = match Settings::read(flags.settings.as_deref()) {
        Ok(settings) => settings,
        Err(error) => return fail(NAME, &error),
    };
    let Flags { runs, reports, bridge, index, listen, .. } = flags;
    match runtime::run(settings, Directories { runs, reports, bridge, index }, listen) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(NAME, &error),
    }
}
