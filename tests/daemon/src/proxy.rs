//! A proxy in front of Docker's socket: it writes down every call and, when told to, breaks one.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::http::{self, Body, Head};

/// Calls that are no GET and change nothing: they attach, wait, check or set the size of a terminal.
const READ_ONLY: &[&str] = &["/wait", "/attach", "/resize", "/auth", "/session", "/grpc"];

/// One call that went through the proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path with its query, without the version in front.
    pub path: String,
    /// The daemon's answer; none when it was never asked or has not answered yet.
    pub status: Option<u16>,
}

impl Call {
    /// Whether it changes something, or would if the daemon let it.
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

/// What is answered instead of the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rubbish {
    /// A proper answer whose body is not JSON.
    Json,
    /// Proper JSON of a shape nobody expects.
    Shape,
    /// Not HTTP at all.
    Http,
    /// A proper head and half of the body it promises.
    Half,
}

/// What goes wrong. `nth` counts mutating calls from one, from when the fault was set.
#[derive(Clone)]
pub enum Fault {
    /// When the daemon has answered the nth mutating call, this is called and the answer is lost.
    KillAfter {
        /// Which mutating call.
        nth: usize,
        /// Kills somebody, usually; see [`Fault::kill_after`].
        action: Arc<dyn Fn() + Send + Sync>,
    },
    /// Every answer waits this long.
    Delay(Duration),
    /// Every call is answered with rubbish; the daemon never hears of it.
    Garbage(Rubbish),
    /// Every call is refused with this status and message; the daemon never hears of it.
    Refuse(u16, String),
    /// No call is ever answered; the daemon never hears of it.
    Hang,
    /// The connection is closed before the daemon hears of the nth mutating call.
    CloseBefore {
        /// Which mutating call.
        nth: usize,
    },
    /// The connection is closed after the daemon has answered the nth mutating call; the answer is lost.
    CloseAfter {
        /// Which mutating call.
        nth: usize,
    },
}

impl Fault {
    /// Kills this process (SIGKILL) after the effect of the nth mutating call and before it hears the answer. The slot
    /// is filled by the test once the process is started; an empty one kills nobody.
    pub fn kill_after(nth: usize, victim: &Arc<Mutex<Option<u32>>>) -> Self {
        let victim = Arc::clone(victim);
        let action = move || {
            let victim = locked(&victim).and_then(|pid| i32::try_from(pid).ok());
            if let Some(pid) = victim {
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
        };
        Self::KillAfter { nth, action: Arc::new(action) }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KillAfter { nth, .. } => write!(f, "KillAfter({nth})"),
            Self::Delay(delay) => write!(f, "Delay({delay:?})"),
            Self::Garbage(rubbish) => write!(f, "Garbage({rubbish:?})"),
            Self::Refuse(status, message) => write!(f, "Refuse({status}, {message:?})"),
            Self::Hang => write!(f, "Hang"),
            Self::CloseBefore { nth } => write!(f, "CloseBefore({nth})"),
            Self::CloseAfter { nth } => write!(f, "CloseAfter({nth})"),
        }
    }
}

/// The proxy; dropping it closes its socket and every connection.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    socket: PathBuf,
    listener: Option<JoinHandle<()>>,
    _folder: TempDir,
}

