//! The caller of an API request: by a password, an access token, or a token of a grant.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::answer::{Answer, forbidden, unauthorized};
use crate::call::Call;
use crate::model::{Account, Kind};
use crate::one_time;
use crate::seal::sealed;
use crate::server::now;
use crate::state::State;

#[derive(Debug, Clone)]
pub struct Caller {
    pub account: i64,
    /// Scopes of an access token; `None` for a password or a grant, which allow everything.
    pub scopes: Option<Vec<String>>,
    /// True if the caller gave the account's own password.
    pub by_password: bool,
}

/// The caller, if the request names one. Wrong credentials are an error, even where no login is needed.
pub fn of(state: &State, call: &Call) -> Answer<Option<Caller>> {
    let refused = || unauthorized("invalid username, password or token");
    let given = call.header("authorization");
    let Some((scheme, rest)) = given.split_once(' ') else { return Ok(None) };
    let caller = match scheme.to_ascii_lowercase().as_str() {
        "token" | "bearer" => by_token(state, rest.trim()),
        "basic" => {
            let decoded = STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let decoded = decoded.ok_or_else(refused)?;
            let (name, password) = decoded.split_once(':').ok_or_else(refused)?;
            by_basic(state, name, password, call.header("x-gitea-otp"))?
        }
        _ => return Ok(None),
    };
    let caller = caller.ok_or_else(refused)?;
    let account = state.accounts.get(&caller.account).ok_or_else(refused)?;
    may_act(account)?;
    Ok(Some(caller))
}

fn may_act(account: &Account) -> Answer<()> {
    if account.prohibited || !account.active {
        return Err(forbidden("This account is prohibited from signing in, please contact your site administrator."));
    }
    if account.must_change {
        let message = "You must change your password. Change it at: /user/change_password";
        return Err(forbidden(message));
    }
    Ok(())
}

/// By name and password, or by a token in place of either.
pub fn by_basic(state: &State, name: &str, password: &str, passcode: &str) -> Answer<Option<Caller>> {
    let token = if password.is_empty() || password == "x-oauth-basic" { name } else { password };
    if let Some(caller) = by_token(state, token) {
        return Ok(Some(caller));
    }
    let Some(account) = state.account_of(name) else { return Ok(None) };
    if account.password != sealed(password) || account.prohibited {
        return Ok(None);
    }
    if let Some(secret) = &account.second_factor
        && !one_time::fits(secret, passcode, now())
    {
        return Err(unauthorized("invalid provided OTP"));
    }
    Ok(Some(Caller { account: account.id, scopes: None, by_password: true }))
}

pub fn by_token(state: &State, token: &str) -> Option<Caller> {
    let sealed = sealed(token);
    if let Some(token) = state.tokens.iter().find(|known| known.sealed == sealed) {
        let scopes = Some(token.scopes.clone());
        return Some(Caller { account: token.account, scopes, by_password: false });
    }
    let given = state.given.iter().find(|given| given.kind == Kind::Access && given.sealed == sealed)?;
    let grant = state.grants.iter().find(|grant| grant.id == given.grant && given.until > now())?;
    Some(Caller { account: grant.account, scopes: None, by_password: false })
}

impl Caller {
    /// Fails unless the token's scopes allow the request.
    pub fn allows(&self, categories: &[&str], writes: bool) -> Answer<()> {
        let Some(scopes) = &self.scopes else { return Ok(()) };
        let has = |scope: String| scopes.contains(&scope);
        let allowed = |category: &&&str| {
            has("all".to_owned()) || has(format!("write:{category}")) || (!writes && has(format!("read:{category}")))
        };
        let Some(missing) = categories.iter().find(|category| !allowed(category)) else { return Ok(()) };
        let wanted = format!("{}:{missing}", if writes { "write" } else { "read" });
        Err(forbidden(&format!("token does not have at least one of required scope(s), required=[{wanted}]")))
    }
}
