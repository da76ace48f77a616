//! One Gitea with an organisation and accounts of its own, removed at the end.

use std::env;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use forge::{Account, Api, Forge, Http, Kind, Options};
use serde_json::{Value, json};

use crate::client::Client;
use crate::double;

/// Timeout for changes that Gitea makes asynchronously.
const PATIENCE: Duration = Duration::from_secs(20);

/// The Gitea under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Real,
    StandIn,
    Double,
    Given,
}

impl Which {
    /// Only the given Gitea if there is one; else all others.
    pub fn all() -> Vec<Self> {
        if env::var_os("GITEA_CONTRACT_URL").is_some() {
            vec![Self::Given]
        } else {
            vec![Self::Real, Self::StandIn, Self::Double]
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Real => "real",
            Self::StandIn => "stand_in",
            Self::Double => "double",
            Self::Given => "given",
        })
    }
}

pub struct Site {
    pub which: Which,
    pub http: Http,
    /// URL for requests.
    pub address: String,
    /// Gitea's own URL in its answers.
    pub called: String,
    pub administrator: Account,
    /// A plain member with read access.
    pub bot: Account,
    /// Two members with write access; Milo opens the pull requests.
    pub mara: Account,
    pub milo: Account,
    /// An account outside the organisation.
    pub sam: Account,
    pub organisation: String,
    prefix: String,
    made: AtomicU32,
    /// Only kept alive; the mutex lets assertions share the site between threads.
    _forge: Mutex<Option<Forge>>,
}

impl Site {
    /// A Gitea with all accounts; an error with the reason if there is none. Fails if an available one does not start.
    pub fn open(which: Which) -> Result<Self, String> {
        let start = |kind| {
            let forge = Forge::start_with(&Options { kind: Some(kind), ..Options::default() }).unwrap();
            let (address, administrator) = (forge.listens_at(), forge.administrator().clone());
            (Some(forge), address, administrator)
        };
        let (forge, address, administrator) = match which {
            Which::Given => {
                let token = env::var("GITEA_CONTRACT_TOKEN").expect("GITEA_CONTRACT_TOKEN is an administrator's");
                let account = Account { name: String::new(), password: String::new(), token };
                (None, env::var("GITEA_CONTRACT_URL").unwrap_or_default(), account)
            }
            Which::Real if forge::installation().is_none() => {
                return Err(format!("there is no Gitea in {}; `cargo run -p lab -- setup`", forge::cache().display()));
            }
            Which::Real => start(Kind::Real),
            Which::StandIn => {
                stand_ins::gitea().unwrap();
                start(Kind::StandIn)
            }
            Which::Double => {
                let (address, administrator) = double::start();
                (None, address, administrator)
            }
        };
        let address = address.trim_end_matches('/').to_owned();
        let called = forge.as_ref().map_or_else(|| address.clone(), |forge| forge.address().to_owned());
        let prefix = format!("contract-{}", random(6));
        let anonymous = || Account { name: String::new(), password: String::new(), token: String::new() };
        let mut site = Self {
            which,
            http: forge.as_ref().map(|forge| forge.http().clone()).unwrap_or_default(),
            address,
            called,
            administrator,
            bot: anonymous(),
            mara: anonymous(),
            milo: anonymous(),
            sam: anonymous(),
            organisation: format!("{prefix}-recipes"),
            prefix,
            made: AtomicU32::new(0),
            _forge: Mutex::new(forge),
        };
        site.people();
        Ok(site)
    }

    fn people(&mut self) {
        let administrator = self.administrator();
        self.administrator.name = administrator.get("/user").is(200).text("/login");
        self.bot = self.account("ci-bot");
        self.mara = self.account("mara");
        self.milo = self.account("milo");
        self.sam = self.account("sam");
        let organisation = json!({"username": self.organisation, "full_name": "Recipes", "visibility": "public"});
        administrator.post("/orgs", &organisation).is(201);
        self.team("readers", "read", &[&self.bot]);
        self.team("maintainers", "write", &[&self.mara, &self.milo]);
    }

    /// A team of the organisation, for all of its repositories.
    pub fn team(&self, name: &str, permission: &str, members: &[&Account]) -> i64 {
        let units = ["repo.code", "repo.issues", "repo.pulls"];
        let map: serde_json::Map<String, Value> =
            units.iter().map(|unit| ((*unit).to_owned(), json!(permission))).collect();
        let team = json!({"name": name, "permission": permission, "units": units, "units_map": map,
            "includes_all_repositories": true});
        let administrator = self.administrator();
        let id = administrator.post(&format!("/orgs/{}/teams", self.organisation), &team).is(201).number("/id");
        for member in members {
            administrator.put(&format!("/teams/{id}/members/{}", member.name), &Value::Null).is(204);
        }
        id
    }

