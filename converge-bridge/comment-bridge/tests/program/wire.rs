//! HTTP by hand: whatever a client might send.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// How long an answer may take; longer than any limit of the program's.
const PATIENCE: Duration = Duration::from_secs(15);

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status; 0 if the connection was closed without one.
    pub status: u16,
    head: String,
    /// Everything behind its head.
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let line = |line: &'_ str| {
            let (key, _) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(())
        };
        self.head.lines().find(|it| line(it).is_some()).and_then(|it| it.split_once(": ")).map(|(_, value)| value)
    }

    /// How many answers the connection carried.
    pub fn count(&self) -> usize {
        usize::from(self.status != 0) + self.body.matches("HTTP/1.1 ").count()
    }
}

/// Sends these bytes, and reads until the other side closes.
pub fn raw(to: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = open(to);
    // A client that is refused early may be cut off while it sends.
    let _ = stream.write_all(bytes);
    rest(stream)
}

pub fn open(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Reads until the other side closes.
pub fn rest(mut stream: TcpStream) -> Answer {
    let (mut all, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => all.extend_from_slice(&chunk[..read]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("not closed within {PATIENCE:?}: {}", String::from_utf8_lossy(&all))
            }
            Err(_) => break,
        }
    }
    let text = String::from_utf8_lossy(&all).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

pub fn get(to: SocketAddr, path: &str) -> Answer {
    raw(to, format!("GET {path} HTTP/1.1\r\nHost: {to}\r\n\r\n").as_bytes())
}

/// A request to the hook, as text up to its body.
pub fn head(to: SocketAddr, headers: &[(&str, &str)]) -> String {
    let lines = headers.iter().fold(String::new(), |lines, (name, value)| lines + name + ": " + value + "\r\n");
    format!("POST /hook HTTP/1.1\r\nHost: {to}\r\n{lines}\r\n")
}

pub fn post(to: SocketAddr, headers: &[(&str, &str)], body: &str) -> Answer {
    let length = body.len().to_string();
    let headers = [headers, &[("Content-Length", length.as_str())]].concat();
    raw(to, (head(to, &headers) + body).as_bytes())
}

/// A delivery as Gitea makes it.
pub fn deliver(to: SocketAddr, secret: &str, event: &str, body: &str) -> Answer {
    let signature = signature(secret, body);
    post(to, &[("X-Gitea-Event", event), ("X-Gitea-Signature", &signature)], body)
}

/// As Gitea signs.
pub fn signature(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    base::hex::encode(mac.finalize().into_bytes())
}
