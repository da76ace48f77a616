//! Servers of this test's own: right up to some request, wrong from then on.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, Response, header};
use axum::{Router, routing};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::fault::{Fault, leads, whole};
use crate::{COOKIE, TOKEN};

/// A server on a port of its own; it ends with this value.
#[derive(Debug)]
pub struct Server {
    /// The address.
    pub address: String,
    asked: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Server {
    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// One that is wrong from its first request on.
    pub async fn wrong(fault: Fault, elsewhere: &str) -> Self {
        Self::serve(Role::Wrong(fault, elsewhere.to_owned())).await
    }

    /// One that answers anything, and counts.
    pub async fn counting() -> Self {
        Self::serve(Role::Counting).await
    }

    /// A Drone that logs in at `gitea`, right up to step `right`, and a Gitea of the same kind: wrong at step `fault`.
    pub async fn pair(steps: Steps) -> (Self, Self) {
        let (drone, gitea) = (listener().await, listener().await);
        let addresses = Addresses { drone: at(&drone), gitea: at(&gitea) };
        let steps = Arc::new((steps, addresses));
        (Self::serve_at(drone, Role::Way(Arc::clone(&steps))), Self::serve_at(gitea, Role::Way(steps)))
    }

    /// A Drone that is right, and logs in at a Gitea that is somewhere else.
    pub async fn leading_to(gitea: &str) -> Self {
        let drone = listener().await;
        let addresses = Addresses { drone: at(&drone), gitea: gitea.to_owned() };
        let steps = Steps::right();
        Self::serve_at(drone, Role::Way(Arc::new((steps, addresses))))
    }

    async fn serve(role: Role) -> Self {
        Self::serve_at(listener().await, role)
    }

    fn serve_at(listener: TcpListener, role: Role) -> Self {
        let address = at(&listener);
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let answer = routing::any(move |request: Request| {
            let before = count.fetch_add(1, Ordering::SeqCst);
            let role = role.clone();
            async move { role.answer(request, before).await }
        });
        let app = Router::new().fallback_service(answer);
        let serving = tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        Self { address, asked, serving }
    }
}

/// A port of the loopback.
pub async fn listener() -> TcpListener {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap()
}

fn at(listener: &TcpListener) -> String {
    format!("http://{}", listener.local_addr().unwrap())
}

#[derive(Debug)]
pub struct Addresses {
    drone: String,
    gitea: String,
}

/// The steps of a login, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Drone's login.
    Begin,
    /// Gitea's page for the grant, without a session.
    Ask,
    /// Gitea's login page.
    LoginPage,
    /// The password.
    Password,
    /// The question for the grant.
    GrantPage,
    /// The grant.
    Grant,
    /// Drone's login, with the code.
    Back,
    /// The account of the session.
    Account,
    /// The API token.
    Token,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Begin,
        Self::Ask,
        Self::LoginPage,
        Self::Password,
        Self::GrantPage,
        Self::Grant,
        Self::Back,
        Self::Account,
        Self::Token,
    ];
}

/// Where a login's way is wrong, and where it may be led to.
#[derive(Debug, Clone)]
pub struct Steps {
    /// Which step is wrong, and how.
    pub wrong: Option<(Step, Fault)>,
    /// The server that must never be asked.
    pub elsewhere: String,
    /// How often Drone says that it still reads the account's repositories.
    pub busy: usize,
}

impl Steps {
    /// Nothing is wrong.
    pub fn right() -> Self {
        Self { wrong: None, elsewhere: String::new(), busy: 0 }
    }
}

#[derive(Debug, Clone)]
enum Role {
    Wrong(Fault, String),
    Counting,
    Way(Arc<(Steps, Addresses)>),
}

