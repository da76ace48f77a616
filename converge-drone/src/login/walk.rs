//! The way through the pages.

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

/// How many pages and redirects a login may take; it takes about seven.
const LONGEST: usize = 20;
/// Drone's session cookie.
const SESSION: &str = "_session_";

/// One server on the way, and its cookies.
#[derive(Debug)]
struct Stop<'a> {
    client: &'a Client,
    jar: Jar,
}

impl<'a> Stop<'a> {
    fn at(client: &'a Client) -> Self {
        Self { client, jar: Jar::default() }
    }

    /// Whether `url` is on this server.
    fn has(&self, url: &Url) -> bool {
        self.client.base().origin() == url.origin()
    }

    async fn send(&mut self, next: &Next, until: Instant) -> Result<Answer, Error> {
        let identity = self.jar.header(&next.url).map_or(Identity::Anonymous, Identity::Cookies);
        let (method, body) = match &next.form {
            Some(fields) => (Method::POST, Body::Form(fields)),
            None => (Method::GET, Body::None),
        };
        let request = Request { method, url: next.url.clone(), identity: &identity, body };
        let answer = self.client.ask_until(&request, until).await?;
        for cookie in answer.cookies() {
            self.jar.set(&next.url, &cookie);
        }
        Ok(answer)
    }
}

/// What is sent next.
#[derive(Debug)]
struct Next {
    url: Url,
    form: Option<Vec<(String, SecretString)>>,
}

impl Next {
    fn get(url: Url) -> Self {
        Self { url, form: None }
    }
}

/// What came of one answer.
enum Came {
    Next(Next),
    Blocked(Reason, Url),
    /// Drone answered with a session.
    Session,
    /// Gitea's login page is done with, and nothing more was asked.
    LetIn,
}

/// How a walk ended.
enum End {
    Blocked(Blocked),
    Session,
    LetIn,
}

/// A login under way.
#[derive(Debug)]
struct Walk<'a> {
    gitea: &'a Gitea,
    at_gitea: Stop<'a>,
    at_drone: Option<Stop<'a>>,
    until: Instant,
    password_sent: bool,
    granted: bool,
}

/// Logs in at Drone.
pub(super) async fn login(drone: &Drone, gitea: &Gitea) -> Result<Outcome, Error> {
    let mut walk = Walk::new(gitea, Some(drone));
    match walk.go(drone.client().url(&["login"], &[])).await? {
        End::Blocked(blocked) => return Ok(Outcome::Blocked(blocked)),
        End::Session | End::LetIn => {}
    }
    let api = drone.client().url(&["api"], &[]);
    let cookies = walk.at_drone.and_then(|stop| stop.jar.header(&api)).unwrap_or_default();
    let session = Session::new(drone.client().clone(), cookies);
    let account = session.account().await?;
    if account.login.eq_ignore_ascii_case(gitea.login()) {
        session.synchronised().await?;
        return Ok(Outcome::LoggedIn(session));
    }
    let (reason, address) = (Reason::Somebody(account.login), drone.client().base().to_string());
    Ok(Outcome::Blocked(Blocked { login: gitea.login().into(), reason, address }))
}

/// Signs in at Gitea only, to learn why it refuses.
pub(super) async fn why_refused(gitea: &Gitea) -> Result<Option<Blocked>, Error> {
    let mut walk = Walk::new(gitea, None);
    match walk.go(gitea.client().url(&["user", "login"], &[])).await? {
        End::Blocked(blocked) => Ok(Some(blocked)),
        End::Session | End::LetIn => Ok(None),
    }
}

impl<'a> Walk<'a> {
    fn new(gitea: &'a Gitea, drone: Option<&'a Drone>) -> Self {
        Self {
            gitea,
            at_gitea: Stop::at(gitea.client()),
            at_drone: drone.map(|drone| Stop::at(drone.client())),
            // One deadline for the whole way: a walk that goes nowhere must not take twenty of them.
            until: Instant::now() + gitea.client().deadline(),
            password_sent: false,
            granted: false,
        }
    }

