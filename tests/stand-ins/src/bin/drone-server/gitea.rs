//! The server's requests to Gitea.

mod answers;

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::Failure;
use crate::settings::Settings;

use answers::Refused;
pub use answers::{Commit, Person, Remote, Token};

/// Client of Gitea. Each request carries the token of one account.
#[derive(Debug)]
pub struct Gitea {
    http: Client,
    address: String,
    own: String,
    client_id: String,
    client_secret: String,
    attempts: Duration,
    /// Cache of files by commit; a commit's files do not change.
    files: Mutex<BTreeMap<(String, String, String), String>>,
}

impl Gitea {
    pub fn new(settings: &Settings) -> Result<Self, Failure> {
        // Fails only if a provider is installed already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = Client::builder().no_proxy().danger_accept_invalid_certs(settings.skip_verify);
        Ok(Self {
            http: http.build()?,
            address: settings.gitea.clone(),
            own: settings.address.clone(),
            client_id: settings.client_id.clone(),
            client_secret: settings.client_secret.clone(),
            attempts: settings.retry,
            files: Mutex::default(),
        })
    }

    /// The URL that a browser opens to allow the login.
    pub fn authorise(&self, state: &str) -> String {
        let back = format!("{}/login", self.own);
        let (client, back) = (escaped(&self.client_id), escaped(&back));
        let query = format!("client_id={client}&redirect_uri={back}&response_type=code&state={state}");
        format!("{}/login/oauth/authorize?{query}", self.address)
    }

    /// Exchanges a login's code for a token.
    pub async fn exchange(&self, code: &str, state: &str) -> Result<Token, Failure> {
        let back = format!("{}/login", self.own);
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
            ("state", state),
            ("redirect_uri", &back),
        ];
        let request = self.http.post(format!("{}/login/oauth/access_token", self.address));
        let answer = send(request.header("Accept", "application/json").form(&form)).await?;
        if !answer.status().is_success() {
            let refused = refused(answer).await;
            return Err(format!("{}: {}", refused.error, refused.error_description).into());
        }
        read(answer).await
    }

    /// Exchanges a refresh token for a new token.
    pub async fn refresh(&self, token: &str) -> Result<Token, Failure> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let request = self.http.post(format!("{}/login/oauth/access_token", self.address));
        let answer = send(request.basic_auth(&self.client_id, Some(&self.client_secret)).form(&form)).await?;
        if !answer.status().is_success() {
            return Err(refused(answer).await.error_description.into());
        }
        read(answer).await
    }

    pub async fn user(&self, token: &str) -> Result<Person, Failure> {
        self.get(token, "user").await
    }

    pub async fn organisations(&self, token: &str) -> Result<Vec<String>, Failure> {
        let all: Vec<Person> = self.get(token, "user/orgs?limit=100").await?;
        Ok(all.iter().map(|it| it.name().to_owned()).collect())
    }

    /// All repositories that the account sees.
    pub async fn repositories(&self, token: &str) -> Result<Vec<Remote>, Failure> {
        let (mut all, mut page) = (Vec::new(), 1);
        loop {
            let answer = self.ask(Method::GET, token, &format!("user/repos?page={page}&limit=100"), None).await?;
            let links = answer.headers().get_all("link").into_iter().filter_map(|it| it.to_str().ok());
            let has_more = links.into_iter().any(|it| it.contains("rel=\"next\""));
            all.extend(read::<Vec<Remote>>(answer).await?);
            if !has_more {
                return Ok(all);
            }
            page += 1;
        }
    }

    pub async fn repository(&self, token: &str, slug: &str) -> Result<Remote, Failure> {
        self.get(token, &format!("repos/{slug}")).await
    }

    pub async fn commit(&self, token: &str, slug: &str, reference: &str) -> Result<Commit, Failure> {
        self.get(token, &format!("repos/{slug}/git/commits/{}", escaped(reference))).await
    }

    /// A file at a commit. Like the real server, asks three times for a missing file, with a pause after each.
    pub async fn file(&self, token: &str, slug: &str, commit: &str, path: &str) -> Result<String, Failure> {
        let key = (slug.to_owned(), commit.to_owned(), path.to_owned());
        let known = self.files.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(text) = known {
            return Ok(text);
        }
        let mut last: Failure = "Not Found".into();
        for _ in 0..3 {
            match self.ask(Method::GET, token, &format!("repos/{slug}/raw/{commit}/{path}"), None).await {
                Ok(answer) => {
                    let text = answer.text().await?;
                    self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(key, text.clone());
                    return Ok(text);
                }
                Err(error) => last = error,
            }
            tokio::time::sleep(self.attempts).await;
        }
        Err(last)
    }

    /// Creates the repository's webhook to this server, in place of an older one.
    pub async fn hook(&self, token: &str, slug: &str, secret: &str) -> Result<(), Failure> {
        let hooks: Vec<Value> = self.get(token, &format!("repos/{slug}/hooks?page=0&limit=100")).await?;
        let leads_here = |hook: &&Value| {
            let address = hook["config"]["url"].as_str().and_then(|it| reqwest::Url::parse(it).ok());
            let own = reqwest::Url::parse(&self.own).ok();
            let host = |it: &reqwest::Url| (it.host_str().map(str::to_owned), it.port());
            address.as_ref().map(host) == own.as_ref().map(host)
        };
        if let Some(id) = hooks.iter().find(leads_here).and_then(|hook| hook["id"].as_i64()) {
            self.ask(Method::DELETE, token, &format!("repos/{slug}/hooks/{id}"), None).await?;
        }
        let hook = json!({
            "type": "gitea", "active": true, "events": ["pull_request", "create", "delete", "push"],
            "config": {"url": format!("{}/hook?secret={secret}", self.own), "content_type": "json", "secret": secret},
        });
        self.ask(Method::POST, token, &format!("repos/{slug}/hooks"), Some(&hook)).await.map(drop)
    }

    pub async fn status(&self, token: &str, slug: &str, commit: &str, status: &Value) -> Result<(), Failure> {
        self.ask(Method::POST, token, &format!("repos/{slug}/statuses/{commit}"), Some(status)).await.map(drop)
    }

    async fn get<T: DeserializeOwned>(&self, token: &str, path: &str) -> Result<T, Failure> {
        read(self.ask(Method::GET, token, path, None).await?).await
    }

    async fn ask(&self, method: Method, token: &str, path: &str, body: Option<&Value>) -> Result<Response, Failure> {
        let request = self.http.request(method, format!("{}/api/v1/{path}", self.address));
        let request = request.header("Authorization", format!("Bearer {token}"));
        let answer = send(if let Some(body) = body { request.json(body) } else { request }).await?;
        let status = answer.status();
        if status.as_u16() > 300 {
            return Err(status.canonical_reason().unwrap_or_default().into());
        }
        Ok(answer)
    }
}

async fn refused(answer: Response) -> Refused {
    read(answer).await.unwrap_or_default()
}

async fn send(request: RequestBuilder) -> Result<Response, Failure> {
    request.send().await.map_err(|error| match error.source() {
        Some(source) => format!("{error}: {source}").into(),
        None => error.to_string().into(),
    })
}

async fn read<T: DeserializeOwned>(answer: Response) -> Result<T, Failure> {
    Ok(serde_json::from_slice(&answer.bytes().await?)?)
}

/// Percent-encodes everything but letters, digits and `-._~`.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.extend(["%", &format!("{byte:02X}")]);
        }
    }
    escaped
}
