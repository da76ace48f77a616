//! The part of HTTP/1.1 that Docker's socket uses: heads, and bodies by length, in chunks or until the end.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

/// The longest head that is read, in bytes; a longer one is an error.
const HEAD_LIMIT: usize = 64 * 1024;

/// The first line and the headers of a request or an answer, and their bytes.
#[derive(Debug, Clone)]
pub struct Head {
    pub raw: Vec<u8>,
    pub first: String,
    headers: Vec<(String, String)>,
}

/// The framing of a body: how its end is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    None,
    Length(u64),
    Chunked,
    UntilEnd,
}

impl Head {
    /// Reads a head; `None` if the other side closed before the first byte.
    pub fn read(reader: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut raw = Vec::new();
        let mut lines = Vec::new();
        loop {
            let from = raw.len();
            if reader.by_ref().take((HEAD_LIMIT - from) as u64).read_until(b'\n', &mut raw)? == 0 {
                let endless = io::Error::new(io::ErrorKind::UnexpectedEof, "a head without an end");
                return if raw.is_empty() { Ok(None) } else { Err(endless) };
            }
            let line = String::from_utf8_lossy(&raw[from..]).trim_end().to_owned();
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let headers = lines.iter().skip(1).filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        Ok(Some(Self { first: lines.first().cloned().unwrap_or_default(), headers, raw }))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The words of the first line: method, target and protocol, or protocol, status and reason.
    fn word(&self, at: usize) -> &str {
        self.first.split(' ').nth(at).unwrap_or_default()
    }

    pub fn method(&self) -> &str {
        self.word(0)
    }

    pub fn target(&self) -> &str {
        self.word(1)
    }

    pub fn status(&self) -> Option<u16> {
        self.word(1).parse().ok()
    }

    pub fn wants_upgrade(&self) -> bool {
        self.header("upgrade").is_some()
    }

    pub fn closes(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    fn framing(&self) -> Option<Body> {
        if self.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            return Some(Body::Chunked);
        }
        self.header("content-length").and_then(|value| value.parse().ok()).map(Body::Length)
    }

    pub fn request_body(&self) -> Body {
        self.framing().unwrap_or(Body::None)
    }

    pub fn answer_body(&self, method: &str) -> Body {
        match self.status() {
            Some(204 | 304 | 100..=199) => Body::None,
            _ if method == "HEAD" => Body::None,
            _ => self.framing().unwrap_or(Body::UntilEnd),
        }
    }
}

/// Passes a body on with its framing, each piece at once.
pub fn pass_on(body: Body, from: &mut impl BufRead, to: &mut impl Write) -> io::Result<()> {
    match body {
        Body::None => Ok(()),
        Body::Length(length) => copy_exactly(from, to, length),
        Body::UntilEnd => copy(from, to),
        Body::Chunked => loop {
            let line = line(from)?;
            to.write_all(&line)?;
            let text = String::from_utf8_lossy(&line);
            let size = text.trim().split(';').next().unwrap_or_default();
            let size = u64::from_str_radix(size, 16)
                .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("a chunk of size {size:?}")))?;
            if size == 0 {
                // Trailers, if any, up to the empty line.
                loop {
                    let line = self::line(from)?;
                    to.write_all(&line)?;
                    if line == b"\r\n" || line == b"\n" {
                        return to.flush();
                    }
                }
            }
            copy_exactly(from, to, size + 2)?;
        },
    }
}

/// Passes on everything until the end, each piece at once.
pub fn copy(from: &mut impl BufRead, to: &mut impl Write) -> io::Result<()> {
    loop {
        let piece = from.fill_buf()?;
        if piece.is_empty() {
            return Ok(());
        }
        to.write_all(piece)?;
        to.flush()?;
        let taken = piece.len();
        from.consume(taken);
    }
}

