//! Every call the clients have.

use std::fmt::Debug;
use std::pin::Pin;

use base::error::{Explain, Explained};
use converge_drone::login::{Outcome, Session, login, why_refused};
use http::Service;
use http::drone::Drone;
use http::gitea::{Application, Gitea};

/// The two servers.
#[derive(Debug)]
pub struct Pair {
    /// Drone, asked with the token.
    pub drone: Drone,
    /// Gitea, asked as the bot.
    pub gitea: Gitea,
}

/// A call's failure: as a report carries it, and as a debugging line would.
#[derive(Debug)]
pub struct Failure {
    /// As a report carries it.
    pub explained: Explained,
    /// As `{:?}` says it.
    pub debugged: String,
}

impl Failure {
    fn new(error: &(impl Explain + Debug)) -> Self {
        Self { explained: Explained::new(error), debugged: format!("{error:?}") }
    }

    /// All of it, on several lines.
    pub fn text(&self) -> String {
        let Explained { message, causes, hint, .. } = &self.explained;
        format!("{message}\n  {}\nhint: {}", causes.join("\n  "), hint.as_deref().unwrap_or_default())
    }
}

/// The outcome of a call.
pub type Settled = Result<String, Failure>;

/// A call under way.
pub type Asking<'a> = Pin<Box<dyn Future<Output = Settled> + 'a>>;

/// A call.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// The name.
    pub name: &'static str,
    /// The server of the first request.
    pub service: Service,
    /// Makes it.
    pub make: for<'a> fn(&'a Pair) -> Asking<'a>,
}

fn settled<T: Debug, E: Explain + Debug>(result: Result<T, E>) -> Settled {
    result.map(|value| format!("{value:?}")).map_err(|error| Failure::new(&error))
}

macro_rules! call {
    ($service:ident, $name:literal, $pair:ident => $made:expr) => {
        Call { name: $name, service: Service::$service, make: |$pair| Box::pin(async move { settled($made.await) }) }
    };
}

const REPOSITORY: &str = "recipes/ci";

/// All of them.
pub const ALL: &[Call] = &[
    call!(Gitea, "gitea applications", pair => pair.gitea.applications()),
    call!(Gitea, "gitea create_application", pair => pair.gitea.create_application("drone", "https://d/login")),
    call!(Gitea, "gitea regenerate_secret", pair => async { pair.gitea.regenerate_secret(&application()).await }),
    call!(Gitea, "gitea repository", pair => pair.gitea.repository(REPOSITORY)),
    call!(Drone, "drone healthy", pair => pair.drone.healthy()),
    call!(Drone, "drone account", pair => pair.drone.account()),
    call!(Drone, "drone repositories", pair => pair.drone.repositories()),
    call!(Drone, "drone synchronise", pair => pair.drone.synchronise()),
    call!(Drone, "drone remote_permissions", pair => pair.drone.remote_permissions(REPOSITORY)),
    call!(Drone, "drone activate", pair => pair.drone.activate(REPOSITORY)),
    call!(Drone, "drone set", pair => pair.drone.set(REPOSITORY, 70, true)),
    call!(Drone, "drone take_over", pair => pair.drone.take_over(REPOSITORY)),
    Call {
        name: "login",
        service: Service::Drone,
        make: |pair| Box::pin(async move { log_in(pair).await.map(|session| format!("{session:?}")) }),
    },
    Call { name: "why_refused", service: Service::Gitea, make: |pair| Box::pin(ask_why(pair)) },
];

fn application() -> Application {
    Application {
        id: 1,
        name: "drone".into(),
        client_id: "c".into(),
        redirect_uris: vec!["https://d/login".into()],
        confidential_client: true,
        skip_secondary_authorization: false,
    }
}

/// Logs in; a login that is blocked counts as an error.
pub async fn log_in(pair: &Pair) -> Result<Session, Failure> {
    match login(&pair.drone, &pair.gitea).await {
        Ok(Outcome::LoggedIn(session)) => Ok(session),
        Ok(Outcome::Blocked(blocked)) => Err(Failure::new(&blocked)),
        Err(error) => Err(Failure::new(&error)),
    }
}

async fn ask_why(pair: &Pair) -> Settled {
    match why_refused(&pair.gitea).await {
        Ok(None) => Ok("let in".into()),
        Ok(Some(blocked)) => Err(Failure::new(&blocked)),
        Err(error) => Err(Failure::new(&error)),
    }
}

/// Logs in and asks for a new token.
pub async fn log_in_for_a_token(pair: &Pair) -> Settled {
    settled(log_in(pair).await?.new_token().await)
}
