//! A stand-in for abra, Co-op Cloud's command line: the same surface and the same traps as far as this project relies
//! on them, deploying for real through the docker command line.

#![allow(clippy::print_stdout, clippy::print_stderr)] // A command line prints.

mod app;
mod backup;
mod cli;
mod compose;
mod converge;
mod deploy;
mod directory;
mod docker;
mod env_file;
mod expand;
mod fatal;
mod git;
mod lint;
mod new;
mod passwords;
mod ps;
mod recipe;
mod remove;
mod secret;
mod servers;
mod table;
mod terminal;
mod versions;

use std::process::ExitCode;

use clap::Parser;

use cli::{App, Backup, Cli, Command, Recipe, Server, Volume};
use fatal::Fatal;

/// Version that `--version` prints after the name.
const VERSION: &str = "0.13.0-beta-06a57de";

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            let text = error.to_string();
            fatal::say("FATA", text.lines().next().unwrap_or_default().trim_start_matches("error: "));
            return ExitCode::FAILURE;
        }
        Err(help) => {
            print!("{help}");
            return ExitCode::SUCCESS;
        }
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Fatal::Silent) => ExitCode::FAILURE,
        Err(Fatal::Said(why)) => {
            fatal::say("FATA", &why);
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<(), Fatal> {
    if cli.version {
        println!("abra version {VERSION}");
        return Ok(());
    }
    let global = cli.global;
    match cli.command {
        None => Err(Fatal::new("no command given, see abra --help")),
        Some(Command::App(app)) => match app {
            App::New(arguments) => new::new(&arguments, global),
            App::Config { domain } => app::App::find(&domain).and_then(|app| app.edit()),
            App::Secret(command) => secret::run(&command, global),
            App::Deploy(arguments) => deploy::deploy(&arguments, global),
            App::Undeploy { domain, prune } => remove::undeploy(&domain, prune, global),
            App::Ps { domain, machine } => ps::ps(&domain, machine),
            App::Volume(Volume::Rm { domain, force }) => remove::volumes(&domain, force, global),
            App::Rm { domain, force } => remove::app(&domain, force, global),
            App::Backup(Backup::Create { domain, .. }) => backup::create(&domain, global),
            App::Backup(Backup::Snapshots { domain }) => backup::snapshots(&domain),
            App::Restore { domain, snapshot, .. } => backup::restore(&domain, snapshot.as_deref(), global),
        },
        Some(Command::Recipe(recipe)) => match recipe {
            Recipe::Fetch { recipe, force } => recipe::Recipe::named(&recipe)?.fetch(force),
            Recipe::Versions { recipe, machine } => versions::list(&recipe, machine, global),
            Recipe::Lint { recipe, chaos } => lint::lint(&recipe, chaos, global),
        },
        Some(Command::Server(server)) => match server {
            Server::Add { name, local } => servers::add(name.as_deref(), local),
            Server::Ls { machine } => servers::list(machine),
        },
    }
}
