//! A stand-in for Gitea, as far as this project relies on it: accounts, organisations, repositories with real git, pull requests, comments, hooks, its
//! login, and OAuth. tests/contract holds it to the same assertions as the real one.
//!
//! It is started as the real one is, by the same `app.ini`. All it keeps is in `WORK_PATH`: `stand-in.json` and bare repositories.
#![allow(clippy::missing_docs_in_private_items)]
// What answers a request may refuse it, so all of them have one type; and accounts have as many flags as Gitea's.
#![allow(clippy::unnecessary_wraps, clippy::struct_excessive_bools)]

mod access;
mod administration;
mod answer;
mod api;
mod call;
mod deliver;
mod door;
mod git;
mod model;
mod one_time;
mod paging;
mod payload;
mod push;
mod seal;
mod server;
mod settings;
mod show;
mod smart;
mod state;
mod turn;
mod web;
mod who;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::administration::NewAccount;
use crate::server::Server;
use crate::settings::Settings;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What it is asked to do: as much of Gitea's own command line as is used here.
#[derive(Debug, Parser)]
#[command(name = "gitea", about = "A stand-in for Gitea.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves.
    Web {
        /// Its settings.
        #[arg(long, short)]
        config: PathBuf,
    },
    /// Changes something of a running one.
    Admin {
        #[command(subcommand)]
        what: Admin,
    },
}

#[derive(Debug, Subcommand)]
enum Admin {
    /// Accounts.
    User {
        #[command(subcommand)]
        what: User,
    },
}

#[derive(Debug, Subcommand)]
enum User {
    /// Makes one.
    Create(NewAccount),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let done = match command {
        Command::Web { config } => serve(&config).await,
        Command::Admin { what: Admin::User { what: User::Create(account) } } => account.create().await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: &std::path::Path) -> Result<(), Failure> {
    let settings = Settings::read(config)?;
    let listener = TcpListener::bind(settings.listen).await?;
    let server = Arc::new(Server::open(settings)?);
    tokio::spawn(deliver::all(Arc::clone(&server)));
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    tokio::select! {
        ended = axum::serve(listener, door::router(server)).into_future() => ended?,
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    Ok(())
}
