//! Makes the lab's web ports reachable on this machine's loopback, without an interface on this machine:
//! a thread in the lab's network namespace opens a connection for each connection accepted here.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;
use std::time::Duration;

use nix::sched::{CloneFlags, setns};

use crate::ADDRESS;
use crate::error::{Error, Result};

/// Timeout of a connection to the lab.
const CONNECT: Duration = Duration::from_secs(5);

/// The process whose network namespace is the lab's; 0 if there is none.
pub(crate) type Boot = Arc<AtomicI32>;

/// Listens on the loopback: on the first of the wanted ports that is not in use, else on any free one.
pub(crate) fn listen(wanted: &[u16]) -> Result<(TcpListener, u16)> {
    let bind = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let failed = |source| Error::Start { program: format!("the forwarder of the ports {wanted:?}"), source };
    let listener = wanted.iter().find_map(|port| bind(*port).ok()).map_or_else(|| bind(0), Ok).map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    Ok((listener, port))
}

/// Forwards every connection to `port` in the lab, with a thread for each.
pub(crate) fn start(listener: TcpListener, port: u16, boot: Boot) {
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let boot = Arc::clone(&boot);
            thread::spawn(move || {
                // If the lab does not answer, the connection is closed, as by a machine that is down.
                let _ = carry(client, port, boot.load(Ordering::Relaxed));
            });
        }
    });
}

fn carry(client: TcpStream, port: u16, boot: i32) -> io::Result<()> {
    let namespace = File::open(format!("/proc/{boot}/ns/net"))?;
    setns(namespace, CloneFlags::CLONE_NEWNET)?;
    let server = TcpStream::connect_timeout(&SocketAddr::from((ADDRESS, port)), CONNECT)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    let upwards = thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let (mut from_server, mut to_client) = (server, client);
    let _ = io::copy(&mut from_server, &mut to_client);
    let _ = to_client.shutdown(Shutdown::Write);
    let _ = upwards.join();
    Ok(())
}
