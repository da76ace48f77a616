//! The client side of `/healthz`: a container's health check, with as much HTTP as one request takes.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use base::error::{Class, Explain};

/// The longest time for the connection, and for each read and write.
const DEADLINE: Duration = Duration::from_secs(4);
/// The largest answer, in bytes.
const LARGEST: u64 = 64 * 1024;

/// The reason why the program is not known to be healthy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No answer.
    #[error("{address} cannot be asked")]
    Silent {
        /// The service that should listen there.
        service: &'static str,
        /// The address.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// The program answers that it is unhealthy.
    #[error("{address} is not well: {answer}")]
    Unhealthy {
        /// The service that listens there.
        service: &'static str,
        /// The address.
        address: SocketAddr,
        /// The answer's body.
        answer: String,
    },
}

impl Explain for Error {
    fn class(&self) -> Class {
        Class::Failed
    }

    fn hint(&self) -> Option<String> {
        let (Self::Silent { service, .. } | Self::Unhealthy { service, .. }) = self;
        Some(format!("see its log: docker service logs {service}"))
    }
}

/// Asks `service`, which listens on `listen` on this machine; returns the body of its answer.
pub fn health(service: &'static str, listen: SocketAddr) -> Result<String, Error> {
    let here: IpAddr = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    let address = SocketAddr::new(here, listen.port());
    let answer = get(address).map_err(|source| Error::Silent { service, address, source })?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let body = body.trim().to_owned();
    if head.split(' ').nth(1) == Some("200") {
        Ok(body)
    } else {
        Err(Error::Unhealthy { service, address, answer: body })
    }
}

fn get(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, DEADLINE)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(DEADLINE))?;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(LARGEST).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