    /// A new unique name.
    pub fn name(&self, what: &str) -> String {
        format!("{}-{what}{}", self.prefix, self.made.fetch_add(1, Ordering::Relaxed))
    }

    /// A new account, with a token of all scopes.
    pub fn account(&self, what: &str) -> Account {
        let name = self.name(what);
        let password = random(20);
        let account = json!({"username": name, "email": format!("{name}@example.org"), "password": password,
            "must_change_password": false});
        self.administrator().post("/admin/users", &account).is(201);
        let token = self.token(&name, &password, &["all"]);
        Account { name, password, token }
    }

    /// A token with these scopes.
    pub fn token(&self, name: &str, password: &str, scopes: &[&str]) -> String {
        let token = json!({"name": self.name("token"), "scopes": scopes});
        self.with_password(name, password).post(&format!("/users/{name}/tokens"), &token).is(201).text("/sha1")
    }

    /// A new repository of the organisation with a README, by its full name.
    pub fn repository(&self, what: &str) -> String {
        self.repository_with(what, &json!({}))
    }

    /// A new repository with other properties.
    pub fn repository_with(&self, what: &str, other: &Value) -> String {
        let mut repository = json!({"name": self.name(what), "auto_init": true, "default_branch": "main"});
        repository.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
        let path = format!("/orgs/{}/repos", self.organisation);
        self.administrator().post(&path, &repository).is(201).text("/full_name")
    }

    /// A new branch with one new file, and the pull request from it, opened by Milo.
    pub fn pull_request(&self, repository: &str, branch: &str) -> i64 {
        let file = json!({"content": "aGVsbG8K", "message": format!("add {branch}"), "branch": "main",
            "new_branch": branch});
        self.milo().post(&format!("/repos/{repository}/contents/{branch}.txt"), &file).is(201);
        let pull = json!({"base": "main", "head": branch, "title": format!("Add {branch}"), "body": "As it says."});
        self.milo().post(&format!("/repos/{repository}/pulls"), &pull).is(201).number("/number")
    }

    fn api(&self) -> Api {
        Api::new(self.http.clone(), &self.address)
    }

    pub fn anonymous(&self) -> Client {
        Client(self.api())
    }

    pub fn with_token(&self, token: &str) -> Client {
        Client(self.api().with_token(token))
    }

    pub fn with_password(&self, name: &str, password: &str) -> Client {
        Client(self.api().with_password(name, password))
    }

    pub fn administrator(&self) -> Client {
        self.with_token(&self.administrator.token)
    }

    pub fn bot(&self) -> Client {
        self.with_token(&self.bot.token)
    }

    pub fn mara(&self) -> Client {
        self.with_token(&self.mara.token)
    }

    pub fn milo(&self) -> Client {
        self.with_token(&self.milo.token)
    }

    pub fn sam(&self) -> Client {
        self.with_token(&self.sam.token)
    }

    /// Removes all created objects from a given Gitea; one started here is removed as a whole.
    fn sweep(&self) -> Result<(), forge::Error> {
        let api = self.api().with_token(&self.administrator.token);
        let names = |path: &str, field: &str| -> Result<Vec<String>, forge::Error> {
            let entries = api.get(path)?.json()?;
            let entries = entries.pointer("/data").unwrap_or(&entries).as_array().cloned().unwrap_or_default();
            Ok(entries.iter().filter_map(|entry| entry[field].as_str().map(str::to_owned)).collect())
        };
        loop {
            let repositories = names(&format!("/repos/search?q={}&limit=50", self.prefix), "full_name")?;
            if repositories.is_empty() {
                break;
            }
            for repository in repositories {
                api.delete(&format!("/repos/{repository}"))?;
            }
        }
        for organisation in names("/user/orgs?limit=50", "username")? {
            if organisation.starts_with(&self.prefix) {
                api.delete(&format!("/orgs/{organisation}"))?;
            }
        }
        for user in names(&format!("/users/search?q={}&limit=50", self.prefix), "login")? {
            api.delete(&format!("/admin/users/{user}?purge=true"))?;
        }
        Ok(())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if self.which == Which::Given
            && let Err(error) = self.sweep()
        {
            eprintln!("something whose name begins with {} is left in {}: {error}", self.prefix, self.address);
        }
    }
}

/// Waits until a condition holds.
#[track_caller]
pub fn eventually(what: &str, holds: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "not within {PATIENCE:?}: {what}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

/// Random letters and digits.
pub fn random(length: usize) -> String {
    std::iter::repeat_with(fastrand::alphanumeric).map(|it| it.to_ascii_lowercase()).take(length).collect()
}
