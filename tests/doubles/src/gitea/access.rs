//! Callers, their rights, and memberships.

use super::{Gitea, Organisation, Repository};
use crate::{Credentials, Reply, Request};

/// A caller, recognised by its credentials.
#[derive(Debug, Clone)]
pub(super) struct Credential {
    login: String,
    /// True if it came with its own password.
    pub has_password: bool,
}

impl Credential {
    /// The login; empty without credentials.
    pub fn login(&self) -> &str {
        &self.login
    }
}

impl Gitea {
    /// The caller of a request. Wrong credentials are refused.
    pub(super) fn caller(&self, request: &Request) -> Result<Credential, Reply> {
        let of_token = |token: &str| self.tokens.get(token).cloned();
        let (login, has_password) = match &request.credentials {
            Credentials::None => (Some(String::new()), false),
            Credentials::Token(token) => (of_token(token), false),
            Credentials::Password(login, password) => {
                let is_right = self.accounts.get(login).is_some_and(|it| it.password == *password);
                // A token takes the place of the password, or of the login beside one of these.
                let token = if password.is_empty() || password == "x-oauth-basic" { login } else { password };
                if is_right { (Some(login.clone()), true) } else { (of_token(token), false) }
            }
        };
        let refused = || self.refuse(401, "invalid username, password or token");
        login.map(|login| Credential { login, has_password }).ok_or_else(refused)
    }

    /// True if the account administrates the server.
    pub(super) fn is_admin(&self, login: &str) -> bool {
        self.accounts.get(login).is_some_and(|account| account.is_admin)
    }

    /// The organisation that owns a repository.
    fn owner(&self, full_name: &str) -> Option<&Organisation> {
        self.organisations.get(full_name.split('/').next()?)
    }

    /// True if the account may read the repository.
    pub(super) fn may_read(&self, login: &str, full_name: &str, repository: &Repository) -> bool {
        let is_member = || self.owner(full_name).is_some_and(|owner| owner.members.contains(login));
        !repository.is_hidden && (!repository.is_private || is_member() || self.may_write(login, full_name))
    }

    /// True if the account may write to the repository.
    pub(super) fn may_write(&self, login: &str, full_name: &str) -> bool {
        let by_team = self.owner(full_name).is_some_and(|owner| owner.writers.contains(login));
        by_team || self.is_admin(login) || self.repositories[full_name].writers.contains(login)
    }

    /// The reply about a membership.
    pub(super) fn member(&self, caller: &Credential, organisation: &str, login: &str) -> Reply {
        if caller.login().is_empty() {
            return self.refuse(401, "token is required");
        }
        let Some(found) = self.organisations.get(organisation) else { return self.refuse(404, "not found") };
        if !found.members.contains(caller.login()) && !self.is_admin(caller.login()) {
            let to = format!("/api/v1/orgs/{organisation}/public_members/{login}");
            return Reply::empty(303).header("location", to);
        }
        // Logins do not differ by case alone.
        let is_it = |name: &&String| name.eq_ignore_ascii_case(login);
        let is_member = self.accounts.keys().find(is_it).is_some_and(|name| found.members.contains(name));
        if is_member { Reply::empty(204) } else { self.refuse(404, "not found") }
    }

    /// The reply about a public membership, which members themselves publish and hide.
    pub(super) fn public_member(
        &mut self,
        request: &Request,
        caller: &Credential,
        organisation: &str,
        login: &str,
    ) -> Option<Reply> {
        let refused = self.refuse(404, "not found");
        let forbidden = self.refuse(403, "Cannot publicize another member");
        let Some(found) = self.organisations.get_mut(organisation) else { return Some(refused) };
        let is_own = caller.login() == login && found.members.contains(login);
        match request.method.as_str() {
            "GET" if found.public_members.contains(login) => {}
            "GET" => return Some(refused),
            "PUT" | "DELETE" if !is_own => return Some(forbidden),
            "PUT" => drop(found.public_members.insert(login.to_owned())),
            "DELETE" => drop(found.public_members.remove(login)),
            _ => return None,
        }
        Some(Reply::empty(204))
    }
}
