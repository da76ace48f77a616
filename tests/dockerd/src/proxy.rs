//! A proxy in front of Docker's socket: it records every call, and breaks calls on request.

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

/// The proxy. Drop closes its socket and every connection.
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
    /// The part of a path that the fault is limited to.
    only: String,
    /// Mutating calls since the fault was set.
    mutated: usize,
    /// The open streams by number of the connection, to be closed with the proxy.
    connections: BTreeMap<usize, Vec<UnixStream>>,
}

/// The value, also after a panic of another thread that held it.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Proxy {
    /// Starts a proxy in front of this socket; the daemon may start later.
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
                    // The client sees a broken connection itself.
                    let _ = Connection::serve(&shared, number, client);
                    shared.forget(number);
                });
            }
        });
        Ok(Self { shared, socket, listener: Some(listener), _folder: folder })
    }

    /// The socket that clients connect to.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The calls so far, in the order of their arrival.
    pub fn calls(&self) -> Vec<Call> {
        locked(&self.shared.state).calls.values().cloned().collect()
    }

    /// The mutating calls so far.
    pub fn mutating(&self) -> Vec<Call> {
        self.calls().into_iter().filter(Call::is_mutating).collect()
    }

    /// Forgets the calls so far.
    pub fn forget(&self) {
        locked(&self.shared.state).calls.clear();
    }

    /// Sets the fault of all calls from now on.
    pub fn set_fault(&self, fault: Fault) {
        self.set_fault_on("", fault);
    }

    /// Sets the fault of calls whose path contains `part`, from now on.
    pub fn set_fault_on(&self, part: &str, fault: Fault) {
        let mut state = locked(&self.shared.state);
        state.fault = Some(fault);
        part.clone_into(&mut state.only);
        state.mutated = 0;
    }

    /// Ends the fault.
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

/// The treatment of one call, decided from its head.
pub(crate) enum Treatment {
    Forward,
    Delay(Duration),
    LoseAnswer(Option<Arc<dyn Fn() + Send + Sync>>),
    Drop,
    Hang,
    Answer(Vec<u8>),
}

impl Shared {
    /// Records the call, and decides its treatment.
    pub(crate) fn begin(&self, head: &Head) -> (usize, Treatment) {
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
        let treatment = match &state.fault {
            Some(_) if !concerned => Treatment::Forward,
            Some(Fault::ActAfter { nth, action }) if hit(*nth) => Treatment::LoseAnswer(Some(Arc::clone(action))),
            Some(Fault::CloseAfter { nth }) if hit(*nth) => Treatment::LoseAnswer(None),
            Some(Fault::CloseBefore { nth }) if hit(*nth) => Treatment::Drop,
            Some(Fault::Delay(delay)) => Treatment::Delay(*delay),
            Some(Fault::Hang) => Treatment::Hang,
            Some(Fault::Garbage(garbage)) => Treatment::Answer(garbage.bytes()),
            Some(Fault::Refuse(status, message)) => Treatment::Answer(refusal(*status, message)),
            _ => Treatment::Forward,
        };
        (at, treatment)
    }

    pub(crate) fn answered(&self, at: usize, status: Option<u16>) {
        // The calls may have been forgotten meanwhile.
        if let Some(call) = locked(&self.state).calls.get_mut(&at) {
            call.status = status;
        }
    }

    /// Keeps the stream, to close it with the proxy or when this connection is [forgotten](Self::forget).
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
