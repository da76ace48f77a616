//! Git over HTTP: clones of Drone and fetches of recipes.

use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tempfile::TempDir;

use crate::contents::file;
use crate::grants::Flow;
use crate::site::{Site, eventually};

crate::assertions![
    everybody_clones_a_public_repository,
    a_private_repository_wants_an_account,
    a_pull_request_is_fetched_by_its_number,
    a_commit_is_fetched_by_its_hash,
    writers_push_and_readers_do_not,
    a_pushed_branch_and_tag_are_seen_by_the_api,
    a_renamed_repository_is_cloned_by_its_old_name,
    a_grant_s_token_clones,
    a_missing_repository_is_not_found,
];

/// A repository of git, to fetch into and to push from.
pub struct Clone {
    folder: TempDir,
}

impl Clone {
    pub fn empty() -> Self {
        let clone = Self { folder: tempfile::tempdir().unwrap() };
        clone.ok(&["init", "--quiet", "--initial-branch=main"], None);
        clone
    }

    fn git(&self, arguments: &[&str], as_: Option<(&str, &str)>) -> Output {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.folder.path()).args(["-c", "user.name=test", "-c", "user.email=t@example.org"]);
        command.args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("GIT_TERMINAL_PROMPT", "0").env("no_proxy", "*");
        if let Some((name, password)) = as_ {
            let basic = STANDARD.encode(format!("{name}:{password}"));
            command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "http.extraHeader");
            command.env("GIT_CONFIG_VALUE_0", format!("Authorization: Basic {basic}"));
        }
        command.output().unwrap()
    }

    #[track_caller]
    pub fn ok(&self, arguments: &[&str], as_: Option<(&str, &str)>) -> String {
        let output = self.git(arguments, as_);
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    #[track_caller]
    fn fails(&self, arguments: &[&str], as_: Option<(&str, &str)>, words: &str) {
        let output = self.git(arguments, as_);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(words), "git {arguments:?}: {said}");
    }
}

/// The address of a repository for git.
pub fn url(site: &Site, repository: &str) -> String {
    format!("{}/{repository}.git", site.address)
}

fn everybody_clones_a_public_repository(site: &Site) {
    let repository = site.repository("public");
    let clone = Clone::empty();
    for url in [url(site, &repository), format!("{}/{repository}", site.address)] {
        clone.ok(&["fetch", "--quiet", &url, "main"], None);
        assert!(clone.ok(&["show", "FETCH_HEAD:README.md"], None).contains('#'));
        let head = clone.ok(&["ls-remote", "--symref", &url, "HEAD"], None);
        assert!(head.starts_with("ref: refs/heads/main"), "{head}");
    }
    clone.ok(&["fetch", "--quiet", "--depth=1", &url(site, &repository), "main"], None);
}

fn a_private_repository_wants_an_account(site: &Site) {
    let url = url(site, &site.repository_with("private", &json!({"private": true})));
    let clone = Clone::empty();
    clone.fails(&["fetch", &url, "main"], None, "could not read Username");
    clone.fails(&["fetch", &url, "main"], Some((&site.sam.name, &site.sam.password)), "not found");
    clone.ok(&["fetch", "--quiet", &url, "main"], Some((&site.bot.name, &site.bot.password)));
    clone.ok(&["fetch", "--quiet", &url, "main"], Some((&site.bot.name, &site.bot.token)));
    clone.ok(&["fetch", "--quiet", &url, "main"], Some((&site.bot.token, "")));
}

fn a_pull_request_is_fetched_by_its_number(site: &Site) {
    let repository = site.repository("pull");
    let pull = site.pull_request(&repository, "change");
    let sha = site.bot().get(&format!("/repos/{repository}/pulls/{pull}")).is(200).text("/head/sha");
    let clone = Clone::empty();
    clone.ok(&["fetch", "--quiet", &url(site, &repository), &format!("refs/pull/{pull}/head")], None);
    assert_eq!(clone.ok(&["rev-parse", "FETCH_HEAD"], None), sha);
}

fn a_commit_is_fetched_by_its_hash(site: &Site) {
    let repository = site.repository("hash");
    let path = format!("/repos/{repository}/contents");
    let older = site.mara().post(&format!("{path}/a.txt"), &file("a\n", "add a")).is(201).text("/commit/sha");
    site.mara().post(&format!("{path}/b.txt"), &file("b\n", "add b")).is(201);
    let clone = Clone::empty();
    clone.ok(&["fetch", "--quiet", "--depth=1", &url(site, &repository), &older], None);
    assert_eq!(clone.ok(&["rev-parse", "FETCH_HEAD"], None), older);
}

fn writers_push_and_readers_do_not(site: &Site) {
    let repository = site.repository("pushed");
    let (url, clone) = (url(site, &repository), Clone::empty());
    clone.ok(&["fetch", "--quiet", &url, "main"], None);
    clone.ok(&["checkout", "--quiet", "-b", "change", "FETCH_HEAD"], None);
    clone.ok(&["commit", "--quiet", "--allow-empty", "-m", "nothing"], None);
    clone.fails(&["push", &url, "change"], None, "could not read Username");
    clone.fails(&["push", &url, "change"], Some((&site.bot.name, &site.bot.password)), "denied");
    clone.ok(&["push", "--quiet", &url, "change"], Some((&site.mara.name, &site.mara.password)));
}

fn a_pushed_branch_and_tag_are_seen_by_the_api(site: &Site) {
    let repository = site.repository("seen");
    let (url, clone) = (url(site, &repository), Clone::empty());
    let mara = Some((site.mara.name.as_str(), site.mara.token.as_str()));
    clone.ok(&["fetch", "--quiet", &url, "main"], None);
    clone.ok(&["checkout", "--quiet", "-b", "change", "FETCH_HEAD"], None);
    clone.ok(&["commit", "--quiet", "--allow-empty", "-m", "nothing"], None);
    clone.ok(&["tag", "-a", "1.0.0+1", "-m", "the first"], None);
    clone.ok(&["push", "--quiet", &url, "change", "1.0.0+1"], mara);
    let sha = clone.ok(&["rev-parse", "HEAD"], None);
    // Gitea processes a push after git has ended.
    eventually("the pushed branch", || {
        let branch = site.bot().get(&format!("/repos/{repository}/branches/change"));
        branch.0.status == 200 && branch.text("/commit/id") == sha
    });
    eventually("the pushed tag", || {
        site.bot().get(&format!("/repos/{repository}/tags")).is(200).each("/name") == ["1.0.0+1"]
    });
}

fn a_renamed_repository_is_cloned_by_its_old_name(site: &Site) {
    let repository = site.repository("old");
    site.administrator().patch(&format!("/repos/{repository}"), &json!({"name": site.name("new")})).is(200);
    Clone::empty().ok(&["fetch", "--quiet", &url(site, &repository), "main"], None);
}

fn a_grant_s_token_clones(site: &Site) {
    let url = url(site, &site.repository_with("private", &json!({"private": true})));
    let flow = Flow::of(site, site.bot.clone());
    let token = flow.exchange(&flow.code()).is(200).text("/access_token");
    // The netrc that Drone gives to its runners.
    Clone::empty().ok(&["fetch", "--quiet", &url, "main"], Some((&token, "x-oauth-basic")));
}

fn a_missing_repository_is_not_found(site: &Site) {
    let url = url(site, &format!("{}/no-such-repository", site.organisation));
    let clone = Clone::empty();
    clone.fails(&["fetch", &url, "main"], None, "could not read Username");
    clone.fails(&["fetch", &url, "main"], Some((&site.bot.name, &site.bot.password)), "not found");
}
