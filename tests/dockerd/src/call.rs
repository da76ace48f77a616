//! One call to Docker.

use std::fmt;

use crate::http::Head;

/// Ends of the paths whose calls are no GET and change nothing: attach, wait, check, resize a terminal.
const READ_ONLY: &[&str] = &["/wait", "/attach", "/resize", "/auth", "/session", "/grpc"];

/// One call that went through the proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path with its query, without the version in front.
    pub path: String,
    /// The status of the daemon's answer; none before it, and if the call never reached the daemon.
    pub status: Option<u16>,
}

impl Call {
    /// The call with this head.
    pub(crate) fn new(head: &Head) -> Self {
        Self { method: head.method().to_owned(), path: without_version(head.target()), status: None }
    }

    /// True if the call changes something, or would if the daemon accepted it.
    pub fn is_mutating(&self) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        !matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS") && !READ_ONLY.iter().any(|end| path.ends_with(end))
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        self.status.map_or(Ok(()), |status| write!(f, " -> {status}"))
    }
}

/// `/networks` for `/v1.41/networks`: clients differ in the version.
fn without_version(target: &str) -> String {
    let rest = target.strip_prefix("/v").and_then(|rest| rest.split_once('/'));
    match rest {
        Some((version, path)) if version.chars().all(|letter| letter.is_ascii_digit() || letter == '.') => {
            format!("/{path}")
        }
        _ => target.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, path: &str) -> Call {
        Call { method: method.to_owned(), path: without_version(path), status: None }
    }

    #[test]
    fn reads_differ_from_writes() {
        let writes = [
            ("POST", "/v1.41/swarm/init"),
            ("POST", "/networks/create"),
            ("DELETE", "/v1.41/networks/proxy"),
            ("PUT", "/containers/x/archive?path=/"),
            ("POST", "/v1.43/services/x/update?version=7"),
            ("POST", "/images/load"),
        ];
        let reads = [
            ("GET", "/v1.41/info"),
            ("HEAD", "/_ping"),
            ("POST", "/v1.41/containers/x/wait?condition=not-running"),
            ("POST", "/auth"),
            ("POST", "/containers/x/attach?stream=1"),
            ("POST", "/session"),
        ];
        assert!(writes.iter().all(|(method, path)| call(method, path).is_mutating()));
        assert!(reads.iter().all(|(method, path)| !call(method, path).is_mutating()));
    }

    #[test]
    fn versions_are_left_out_of_paths() {
        assert_eq!(without_version("/v1.41/networks?x=/v1"), "/networks?x=/v1");
        assert_eq!(without_version("/volumes/a"), "/volumes/a");
        assert_eq!(without_version("/version"), "/version");
    }
}
