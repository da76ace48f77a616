//! `gitea admin user create`: a request to the running server, which has the state.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::answer::{Answer, Refusal, not_found, ok};
use crate::model::{Account, Token};
use crate::seal::{random, random_hex, sealed};
use crate::server::now;
use crate::settings::Settings;
use crate::turn::Turn;

/// Path of the running server for this request. Gitea itself has no such path.
pub const PATH: [&str; 2] = ["-", "stand-in"];
const HEADER: &str = "x-internal-token";

/// A new account.
#[derive(Debug, Args)]
pub struct NewAccount {
    /// Login.
    #[arg(long)]
    username: String,
    /// Mail address.
    #[arg(long)]
    email: String,
    /// Makes the account an administrator.
    #[arg(long)]
    admin: bool,
    /// Generates a random password and prints it.
    #[arg(long, required = true)]
    random_password: bool,
    /// Length of the random password.
    #[arg(long, default_value_t = 12)]
    random_password_length: usize,
    /// Forces a new password at the first login.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    must_change_password: bool,
    /// Creates an access token and prints it.
    #[arg(long)]
    access_token: bool,
    /// Name of the access token.
    #[arg(long, default_value = "gitea-admin")]
    access_token_name: String,
    /// Scopes of the access token, separated by commas.
    #[arg(long, default_value = "all")]
    access_token_scopes: String,
    /// Settings file of the running server.
    #[arg(long, short)]
    config: PathBuf,
}

/// The arguments on their way to the server.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    username: String,
    email: String,
    admin: bool,
    password: String,
    must_change: bool,
    token: Option<(String, String, Vec<String>)>,
}

impl NewAccount {
    pub async fn create(self) -> Result<(), Failure> {
        let settings = Settings::read(&self.config)?;
        let secret = random_hex(40);
        let scopes = self.access_token_scopes.split(',').map(str::to_owned).collect();
        let order = Order {
            username: self.username,
            email: self.email,
            admin: self.admin,
            password: random(self.random_password_length),
            must_change: self.must_change_password,
            token: self.access_token.then(|| (self.access_token_name, secret.clone(), scopes)),
        };
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut address = settings.listen;
        if address.ip().is_unspecified() {
            address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        let client = reqwest::Client::builder().tls_certs_only([]).no_proxy().build()?;
        let request = client.post(format!("http://{address}/{}", PATH.join("/")));
        let answer = request.header(HEADER, settings.internal_token).json(&order).send().await?;
        if !answer.status().is_success() {
            return Err(answer.text().await?.into());
        }
        println!("generated random password is '{}'", order.password);
        if order.token.is_some() {
            println!("Access token was successfully created... {secret}");
        }
        println!("New user '{}' has been successfully created!", order.username);
        Ok(())
    }
}

/// Creates the account in the server.
pub fn answer(turn: &mut Turn) -> Answer {
    if turn.call.header(HEADER) != turn.server.settings.internal_token {
        return Err(not_found());
    }
    let order: Order =
        serde_json::from_slice(&turn.call.body).map_err(|error| Refusal::Said(400, error.to_string()))?;
    if turn.state.owner_named(&order.username).is_some() {
        return Err(Refusal::Said(422, format!("user already exists [name: {}]", order.username)));
    }
    let id = turn.state.next();
    let account = Account {
        id,
        login: order.username,
        email: order.email,
        password: sealed(&order.password),
        admin: order.admin,
        active: true,
        must_change: order.must_change,
        created: now(),
        ..Account::default()
    };
    turn.state.accounts.insert(id, account);
    if let Some((name, secret, scopes)) = order.token {
        let last_eight = secret.chars().skip(secret.len().saturating_sub(8)).collect();
        let token = Token {
            id: turn.state.next(),
            account: id,
            name,
            sealed: sealed(&secret),
            last_eight,
            scopes,
            created: now(),
        };
        turn.state.tokens.push(token);
    }
    ok(&serde_json::Value::Null)
}
