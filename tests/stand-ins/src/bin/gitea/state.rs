//! The state that survives a restart, and its lookups.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::model::{
    Account, Application, Comment, Given, Grant, Hook, Issue, Organisation, Push, Repository, Session, Status, Team,
    Token,
};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    last: i64,
    pub accounts: BTreeMap<i64, Account>,
    pub tokens: Vec<Token>,
    pub organisations: BTreeMap<i64, Organisation>,
    pub teams: BTreeMap<i64, Team>,
    pub repositories: BTreeMap<i64, Repository>,
    /// Old full names of repositories, in lower case.
    pub renamed: BTreeMap<String, i64>,
    pub issues: BTreeMap<i64, Issue>,
    pub comments: BTreeMap<i64, Comment>,
    pub pushes: Vec<Push>,
    pub statuses: Vec<Status>,
    pub hooks: BTreeMap<i64, Hook>,
    pub applications: BTreeMap<i64, Application>,
    pub grants: Vec<Grant>,
    pub given: Vec<Given>,
    #[serde(skip)]
    pub sessions: BTreeMap<String, Session>,
}

impl State {
    pub fn read(folder: &Path) -> io::Result<Self> {
        match fs::read(folder.join("stand-in.json")) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let new = folder.join("stand-in.json.new");
        fs::write(&new, serde_json::to_vec(self)?)?;
        fs::rename(new, folder.join("stand-in.json"))
    }

    /// A new unique number.
    pub fn next(&mut self) -> i64 {
        self.last += 1;
        self.last
    }

    pub fn account_named(&self, name: &str) -> Option<&Account> {
        self.accounts.values().find(|account| account.login.eq_ignore_ascii_case(name))
    }

    /// An account by login or by mail address.
    pub fn account_of(&self, name: &str) -> Option<&Account> {
        let by_mail = || self.accounts.values().find(|account| account.email.eq_ignore_ascii_case(name));
        self.account_named(name).or_else(by_mail)
    }

    pub fn organisation_named(&self, name: &str) -> Option<&Organisation> {
        self.organisations.values().find(|organisation| organisation.name.eq_ignore_ascii_case(name))
    }

    /// The id of an account or organisation.
    pub fn owner_named(&self, name: &str) -> Option<i64> {
        let account = self.account_named(name).map(|account| account.id);
        account.or_else(|| self.organisation_named(name).map(|organisation| organisation.id))
    }

    pub fn owner_name(&self, id: i64) -> &str {
        let account = self.accounts.get(&id).map(|account| account.login.as_str());
        let organisation = || self.organisations.get(&id).map(|organisation| organisation.name.as_str());
        account.or_else(organisation).unwrap_or("ghost")
    }

    pub fn full_name(&self, repository: &Repository) -> String {
        format!("{}/{}", self.owner_name(repository.owner), repository.name)
    }

    pub fn repository_named(&self, owner: &str, name: &str) -> Option<&Repository> {
        let owner = self.owner_named(owner)?;
        let mut all = self.repositories.values();
        all.find(|repository| repository.owner == owner && repository.name.eq_ignore_ascii_case(name))
    }

    /// A repository by an old name.
    pub fn renamed_from(&self, owner: &str, name: &str) -> Option<&Repository> {
        let id = self.renamed.get(&format!("{owner}/{name}").to_ascii_lowercase())?;
        self.repositories.get(id)
    }

    pub fn issue(&self, repository: i64, number: i64) -> Option<&Issue> {
        self.issues.values().find(|issue| issue.repository == repository && issue.number == number)
    }

    pub fn next_number(&self, repository: i64) -> i64 {
        let issues = self.issues.values().filter(|issue| issue.repository == repository);
        issues.map(|issue| issue.number).max().unwrap_or(0) + 1
    }

    pub fn comments_of(&self, issue: i64) -> impl Iterator<Item = &Comment> {
        self.comments.values().filter(move |comment| comment.issue == issue)
    }

    pub fn teams_of(&self, organisation: i64) -> impl Iterator<Item = &Team> {
        self.teams.values().filter(move |team| team.organisation == organisation)
    }

    pub fn is_member(&self, organisation: i64, account: i64) -> bool {
        self.teams_of(organisation).any(|team| team.members.contains(&account))
    }

    /// Deletes a repository with all that belongs to it.
    pub fn remove_repository(&mut self, id: i64) {
        self.repositories.remove(&id);
        self.renamed.retain(|_, other| *other != id);
        self.statuses.retain(|status| status.repository != id);
        self.hooks.retain(|_, hook| hook.of != crate::model::Of::Repository(id));
        self.issues.retain(|_, issue| issue.repository != id);
        let issues = &self.issues;
        self.comments.retain(|_, comment| issues.contains_key(&comment.issue));
        self.pushes.retain(|push| issues.contains_key(&push.issue));
    }

    /// Deletes an account with its repositories, tokens, comments, applications and consents.
    pub fn remove_account(&mut self, id: i64) {
        let owned: Vec<i64> = self.repositories.values().filter(|it| it.owner == id).map(|it| it.id).collect();
        for repository in owned {
            self.remove_repository(repository);
        }
        self.accounts.remove(&id);
        self.tokens.retain(|token| token.account != id);
        self.comments.retain(|_, comment| comment.author != id);
        for team in self.teams.values_mut() {
            team.members.remove(&id);
        }
        for repository in self.repositories.values_mut() {
            repository.collaborators.remove(&id);
        }
        let gone: Vec<i64> = self.applications.values().filter(|it| it.account == id).map(|it| it.id).collect();
        for application in gone {
            self.remove_application(application);
        }
        self.revoke(|grant| grant.account == id);
    }

    pub fn remove_application(&mut self, id: i64) {
        self.applications.remove(&id);
        self.revoke(|grant| grant.application == id);
    }

    /// Revokes grants with their tokens and codes.
    pub fn revoke(&mut self, which: impl Fn(&Grant) -> bool) {
        self.grants.retain(|grant| !which(grant));
    }
}
