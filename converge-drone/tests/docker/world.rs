//! A swarm with the network `proxy`, a filled Gitea, the recipe's repository and a configuration; Gitea and Drone each
//! behind an [`HttpProxy`], which also serves Drone's HTTPS.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::time::Duration;

use converger_kit::http_proxy::HttpProxy;
use converger_kit::{Piece, ShortLimits, skip};
use dockerd::ADDRESS;
use forge::{Api, Content, Forge, Request};
use serde_json::{Value, json};

use crate::upstream::{certificate, container};

pub const DOMAIN: &str = "drone.ci.localhost";
pub const SERVICE: &str = "drone_ci_localhost_app";
pub const REPOSITORY: &str = "recipes/ci";
/// Gitea's address for all clients.
const GITEA: &str = "http://10.99.0.1:3000";
/// Gitea's own address, behind the proxy.
const BEHIND: &str = "127.0.0.1:3001";

/// The world of converge-drone.
pub struct World {
    pub forge: Forge,
    people: forge::World,
    kit: converger_kit::World,
}

converger_kit::deref_world!(World, kit);

impl Piece for World {
    const SHORT_LIMITS: ShortLimits =
        ShortLimits { run: 60, wait: 4, call: 3, lock: 5, deadline: Duration::from_secs(40) };

    /// A swarm with nothing deployed.
    fn bare(test: &str) -> Option<Self> {
        if !lab::root_file_system().is_dir() {
            return skip(test, "there is no root file system for images; `make setup` makes it");
        }
        let mut kit = converger_kit::World::start_swarm(test, env!("CARGO_BIN_EXE_converge-drone"))?;
        lab::drone_images().unwrap().iter().for_each(|image| kit.daemon.load(image));
        let namespace = kit.daemon.network_namespace();
        let forge = Forge::start_with(&forge::Options {
            listen: Some(BEHIND.parse().unwrap()),
            address: Some(GITEA.into()),
            namespace: Some(namespace.clone()),
            ..forge::Options::default()
        })
        .unwrap();
        let people = forge.fill(&Content::default()).unwrap();
        let address: IpAddr = ADDRESS.parse().unwrap();
        let gitea = Box::new(|| BEHIND.parse().ok());
        kit.add_http(HttpProxy::start("Gitea", &namespace, (address, 3000).into(), None, gitea));
        let tls = certificate(&kit.path("authority.pem"));
        kit.set_environment("SSL_CERT_FILE", kit.path("authority.pem"));
        let drone = container(&kit.daemon);
        kit.add_http(HttpProxy::start("Drone", &namespace, (address, 443).into(), Some(tls), drone));
        kit.add_program("abra", &stand_ins::abra().unwrap());
        stand_ins::catalogue::publish("drone", &kit.path("catalogue")).unwrap();
        kit.write_credential("gitea-password", &people.bot.password);
        let world = Self { forge, people, kit };
        world.declare(|_| ());
        Some(world)
    }

    fn configuration(&self) -> Value {
        json!({
            "domain": DOMAIN,
            "recipe": {
                "source": format!("file://{}", self.path("catalogue/drone.git").display()),
                "version": { "pin": "1.9.0+2.26.0" },
            },
            "compose_files": ["compose.yml", "compose.gitea.yml", "compose.gitea-http.yml"],
            "gitea": { "address": GITEA, "bot": "ci-bot" },
            "repository": { "name": REPOSITORY, "timeout_minutes": 70, "trusted": true },
            "abra_directory": self.path("abra"),
            "probe": { "address": ADDRESS },
            "limits": { "run_seconds": 120, "wait_seconds": 40, "call_seconds": 10, "lock_seconds": 30 },
        })
    }