impl Role {
    async fn answer(self, request: Request, before: usize) -> Response<Body> {
        let (head, body) = request.into_parts();
        let signed_in = head.headers.get(header::COOKIE).is_some_and(|cookies| cookies.as_bytes().starts_with(b"in="));
        let path = head.uri.path().to_owned();
        let query = head.uri.query().unwrap_or_default().to_owned();
        let body = String::from_utf8_lossy(&to_bytes(body, 1 << 20).await.unwrap()).into_owned();
        // The head as it came: a server that shows it shows every secret in it.
        let sent = || {
            let headers = head.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
            format!("{} {body}", headers.filter(|line| !line.starts_with("accept")).collect::<Vec<_>>().join(" "))
        };
        match self {
            Self::Counting => whole(200, "text/plain", "here"),
            Self::Wrong(fault, elsewhere) => fault.answer(&sent(), &path, &elsewhere).await,
            Self::Way(way) => {
                let step = step(&path, &query, head.method.as_str(), signed_in);
                match (step, way.0.wrong) {
                    (Some(step), Some((wrong, fault))) if step == wrong => {
                        fault.answer(&sent(), &head.uri.to_string(), &way.0.elsewhere).await
                    }
                    // Drone was asked twice before it is asked for the account.
                    (Some(Step::Account), _) if before < 2 + way.0.busy => {
                        whole(200, "application/json", "{\"id\": 1, \"login\": \"ci-bot\", \"syncing\": true}")
                    }
                    (Some(step), _) => right(step, &way.1, &body),
                    (None, _) => whole(404, "application/json", "{\"message\": \"no such step\"}"),
                }
            }
        }
    }
}

fn step(path: &str, query: &str, method: &str, signed_in: bool) -> Option<Step> {
    Some(match (path, method) {
        ("/login", "GET") if query.contains("code=") => Step::Back,
        ("/login", "GET") => Step::Begin,
        ("/login/oauth/authorize", "GET") if signed_in => Step::GrantPage,
        ("/login/oauth/authorize", "GET") => Step::Ask,
        ("/user/login", "GET") => Step::LoginPage,
        ("/user/login", "POST") => Step::Password,
        ("/login/oauth/grant", "POST") => Step::Grant,
        ("/api/user", "GET") => Step::Account,
        ("/api/user/token", "POST") => Step::Token,
        _ => return None,
    })
}

/// The answers of both servers without a fault.
fn right(step: Step, at: &Addresses, body: &str) -> Response<Body> {
    let Addresses { drone, gitea } = at;
    let page = |form: String| whole(200, "text/html; charset=utf-8", format!("<title>A page</title>{form}"));
    match step {
        Step::Begin => {
            leads(303, &format!("{gitea}/login/oauth/authorize?client_id=c&redirect_uri={drone}/login&state=s"))
        }
        Step::Ask => leads(303, "/user/login?redirect_to=/login/oauth/authorize"),
        Step::LoginPage => page(
            "<form method=post action='/user/login'><input type=hidden name=_csrf value=x>\
             <input type=text name=user_name><input type=password name=password></form>"
                .to_owned(),
        ),
        Step::Password => {
            assert!(body.contains("_csrf=x") && body.contains("user_name=ci-bot"), "{body}");
            with_cookie(leads(303, "/login/oauth/authorize"), &format!("in={COOKIE}; Path=/"))
        }
        Step::GrantPage => page(format!(
            "<form method=post action='/login/oauth/grant'><input type=hidden name=client_id value=c>\
             <input type=hidden name=redirect_uri value='{drone}/login'>\
             <button type=submit name=granted value=true>Yes</button><button name=granted value=false>No</button></form>"
        )),
        Step::Grant => {
            assert!(body.contains("granted=true") && body.contains("client_id=c"), "{body}");
            leads(303, &format!("{drone}/login?code={COOKIE}&state=s"))
        }
        Step::Back => with_cookie(leads(303, "/register"), &format!("_session_={COOKIE}; Path=/; HttpOnly")),
        Step::Account => whole(200, "application/json", "{\"id\": 1, \"login\": \"ci-bot\"}"),
        Step::Token => whole(200, "application/json", format!("{{\"login\": \"ci-bot\", \"token\": \"{TOKEN}\"}}")),
    }
}

fn with_cookie(mut answer: Response<Body>, cookie: &str) -> Response<Body> {
    answer.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_str(cookie).unwrap());
    answer
}
