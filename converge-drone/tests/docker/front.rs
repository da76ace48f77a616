//! What stands before Gitea and before Drone: passes calls on, counts those that change something, kills and breaks.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode, header};
use axum::serve::Listener;
use nix::sched::{CloneFlags, setns};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::redirect::Policy;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The largest body that is passed on.
const LARGEST: usize = 16 * 1024 * 1024;
/// How converge-drone calls itself; Drone asks Gitea by the same front.
const OURS: &str = "converge-ci/";

/// Where calls are passed on to; `None` while there is nobody.
pub type Upstream = Box<dyn Fn() -> Option<SocketAddr> + Send + Sync>;

/// What happens to converge-drone's calls instead of an answer.
#[derive(Debug, Clone)]
pub enum Fault {
    /// SIGKILL to this process once the nth changing call (counted from 1) was answered to the front.
    KillAfter(usize, Arc<Mutex<Option<u32>>>),
    /// The nth changing call takes effect, and its answer is lost.
    LoseAnswer(usize),
    /// Status 500.
    Failing,
    /// A web page with status 200.
    Page,
    /// A redirect to the same address.
    Loop,
    /// No answer ever.
    Silence,
    /// Answers come, each this late.
    Slow(Duration),
}

/// A front. It ends with the process.
#[derive(Debug, Clone)]
pub struct Front {
    state: Arc<Shared>,
}

struct Shared {
    client: reqwest::Client,
    upstream: Upstream,
    seen: Mutex<Seen>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Seen {
    changing: Vec<String>,
    fault: Option<Fault>,
}

impl Front {
    /// Listens at `at` in a network namespace, by TLS where a certificate is given.
    pub fn start(namespace: &Path, at: SocketAddr, tls: Option<ServerConfig>, upstream: Upstream) -> Self {
        let namespace = std::fs::File::open(namespace).unwrap();
        let (tell, ready) = std::sync::mpsc::channel();
        thread::spawn(move || {
            // Its runtime's threads are born in the same namespace.
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let client = reqwest::Client::builder().redirect(Policy::none()).no_proxy().tls_certs_only([]);
                let state = Shared { client: client.build().unwrap(), upstream, seen: Mutex::default() };
                let front = Self { state: Arc::new(state) };
                let router = Router::new().fallback(pass_on).with_state(front.clone());
                let listener = TcpListener::bind(at).await.unwrap();
                tell.send(front).unwrap();
                match tls {
                    None => axum::serve(listener, router).await.unwrap(),
                    Some(tls) => {
                        let acceptor = TlsAcceptor::from(Arc::new(tls));
                        axum::serve(Tls { listener, acceptor }, router).await.unwrap();
                    }
                }
            });
        });
        ready.recv().unwrap()
    }

    /// The calls of converge-drone's that change something, since the last [`forget`](Self::forget).
    pub fn changing(&self) -> Vec<String> {
        self.state.seen.lock().unwrap().changing.clone()
    }

    /// Forgets what was seen.
    pub fn forget(&self) {
        self.state.seen.lock().unwrap().changing.clear();
    }

    /// What happens from now on; `None` for nothing.
    pub fn order(&self, fault: Option<Fault>) {
        self.state.seen.lock().unwrap().fault = fault;
    }

    /// Notes a call, and what is to happen to it, if it is one of ours.
    fn note(&self, request: &Request) -> (usize, Option<Fault>) {
        let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        if !agent.is_some_and(|agent| agent.starts_with(OURS)) {
            return (0, None);
        }
        let mut seen = self.state.seen.lock().unwrap();
        let query = request.uri().query().unwrap_or_default();
        // With the code Drone makes a session and gets itself a token.
        if request.method().is_safe() && !query.contains("code=") {
            return (0, seen.fault.clone());
        }
        seen.changing.push(format!("{} {}", request.method(), request.uri().path()));
        (seen.changing.len(), seen.fault.clone())
    }

    async fn ask(&self, request: Request) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, LARGEST).await.unwrap();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let Some(to) = (self.state.upstream)() else { return plain(StatusCode::BAD_GATEWAY, "nobody is there") };
        let call =
            self.state.client.request(parts.method, format!("http://{to}{path}")).headers(parts.headers).body(body);
        let Ok(answer) = call.send().await else { return plain(StatusCode::BAD_GATEWAY, "nobody answers") };
        let mut response = Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            if name != header::TRANSFER_ENCODING && name != header::CONNECTION {
                response = response.header(name, value);
            }
        }
        response.body(Body::from(answer.bytes().await.unwrap_or_default())).unwrap()
    }
}

async fn pass_on(State(front): State<Front>, request: Request) -> Response<Body> {
    let (number, fault) = front.note(&request);
    match fault {
        None => front.ask(request).await,
        Some(Fault::KillAfter(nth, victim)) => {
            let answer = front.ask(request).await;
            if number == nth {
                let pid = loop {
                    // The process was started a moment ago.
                    if let Some(pid) = *victim.lock().unwrap() {
                        break pid;
                    }
                    tokio::time::sleep(Duration::from_millis(1)).await;
                };
                kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL).unwrap();
                std::future::pending::<()>().await;
            }
            answer
        }
        Some(Fault::LoseAnswer(nth)) => {
            let answer = front.ask(request).await;
            if number == nth {
                front.order(None);
                return plain(StatusCode::BAD_GATEWAY, "the answer was lost");
            }
            answer
        }
        Some(Fault::Failing) => plain(StatusCode::INTERNAL_SERVER_ERROR, "made up"),
        Some(Fault::Page) => {
            let page = Response::builder().header(header::CONTENT_TYPE, "text/html");
            page.body(Body::from("<!doctype html><title>Maintenance</title><p>Back soon")).unwrap()
        }
        Some(Fault::Loop) => {
            let to = request.uri().path_and_query().map_or("/", |path| path.as_str());
            let answer = Response::builder().status(StatusCode::FOUND).header(header::LOCATION, to);
            answer.body(Body::empty()).unwrap()
        }
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::Slow(late)) => {
            tokio::time::sleep(late).await;
            front.ask(request).await
        }
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    Response::builder().status(status).body(Body::from(text)).unwrap()
}

/// Connections by TLS.
struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, from)) = self.listener.accept().await else { continue };
            // Who does not trust us ends the handshake.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