#[derive(Debug)]
struct Shared {
    upstream: PathBuf,
    state: Mutex<State>,
    over: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    calls: BTreeMap<usize, Call>,
    /// The number of the next call; never used twice.
    next: usize,
    fault: Option<Fault>,
    /// The fault concerns only calls whose path contains this.
    only: String,
    /// Mutating calls since the fault was set.
    mutated: usize,
    connections: Vec<UnixStream>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Proxy {
    /// A proxy in front of this socket; the daemon need not run yet.
    pub fn start(upstream: impl AsRef<Path>) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("docker-proxy-").tempdir()?;
        let socket = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&socket)?;
        let upstream = upstream.as_ref().to_owned();
        let shared = Arc::new(Shared { upstream, state: Mutex::default(), over: AtomicBool::new(false) });
        let for_listener = Arc::clone(&shared);
        let listener = thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                if for_listener.over.load(Ordering::SeqCst) {
                    break;
                }
                let shared = Arc::clone(&for_listener);
                // A connection that breaks is the client's to notice.
                thread::spawn(move || drop(Connection::serve(&shared, connection)));
            }
        });
        Ok(Self { shared, socket, listener: Some(listener), _folder: folder })
    }

    /// The socket to talk to.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Every call so far, in the order they came.
    pub fn calls(&self) -> Vec<Call> {
        locked(&self.shared.state).calls.values().cloned().collect()
    }

    /// The calls so far that change something.
    pub fn mutating(&self) -> Vec<Call> {
        self.calls().into_iter().filter(Call::is_mutating).collect()
    }

    /// Forgets the calls so far.
    pub fn forget(&self) {
        locked(&self.shared.state).calls.clear();
    }

    /// From now on, this goes wrong.
    pub fn set_fault(&self, fault: Fault) {
        self.set_fault_on("", fault);
    }

    /// From now on, this goes wrong with calls whose path contains `part`.
    pub fn set_fault_on(&self, part: &str, fault: Fault) {
        let mut state = locked(&self.shared.state);
        state.fault = Some(fault);
        part.clone_into(&mut state.only);
        state.mutated = 0;
    }

    /// From now on, nothing goes wrong.
    pub fn clear_fault(&self) {
        locked(&self.shared.state).fault = None;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = UnixStream::connect(&self.socket);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
        for connection in locked(&self.shared.state).connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

/// What happens to one call, decided when its head has been read.
enum Fate {
    Forward,
    Delay(Duration),
    LoseAnswer(Option<Arc<dyn Fn() + Send + Sync>>),
    Drop,
    Hang,
    Answer(Vec<u8>),
}

impl Shared {
    /// Writes the call down and decides what happens to it.
    fn begin(&self, head: &Head) -> (usize, Fate) {
        let call = Call { method: head.method().to_owned(), path: without_version(head.target()), status: None };
        let mut state = locked(&self.state);
        let concerned = call.path.contains(&state.only);
        let mutating = call.is_mutating() && concerned;
        let at = state.next;
        state.next += 1;
        state.calls.insert(at, call);
        if mutating {
            state.mutated += 1;
        }
        let hit = |nth: usize| mutating && state.mutated == nth;
        let fate = match &state.fault {
            Some(_) if !concerned => Fate::Forward,
            Some(Fault::KillAfter { nth, action }) if hit(*nth) => Fate::LoseAnswer(Some(Arc::clone(action))),
            Some(Fault::CloseAfter { nth }) if hit(*nth) => Fate::LoseAnswer(None),
            Some(Fault::CloseBefore { nth }) if hit(*nth) => Fate::Drop,
            Some(Fault::Delay(delay)) => Fate::Delay(*delay),
            Some(Fault::Hang) => Fate::Hang,
            Some(Fault::Garbage(rubbish)) => Fate::Answer(rubbish.bytes()),
            Some(Fault::Refuse(status, message)) => Fate::Answer(refusal(*status, message)),
            _ => Fate::Forward,
        };
        (at, fate)
    }

    fn answered(&self, at: usize, status: Option<u16>) {
        // Gone when the calls were forgotten meanwhile.
        if let Some(call) = locked(&self.state).calls.get_mut(&at) {
            call.status = status;
        }
    }

    fn remember(&self, connection: &UnixStream) -> io::Result<()> {
        let connection = connection.try_clone()?;
        locked(&self.state).connections.push(connection);
        Ok(())
    }
}

impl Rubbish {
    fn bytes(self) -> Vec<u8> {
        let body = match self {
            Self::Json | Self::Half => "{\"ID\": \u{fffd}, rubbish",
            Self::Shape => "[[null, 7], \"rubbish\"]",
            Self::Http => return b"\x00\x16\xffrubbish rubbish rubbish\r\n\r\n".to_vec(),
        };
        let length = if self == Self::Half { body.len() * 2 } else { body.len() };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n");
        format!("{head}Connection: close\r\n\r\n{body}").into_bytes()
    }
}

fn refusal(status: u16, message: &str) -> Vec<u8> {
    let body = serde_json::json!({ "message": message }).to_string();
    let head = format!("HTTP/1.1 {status} Refused\r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
    format!("{head}\r\nConnection: close\r\n\r\n{body}").into_bytes()
}

/// `/v1.41/networks` is `/networks`, whoever asks.
fn without_version(target: &str) -> String {
    let rest = target.strip_prefix("/v").and_then(|rest| rest.split_once('/'));
    match rest {
        Some((version, path)) if version.chars().all(|letter| letter.is_ascii_digit() || letter == '.') => {
            format!("/{path}")
        }
        _ => target.to_owned(),
    }
}

/// One client's connection and the connection to the daemon that goes with it.
struct Connection<'a> {
    shared: &'a Shared,
    client: UnixStream,
    client_reader: BufReader<UnixStream>,
    daemon: UnixStream,
    daemon_reader: BufReader<UnixStream>,
}

impl<'a> Connection<'a> {
    fn serve(shared: &'a Shared, client: UnixStream) -> io::Result<()> {
        shared.remember(&client)?;
        let daemon = UnixStream::connect(&shared.upstream)?;
        shared.remember(&daemon)?;
        let client_reader = BufReader::new(client.try_clone()?);
        let daemon_reader = BufReader::new(daemon.try_clone()?);
        let mut connection = Self { shared, client, client_reader, daemon, daemon_reader };
        let served = connection.serve_calls();
        // The copies kept for the proxy's end would hold them open.
        let _ = connection.client.shutdown(Shutdown::Both);
        let _ = connection.daemon.shutdown(Shutdown::Both);
        served
    }

    fn serve_calls(&mut self) -> io::Result<()> {
        while let Some(head) = Head::read(&mut self.client_reader)? {
            let (at, fate) = self.shared.begin(&head);
            match fate {
                Fate::Drop => return Ok(()),
                Fate::Hang => return http::copy(&mut self.client_reader, &mut io::sink()),
                Fate::Answer(bytes) => {
                    http::pass_on(head.request_body(), &mut self.client_reader, &mut io::sink())?;
                    return self.client.write_all(&bytes);
                }
                Fate::Forward => {
                    if !self.forward(&head, at, Duration::ZERO)? {
                        return Ok(());
                    }
                }
                Fate::Delay(delay) => {
                    if !self.forward(&head, at, delay)? {
                        return Ok(());
                    }
                }
                Fate::LoseAnswer(action) => {
                    self.send(&head)?;
                    let answer = self.answer_head()?;
                    let body = answer.answer_body(head.method());
                    http::pass_on(body, &mut self.daemon_reader, &mut io::sink())?;
                    self.shared.answered(at, answer.status());
                    if let Some(action) = action {
                        action();
                    }
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn send(&mut self, head: &Head) -> io::Result<()> {
        self.daemon.write_all(&head.raw)?;
        http::pass_on(head.request_body(), &mut self.client_reader, &mut self.daemon)
    }

    fn answer_head(&mut self) -> io::Result<Head> {
        Head::read(&mut self.daemon_reader)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Passes a call and its answer on; false when the connection is spent.
    fn forward(&mut self, head: &Head, at: usize, delay: Duration) -> io::Result<bool> {
        self.send(head)?;
        let mut answer = self.answer_head()?;
        while matches!(answer.status(), Some(100 | 102..=199)) {
            self.client.write_all(&answer.raw)?;
            answer = self.answer_head()?;
        }
        // The fault itself, not a test waiting for something.
        thread::sleep(delay);
        self.shared.answered(at, answer.status());
        self.client.write_all(&answer.raw)?;
        let body = answer.answer_body(head.method());
        if answer.status() == Some(101) || (body == Body::UntilEnd && head.wants_upgrade()) {
            self.both_ways()?;
            return Ok(false);
        }
        http::pass_on(body, &mut self.daemon_reader, &mut self.client)?;
        Ok(body != Body::UntilEnd && !answer.closes() && !head.closes())
    }

    /// A stream after an upgrade: bytes go both ways, and each side may end its own half.
    fn both_ways(&mut self) -> io::Result<()> {
        let Self { client, client_reader, daemon, daemon_reader, .. } = self;
        thread::scope(|scope| {
            scope.spawn(|| {
                let _ = http::copy(client_reader, daemon);
                let _ = daemon.shutdown(Shutdown::Write);
            });
            let copied = http::copy(daemon_reader, client);
            // The daemon's end is the stream's end.
            let _ = client.shutdown(Shutdown::Both);
            copied
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, path: &str) -> Call {
        Call { method: method.to_owned(), path: without_version(path), status: None }
    }

    #[test]
    fn reads_are_told_from_writes() {
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
