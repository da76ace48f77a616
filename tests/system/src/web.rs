//! Opens pages of a lab's apps over HTTPS, and trusts only the lab's authority.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use lab::Lab;
use reqwest::{Certificate, Client, Method, RequestBuilder};
use tokio::runtime::{Builder, Runtime};

use crate::error::{Error, Result};

/// Timeout of a page.
const DEADLINE: Duration = Duration::from_secs(10);
/// Longest time to follow a stream; a step's log ends with the step.
const FOLLOWED: Duration = Duration::from_mins(2);

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// Target of a redirect.
    pub location: Option<String>,
    /// Body as text.
    pub text: String,
}

/// An HTTPS client that trusts only a lab's authority.
#[derive(Debug)]
pub struct Web {
    runtime: Runtime,
    authority: Certificate,
    https: u16,
    http: u16,
}

impl Web {
    /// A client for the apps of `lab`.
    pub fn new(lab: &Lab) -> Result<Self> {
        // Fails only if another part of this process has installed one already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let io = |what: &str| {
            let what = what.to_owned();
            move |source| Error::Io { what, source }
        };
        let pem = fs::read(lab.ca_file()).map_err(io("read the lab's authority"))?;
        Ok(Self {
            runtime: Builder::new_current_thread().enable_all().build().map_err(io("start a runtime"))?,
            authority: Certificate::from_pem(&pem).map_err(Error::Client)?,
            https: lab.https_port()?,
            http: lab.http_port()?,
        })
    }

    /// Opens `https://<app>.<domain>/`, its certificate verified for that name.
    pub fn open(&self, app: &str) -> Result<Page> {
        self.send(Method::GET, "https", app, "/", None)
    }

    /// Opens another path of an app.
    pub fn get(&self, app: &str, path: &str) -> Result<Page> {
        self.send(Method::GET, "https", app, path, None)
    }

    /// Opens `http://<app>.<domain>/` without following redirects.
    pub fn open_plain(&self, app: &str) -> Result<Page> {
        self.send(Method::GET, "http", app, "/", None)
    }

    /// Sends a request to an app's API, with a bearer token.
    pub fn ask(&self, method: Method, app: &str, path: &str, token: &str) -> Result<Page> {
        self.send(method, "https", app, path, Some(token))
    }

    /// The URL of an app's page for a browser on this machine.
    pub fn address(&self, app: &str, path: &str) -> String {
        let port = if self.https == 443 { String::new() } else { format!(":{}", self.https) };
        format!("https://{}{port}{path}", lab::host(app))
    }

    /// Opens a link as a browser on this machine does, which takes every name below localhost for this machine.
    pub fn open_link(&self, link: &str) -> Result<Page> {
        let url = reqwest::Url::parse(link).map_err(|_| Error::NotSo(format!("{link} is no link")))?;
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
        let failed = |source| Error::Web { url: link.to_owned(), source };
        let request = self.client(host, port, DEADLINE)?.get(link);
        self.answer(request, failed)
    }

    /// Reads a stream of an app line by line, until `enough` returns true or the deadline passes.
    pub fn follow(&self, app: &str, path: &str, token: &str, mut enough: impl FnMut(&str) -> bool) -> Result<()> {
        let url = self.address(app, path);
        let client = self.client(&lab::host(app), self.https, FOLLOWED)?;
        let failed = |source| Error::Web { url: url.clone(), source };
        self.runtime.block_on(async {
            let mut answer = client.get(&url).bearer_auth(token).send().await.map_err(failed)?;
            let mut rest = String::new();
            while let Some(bytes) = answer.chunk().await.map_err(failed)? {
                rest.push_str(&String::from_utf8_lossy(&bytes));
                while let Some((line, after)) = rest.split_once('\n') {
                    let (line, after) = (line.to_owned(), after.to_owned());
                    rest = after;
                    if enough(&line) {
                        return Ok(());
                    }
                }
            }
            Ok(())
        })
    }

    fn client(&self, host: &str, port: u16, within: Duration) -> Result<Client> {
        Client::builder()
            .tls_certs_only([self.authority.clone()])
            .resolve(host, SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(within)
            .build()
            .map_err(Error::Client)
    }

    fn send(&self, method: Method, scheme: &str, app: &str, path: &str, token: Option<&str>) -> Result<Page> {
        let port = if scheme == "https" { self.https } else { self.http };
        let host = lab::host(app);
        let url = format!("{scheme}://{host}:{port}{path}");
        let mut request = self.client(&host, port, DEADLINE)?.request(method, &url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        self.answer(request, |source| Error::Web { url: url.clone(), source })
    }

    fn answer(&self, request: RequestBuilder, failed: impl Fn(reqwest::Error) -> Error) -> Result<Page> {
        self.runtime.block_on(async {
            let answer = request.send().await.map_err(&failed)?;
            let location = answer.headers().get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
            let status = answer.status().as_u16();
            Ok(Page { status, location, text: answer.text().await.map_err(failed)? })
        })
    }
}
