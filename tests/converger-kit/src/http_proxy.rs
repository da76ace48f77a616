//! A proxy in front of an HTTP service: it passes calls on, records those that change something, and breaks them.

mod fault;
mod tls;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode, header};
use nix::sched::{CloneFlags, setns};
use reqwest::redirect::Policy;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub use fault::HttpFault;
use tls::TlsListener;

/// The largest body that is passed on, in bytes.
const MAX_BODY: usize = 16 * 1024 * 1024;
/// The start of the user agent of a converger. Other clients use the same proxy.
const USER_AGENT: &str = "converge-ci/";

/// The address of the service; `None` while it is not there.
pub type Upstream = Box<dyn Fn() -> Option<SocketAddr> + Send + Sync>;

/// The proxy. It ends with the process.
#[derive(Debug, Clone)]
pub struct HttpProxy {
    shared: Arc<Shared>,
}

struct Shared {
    service: &'static str,
    client: reqwest::Client,
    upstream: Upstream,
    state: Mutex<Recorded>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("service", &self.service).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Recorded {
    mutating: Vec<String>,
    fault: Option<HttpFault>,
}

impl HttpProxy {
    /// Listens at `address` in a network namespace, with TLS if there is a certificate.
    pub fn start(
        service: &'static str,
        namespace: &Path,
        address: SocketAddr,
        tls: Option<ServerConfig>,
        upstream: Upstream,
    ) -> Self {
        let namespace = std::fs::File::open(namespace).unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        thread::spawn(move || {
            // Threads of the runtime are started in the same namespace.
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let client = reqwest::Client::builder().redirect(Policy::none()).no_proxy().tls_certs_only([]);
                let client = client.build().unwrap();
                let proxy = Self { shared: Arc::new(Shared { service, client, upstream, state: Mutex::default() }) };
                let router = Router::new().fallback(handle).with_state(proxy.clone());
                let listener = TcpListener::bind(address).await.unwrap();
                sender.send(proxy).unwrap();
                match tls {
                    None => axum::serve(listener, router).await.unwrap(),
                    Some(tls) => {
                        let acceptor = TlsAcceptor::from(Arc::new(tls));
                        axum::serve(TlsListener { listener, acceptor }, router).await.unwrap();
                    }
                }
            });
        });
        receiver.recv().unwrap()
    }

    /// The service's name.
    pub fn service(&self) -> &'static str {
        self.shared.service
    }

    /// The mutating calls of the converger since the last [`forget`](Self::forget).
    pub fn mutating(&self) -> Vec<String> {
        self.shared.state.lock().unwrap().mutating.clone()
    }

    /// Forgets the calls so far.
    pub fn forget(&self) {
        self.shared.state.lock().unwrap().mutating.clear();
    }

    /// Sets the fault of the calls from now on.
    pub fn set_fault(&self, fault: HttpFault) {
        self.shared.state.lock().unwrap().fault = Some(fault);
    }

    /// Ends the fault.
    pub fn clear_fault(&self) {
        self.shared.state.lock().unwrap().fault = None;
    }

    /// Records a call of the converger. Returns its number among the mutating calls, 0 for a read, and its fault.
    pub(crate) fn record(&self, request: &Request) -> (usize, Option<HttpFault>) {
        let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        if !agent.is_some_and(|agent| agent.starts_with(USER_AGENT)) {
            return (0, None);
        }
        let mut state = self.shared.state.lock().unwrap();
        let query = request.uri().query().unwrap_or_default();
        // The code of an OAuth login makes a session and a token.
        if request.method().is_safe() && !query.contains("code=") {
            return (0, state.fault.clone());
        }
        state.mutating.push(format!("{} {}", request.method(), request.uri().path()));
        (state.mutating.len(), state.fault.clone())
    }

    /// Passes a call on to the service.
    pub(crate) async fn pass_on(&self, request: Request) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, MAX_BODY).await.unwrap();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let Some(upstream) = (self.shared.upstream)() else { return bad_gateway("the service is not there") };
        let url = format!("http://{upstream}{path}");
        let call = self.shared.client.request(parts.method, url).headers(parts.headers).body(body);
        let Ok(answer) = call.send().await else { return bad_gateway("the service does not answer") };
        let mut response = Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            if name != header::TRANSFER_ENCODING && name != header::CONNECTION {
                response = response.header(name, value);
            }
        }
        response.body(Body::from(answer.bytes().await.unwrap_or_default())).unwrap()
    }
}

async fn handle(State(proxy): State<HttpProxy>, request: Request) -> Response<Body> {
    match proxy.record(&request) {
        (_, None) => proxy.pass_on(request).await,
        (number, Some(fault)) => fault.answer(&proxy, number, request).await,
    }
}

/// Status 502.
fn bad_gateway(text: &'static str) -> Response<Body> {
    Response::builder().status(StatusCode::BAD_GATEWAY).body(Body::from(text)).unwrap()
}
