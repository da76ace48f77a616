//! A stand-in for Gitea, as far as this project relies on Gitea: accounts, organisations, repositories with real git, pull requests, comments, hooks,
//! login, and OAuth. tests/contract holds it to the same assertions as the real one.
//!
//! Started like the real one, with the same `app.ini`. All data is in `WORK_PATH`: `stand-in.json` and bare repositories.
#![allow(clippy::missing_docs_in_private_items)]
// All handlers have one type, since any of them may refuse a request; accounts have as many flags as Gitea's.
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

/// Arguments: the part of Gitea's command line that this project uses.
#[derive(Debug, Parser)]
#[command(name = "gitea", about = "A stand-in for Gitea.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server.
    Web {
        /// Settings file.
        #[arg(long, short)]
        config: PathBuf,
    },
    /// Changes the data of a running server.
    Admin {
        #[command(subcommand)]
        what: Admin,
    },
}

#[derive(Debug, Subcommand)]
enum Admin {
    /// Manages accounts.
    User {
        #[command(subcommand)]
        what: User,
    },
}

#[derive(Debug, Subcommand)]
enum User {
    /// Creates an account.
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