fn copy_exactly(from: &mut impl BufRead, to: &mut impl Write, length: u64) -> io::Result<()> {
    let mut limited = from.take(length);
    copy(&mut limited, to)?;
    if limited.limit() > 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

fn line(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    from.take(HEAD_LIMIT as u64).read_until(b'\n', &mut line)?;
    if line.ends_with(b"\n") { Ok(line) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Sends a GET over a Unix socket. Returns status and body.
pub fn get(socket: &Path, path: &str, deadline: Duration) -> io::Result<(u16, Vec<u8>)> {
    ask(socket, "GET", path, b"", deadline)
}

/// Sends a GET whose answer must be 200 with JSON.
pub fn get_json(socket: &Path, path: &str, deadline: Duration) -> io::Result<Value> {
    let (status, body) = get(socket, path, deadline)?;
    if status != 200 {
        let message = String::from_utf8_lossy(&body).trim().to_owned();
        return Err(io::Error::other(format!("GET {path}: {status} {message}")));
    }
    Ok(serde_json::from_slice(&body)?)
}

/// Sends a POST whose answer must be a success.
pub fn post_json(socket: &Path, path: &str, body: &Value, deadline: Duration) -> io::Result<()> {
    let (status, answer) = ask(socket, "POST", path, body.to_string().as_bytes(), deadline)?;
    if status >= 300 {
        let message = String::from_utf8_lossy(&answer).trim().to_owned();
        return Err(io::Error::other(format!("POST {path}: {status} {message}")));
    }
    Ok(())
}

fn ask(socket: &Path, method: &str, path: &str, body: &[u8], deadline: Duration) -> io::Result<(u16, Vec<u8>)> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(deadline))?;
    stream.set_write_timeout(Some(deadline))?;
    // Version 1.0: no chunks, and the answer ends with the stream.
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.0\r\nHost: docker\r\nContent-Length: {length}\r\n");
    stream.write_all(format!("{head}Content-Type: application/json\r\n\r\n").as_bytes())?;
    stream.write_all(body)?;
    let mut reader = BufReader::new(stream);
    let head = Head::read(&mut reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = head.status().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, head.first.clone()))?;
    let mut bytes = Vec::new();
    match head.answer_body(method) {
        Body::Length(length) => copy_exactly(&mut reader, &mut bytes, length)?,
        Body::None => {}
        Body::UntilEnd | Body::Chunked => copy(&mut reader, &mut bytes)?,
    }
    Ok((status, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(body: Body, bytes: &[u8]) -> io::Result<(Vec<u8>, usize)> {
        let mut from = bytes;
        let mut to = Vec::new();
        pass_on(body, &mut from, &mut to)?;
        Ok((to, from.len()))
    }

    #[test]
    fn bodies_end_at_their_framing() {
        assert_eq!(passed(Body::Length(3), b"abcdef").unwrap(), (b"abc".to_vec(), 3));
        assert_eq!(passed(Body::None, b"abc").unwrap(), (Vec::new(), 3));
        assert_eq!(passed(Body::UntilEnd, b"abc").unwrap(), (b"abc".to_vec(), 0));
        let chunks = b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\n";
        let after = [&chunks[..], b"GET"].concat();
        assert_eq!(passed(Body::Chunked, &after).unwrap(), (chunks.to_vec(), 3));
    }

    #[test]
    fn broken_bodies_are_errors() {
        assert!(passed(Body::Length(9), b"abc").is_err());
        assert!(passed(Body::Chunked, b"zz\r\n").is_err());
        assert!(passed(Body::Chunked, b"3\r\nab").is_err());
    }

    #[test]
    fn heads_are_read_whole_or_not_at_all() {
        let mut from = &b"POST /v1.41/networks/create?x=1 HTTP/1.1\r\nContent-length: 2\r\n\r\n{}"[..];
        let head = Head::read(&mut from).unwrap().unwrap();
        assert_eq!((head.method(), head.target()), ("POST", "/v1.41/networks/create?x=1"));
        assert_eq!(head.request_body(), Body::Length(2));
        assert_eq!(from, b"{}");
        assert!(Head::read(&mut &b""[..]).unwrap().is_none());
        assert!(Head::read(&mut &b"GET / HTT"[..]).is_err());
    }

    #[test]
    fn some_answers_have_no_body() {
        let answer = |first: &str| Head::read(&mut format!("{first}\r\n\r\n").as_bytes()).unwrap().unwrap();
        assert_eq!(answer("HTTP/1.1 204 No Content").answer_body("POST"), Body::None);
        assert_eq!(answer("HTTP/1.1 200 OK").answer_body("HEAD"), Body::None);
        assert_eq!(answer("HTTP/1.1 200 OK").answer_body("GET"), Body::UntilEnd);
    }
}
