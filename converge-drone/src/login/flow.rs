//! The flow of a login through the pages of both servers.

use reqwest::{Method, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::Outcome;
use super::blocked::{Blocked, Reason};
use super::cookies::Jar;
use super::form::Form;
use super::page::{self, Page};
use super::session::Session;
use http::drone::Drone;
use http::gitea::Gitea;
use http::{Answer, Body, Call, Client, Error, Identity, Request, Service, quoted};

/// The limit of pages and redirects of one login. A usual login has about seven.
const LIMIT: usize = 20;
/// The name of Drone's session cookie.
const SESSION_COOKIE: &str = "_session_";

/// One of the two servers, with its cookies.
#[derive(Debug)]
struct Server<'a> {
    client: &'a Client,
    jar: Jar,
}

impl<'a> Server<'a> {
    fn new(client: &'a Client) -> Self {
        Self { client, jar: Jar::default() }
    }

    /// True if `url` is on this server.
    fn has(&self, url: &Url) -> bool {
        self.client.base().origin() == url.origin()
    }

    async fn send(&mut self, page: &PageRequest, until: Instant) -> Result<Answer, Error> {
        let identity = self.jar.header(&page.url).map_or(Identity::Anonymous, Identity::Cookies);
        let (method, body) = match &page.form {
            Some(fields) => (Method::POST, Body::Form(fields)),
            None => (Method::GET, Body::None),
        };
        let request = Request { method, url: page.url.clone(), identity: &identity, body };
        let answer = self.client.ask_until(&request, until).await?;
        for cookie in answer.cookies() {
            self.jar.set(&page.url, &cookie);
        }
        Ok(answer)
    }
}

/// The next request: a page, or a form to send.
#[derive(Debug)]
struct PageRequest {
    url: Url,
    form: Option<Vec<(String, SecretString)>>,
}

impl PageRequest {
    fn get(url: Url) -> Self {
        Self { url, form: None }
    }
}

/// The result of one step.
enum StepResult {
    Next(PageRequest),
    Blocked(Reason, Url),
    /// Drone answered with a session.
    Session,
    /// Gitea accepted the password, and Drone is not part of this flow.
    SignedIn,
}

/// The end of a flow.
enum End {
    Blocked(Blocked),
    Session,
    SignedIn,
}

/// A login in progress.
#[derive(Debug)]
struct LoginFlow<'a> {
    gitea: &'a Gitea,
    gitea_server: Server<'a>,
    drone_server: Option<Server<'a>>,
    until: Instant,
    password_sent: bool,
    granted: bool,
}

/// Logs in at Drone.
pub(super) async fn login(drone: &Drone, gitea: &Gitea) -> Result<Outcome, Error> {
    let mut flow = LoginFlow::new(gitea, Some(drone));
    match flow.run(drone.client().url(&["login"], &[])).await? {
        End::Blocked(blocked) => return Ok(Outcome::Blocked(blocked)),
        End::Session | End::SignedIn => {}
    }
    let api = drone.client().url(&["api"], &[]);
    let cookies = flow.drone_server.and_then(|server| server.jar.header(&api)).unwrap_or_default();
    let session = Session::new(drone.client().clone(), cookies);
    let account = session.account().await?;
    if account.login.eq_ignore_ascii_case(gitea.login()) {
        session.synchronised().await?;
        return Ok(Outcome::LoggedIn(session));
    }
    let (reason, address) = (Reason::OtherAccount(account.login), drone.client().base().to_string());
    Ok(Outcome::Blocked(Blocked { login: gitea.login().into(), reason, address }))
}

/// Signs in at Gitea only, to learn why it refuses.
pub(super) async fn why_refused(gitea: &Gitea) -> Result<Option<Blocked>, Error> {
    let mut flow = LoginFlow::new(gitea, None);
    match flow.run(gitea.client().url(&["user", "login"], &[])).await? {
        End::Blocked(blocked) => Ok(Some(blocked)),
        End::Session | End::SignedIn => Ok(None),
    }
}