    /// Removes the stack with its data, its secrets, our files, and the OAuth applications.
    fn wipe(&self) {
        self.sh("docker service ls --quiet | xargs --no-run-if-empty docker service rm; \
             while docker ps --quiet | grep -q .; do :; done; \
             docker ps --quiet --all | xargs --no-run-if-empty docker rm --force; \
             docker volume ls --quiet | xargs --no-run-if-empty docker volume rm; \
             docker secret ls --quiet | xargs --no-run-if-empty docker secret rm; \
             docker config ls --quiet | xargs --no-run-if-empty docker config rm");
        self.remove_folders(&["abra", "run", "state"]);
        for application in self.applications() {
            self.bot().delete(&format!("/user/applications/oauth2/{}", application["id"])).unwrap();
        }
    }

    #[track_caller]
    fn assert_state(&self) {
        let repository = self.repository();
        let settings = [&repository["active"], &repository["trusted"], &repository["timeout"]];
        assert_eq!(settings, [&json!(true), &json!(true), &json!(70)]);
    }
}

impl World {
    fn password(&self) -> String {
        fs::read_to_string(self.path("credentials/gitea-password")).unwrap().trim().to_owned()
    }

    /// Gitea's API, as the bot by password.
    pub fn bot(&self) -> Api {
        let password = self.password();
        self.forge.api().with_password("ci-bot", &password)
    }

    /// Gitea's API, as the site's administrator.
    pub fn administrator(&self) -> Api {
        self.forge.api().with_token(&self.people.administrator.token)
    }

    /// The bot's OAuth applications.
    pub fn applications(&self) -> Vec<Value> {
        let list = self.bot().get("/user/applications/oauth2").unwrap().json().unwrap();
        list.as_array().unwrap().clone()
    }

    /// Regenerates the client secret, as the button in Gitea's settings does.
    pub fn regenerate_client_secret(&self) {
        for application in self.applications() {
            let same = json!({
                "name": application["name"], "redirect_uris": application["redirect_uris"], "confidential_client": true,
            });
            self.bot().patch(&format!("/user/applications/oauth2/{}", application["id"]), &same).unwrap();
        }
    }

    /// Revokes Drone's access on the page of the bot's applications; no API does it.
    pub fn revoke_grants(&self) {
        let password = self.password();
        let send = |method: &str, path: &str, cookies: &str, fields: &[(&str, &str)]| {
            let request = Request::new(method, format!("{}{path}", self.forge.listens_at())).header("Cookie", cookies);
            self.forge.http().send(&request.form(fields)).unwrap()
        };
        let login = send("POST", "/user/login", "", &[("user_name", "ci-bot"), ("password", &password)]);
        let set = login.headers.iter().filter(|(name, value)| name == "set-cookie" && !value.contains("Max-Age=0"));
        let pairs = set.filter_map(|(_, value)| value.split(';').next()?.split_once('='));
        // Of a name that is set twice, the last one counts.
        let cookies: Vec<String> =
            pairs.collect::<BTreeMap<_, _>>().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let page = send("GET", "/user/settings/applications", &cookies, &[]).body;
        let links = page.split('"').filter(|link| link.starts_with("/user/settings/") && link.contains("/revoke/"));
        let links: Vec<&str> = links.collect();
        assert!(!links.is_empty(), "no grant to revoke: {page}");
        for link in links {
            assert_eq!(send("POST", link, &cookies, &[]).status, 200);
        }
    }

    /// Calls Drone as the bot, with curl.
    pub fn ask_drone(&self, method: &str, path: &str, body: &str) -> Value {
        let token = fs::read_to_string(self.path("state/api-token")).unwrap();
        let call = ["--silent", "--show-error", "--fail", "--request", method, "--data", body];
        let mut curl = self.daemon.command("curl");
        curl.args(call).args(["--header", &format!("Authorization: Bearer {token}"), "--cacert"]);
        curl.arg(self.path("authority.pem")).args(["--resolve", &format!("{DOMAIN}:443:{ADDRESS}")]);
        let output = curl.arg(format!("https://{DOMAIN}{path}")).output().unwrap();
        assert!(output.status.success(), "{method} {path}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// The repository in Drone.
    pub fn repository(&self) -> Value {
        self.ask_drone("GET", &format!("/api/repos/{REPOSITORY}"), "")
    }
}
