//! The metrics, over as much HTTP as Prometheus needs, on a socket that only this machine reaches.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};
use tokio::time::timeout;

use super::board::Board;

/// How long one reader may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// The largest request.
const LARGEST: usize = 8 * 1024;

/// Answers at this place, one reader after the other, for good.
pub async fn serve(place: String, board: Rc<Board>) {
    let served = match place.parse::<SocketAddr>() {
        Ok(address) => tcp(address, &board).await,
        Err(_) => unix(Path::new(&place), &board).await,
    };
    if let Err(error) = served {
        tracing::warn!("there are no metrics at {place}: {error}");
    }
}

async fn tcp(address: SocketAddr, board: &Board) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        drop(timeout(DEADLINE, answer(stream, board)).await);
    }
}

async fn unix(path: &Path, board: &Board) -> io::Result<()> {
    // One that a killed runner left.
    drop(std::fs::remove_file(path));
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
    loop {
        let (stream, _) = listener.accept().await?;
        drop(timeout(DEADLINE, answer(stream, board)).await);
    }
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, board: &Board) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < LARGEST {
        if stream.read_buf(&mut request).await? == 0 {
            break;
        }
    }
    let is_ours = request.starts_with(b"GET /metrics ") || request.starts_with(b"GET / ");
    let (status, body) = if is_ours { ("200 OK", board.metrics()) } else { ("404 Not Found", String::new()) };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}
