//! A stand-in for the Drone server: API, login through Gitea, queue and runner protocol, with faults that tests order.
//!
//! Configured by the `DRONE_*` variables of the real server. Variables of the stand-in, all optional: `DRONE_STAND_IN_CONTROL` (address of the
//! control server, see `faults`), `DRONE_STAND_IN_VERSION` (version in `/version`), `DRONE_STAND_IN_POLL_SECONDS` (long poll, 30) and
//! `DRONE_STAND_IN_RETRY_SECONDS` (pause between two attempts to read a missing file, 15).
// The API's names and shapes; errors are passed on unchanged.
#![allow(clippy::needless_pass_by_value, clippy::struct_excessive_bools, clippy::struct_field_names)]

mod access;
mod accounts;
mod answer;
mod builds;
mod events;
mod faults;
mod gitea;
mod live;
mod log;
mod login;
mod model;
mod pages;
mod pipeline;
mod queue;
mod repositories;
mod routes;
mod rpc;
mod saving;
mod secrets;
mod server;
mod session;
mod settings;
mod stages;
mod state;
mod sync;
mod tokens;
mod trigger;

use std::process::ExitCode;
use std::sync::Arc;

use axum::serve::ListenerExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};

use crate::server::Server;
use crate::settings::Settings;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("main: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Failure> {
    let settings = Settings::read()?;
    let server = Arc::new(Server::open(settings)?);
    accounts::bootstrap(&server)?;
    if let Some(address) = &server.settings.control {
        let door = TcpListener::bind(address).await?;
        tokio::spawn(axum::serve(door, faults::door(Arc::clone(&server))).into_future());
    }
    tokio::spawn(queue::every_minute(Arc::clone(&server)));
    // Without TCP_NODELAY the second of two small writes waits for the first one's ACK.
    let prompt = |stream: &mut TcpStream| drop(stream.set_nodelay(true));
    let listener = TcpListener::bind(&server.settings.listen).await?.tap_io(prompt);
    server.log(
        "info",
        "starting the http server",
        &[("port", server.settings.listen.clone()), ("url", server.settings.address.clone())],
    );
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    tokio::select! {
        ended = axum::serve(listener, routes::all(server)).into_future() => ended?,
        // Long polls would delay a graceful shutdown: like the real server's container, the process ends at once.
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    Ok(())
}
