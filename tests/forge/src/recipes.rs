//! Recipes of tests/catalogue in a Gitea, with their complete history.

use std::process::Command;

use crate::api::basic;
use crate::error::{Error, Result};
use crate::running::Forge;

/// Pushes a recipe's branches and tags into an empty repository.
pub(crate) fn push(forge: &Forge, recipe: &str, repository: &str) -> Result<()> {
    let folder = tempfile::tempdir().map_err(Error::file("make a folder in", &std::env::temp_dir()))?;
    let bare = stand_ins::catalogue::publish(recipe, folder.path())?;
    let mut command = match forge.namespace() {
        None => Command::new("git"),
        Some(namespace) => {
            let mut command = Command::new("nsenter");
            command.arg(format!("--net={}", namespace.display())).args(["--", "git"]);
            command
        }
    };
    let owner = forge.administrator();
    let to = format!("{}/{repository}.git", forge.listens_at());
    command.arg("-C").arg(&bare).args(["push", "--quiet", &to]);
    command.args(["refs/heads/main:refs/heads/main", "refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*"]);
    // Other users cannot read the environment, unlike git's other sources of settings.
    command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "http.extraHeader");
    command.env("GIT_CONFIG_VALUE_0", format!("Authorization: {}", basic(&owner.name, &owner.password)));
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0");
    for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
    let output = command.output().map_err(Error::start("git"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Error::Ended { program: format!("git push {to}"), status: output.status.to_string(), said })
}
