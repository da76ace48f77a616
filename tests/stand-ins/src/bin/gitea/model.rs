//! The stored data.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Permission of an account for a repository, from lowest to highest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    #[default]
    None,
    Read,
    Write,
    Admin,
    Owner,
}

impl Level {
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_value(text.into()).ok()
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Account {
    pub id: i64,
    pub login: String,
    pub email: String,
    pub full_name: String,
    pub password: String,
    pub admin: bool,
    pub active: bool,
    pub prohibited: bool,
    pub must_change: bool,
    pub second_factor: Option<String>,
    pub created: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Token {
    pub id: i64,
    pub account: i64,
    pub name: String,
    pub sealed: String,
    pub last_eight: String,
    pub scopes: Vec<String>,
    pub created: i64,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Organisation {
    pub id: i64,
    pub name: String,
    pub full_name: String,
    pub visibility: String,
    pub public_members: BTreeSet<i64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Team {
    pub id: i64,
    pub organisation: i64,
    pub name: String,
    pub permission: Level,
    pub units: BTreeMap<String, String>,
    pub all_repositories: bool,
    pub members: BTreeSet<i64>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Repository {
    pub id: i64,
    /// The id of an account or an organisation; both share one sequence of ids.
    pub owner: i64,
    pub name: String,
    pub description: String,
    pub default_branch: String,
    pub private: bool,
    pub archived: bool,
    pub parent: Option<i64>,
    pub collaborators: BTreeMap<i64, Level>,
    pub created: i64,
    pub updated: i64,
}

/// An issue; a pull request if the fields of one are set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Issue {
    pub id: i64,
    pub repository: i64,
    pub number: i64,
    pub author: i64,
    pub title: String,
    pub body: String,
    pub closed: bool,
    pub locked: bool,
    pub created: i64,
    pub updated: i64,
    pub pull: Option<Pull>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pull {
    pub head_repository: i64,
    pub head: String,
    pub base: String,
    pub sha: String,
    pub merge_base: String,
    pub merged_by: Option<i64>,
    pub merged_at: Option<i64>,
    pub merge_commit: Option<String>,
}

/// A push to a pull request, as its timeline shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Push {
    pub id: i64,
    pub issue: i64,
    pub author: i64,
    /// Oldest first; of a forced push the old and the new head.
    pub commits: Vec<String>,
    pub forced: bool,
    pub created: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Comment {
    pub id: i64,
    pub issue: i64,
    pub author: i64,
    pub body: String,
    pub created: i64,
    pub updated: i64,
    pub reactions: Vec<Reaction>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reaction {
    pub account: i64,
    pub content: String,
    pub created: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Status {
    pub id: i64,
    pub repository: i64,
    pub sha: String,
    pub author: i64,
    pub state: String,
    pub context: String,
    pub description: String,
    pub target_url: String,
    pub created: i64,
}

/// Owner of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Of {
    Repository(i64),
    Organisation(i64),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hook {
    pub id: i64,
    pub of: Of,
    pub kind: String,
    pub url: String,
    pub content_type: String,
    pub secret: String,
    pub events: Vec<String>,
    pub active: bool,
    pub created: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Application {
    pub id: i64,
    pub account: i64,
    pub name: String,
    pub client: String,
    pub sealed: String,
    pub redirects: Vec<String>,
    pub confidential: bool,
    pub skips_consent: bool,
    pub created: i64,
}

/// An account's consent to an application.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Grant {
    pub id: i64,
    pub application: i64,
    pub account: i64,
    pub scope: String,
}

/// A token or code that belongs to a grant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Given {
    pub grant: i64,
    pub kind: Kind,
    pub sealed: String,
    pub redirect: String,
    pub until: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Code,
    Access,
    Refresh,
}

/// A browser's session.
#[derive(Debug, Clone, Default)]
pub struct Session {
    pub account: Option<i64>,
    /// The account whose password was right and whose second factor is not given yet.
    pub half: Option<i64>,
    /// The request for consent: client, state, redirect address.
    pub asked: Option<(String, String, String)>,
    /// The secret of a second factor that is not confirmed yet.
    pub enrolling: Option<String>,
}
