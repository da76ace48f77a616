//! The content of a Gitea, created through the API and git.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::api::Api;
use crate::error::Result;
use crate::recipes;
use crate::running::Forge;
use crate::world::{Account, World};

/// Branch of each recipe's pull request.
const BRANCH: &str = "mention-the-tests";

/// Content of a new Gitea.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The `.drone.yml` of `recipes/ci`.
    pub pipeline: String,
    /// Other files of `recipes/ci`, by path.
    pub files: BTreeMap<String, String>,
    /// Names of recipes in tests/catalogue.
    pub recipes: Vec<String>,
}

impl Default for Content {
    fn default() -> Self {
        Self { pipeline: PIPELINE.to_owned(), files: BTreeMap::new(), recipes: vec!["hello".to_owned()] }
    }
}

impl Content {
    /// The default content with another `.drone.yml`.
    pub fn with_pipeline(pipeline: &str) -> Self {
        Self { pipeline: pipeline.to_owned(), ..Self::default() }
    }
}

const PIPELINE: &str = "\
kind: pipeline
type: exec
name: recipe
platform:
  os: linux
  arch: amd64
clone:
  disable: true
trigger:
  event: [custom]
steps:
  - name: say
    commands:
      - echo \"testing $RECIPE at $REF\"
";

/// Creates all accounts, repositories and pull requests.
pub(crate) fn fill(forge: &Forge, content: &Content) -> Result<World> {
    let administrator = forge.administrator().clone();
    let site = forge.api().with_token(&administrator.token);
    let organisation = World::ORGANISATION;
    let account = |name: &str| make_account(forge, &site, name);
    let (bot, mara, milo, sam) = (account(World::BOT)?, account("mara")?, account("milo")?, account("sam")?);
    let bridge_token = make_token(&forge.api(), &bot.name, &bot.password, "bridge", &World::BRIDGE_SCOPES)?;

    site.post("/orgs", &json!({"username": organisation, "full_name": "Recipes", "visibility": "public"}))?;
    make_team(&site, "readers", "read", &[&bot])?;
    make_team(&site, "maintainers", "write", &[&mara, &milo])?;

    make_repository(&site, "ci", true)?;
    site.write_file(World::CI, ".drone.yml", &content.pipeline)?;
    content.files.iter().try_for_each(|(path, text)| site.write_file(World::CI, path, text))?;
    site.put(&format!("/repos/{}/collaborators/{}", World::CI, bot.name), &json!({"permission": "admin"}))?;

    let mut made = Vec::new();
    for recipe in &content.recipes {
        let repository = format!("{organisation}/{recipe}");
        make_repository(&site, recipe, false)?;
        recipes::push(forge, recipe, &repository)?;
        open_pull_request(&forge.api().with_token(&milo.token), &repository)?;
        made.push(repository);
    }
    Ok(World { administrator, bot, mara, milo, sam, bridge_token, recipes: made })
}

fn make_account(forge: &Forge, site: &Api, name: &str) -> Result<Account> {
    let password = random(24);
    let email = format!("{name}@example.org");
    site.post(
        "/admin/users",
        &json!({"username": name, "email": email, "password": password, "must_change_password": false}),
    )?;
    let token = make_token(&forge.api(), name, &password, "tests", &["all"])?;
    Ok(Account { name: name.to_owned(), password, token })
}

fn make_token(api: &Api, name: &str, password: &str, token: &str, scopes: &[&str]) -> Result<String> {
    let api = api.with_password(name, password);
    api.post(&format!("/users/{name}/tokens"), &json!({"name": token, "scopes": scopes}))?.text("/sha1")
}

fn make_team(site: &Api, name: &str, permission: &str, members: &[&Account]) -> Result<()> {
    let units = ["repo.code", "repo.issues", "repo.pulls"];
    let map: serde_json::Map<String, Value> =
        units.iter().map(|unit| ((*unit).to_owned(), json!(permission))).collect();
    let team = json!({
        "name": name, "permission": permission, "units": units, "units_map": map, "includes_all_repositories": true,
    });
    let id = site.post(&format!("/orgs/{}/teams", World::ORGANISATION), &team)?.number("/id")?;
    for member in members {
        site.put(&format!("/teams/{id}/members/{}", member.name), &Value::Null)?;
    }
    Ok(())
}

fn make_repository(site: &Api, name: &str, has_readme: bool) -> Result<()> {
    let repository = json!({"name": name, "default_branch": "main", "auto_init": has_readme, "private": false});
    site.post(&format!("/orgs/{}/repos", World::ORGANISATION), &repository).map(drop)
}

impl Api {
    /// Creates or updates a file on a repository's main branch.
    pub fn write_file(&self, repository: &str, path: &str, text: &str) -> Result<()> {
        self.write_file_of("main", repository, path, text)
    }

    /// Creates or updates a file on another branch.
    pub fn write_file_of(&self, branch: &str, repository: &str, path: &str, text: &str) -> Result<()> {
        let at = format!("/repos/{repository}/contents/{path}");
        let mut body = json!({"content": STANDARD.encode(text), "message": format!("write {path}"), "branch": branch});
        let present = self.ask("GET", &format!("{at}?ref={branch}"), None)?;
        if present.status == 404 {
            return self.post(&at, &body).map(drop);
        }
        body["sha"] = json!(present.ok()?.text("/sha")?);
        self.put(&at, &body).map(drop)
    }
}

/// Opens the pull request of a recipe.
fn open_pull_request(api: &Api, repository: &str) -> Result<()> {
    let text = STANDARD.encode("Every change of this recipe is tested before it is merged.\n");
    let change = json!({
        "content": text, "message": "docs: mention the tests", "branch": "main", "new_branch": BRANCH,
    });
    api.post(&format!("/repos/{repository}/contents/TESTING.md"), &change)?;
    say_so_on_the_page(api, repository)?;
    let request = json!({"base": "main", "head": BRANCH, "title": "Mention the tests", "body": "See TESTING.md."});
    api.post(&format!("/repos/{repository}/pulls"), &request).map(drop)
}

/// Adds the same sentence to the recipe's own page, if there is one, so that a deployed page shows its commit.
fn say_so_on_the_page(api: &Api, repository: &str) -> Result<()> {
    for (path, from, to) in [
        ("greeting.html.tmpl", "</h1>\n", "</h1>\n<p>Every change of this recipe is tested before it is merged.</p>\n"),
        ("abra.sh", "GREETING_HTML_VERSION=v1", "GREETING_HTML_VERSION=v2"),
    ] {
        let present = api.ask("GET", &format!("/repos/{repository}/raw/{path}?ref={BRANCH}"), None)?;
        if present.status == 200 && present.body.contains(from) {
            api.write_file_of(BRANCH, repository, path, &present.body.replace(from, to))?;
        }
    }
    Ok(())
}

/// Random letters and digits.
fn random(length: usize) -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(length).collect()
}
