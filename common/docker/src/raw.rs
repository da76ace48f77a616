//! A plain GET on Docker's socket, for data that the client library does not return.

use std::path::Path;

use bollard::errors::Error;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::Failure;

/// Longer than any answer is.
const LONGEST: u64 = 16 * 1024 * 1024;

/// An answer, whole.
#[derive(Debug)]
pub(super) struct Answer {
    status: u16,
    /// The headers, a line each.
    head: String,
    /// The body.
    pub(super) body: Vec<u8>,
}

/// Asks the daemon at `socket` for `path`.
pub(super) async fn get(socket: &Path, path: &str) -> Result<Answer, Failure> {
    let mut stream = UnixStream::connect(socket).await.map_err(Failure::Socket)?;
    // By HTTP/1.0 the answer is in one piece and ends with the connection.
    let request = format!("GET {path} HTTP/1.0\r\nHost: docker\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.map_err(Failure::Socket)?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer).await.map_err(Failure::Socket)?;
    read(&answer).ok_or(Failure::NotDocker)
}

fn read(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let (first, head) = head.split_once("\r\n").unwrap_or((head, ""));
    let status = first.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let answer = Answer { status, head: head.to_owned(), body: answer[end + 4..].to_vec() };
    let is_whole = answer.header("content-length").is_none_or(|length| length.parse() == Ok(answer.body.len()));
    is_whole.then_some(answer)
}

impl Answer {
    /// A header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let pairs = self.head.lines().filter_map(|line| line.split_once(':'));
        pairs.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }

    /// Itself, unless the daemon, or something before it, refused.
    pub(super) fn or_refusal(self) -> Result<Self, Failure> {
        if self.status < 400 {
            return Ok(self);
        }
        let body: Option<Value> = serde_json::from_slice(&self.body).ok();
        match body.as_ref().and_then(|body| body["message"].as_str()) {
            Some(message) => Err(Failure::Client(Error::DockerResponseServerError {
                status_code: self.status,
                message: message.to_owned(),
            })),
            None => Err(Failure::NotDocker),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_whole_or_not_at_all() {
        let answer = read(b"HTTP/1.0 200 OK\r\nApi-Version: 1.41\r\ncontent-length: 2\r\n\r\n[]").unwrap();
        assert_eq!(
            (answer.status, answer.header("api-version"), answer.body.as_slice()),
            (200, Some("1.41"), b"[]".as_slice())
        );
        for wrong in [
            "",
            "hello",
            "HTTP/1.0 200 OK",
            "HTTP/2 200\r\n\r\n",
            "HTTP/1.0 x\r\n\r\n",
            "HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\n[]",
        ] {
            assert!(read(wrong.as_bytes()).is_none(), "{wrong}");
        }
        let refused = read(b"HTTP/1.1 503 No\r\n\r\n{\"message\":\"no more room\"}").unwrap().or_refusal();
        assert!(matches!(refused, Err(Failure::Client(Error::DockerResponseServerError { status_code: 503, .. }))));
        assert!(matches!(read(b"HTTP/1.1 500 No\r\n\r\n<p>").unwrap().or_refusal(), Err(Failure::NotDocker)));
    }
}