    async fn go(&mut self, from: Url) -> Result<End, Error> {
        let mut next = Next::get(from);
        let mut last = None;
        for _ in 0..LONGEST {
            let url = next.url.clone();
            let (came, call) = match &mut self.at_drone {
                Some(drone) if drone.has(&url) => {
                    let answer = drone.send(&next, self.until).await?;
                    (came_of_drone(drone, &url, &answer)?, answer.call)
                }
                _ => {
                    let answer = self.at_gitea.send(&next, self.until).await?;
                    (self.came_of_gitea(&next, &answer)?, answer.call)
                }
            };
            match came {
                Came::Next(following) if !self.knows(&following.url) => {
                    let to = following.url.origin().ascii_serialization();
                    return Err(Error::Elsewhere { call, to });
                }
                Came::Next(following) => next = following,
                Came::Session => return Ok(End::Session),
                Came::LetIn => return Ok(End::LetIn),
                Came::Blocked(reason, mut address) => {
                    address.set_query(None);
                    let blocked = Blocked { login: self.gitea.login().into(), reason, address: address.into() };
                    return Ok(End::Blocked(blocked));
                }
            }
            last = Some(call);
        }
        let call = last.unwrap_or_else(|| Call::new(Service::Gitea, &Method::GET, self.gitea.client().base()));
        Err(Error::RedirectLoop { call, count: LONGEST })
    }

    fn knows(&self, url: &Url) -> bool {
        self.at_gitea.has(url) || self.at_drone.as_ref().is_some_and(|drone| drone.has(url))
    }

    fn came_of_gitea(&mut self, asked: &Next, answer: &Answer) -> Result<Came, Error> {
        if let Some(to) = redirect(&asked.url, answer)? {
            return Ok(Came::Next(Next::get(to)));
        }
        // A refused application is a page with status 400; a failing server has pages, too.
        if !answer.is_page() || answer.status.is_server_error() || answer.status == StatusCode::NOT_FOUND {
            return Err(if answer.status.is_success() { not_a_page(answer) } else { answer.failure() });
        }
        let gitea = self.gitea.client();
        let by_hand = |path: &[&str]| gitea.url(path, &[]);
        let blocked = |reason, address| Ok(Came::Blocked(reason, address));
        let shown = |said: Option<String>| said.map(|said| answer.without_secrets(said.into()).into_owned());
        match page::read(asked.url.path(), &answer.text()) {
            Page::Login { said, .. } if self.password_sent => {
                // A wrong password is said at once; asked for again later, the session was not kept.
                let wrong = asked.form.is_some() || said.is_some();
                blocked(
                    if wrong { Reason::WrongPassword(shown(said)) } else { Reason::Forgotten },
                    by_hand(&["user", "login"]),
                )
            }
            Page::Login { form, login, password, .. } => {
                self.password_sent = true;
                let name = SecretString::from(self.gitea.login());
                let fields = form.filled(&[(&login, &name), (&password, &self.gitea.password())]);
                self.sent_to_gitea(asked, &form, fields)
            }
            Page::Grant { form, button: Some((name, value)) } if !self.granted && self.leads_to_drone(&form) => {
                self.granted = true;
                let fields = form.filled(&[(&name, &SecretString::from(value))]);
                self.sent_to_gitea(asked, &form, fields)
            }
            Page::TwoFactor => blocked(Reason::TwoFactor, by_hand(&["user", "settings", "security"])),
            Page::ChangePassword => blocked(Reason::MustChangePassword, by_hand(&["user", "login"])),
            Page::Captcha => blocked(Reason::Captcha, self.start()),
            Page::Prohibited => blocked(Reason::Prohibited, by_hand(&["-", "admin", "users"])),
            Page::NotActivated => blocked(Reason::NotActivated, by_hand(&["-", "admin", "users"])),
            Page::ApplicationRefused { said } => {
                blocked(Reason::Application(shown(said)), by_hand(&["user", "settings", "applications"]))
            }
            _ if self.password_sent && self.at_drone.is_none() => Ok(Came::LetIn),
            Page::Grant { .. } | Page::Other => blocked(unexpected(answer), self.start()),
        }
    }

