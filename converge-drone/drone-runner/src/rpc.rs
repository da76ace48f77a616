//! The client of Drone's RPC for runners: calls, deadlines, errors.

mod answer;
mod error;
mod retry;
pub mod wire;

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Method, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::settings::Settings;
pub use error::Error;
pub use retry::{BACKOFF, insist, retry};
use wire::{Details, Filter, Line, Stage, Step};

/// The deadline of a long poll. The server ends one after 30 s; a proxy may add some time.
const LONG_POLL: Duration = Duration::from_mins(1);

/// The client of one Drone server.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    server: Url,
    secret: SecretString,
    machine: String,
    call: Duration,
}

impl Client {
    /// Makes a client for the server of these settings; `machine` is the name that Drone shows for this runner.
    pub fn new(settings: &Settings, secret: SecretString, machine: &str) -> Result<Self, Error> {
        // Fails only if this process has a provider already.
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

    /// The name that Drone shows for this runner.
    pub fn machine(&self) -> &str {
        &self.machine
    }

    /// Waits for the next stage by a long poll; `None` if none was queued meanwhile.
    pub async fn next_stage(&self, filter: &Filter) -> Result<Option<Stage>, Error> {
        let response = self.send(Method::POST, "stage", Some(filter), LONG_POLL).await?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        answer::json(response).await
    }

    /// Accepts a stage; [`Error::Conflict`] if another runner has it.
    pub async fn accept(&self, stage: i64) -> Result<Stage, Error> {
        let mut url = self.url(&format!("stage/{stage}"));
        url.query_pairs_mut().append_pair("machine", &self.machine);
        answer::json(self.send_to::<()>(Method::POST, url, None, self.call).await?).await
    }

    /// Reads a stage with its build, pipeline file and secrets.
    pub async fn details(&self, stage: i64) -> Result<Details, Error> {
        answer::json(self.send::<()>(Method::GET, &format!("stage/{stage}"), None, self.call).await?).await
    }

    /// Reports a stage with its steps, and sets the ids and versions from the answer.
    pub async fn update_stage(&self, stage: &mut Stage) -> Result<(), Error> {
        let path = format!("stage/{}", stage.id);
        let answer: Stage = answer::json(self.send(Method::PUT, &path, Some(&*stage), self.call).await?).await?;
        if answer.id != stage.id {
            return Err(Error::NotDrone { status: 200, message: format!("of stage {}, not {}", answer.id, stage.id) });
        }
        stage.merge(answer);
        Ok(())
    }

    /// Reports a step, and sets its version from the answer.
    pub async fn update_step(&self, step: &mut Step) -> Result<(), Error> {
        let path = format!("step/{}", step.id);
        let answer: Step = answer::json(self.send(Method::PUT, &path, Some(&*step), self.call).await?).await?;
        step.version = answer.version;
        Ok(())
    }

    /// Waits for the end of a build by a long poll; false if the build has not ended meanwhile.
    pub async fn wait_for_end(&self, build: i64) -> Result<bool, Error> {
        let path = format!("build/{build}/watch");
        let response = self.send::<()>(Method::POST, &path, None, LONG_POLL).await?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(false);
        }
        answer::nothing(response).await.map(|()| true)
    }

    /// Adds lines to the live log of a step.
    pub async fn append_log(&self, step: i64, lines: &[Line]) -> Result<(), Error> {
        answer::nothing(self.send(Method::POST, &format!("step/{step}/logs/batch"), Some(lines), self.call).await?)
            .await
    }

    /// Uploads the whole log of a step: a JSON array of lines.
    pub async fn upload_log(&self, step: i64, log: &[u8]) -> Result<(), Error> {
        let url = self.url(&format!("step/{step}/logs/upload"));
        let request = self.http.request(Method::POST, url).body(log.to_vec()).timeout(self.call.max(LONG_POLL));
        match self.check(request).await {
            Ok(response) => answer::nothing(response).await,
            // An earlier attempt succeeded, and only its answer was lost.
            Err(Error::Conflict) => Ok(()),
            // Another attempt would send the same bytes. The end of the stage must not wait for it.
            Err(Error::NotDrone { status: status @ (400 | 403 | 406 | 413 | 415 | 422), .. }) => {
                Err(Error::LogRefused { status })
            }
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
            StatusCode::OK | StatusCode::NO_CONTENT => Ok(response),
            _ => Err(answer::error(response).await),
        }
    }
}
