//! An HTTP listener: few connections at a time, each short, one request each. Only an
//! [event stream](crate::event_stream) lasts.

mod stall;

use std::fs::{self, Permissions};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
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
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::event_stream::Lasting;
use stall::{Noted, Stall};

/// The most connections that are open; further ones wait to be accepted.
const CONNECTIONS: usize = 256;
/// The deadline of a request's head.
const HEAD: Duration = Duration::from_secs(5);
/// The deadline of a whole connection that does not last.
const WHOLE: Duration = Duration::from_secs(10);
/// The deadline of each write of a connection that lasts.
const WRITE: Duration = Duration::from_secs(10);
/// The interval at which waiting writes are looked for.
const LOOK: Duration = Duration::from_secs(2);
/// The largest head, in bytes.
const LARGEST_HEAD: usize = 16 * 1024;
/// The most headers of a request.
const HEADERS: usize = 64;
/// The read buffer of a connection, in bytes.
const BUFFER: usize = 64 * 1024;
/// The time that requests in flight have after the shutdown began.
const GRACE: Duration = Duration::from_secs(2);

/// A socket that accepts connections.
#[derive(Debug)]
pub enum Listener {
    /// A TCP port.
    Tcp(TcpListener),
    /// A Unix socket.
    Unix(UnixListener),
}

/// The address of a connection's other end; a Unix socket has none.
type Peer = Option<SocketAddr>;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Listener {
    /// Binds `place`: an address with a port (`127.0.0.1:9810`), or else the path of a Unix socket that every user of the
    /// machine may connect to.
    pub async fn bind(place: &str) -> io::Result<Self> {
        if let Ok(address) = place.parse::<SocketAddr>() {
            return Ok(Self::Tcp(TcpListener::bind(address).await?));
        }
        let path = Path::new(place);
        // A killed program leaves its socket behind.
        drop(fs::remove_file(path));
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o666))?;
        Ok(Self::Unix(listener))
    }

    async fn accept(&self) -> io::Result<(Box<dyn Stream>, Peer)> {
        Ok(match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // An answer is one small write.
                drop(stream.set_nodelay(true));
                (Box::new(stream), Some(peer))
            }
            Self::Unix(listener) => (Box::new(listener.accept().await?.0), None),
        })
    }
}

/// Serves `router` until `shutdown` is true, then answers what is in flight. Over TCP each request has axum's
/// [`ConnectInfo`] as an extension.
pub async fn serve(listener: Listener, router: Router, mut shutdown: watch::Receiver<bool>) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = shutdown.wait_for(|shutdown| *shutdown) => break,
            accepted = accept(&listener, &permits) => accepted,
        };
        // Ended connections are forgotten; a panic was logged where it happened.
        while open.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer, permit)) => {
                let (router, shutdown) = (router.clone(), shutdown.clone());
                open.spawn(connection(stream, peer, router, shutdown, permit));
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
    listener: &Listener,
    permits: &Arc<Semaphore>,
) -> io::Result<(Box<dyn Stream>, Peer, OwnedSemaphorePermit)> {
    let permit = permits.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, permit))
}

async fn connection(
    stream: Box<dyn Stream>,
    peer: Peer,
    router: Router,
    mut shutdown: watch::Receiver<bool>,
    permit: OwnedSemaphorePermit,
) {
    let service = TowerToHyperService::new(router);
    let lasts = Arc::new(Notify::new());
    let begun = lasts.clone();
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        if let Some(address) = peer {
            request.extensions_mut().insert(ConnectInfo(address));
        }
        let (answer, begun) = (hyper::service::Service::call(&service, request), begun.clone());
        async move {
            let answer = answer.await;
            if answer.as_ref().is_ok_and(|answer| answer.extensions().get::<Lasting>().is_some()) {
                begun.notify_one();
            }
            answer
        }
    });
    let (stream, stall) = Noted::new(stream);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_headers(HEADERS)
        .max_header_size(LARGEST_HEAD)
        .max_buf_size(BUFFER)
        // Bytes behind a request are never taken for another request.
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let served = async {
        tokio::select! {
            biased;
            ended = connection.as_mut() => return ended,
            _ = shutdown.wait_for(|shutdown| *shutdown) => {}
        }
        connection.as_mut().graceful_shutdown();
        connection.await
    };
    let peer = peer.map(|peer| peer.ip());
    tokio::select! {
        biased;
        ended = served => if let Err(error) = ended {
            tracing::debug!(?peer, "a connection ended: {error}");
        },
        () = overdue(&lasts, &stall, permit) => tracing::debug!(?peer, "a connection took too long"),
    }
}

/// Returns when a connection has taken too long. The one that lasts leaves its place to others.
async fn overdue(lasts: &Notify, stall: &Stall, permit: OwnedSemaphorePermit) {
    if timeout(WHOLE, lasts.notified()).await.is_err() {
        return;
    }
    drop(permit);
    while stall.age() < WRITE {
        sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests;