impl<'a> LoginFlow<'a> {
    fn new(gitea: &'a Gitea, drone: Option<&'a Drone>) -> Self {
        Self {
            gitea,
            gitea_server: Server::new(gitea.client()),
            drone_server: drone.map(|drone| Server::new(drone.client())),
            // One deadline for the whole flow, not one for each page.
            until: Instant::now() + gitea.client().deadline(),
            password_sent: false,
            granted: false,
        }
    }

    async fn run(&mut self, from: Url) -> Result<End, Error> {
        let mut next = PageRequest::get(from);
        let mut last = None;
        for _ in 0..LIMIT {
            let url = next.url.clone();
            let (result, call) = match &mut self.drone_server {
                Some(drone) if drone.has(&url) => {
                    let answer = drone.send(&next, self.until).await?;
                    (read_drone(drone, &url, &answer)?, answer.call)
                }
                _ => {
                    let answer = self.gitea_server.send(&next, self.until).await?;
                    (self.read_gitea(&next, &answer)?, answer.call)
                }
            };
            match result {
                StepResult::Next(following) if !self.has(&following.url) => {
                    let to = following.url.origin().ascii_serialization();
                    return Err(Error::Elsewhere { call, to });
                }
                StepResult::Next(following) => next = following,
                StepResult::Session => return Ok(End::Session),
                StepResult::SignedIn => return Ok(End::SignedIn),
                StepResult::Blocked(reason, mut address) => {
                    address.set_query(None);
                    let blocked = Blocked { login: self.gitea.login().into(), reason, address: address.into() };
                    return Ok(End::Blocked(blocked));
                }
            }
            last = Some(call);
        }
        let call = last.unwrap_or_else(|| Call::new(Service::Gitea, &Method::GET, self.gitea.client().base()));
        Err(Error::RedirectLoop { call, count: LIMIT })
    }

    fn has(&self, url: &Url) -> bool {
        self.gitea_server.has(url) || self.drone_server.as_ref().is_some_and(|drone| drone.has(url))
    }

    fn read_gitea(&mut self, sent: &PageRequest, answer: &Answer) -> Result<StepResult, Error> {
        if let Some(to) = redirect(&sent.url, answer)? {
            return Ok(StepResult::Next(PageRequest::get(to)));
        }
        // A refused application is a page with status 400. The error page of a failing server is not a step of the flow.
        if !answer.is_page() || answer.status.is_server_error() || answer.status == StatusCode::NOT_FOUND {
            return Err(if answer.status.is_success() { not_a_page(answer) } else { answer.failure() });
        }
        let gitea = self.gitea.client();
        let by_hand = |path: &[&str]| gitea.url(path, &[]);
        let blocked = |reason, address| Ok(StepResult::Blocked(reason, address));
        let shown =
            |message: Option<String>| message.map(|message| answer.without_secrets(message.into()).into_owned());
        match page::read(sent.url.path(), &answer.text()) {
            Page::Login { message, .. } if self.password_sent => {
                // Gitea reports a wrong password at once. A login page later means that the session was lost.
                let wrong = sent.form.is_some() || message.is_some();
                blocked(
                    if wrong { Reason::WrongPassword(shown(message)) } else { Reason::SessionLost },
                    by_hand(&["user", "login"]),
                )
            }
            Page::Login { form, login, password, .. } => {
                self.password_sent = true;
                let name = SecretString::from(self.gitea.login());
                let fields = form.filled(&[(&login, &name), (&password, &self.gitea.password())]);
                self.form_to_gitea(sent, &form, fields)
            }
            Page::Grant { form, button: Some((name, value)) } if !self.granted && self.leads_to_drone(&form) => {
                self.granted = true;
                let fields = form.filled(&[(&name, &SecretString::from(value))]);
                self.form_to_gitea(sent, &form, fields)
            }
            Page::TwoFactor => blocked(Reason::TwoFactor, by_hand(&["user", "settings", "security"])),
            Page::ChangePassword => blocked(Reason::MustChangePassword, by_hand(&["user", "login"])),
            Page::Captcha => blocked(Reason::Captcha, self.start()),
            Page::Prohibited => blocked(Reason::Prohibited, by_hand(&["-", "admin", "users"])),
            Page::NotActivated => blocked(Reason::NotActivated, by_hand(&["-", "admin", "users"])),
            Page::ApplicationRefused { message } => {
                blocked(Reason::Application(shown(message)), by_hand(&["user", "settings", "applications"]))
            }
            _ if self.password_sent && self.drone_server.is_none() => Ok(StepResult::SignedIn),
            Page::Grant { .. } | Page::Other => blocked(unexpected(answer), self.start()),
        }
    }

