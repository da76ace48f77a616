//! `comment-bridge health`: as much HTTP as it takes to ask the one that serves.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use base::error::{Class, Explain};

const DEADLINE: Duration = Duration::from_secs(4);
/// As much as is read of what it says.
const LARGEST: u64 = 64 * 1024;

/// Why it is not well, as far as can be told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be asked.
    #[error("{address} cannot be asked")]
    Silent {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// It says so itself.
    #[error("{address} is not well: {said}")]
    Unwell {
        /// Where.
        address: SocketAddr,
        /// What it says.
        said: String,
    },
}

impl Explain for Error {
    fn class(&self) -> Class {
        Class::Failed
    }

    fn hint(&self) -> Option<String> {
        Some("see its log: docker service logs comment-bridge".into())
    }
}

/// What the one that listens there says of its health.
pub fn health(listen: SocketAddr) -> Result<String, Error> {
    let here: IpAddr = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    let address = SocketAddr::new(here, listen.port());
    let answer = ask(address).map_err(|source| Error::Silent { address, source })?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let said = body.trim().to_owned();
    if head.split(' ').nth(1) == Some("200") { Ok(said) } else { Err(Error::Unwell { address, said }) }
}

fn ask(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, DEADLINE)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(DEADLINE))?;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(LARGEST).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
