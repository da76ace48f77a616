//! Gitea's answers.

use serde::Deserialize;

use crate::model::{Permission, Repository};
use crate::settings::Settings;

#[derive(Debug, Deserialize)]
pub struct Token {
    #[serde(default)]
    pub access_token: String,
    #[serde(default)]
    pub refresh_token: String,
    #[serde(default)]
    pub expires_in: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Person {
    pub login: String,
    username: String,
    full_name: String,
    email: String,
    avatar_url: String,
}

#[derive(Debug, Deserialize)]
pub struct Remote {
    id: i64,
    owner: Person,
    name: String,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    html_url: String,
    #[serde(default)]
    ssh_url: String,
    #[serde(default)]
    clone_url: String,
    #[serde(default)]
    default_branch: String,
    #[serde(default)]
    permissions: Granted,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Granted {
    admin: bool,
    push: bool,
    pull: bool,
}

impl Remote {
    pub fn permission(&self) -> Permission {
        let Granted { admin, push, pull } = self.permissions;
        Permission { read: pull, write: push, admin }
    }

    pub fn repository(&self, settings: &Settings) -> Repository {
        let namespace = self.owner.name().to_owned();
        let visibility = match settings.repository_visibility.as_str() {
            _ if self.private => "private",
            "internal" => "internal",
            _ => "public",
        };
        Repository {
            uid: self.id.to_string(),
            slug: format!("{namespace}/{}", self.name),
            namespace,
            name: self.name.clone(),
            git_http_url: self.clone_url.clone(),
            git_ssh_url: self.ssh_url.clone(),
            link: self.html_url.clone(),
            default_branch: self.default_branch.clone(),
            private: self.private,
            visibility: visibility.to_owned(),
            trusted: settings.repository_trusted,
            ..Repository::default()
        }
    }
}

impl Person {
    pub fn name(&self) -> &str {
        if self.username.is_empty() { &self.login } else { &self.username }
    }

    pub fn full_name(&self) -> &str {
        &self.full_name
    }

    pub fn email(&self) -> &str {
        &self.email
    }

    pub fn avatar(&self) -> &str {
        &self.avatar_url
    }
}

#[derive(Debug, Deserialize)]
pub struct Commit {
    #[serde(default)]
    pub sha: String,
    #[serde(default)]
    pub commit: Inner,
    #[serde(default)]
    author: Option<Person>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Inner {
    pub message: String,
    pub url: String,
}

impl Commit {
    pub fn author(&mut self) -> Person {
        self.author.take().unwrap_or_default()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Refused {
    pub error: String,
    pub error_description: String,
}
