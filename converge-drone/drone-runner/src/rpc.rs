//! The runner's side of Drone's RPC: every call, its deadline, and what an answer means.

mod error;
mod patience;
mod status;
pub mod wire;

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Method, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::settings::Settings;
pub use error::Error;
pub use patience::Patience;
use wire::{Details, Filter, Line, Stage, Step};

/// How long a long poll may take: the server ends it after 30 s, a proxy may add some.
const LONG_POLL: Duration = Duration::from_mins(1);

/// The largest answer that is read.
const LARGEST: usize = 8 * 1024 * 1024;

/// How much of a server's words an error shows.
const SHOWN: usize = 200;

/// A client of one Drone server.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    server: Url,
    secret: SecretString,
    machine: String,
    call: Duration,
}

impl Client {
    /// A client for the server of these settings, under this machine's name.
    pub fn new(settings: &Settings, secret: SecretString, machine: &str) -> Result<Self, Error> {
        // Fails only when this process has one already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let server = Url::parse(&settings.server).map_err(|_| Error::Address(settings.server.clone()))?;
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(settings.limits.call())
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(30))
            .pool_idle_timeout(Duration::from_mins(1));
        if let (Some(address), Some(host)) = (settings.address, server.host_str()) {
            builder = builder.resolve(host, SocketAddr::new(address, 0));
        }
        let http = builder.build().map_err(Error::unreachable)?;
        Ok(Self { http, server, secret, machine: machine.to_owned(), call: settings.limits.call() })
    }

    /// The name under which this machine takes stages.
    pub fn machine(&self) -> &str {
        &self.machine
    }

    /// Whether the server answers and takes our secret.
    pub async fn ping(&self) -> Result<(), Error> {
        self.send::<()>(Method::POST, "ping", None, self.call).await.map(drop)
    }

    /// Waits for the next stage; `None` when there was none for as long as the server waits.
    pub async fn next(&self, filter: &Filter) -> Result<Option<Stage>, Error> {
        let response = self.send(Method::POST, "stage", Some(filter), LONG_POLL).await?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        answer(response).await
    }

    /// Takes a stage; [`Error::Conflict`] when another runner has it.
    pub async fn accept(&self, stage: i64) -> Result<Stage, Error> {
        let mut url = self.url(&format!("stage/{stage}"));
        url.query_pairs_mut().append_pair("machine", &self.machine);
        answer(self.send_to::<()>(Method::POST, url, None, self.call).await?).await
    }

    /// What a stage is about.
    pub async fn details(&self, stage: i64) -> Result<Details, Error> {
        answer(self.send::<()>(Method::GET, &format!("stage/{stage}"), None, self.call).await?).await
    }

    /// Reports a stage with its steps, and takes over the ids and versions the server gives them.
    pub async fn update_stage(&self, stage: &mut Stage) -> Result<(), Error> {
        let path = format!("stage/{}", stage.id);
        let said: Stage = answer(self.send(Method::PUT, &path, Some(&*stage), self.call).await?).await?;
        stage.take_over(said);
        Ok(())
    }

    /// Reports one step, and takes over its version.
    pub async fn update_step(&self, step: &mut Step) -> Result<(), Error> {
        let path = format!("step/{}", step.id);
        let said: Step = answer(self.send(Method::PUT, &path, Some(&*step), self.call).await?).await?;
        step.version = said.version;
        Ok(())
    }

    /// Waits for the end of a build; false when it went on for as long as the server waits.
    pub async fn watch(&self, build: i64) -> Result<bool, Error> {
        let path = format!("build/{build}/watch");
        let response = self.send::<()>(Method::POST, &path, None, LONG_POLL).await?;
        Ok(response.status() == StatusCode::OK)
    }

    /// Adds lines to a step's live log.
    pub async fn batch(&self, step: i64, lines: &[Line]) -> Result<(), Error> {
        self.send(Method::POST, &format!("step/{step}/logs/batch"), Some(lines), self.call).await.map(drop)
    }

    /// Keeps a step's whole log: a JSON array of lines.
    pub async fn upload(&self, step: i64, log: &[u8]) -> Result<(), Error> {
        let url = self.url(&format!("step/{step}/logs/upload"));
        let request = self.http.request(Method::POST, url).body(log.to_vec()).timeout(self.call.max(LONG_POLL));
        match self.check(request).await {
            // An earlier attempt came through, and its answer was lost.
            Ok(_) | Err(Error::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.server.clone();
        url.set_path(&format!("/rpc/v2/{path}"));
        url
    }

    async fn send<B: Serialize + ?Sized>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
        deadline: Duration,
    ) -> Result<Response, Error> {
        self.send_to(method, self.url(path), body, deadline).await
    }

    async fn send_to<B: Serialize + ?Sized>(
        &self,
        method: Method,
        url: Url,
        body: Option<&B>,
        deadline: Duration,
    ) -> Result<Response, Error> {
        let mut request = self.http.request(method, url).timeout(deadline);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.check(request).await
    }

    async fn check(&self, request: reqwest::RequestBuilder) -> Result<Response, Error> {
        let request = request.header("X-Drone-Token", self.secret.expose_secret());
        let response = request.send().await.map_err(Error::unreachable)?;
        match response.status() {
            status if status.is_success() => Ok(response),
            StatusCode::CONFLICT => Err(Error::Conflict),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Error::Secret),
            status => {
                let said = response.bytes().await.unwrap_or_default();
                let said: String = String::from_utf8_lossy(&said).trim().chars().take(SHOWN).collect();
                // So Drone says, with status 500, that a report is late or comes a second time.
                if said.contains("Optimistic Lock") || said.contains("UNIQUE constraint failed") {
                    return Err(Error::Conflict);
                }
                Err(Error::Answer { status: status.as_u16(), said })
            }
        }
    }
}

/// Reads an answer, of bounded size.
async fn answer<T: DeserializeOwned>(mut response: Response) -> Result<T, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Error::unreachable)? {
        if body.len() + chunk.len() > LARGEST {
            return Err(Error::Large);
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(Error::Strange)
}
