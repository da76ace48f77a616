//! A minimal HTTP client for health checks and orders.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Timeout of one answer.
const ANSWER: Duration = Duration::from_secs(5);

pub struct Answer {
    pub status: u16,
    pub body: String,
}

pub fn ask(address: SocketAddr, method: &str, path: &str, body: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER)?;
    stream.set_read_timeout(Some(ANSWER))?;
    let length = body.len();
    // HTTP/1.0: the answer ends with the connection, and is never chunked.
    let head = format!("{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\n");
    stream.write_all(format!("{head}Content-Length: {length}\r\n\r\n{body}").as_bytes())?;
    let mut said = String::new();
    stream.read_to_string(&mut said)?;
    let odd = || io::Error::other("that is no HTTP");
    let (head, body) = said.split_once("\r\n\r\n").ok_or_else(odd)?;
    let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).ok_or_else(odd)?;
    Ok(Answer { status, body: body.to_owned() })
}