    /// Where a person would begin.
    fn start(&self) -> Url {
        match &self.at_drone {
            Some(drone) => drone.client.url(&["login"], &[]),
            None => self.gitea.client().url(&["user", "login"], &[]),
        }
    }

    /// Whether the grant is one for our Drone.
    fn leads_to_drone(&self, form: &Form) -> bool {
        let to = form.field("redirect_uri").and_then(|field| Url::parse(field.value.expose_secret()).ok());
        to.is_some_and(|to| self.at_drone.as_ref().is_some_and(|drone| drone.has(&to)))
    }

    /// A form on its way; only to Gitea itself, for it carries the password or the grant.
    fn sent_to_gitea(&self, asked: &Next, form: &Form, fields: Vec<(String, SecretString)>) -> Result<Came, Error> {
        let call = Call::new(Service::Gitea, &Method::POST, &asked.url);
        let Ok(url) = asked.url.join(&form.action) else {
            return Err(Error::NotUnderstood { call, why: "a form leads to no address".into() });
        };
        if !self.at_gitea.has(&url) {
            return Err(Error::Elsewhere { call, to: url.origin().ascii_serialization() });
        }
        Ok(Came::Next(Next { url, form: Some(fields) }))
    }
}

fn came_of_drone(drone: &Stop<'_>, asked: &Url, answer: &Answer) -> Result<Came, Error> {
    let to = redirect(asked, answer)?;
    if let Some(error) = to.as_ref().filter(|to| to.path().ends_with("/login/error")) {
        let said = error.query_pairs().find(|(key, _)| key == "message");
        let said = said.and_then(|(_, value)| quoted(&answer.without_secrets(value)));
        return Ok(Came::Blocked(refused_by_drone(said), drone.client.url(&["login"], &[])));
    }
    if drone.jar.has(SESSION) {
        return Ok(Came::Session);
    }
    match to {
        Some(to) => Ok(Came::Next(Next::get(to))),
        None if answer.is_page() && answer.status.is_success() => {
            Ok(Came::Blocked(unexpected(answer), drone.client.url(&["login"], &[])))
        }
        None if answer.status.is_success() => Err(not_a_page(answer)),
        None => Err(answer.failure()),
    }
}

/// What Drone's error page would say: the OAuth error of Gitea, or Drone's own.
fn refused_by_drone(said: Option<String>) -> Reason {
    let text = said.as_deref().unwrap_or_default();
    if text.contains("invalid_client") || text.contains("unauthorized_client") {
        Reason::ClientSecret(said)
    } else {
        Reason::Drone(said)
    }
}

/// Where an answer redirects to. One that asks for the same form again is not followed: it would carry the password.
fn redirect(asked: &Url, answer: &Answer) -> Result<Option<Url>, Error> {
    let Some(location) = answer.location() else { return Ok(None) };
    let again = matches!(answer.status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    if again && answer.call.method == "POST" {
        return Err(answer.failure());
    }
    let why = "it redirects to no address";
    asked.join(location).map(Some).map_err(|_| Error::NotUnderstood { call: answer.call.clone(), why: why.into() })
}

fn unexpected(answer: &Answer) -> Reason {
    let titled = answer.title().map(|title| format!(": “{title}”")).unwrap_or_default();
    Reason::Unexpected(format!("{} ({}{titled})", answer.call.service, answer.call))
}

fn not_a_page(answer: &Answer) -> Error {
    Error::NotUnderstood { call: answer.call.clone(), why: "a web page was expected".into() }
}
