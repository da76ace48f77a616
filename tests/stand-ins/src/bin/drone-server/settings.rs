//! Settings from the environment.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Failure;

#[derive(Debug)]
pub struct Settings {
    pub address: String,
    pub host: String,
    pub proto: String,
    pub listen: String,
    pub data: PathBuf,
    pub rpc_secret: String,
    pub cookie_secret: String,
    pub cookie_secure: bool,
    pub gitea: String,
    pub client_id: String,
    pub client_secret: String,
    pub skip_verify: bool,
    pub user_create: UserCreate,
    pub user_filter: Vec<String>,
    pub registration_closed: bool,
    pub repository_filter: Vec<String>,
    pub repository_visibility: String,
    pub repository_trusted: bool,
    pub always_auth: bool,
    pub status_name: String,
    pub status_disabled: bool,
    pub logs_text: bool,
    pub version: String,
    pub control: Option<String>,
    pub poll: Duration,
    pub retry: Duration,
}

/// `username:x,machine:false,admin:true,token:T`.
#[derive(Debug, Default)]
pub struct UserCreate {
    pub username: String,
    pub machine: bool,
    pub admin: bool,
    pub token: String,
}

impl Settings {
    pub fn read() -> Result<Self, Failure> {
        let file = env_file(env::args().skip(1))?;
        let text = |key: &str| env::var(key).ok().or_else(|| file.get(key).cloned()).unwrap_or_default();
        let or = |key: &str, other: &str| Some(text(key)).filter(|it| !it.is_empty()).unwrap_or(other.to_owned());
        let is = |key: &str| matches!(text(key).as_str(), "1" | "t" | "T" | "TRUE" | "true" | "True");
        let list = |key: &str| -> Vec<String> {
            text(key).split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect()
        };
        let seconds = |key: &str, other: u64| -> Result<Duration, Failure> {
            let given = text(key);
            if given.is_empty() { Ok(Duration::from_secs(other)) } else { Ok(Duration::from_secs_f64(given.parse()?)) }
        };
        let proto = or("DRONE_SERVER_PROTO", "http");
        let host = or("DRONE_SERVER_HOST", "localhost:8080");
        let port = or("DRONE_SERVER_PORT", ":8080");
        let database = PathBuf::from(or("DRONE_DATABASE_DATASOURCE", "core.sqlite"));
        let data = database.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let gitea = text("DRONE_GITEA_SERVER").trim_end_matches('/').to_owned();
        if gitea.is_empty() {
            return Err("source code management system not configured".into());
        }
        Ok(Self {
            address: format!("{proto}://{host}"),
            listen: if port.starts_with(':') { format!("0.0.0.0{port}") } else { port },
            data: data.to_owned(),
            rpc_secret: text("DRONE_RPC_SECRET"),
            cookie_secret: or("DRONE_COOKIE_SECRET", &crate::session::random(32)),
            cookie_secure: is("DRONE_COOKIE_SECURE"),
            client_id: text("DRONE_GITEA_CLIENT_ID"),
            client_secret: text("DRONE_GITEA_CLIENT_SECRET"),
            skip_verify: is("DRONE_GITEA_SKIP_VERIFY"),
            user_create: UserCreate::parse(&text("DRONE_USER_CREATE")),
            user_filter: list("DRONE_USER_FILTER"),
            registration_closed: is("DRONE_REGISTRATION_CLOSED"),
            repository_filter: list("DRONE_REPOSITORY_FILTER"),
            repository_visibility: text("DRONE_REPOSITORY_VISIBILITY"),
            repository_trusted: is("DRONE_REPOSITORY_TRUSTED"),
            always_auth: is("DRONE_GIT_ALWAYS_AUTH"),
            status_name: or("DRONE_STATUS_NAME", "continuous-integration/drone"),
            status_disabled: is("DRONE_STATUS_DISABLED"),
            logs_text: is("DRONE_LOGS_TEXT"),
            version: or("DRONE_STAND_IN_VERSION", "2.26.0"),
            control: Some(text("DRONE_STAND_IN_CONTROL")).filter(|it| !it.is_empty()),
            poll: seconds("DRONE_STAND_IN_POLL_SECONDS", 30)?,
            retry: seconds("DRONE_STAND_IN_RETRY_SECONDS", 15)?,
            host,
            proto,
            gitea,
        })
    }
}

impl UserCreate {
    /// Skips entries without a separator, without an error.
    fn parse(text: &str) -> Self {
        let mut made = Self::default();
        for pair in text.split(',') {
            match pair.split(':').collect::<Vec<_>>()[..] {
                ["username", value] => value.clone_into(&mut made.username),
                ["token", value] => value.clone_into(&mut made.token),
                ["machine", value] => made.machine = value == "true",
                ["admin", value] => made.admin = value == "true",
                _ => {}
            }
        }
        made
    }
}

/// `--env-file FILE`, or `.env` if it exists; the environment wins.
fn env_file(mut arguments: impl Iterator<Item = String>) -> Result<BTreeMap<String, String>, Failure> {
    let mut file = None;
    while let Some(argument) = arguments.next() {
        let word = argument.trim_start_matches('-');
        match word.split_once('=') {
            Some(("env-file", path)) => file = Some(path.to_owned()),
            None if word == "env-file" => file = arguments.next(),
            _ => return Err(format!("flag provided but not defined: {argument}").into()),
        }
    }
    let text = match file {
        Some(path) => fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?,
        None => fs::read_to_string(".env").unwrap_or_default(),
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines
        .filter_map(|line| line.trim_start_matches("export ").split_once('='))
        .map(|(key, value)| (key.trim().to_owned(), unquoted(value)))
        .collect())
}

fn unquoted(value: &str) -> String {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner.to_owned();
        }
    }
    value.split('#').next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_from_pairs() {
        let made = UserCreate::parse("username:bot,machine:false,admin:true,token:abc,odd,a:b:c");
        assert_eq!(
            (made.username.as_str(), made.machine, made.admin, made.token.as_str()),
            ("bot", false, true, "abc")
        );
    }

    #[test]
    fn quotes_and_comments_do_not_belong_to_a_value() {
        assert_eq!(unquoted(" abc # why"), "abc");
        assert_eq!(unquoted("\"a # b\""), "a # b");
    }
}
