//! Connections: few at a time, each short, one request each.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How many connections are open at a time; further ones wait to be accepted.
const CONNECTIONS: usize = 256;
/// How long a request's head may take to arrive.
const HEAD: Duration = Duration::from_secs(5);
/// How long a whole connection may take.
const WHOLE: Duration = Duration::from_secs(10);
/// The largest head.
const LARGEST_HEAD: usize = 16 * 1024;
/// The most headers of one.
const HEADERS: usize = 64;
/// What is read of a connection at once.
const BUFFER: usize = 64 * 1024;
/// How long requests that are under way may go on after the end was asked for.
const GRACE: Duration = Duration::from_secs(2);

/// Serves until it is to end and what was under way is answered.
pub async fn serve(listener: TcpListener, router: Router, mut stopping: watch::Receiver<bool>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stopping.wait_for(|stopping| *stopping) => break,
            accepted = accept(&listener, &room) => accepted,
        };
        // What ended is forgotten; one that panicked has been logged.
        while open.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer, place)) => {
                let (router, stopping) = (router.clone(), stopping.clone());
                open.spawn(async move {
                    connection(stream, peer, router, stopping).await;
                    drop(place);
                });
            }
            // Out of file descriptors, most likely: it passes as connections end.
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    let _late = timeout(GRACE, async { while open.join_next().await.is_some() {} }).await;
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = room.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, mut stopping: watch::Receiver<bool>) {
    // An answer is one small write.
    drop(stream.set_nodelay(true));
    let service = TowerToHyperService::new(router);
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        hyper::service::Service::call(&service, request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_headers(HEADERS)
        .max_header_size(LARGEST_HEAD)
        .max_buf_size(BUFFER)
        // Nothing that stands behind a request is ever taken for another one.
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let whole = timeout(WHOLE, async {
        tokio::select! {
            biased;
            settled = connection.as_mut() => return settled,
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
        connection.as_mut().graceful_shutdown();
        connection.await
    });
    match whole.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!("a connection from {} ended: {error}", peer.ip()),
        Err(_) => tracing::debug!("a connection from {} took too long", peer.ip()),
    }
}
