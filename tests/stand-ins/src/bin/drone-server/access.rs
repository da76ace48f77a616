//! Access checks that run before a handler.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::answer::{Refusal, forbidden, not_found, unauthorized};
use crate::model::{Account, Grant, Kept, Permission};
use crate::server::{Server, now};
use crate::session;

/// Seconds for which a permission from Gitea is used before Gitea is asked again.
const FRESH: i64 = 3600;

pub fn account(parts: &Parts, server: &Server) -> Option<Account> {
    let query = parts.uri.query().unwrap_or_default();
    let token = query.split('&').find_map(|pair| pair.strip_prefix("access_token="));
    session::account(server, &parts.headers, token)
}

/// A caller with a login.
pub struct Caller(pub Account);

impl FromRequestParts<Arc<Server>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Self, Refusal> {
        account(parts, server).map(Self).ok_or_else(unauthorized)
    }
}

/// A caller with or without a login.
pub struct Visitor(pub Option<Account>);

impl FromRequestParts<Arc<Server>> for Visitor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Self, Refusal> {
        Ok(Self(account(parts, server)))
    }
}

/// An administrator of the server.
pub struct Admin;

impl FromRequestParts<Arc<Server>> for Admin {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Self, Refusal> {
        let account = account(parts, server).ok_or_else(unauthorized)?;
        if account.user.admin { Ok(Self) } else { Err(forbidden()) }
    }
}

/// A repository that the caller may read.
pub struct Reader {
    pub kept: Kept,
    pub may: Option<Permission>,
}

/// A repository that the caller may write.
pub struct Writer {
    pub account: Account,
    pub kept: Kept,
}

/// A repository that the caller may administer.
pub struct Keeper {
    pub account: Account,
    pub kept: Kept,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    Read,
    Write,
    Admin,
}

impl FromRequestParts<Arc<Server>> for Reader {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Self, Refusal> {
        let (_, kept, may) = check(parts, server, Need::Read).await?;
        Ok(Self { kept, may })
    }
}

impl FromRequestParts<Arc<Server>> for Writer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Self, Refusal> {
        let (account, kept, _) = check(parts, server, Need::Write).await?;
        Ok(Self { account: account.ok_or_else(unauthorized)?, kept })
    }
}

impl FromRequestParts<Arc<Server>> for Keeper {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Self, Refusal> {
        let (account, kept, _) = check(parts, server, Need::Admin).await?;
        Ok(Self { account: account.ok_or_else(unauthorized)?, kept })
    }
}

type Checked = (Option<Account>, Kept, Option<Permission>);

async fn check(parts: &mut Parts, server: &Arc<Server>, need: Need) -> Result<Checked, Refusal> {
    let path = Path::<HashMap<String, String>>::from_request_parts(parts, server).await;
    let Path(path) = path.map_err(|_| not_found())?;
    let word = |key: &str| path.get(key).cloned().unwrap_or_default();
    let slug = format!("{}/{}", word("owner"), word("name"));
    let account = account(parts, server);
    let Some(kept) = server.read(|state| state.repository(&slug).cloned()) else {
        return Err(if account.is_some() { not_found() } else { unauthorized() });
    };
    let Some(account) = account else {
        let is_public = need == Need::Read && kept.repository.visibility == "public";
        return if is_public { Ok((None, kept, None)) } else { Err(unauthorized()) };
    };
    let may = permission(server, &account, &kept).await?;
    if account.user.admin {
        return Ok((Some(account), kept, may));
    }
    if need == Need::Read && matches!(kept.repository.visibility.as_str(), "public" | "internal") {
        return Ok((Some(account), kept, may));
    }
    let held = may.ok_or_else(not_found)?;
    if !account.user.active {
        return Err(forbidden());
    }
    let is_enough = held.read && (need < Need::Write || held.write) && (need < Need::Admin || held.admin);
    if is_enough { Ok((Some(account), kept, may)) } else { Err(not_found()) }
}

/// The account's permission, asked of Gitea again when it is stale. A failed request to Gitea is "not found", also for
/// administrators.
async fn permission(server: &Arc<Server>, account: &Account, kept: &Kept) -> Result<Option<Permission>, Refusal> {
    let (user, uid) = (account.user.id, kept.repository.uid.clone());
    let is_it = |grant: &&Grant| grant.user_id == user && grant.repository == uid;
    let Some(grant) = server.read(|state| state.grants.iter().find(is_it).cloned()) else { return Ok(None) };
    if grant.asked != 0 && grant.asked + FRESH >= now() {
        return Ok(Some(grant.may));
    }
    let token = server.token(user, false).await.map_err(|_| not_found())?;
    let remote = server.gitea.repository(&token, &kept.repository.slug).await.map_err(|_| not_found())?;
    let may = remote.permission();
    server.write(|state| {
        if let Some(grant) = state.grant(user, &uid) {
            grant.may = may;
            grant.asked = now();
        }
    });
    Ok(Some(may))
}
