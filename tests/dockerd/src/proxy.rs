//! A proxy in front of Docker's socket: it writes down every call and, when told to, breaks one.

use std::collections::BTreeMap;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tempfile::TempDir;

use crate::call::Call;
use crate::connection::Connection;
use crate::fault::{Fault, refusal};
use crate::http::Head;

/// The proxy; dropping it closes its socket and every connection.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    socket: PathBuf,
    listener: Option<JoinHandle<()>>,
    _folder: TempDir,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) upstream: PathBuf,
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
    /// What is open, to be closed with the proxy; by the number of the connection.
    connections: BTreeMap<usize, Vec<UnixStream>>,
}

/// The value, whoever panicked while holding it.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
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
            for (number, client) in listener.incoming().map_while(Result::ok).enumerate() {
                if for_listener.over.load(Ordering::SeqCst) {
                    break;
                }
                let shared = Arc::clone(&for_listener);
                thread::spawn(move || {
                    // A connection that breaks is the client's to notice.
                    let _ = Connection::serve(&shared, number, client);
                    shared.forget(number);
                });
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
        let open: Vec<usize> = locked(&self.shared.state).connections.keys().copied().collect();
        for connection in open {
            self.shared.forget(connection);
        }
    }
}

/// What happens to one call, decided when its head has been read.
pub(crate) enum Fate {
    Forward,
    Delay(Duration),
    LoseAnswer(Option<Arc<dyn Fn() + Send + Sync>>),
    Drop,
    Hang,
    Answer(Vec<u8>),
}

impl Shared {
    /// Writes the call down and decides what happens to it.
    pub(crate) fn begin(&self, head: &Head) -> (usize, Fate) {
        let call = Call::new(head);
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

    pub(crate) fn answered(&self, at: usize, status: Option<u16>) {
        // Gone when the calls were forgotten meanwhile.
        if let Some(call) = locked(&self.state).calls.get_mut(&at) {
            call.status = status;
        }
    }

    /// Closes the stream when the proxy ends, or when this connection is [forgotten](Self::forget).
    pub(crate) fn remember(&self, connection: usize, stream: &UnixStream) -> io::Result<()> {
        let stream = stream.try_clone()?;
        locked(&self.state).connections.entry(connection).or_default().push(stream);
        Ok(())
    }

    /// Closes both sides of a connection.
    pub(crate) fn forget(&self, connection: usize) {
        for stream in locked(&self.state).connections.remove(&connection).into_iter().flatten() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
