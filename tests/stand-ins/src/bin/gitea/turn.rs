//! One request with its access to the state.

use crate::access;
use crate::answer::{Answer, Refusal, forbidden, not_found, unauthorized};
use crate::call::Call;
use crate::git::Git;
use crate::model::{Account, Issue, Level, Repository};
use crate::server::Server;
use crate::state::State;
use crate::who::Caller;

#[derive(Debug)]
pub struct Turn<'a> {
    pub server: &'a Server,
    pub state: &'a mut State,
    pub call: &'a Call,
    pub caller: Option<Caller>,
}

impl Turn<'_> {
    /// The caller; an error without a login.
    pub fn me(&self) -> Answer<Account> {
        let id = self.caller.as_ref().ok_or_else(|| unauthorized("token is required"))?.account;
        self.state.accounts.get(&id).cloned().ok_or_else(|| unauthorized("token is required"))
    }

    /// The caller's id, if the request has a login.
    pub fn caller_id(&self) -> Option<i64> {
        self.caller.as_ref().map(|caller| caller.account)
    }

    pub fn administrator(&self) -> Answer<Account> {
        let me = self.me()?;
        if me.admin { Ok(me) } else { Err(forbidden("user should be the site admin")) }
    }

    /// A repository that the caller may see. A renamed one is a redirect.
    pub fn repository(&self, owner: &str, name: &str) -> Answer<Repository> {
        let Some(found) = self.state.repository_named(owner, name) else {
            let now = self.state.renamed_from(owner, name).ok_or_else(not_found)?;
            let (old, new) = (format!("/repos/{owner}/{name}"), format!("/repos/{}", self.state.full_name(now)));
            let mut to = self.call.path.replacen(&old, &new, 1);
            if !self.call.raw_query.is_empty() {
                to = format!("{to}?{}", self.call.raw_query);
            }
            // For every method: a client that follows the redirect blindly sends a GET instead.
            return Err(Refusal::Moved(301, to));
        };
        if self.level(found) == Level::None { Err(not_found()) } else { Ok(found.clone()) }
    }

    /// A repository for which the caller has at least this permission.
    pub fn repository_for(&self, owner: &str, name: &str, level: Level) -> Answer<Repository> {
        let repository = self.repository(owner, name)?;
        self.me()?;
        if self.level(&repository) >= level {
            return Ok(repository);
        }
        Err(forbidden(match level {
            Level::Admin => "user should be an owner or a collaborator with admin write of a repository",
            _ => "user should have a permission to write to a repo",
        }))
    }

    /// The caller's permission for a repository.
    pub fn level(&self, repository: &Repository) -> Level {
        access::level(self.state, repository, self.caller_id())
    }

    pub fn issue(&self, repository: &Repository, number: &str) -> Answer<Issue> {
        let number = number.parse().map_err(|_| not_found())?;
        self.state.issue(repository.id, number).cloned().ok_or_else(not_found)
    }

    pub fn git(&self, repository: &Repository) -> Git {
        self.server.git(repository.id)
    }

    /// The URL of a page or of the API.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.settings.address)
    }
}
