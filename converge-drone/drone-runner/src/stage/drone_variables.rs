//! Drone's documented variables of a step.

use std::collections::BTreeMap;

use crate::rpc::wire::{Details, architecture};

/// The variables of every step of a stage.
pub fn drone_variables(details: &Details, machine: &str) -> BTreeMap<String, String> {
    let Details { build, stage, repository: repo, system, .. } = details;
    let branch = if build.target.is_empty() { &repo.default_branch } else { &build.target };
    let mut all = BTreeMap::new();
    let mut set = |names: &[&str], value: &str| {
        for name in names {
            all.insert((*name).to_owned(), value.to_owned());
        }
    };
    set(&["CI", "DRONE"], "true");
    set(&["DRONE_BUILD_NUMBER", "CI_BUILD_NUMBER"], &build.number.to_string());
    set(&["DRONE_BUILD_PARENT"], &build.parent.to_string());
    set(&["DRONE_BUILD_EVENT", "CI_BUILD_EVENT"], &build.event);
    set(&["DRONE_BUILD_ACTION"], &build.action);
    set(&["DRONE_BUILD_TRIGGER"], &build.trigger);
    set(&["DRONE_BUILD_STATUS", "CI_BUILD_STATUS"], "success");
    set(&["DRONE_BUILD_CREATED"], &build.created.to_string());
    set(&["DRONE_BUILD_STARTED"], &build.started.to_string());
    set(&["DRONE_BUILD_DEBUG"], if build.debug { "true" } else { "false" });
    let link = format!("{}/{}/{}", system.link.trim_end_matches('/'), repo.slug, build.number);
    set(&["DRONE_BUILD_LINK", "CI_BUILD_LINK"], &link);
    set(&["DRONE_COMMIT", "DRONE_COMMIT_SHA", "DRONE_COMMIT_AFTER", "CI_COMMIT_SHA"], &build.after);
    set(&["DRONE_COMMIT_BEFORE"], &build.before);
    set(&["DRONE_COMMIT_REF", "CI_COMMIT_REF"], &build.reference);
    set(&["DRONE_COMMIT_BRANCH", "DRONE_BRANCH", "DRONE_TARGET_BRANCH", "CI_COMMIT_BRANCH"], branch);
    set(&["DRONE_SOURCE_BRANCH"], &build.source);
    set(&["DRONE_COMMIT_LINK"], &build.link);
    set(&["DRONE_COMMIT_MESSAGE", "CI_COMMIT_MESSAGE"], &build.message);
    set(&["DRONE_COMMIT_AUTHOR", "CI_COMMIT_AUTHOR"], &build.author_login);
    set(&["DRONE_COMMIT_AUTHOR_NAME", "CI_COMMIT_AUTHOR_NAME"], &build.author_name);
    set(&["DRONE_COMMIT_AUTHOR_EMAIL", "CI_COMMIT_AUTHOR_EMAIL"], &build.author_email);
    set(&["DRONE_COMMIT_AUTHOR_AVATAR", "CI_COMMIT_AUTHOR_AVATAR"], &build.author_avatar);
    set(&["DRONE_REPO", "CI_REPO"], &repo.slug);
    set(&["DRONE_REPO_NAME", "CI_REPO_NAME"], &repo.name);
    set(&["DRONE_REPO_NAMESPACE", "DRONE_REPO_OWNER"], &repo.namespace);
    set(&["DRONE_REPO_SCM"], &repo.scm);
    set(&["DRONE_REPO_LINK", "CI_REPO_LINK"], &repo.link);
    set(&["DRONE_REPO_BRANCH"], &repo.default_branch);
    set(&["DRONE_REPO_PRIVATE", "CI_REPO_PRIVATE"], if repo.private { "true" } else { "false" });
    set(&["DRONE_REPO_VISIBILITY"], &repo.visibility);
    set(&["DRONE_GIT_HTTP_URL", "DRONE_REMOTE_URL", "CI_REPO_REMOTE"], &repo.git_http_url);
    set(&["DRONE_GIT_SSH_URL"], &repo.git_ssh_url);
    set(&["DRONE_SYSTEM_HOST", "DRONE_SYSTEM_HOSTNAME"], &system.host);
    set(&["DRONE_SYSTEM_PROTO"], &system.proto);
    set(&["DRONE_SYSTEM_VERSION"], &system.version);
    set(&["DRONE_STAGE_NAME"], &stage.name);
    set(&["DRONE_STAGE_NUMBER"], &stage.number.to_string());
    set(&["DRONE_STAGE_MACHINE"], machine);
    set(&["DRONE_STAGE_STARTED"], &stage.started.to_string());
    set(&["DRONE_STAGE_OS"], "linux");
    set(&["DRONE_STAGE_ARCH"], architecture());
    set(&["DRONE_STAGE_TYPE"], "exec");
    set(&["DRONE_STAGE_KIND"], "pipeline");
    if let Some(tag) = build.reference.strip_prefix("refs/tags/") {
        set(&["DRONE_TAG"], tag);
    }
    if !build.cron.is_empty() {
        set(&["DRONE_CRON"], &build.cron);
    }
    if !build.deploy_to.is_empty() {
        set(&["DRONE_DEPLOY_TO"], &build.deploy_to);
    }
    all
}
