//! Which version of its API a daemon speaks.
//!
//! Asked of `/_ping`, which answers at once: `/version`, which the client library would ask, has the daemon start other
//! programs to ask them theirs, and takes longer than everything else a run with nothing to do does.

use std::fmt;
use std::path::Path;

use bollard::errors::Error;
use bollard::{API_DEFAULT_VERSION, ClientVersion};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::Problem;

/// Longer than the answer's head ever is.
const LONGEST: u64 = 16 * 1024;

/// A version of Docker's API, written as Docker writes it: `1.41`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Api(pub usize, pub usize);

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl From<Api> for String {
    fn from(api: Api) -> Self {
        api.to_string()
    }
}

impl TryFrom<String> for Api {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parse(&text).map(|(major, minor)| Self(major, minor)).ok_or_else(|| format!("`{text}` is no version of an API"))
    }
}

/// The newest version that the daemon at `socket` and this program both speak.
pub(super) async fn agreed(socket: &Path) -> Result<ClientVersion, Problem> {
    let mut stream = UnixStream::connect(socket).await.map_err(Problem::Socket)?;
    let request = b"GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.map_err(Problem::Socket)?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer).await.map_err(Problem::Socket)?;
    let answer = String::from_utf8_lossy(&answer);
    let spoken = read(&answer).ok_or_else(|| refusal(&answer))?;
    let newest = (API_DEFAULT_VERSION.major_version, API_DEFAULT_VERSION.minor_version);
    let (major_version, minor_version) = spoken.min(newest);
    Ok(ClientVersion { major_version, minor_version })
}

/// The version in the head of an answer.
fn read(head: &str) -> Option<(usize, usize)> {
    let mut lines = head.lines();
    if !lines.next()?.starts_with("HTTP/1.") {
        return None;
    }
    let named = |line: &str| {
        Some(line.split_once(':')?)
            .filter(|(name, _)| name.eq_ignore_ascii_case("api-version"))
            .map(|(_, value)| value.trim().to_owned())
    };
    let version = lines.take_while(|line| !line.is_empty()).find_map(named)?;
    parse(&version)
}

fn parse(version: &str) -> Option<(usize, usize)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Why an answer has no version: the daemon, or something before it, refused.
fn refusal(answer: &str) -> Problem {
    let status = answer.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)?.parse::<u16>().ok());
    let body = answer.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str::<Value>(body).ok());
    match (status, body.as_ref().and_then(|body| body["message"].as_str())) {
        (Some(status_code), Some(message)) if status_code >= 400 => {
            Problem::Client(Error::DockerResponseServerError { status_code, message: message.to_owned() })
        }
        _ => Problem::NotDocker,
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn the_version_is_read_from_the_head() {
        assert_eq!(read("HTTP/1.0 200 OK\r\nApi-Version: 1.41\r\n\r\nOK"), Some((1, 41)));
        assert_eq!(read("HTTP/1.1 200 OK\r\nserver: x\r\napi-version:1.45\r\n\r\nOK"), Some((1, 45)));
        for wrong in
            ["", "hello", "HTTP/1.1 200 OK\r\n\r\nApi-Version: 1.41", "HTTP/1.1 200 OK\r\nApi-Version: new\r\n\r\n"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