    /// The address at which a person starts the login.
    fn start(&self) -> Url {
        match &self.drone_server {
            Some(drone) => drone.client.url(&["login"], &[]),
            None => self.gitea.client().url(&["user", "login"], &[]),
        }
    }

    /// True if the grant is for our Drone.
    fn leads_to_drone(&self, form: &Form) -> bool {
        let to = form.field("redirect_uri").and_then(|field| Url::parse(field.value.expose_secret()).ok());
        to.is_some_and(|to| self.drone_server.as_ref().is_some_and(|drone| drone.has(&to)))
    }

    /// The request for a form. Only Gitea itself may get it: it contains the password or the grant.
    fn form_to_gitea(
        &self,
        sent: &PageRequest,
        form: &Form,
        fields: Vec<(String, SecretString)>,
    ) -> Result<StepResult, Error> {
        let call = Call::new(Service::Gitea, &Method::POST, &sent.url);
        let Ok(url) = sent.url.join(&form.action) else {
            return Err(Error::NotUnderstood { call, why: "a form leads to no address".into() });
        };
        if !self.gitea_server.has(&url) {
            return Err(Error::Elsewhere { call, to: url.origin().ascii_serialization() });
        }
        Ok(StepResult::Next(PageRequest { url, form: Some(fields) }))
    }
}

fn read_drone(drone: &Server<'_>, sent: &Url, answer: &Answer) -> Result<StepResult, Error> {
    let to = redirect(sent, answer)?;
    if let Some(error) = to.as_ref().filter(|to| to.path().ends_with("/login/error")) {
        let message = error.query_pairs().find(|(key, _)| key == "message");
        let message = message.and_then(|(_, value)| quoted(&answer.without_secrets(value)));
        return Ok(StepResult::Blocked(refused_by_drone(message), drone.client.url(&["login"], &[])));
    }
    if drone.jar.has(SESSION_COOKIE) {
        return Ok(StepResult::Session);
    }
    match to {
        Some(to) => Ok(StepResult::Next(PageRequest::get(to))),
        None if answer.is_page() && answer.status.is_success() => {
            Ok(StepResult::Blocked(unexpected(answer), drone.client.url(&["login"], &[])))
        }
        None if answer.status.is_success() => Err(not_a_page(answer)),
        None => Err(answer.failure()),
    }
}

/// The reason from the message of Drone's error page: an OAuth error of Gitea, or an error of Drone.
fn refused_by_drone(message: Option<String>) -> Reason {
    let text = message.as_deref().unwrap_or_default();
    if text.contains("invalid_client") || text.contains("unauthorized_client") {
        Reason::ClientSecret(message)
    } else {
        Reason::Drone(message)
    }
}

/// The target of a redirect. A redirect that repeats a POST is refused: it would send the password again.
fn redirect(sent: &Url, answer: &Answer) -> Result<Option<Url>, Error> {
    let Some(location) = answer.location() else { return Ok(None) };
    let repeats_post = matches!(answer.status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    if repeats_post && answer.call.method == "POST" {
        return Err(answer.failure());
    }
    let why = "it redirects to no address";
    sent.join(location).map(Some).map_err(|_| Error::NotUnderstood { call: answer.call.clone(), why: why.into() })
}

fn unexpected(answer: &Answer) -> Reason {
    let titled = answer.title().map(|title| format!(": “{title}”")).unwrap_or_default();
    Reason::Unexpected(format!("{} ({}{titled})", answer.call.service, answer.call))
}

fn not_a_page(answer: &Answer) -> Error {
    Error::NotUnderstood { call: answer.call.clone(), why: "a web page was expected".into() }
}
