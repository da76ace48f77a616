//! A proxy between comment-bridge and a server: records each request, and the time of its answer.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

/// A recorded request.
#[derive(Debug, Clone)]
pub struct Call {
    /// Method and path.
    pub line: String,
    /// Time of the request.
    pub asked: Instant,
    /// Time of the answer's begin, and its status.
    pub answered: Option<(Instant, u16)>,
}

/// A recording proxy.
#[derive(Debug)]
pub struct Tap {
    listen: SocketAddr,
    calls: Calls,
}

type Calls = Arc<Mutex<Vec<Call>>>;

impl Tap {
    /// Forwards to `server` from now on, until the end of this process.
    pub fn to(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let listen = listener.local_addr()?;
        let calls = Calls::default();
        let noted = Arc::clone(&calls);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let noted = Arc::clone(&noted);
                // A failed connection is reported by the two ends.
                thread::spawn(move || connect(&client, server, &noted));
            }
        });
        Ok(Self { listen, calls })
    }

    /// URL, without a slash at the end.
    pub fn address(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// All requests so far.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All requests since a time.
    pub fn since(&self, then: Instant) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.asked >= then).collect()
    }
}

fn connect(client: &TcpStream, server: SocketAddr, calls: &Calls) -> io::Result<()> {
    let upstream = TcpStream::connect(server)?;
    for stream in [client, &upstream] {
        stream.set_nodelay(true)?;
    }
    let last = Mutex::new(None);
    thread::scope(|scope| {
        scope.spawn(|| {
            pump(client, &upstream, |bytes| {
                if let Some(line) = request(bytes) {
                    let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
                    calls.push(Call { line, asked: Instant::now(), answered: None });
                    *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(calls.len() - 1);
                }
            })
        });
        pump(&upstream, client, |bytes| {
            let Some(at) = last.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
            let status = String::from_utf8_lossy(bytes).split(' ').nth(1).and_then(|status| status.parse().ok());
            let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(call) = calls.get_mut(at) {
                call.answered = Some((Instant::now(), status.unwrap_or_default()));
            }
        })
    })
}

fn pump(mut from: &TcpStream, mut to: &TcpStream, mut note: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; 65_536];
    loop {
        match from.read(&mut buffer)? {
            0 => return to.shutdown(std::net::Shutdown::Write),
            read => {
                note(&buffer[..read]);
                to.write_all(&buffer[..read])?;
            }
        }
    }
}

/// Method and path, if these bytes begin a request: a client writes the header in one piece.
fn request(bytes: &[u8]) -> Option<String> {
    let line = bytes.split(|byte| *byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?.strip_suffix(" HTTP/1.1")?;
    Some(line.to_owned())
}
