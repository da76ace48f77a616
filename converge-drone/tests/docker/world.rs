//! A swarm with the network `proxy`, a filled Gitea, the recipe's repository, a configuration; Gitea and Drone each
//! behind a [`Front`], which is Drone's HTTPS too.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::{Child, Output};
use std::sync::{Arc, Mutex};

use dockerd::{ADDRESS, Daemon, Proxy};
use forge::{Api, Content, Forge, Request};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::behind::{certificate, container};
use crate::front::{Fault, Front};

pub const DOMAIN: &str = "drone.ci.localhost";
pub const SERVICE: &str = "drone_ci_localhost_app";
pub const REPOSITORY: &str = "recipes/ci";
/// Where Gitea is, for everybody.
const GITEA: &str = "http://10.99.0.1:3000";
/// Where Gitea itself listens, behind its front.
const BEHIND: &str = "127.0.0.1:3001";

pub struct World {
    pub gitea: Front,
    pub drone: Front,
    pub forge: Forge,
    pub people: forge::World,
    pub proxy: Proxy,
    pub daemon: Daemon,
    folder: TempDir,
}

/// A run that has ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub said: String,
    pub report: Value,
    /// Calls that change something, to Docker, Gitea and Drone.
    pub mutating: [Vec<String>; 3],
}

impl Ran {
    #[track_caller]
    pub fn ends_as(&self, code: i32, outcome: &str) -> &Self {
        assert_eq!((self.code, self.report["outcome"].as_str()), (Some(code), Some(outcome)), "{}", self.said);
        self
    }

    /// The changes it made, one line each.
    pub fn changes(&self) -> Vec<&str> {
        self.report["changes"].as_array().into_iter().flatten().filter_map(|change| change["change"].as_str()).collect()
    }
}

impl World {
    /// A swarm with nothing deployed; where there can be none, a line that says why.
    pub fn bare(test: &str) -> Option<Self> {
        if !lab::root_file_system().is_dir() {
            println!("skipped: {test}: what images are made from is not there; `make setup` makes it");
            return None;
        }
        let daemon = match Daemon::start() {
            Ok(daemon) => daemon,
            Err(why) => {
                println!("skipped: {test}: {why}");
                return None;
            }
        };
        lab::drone_images().unwrap().iter().for_each(|image| daemon.load(image));
        daemon.swarm_init();
        daemon.docker(&["network", "create", "--driver=overlay", "--attachable", "--subnet=10.10.0.0/16", "proxy"]);
        let proxy = Proxy::start(daemon.socket()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let namespace = daemon.network_namespace();
        let forge = Forge::start_with(&forge::Options {
            listen: Some(BEHIND.parse().unwrap()),
            address: Some(GITEA.into()),
            namespace: Some(namespace.clone()),
            ..forge::Options::default()
        })
        .unwrap();
        let people = forge.fill(&Content::default()).unwrap();
        let address: IpAddr = ADDRESS.parse().unwrap();
        let gitea = Front::start(&namespace, (address, 3000).into(), None, Box::new(|| BEHIND.parse().ok()));
        let tls = certificate(folder.path());
        let drone = Front::start(&namespace, (address, 443).into(), Some(tls), container(&daemon));
        let world = Self { gitea, drone, forge, people, proxy, daemon, folder };
        fs::create_dir_all(world.path("bin")).unwrap();
        std::os::unix::fs::symlink(stand_ins::abra().unwrap(), world.path("bin/abra")).unwrap();
        stand_ins::catalogue::publish("drone", &world.path("catalogue")).unwrap();
        world.give("gitea-password", &world.people.bot.password);
        world.declare(|_| ());
        Some(world)
    }

    /// The same, converged.
    pub fn converged(test: &str) -> Option<Self> {
        let world = Self::bare(test)?;
        world.run().ends_as(0, "changed");
        Some(world)
    }

    pub fn declare(&self, change: impl FnOnce(&mut Value)) {
        let mut desired = json!({
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
        });
        change(&mut desired);
        fs::write(self.path("drone.json"), desired.to_string()).unwrap();
    }

    /// Puts a credential where the run finds it.
    pub fn give(&self, name: &str, content: &str) {
        fs::create_dir_all(self.path("credentials")).unwrap();
        fs::write(self.path("credentials").join(name), content).unwrap();
    }

    /// Starts a run whose calls to Docker, its own and abra's, all go through the proxy.
    pub fn start(&self) -> Child {
        let program = env!("CARGO_BIN_EXE_converge-drone");
        let mut command = self.daemon.converger(program, "drone", self.folder.path(), self.proxy.socket());
        command.env("SSL_CERT_FILE", self.path("authority.pem")).spawn().unwrap()
    }

    pub fn ended(&self, child: Child) -> Ran {
        let Output { status, stderr, .. } = child.wait_with_output().unwrap();
        let report = fs::read(self.path("run/drone.json")).unwrap_or_default();
        let of_docker = self.proxy.mutating().iter().map(ToString::to_string).collect();
        Ran {
            code: status.code(),
            said: String::from_utf8_lossy(&stderr).into_owned(),
            report: serde_json::from_slice(&report).unwrap_or_default(),
            mutating: [of_docker, self.gitea.changing(), self.drone.changing()],
        }
    }

    pub fn run(&self) -> Ran {
        self.proxy.forget();
        self.gitea.forget();
        self.drone.forget();
        let child = self.start();
        self.ended(child)
    }

    /// A run during which somebody, Docker, Gitea or Drone, is out of order as `fault` says; killed where it says so.
    pub fn run_killed(&self, order: impl FnOnce(&Arc<Mutex<Option<u32>>>)) -> Ran {
        self.proxy.forget();
        self.gitea.forget();
        self.drone.forget();
        let victim = Arc::new(Mutex::new(None));
        order(&victim);
        let child = self.start();
        *victim.lock().unwrap() = Some(child.id());
        let ran = self.ended(child);
        self.proxy.clear_fault();
        self.gitea.order(None);
        self.drone.order(None);
        ran
    }

    /// A run with one of the fronts out of order.
    pub fn run_with(&self, front: &Front, fault: Fault) -> Ran {
        front.order(Some(fault));
        let ran = self.run();
        front.order(None);
        ran
    }

    /// A run changes nothing: no mutating call to anybody, no version index moves.
    #[track_caller]
    pub fn is_converged(&self) {
        let before = self.daemon.indices();
        let ran = self.run();
        ran.ends_as(0, "unchanged");
        assert_eq!(ran.mutating.concat(), [""; 0], "changing calls of a run with nothing to do");
        assert_eq!(self.daemon.indices(), before, "a version index moved");
    }

    /// Takes away the stack with its data, its secrets, our files, and the OAuth applications.
    pub fn wipe(&self) {
        self.sh("docker service ls --quiet | xargs --no-run-if-empty docker service rm; \
             while docker ps --quiet | grep -q .; do :; done; \
             docker ps --quiet --all | xargs --no-run-if-empty docker rm --force; \
             docker volume ls --quiet | xargs --no-run-if-empty docker volume rm; \
             docker secret ls --quiet | xargs --no-run-if-empty docker secret rm; \
             docker config ls --quiet | xargs --no-run-if-empty docker config rm");
        for folder in ["abra", "run", "state"] {
            drop(fs::remove_dir_all(self.path(folder)));
        }
        for application in self.applications() {
            self.bot().delete(&format!("/user/applications/oauth2/{}", application["id"])).unwrap();
        }
    }

    #[track_caller]
    pub fn sh(&self, script: &str) -> String {
        let output = self.daemon.command("/bin/sh").args(["-c", script]).output().unwrap();
        assert!(output.status.success(), "{script}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

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

    /// What a person does who presses "Regenerate Secret" in Gitea's settings.
    pub fn regenerate_client_secret(&self) {
        for application in self.applications() {
            let same = json!({
                "name": application["name"], "redirect_uris": application["redirect_uris"], "confidential_client": true,
            });
            self.bot().patch(&format!("/user/applications/oauth2/{}", application["id"]), &same).unwrap();
        }
    }

    /// What a person does who revokes Drone's access on the page of their applications: no API has it.
    pub fn revoke_grants(&self) {
        let password = self.password();
        let send = |method: &str, path: &str, cookies: &str, fields: &[(&str, &str)]| {
            let request = Request::new(method, format!("{}{path}", self.forge.listens_at())).header("Cookie", cookies);
            self.forge.http().send(&request.form(fields)).unwrap()
        };
        let login = send("POST", "/user/login", "", &[("user_name", "ci-bot"), ("password", &password)]);
        let set = login.headers.iter().filter(|(name, value)| name == "set-cookie" && !value.contains("Max-Age=0"));
        let pairs = set.filter_map(|(_, value)| value.split(';').next()?.split_once('='));
        // A name that is set twice counts as it was set last.
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

    /// Asks Drone as the bot, past converge-drone and its front.
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

    /// The repository, as Drone has it.
    pub fn repository(&self) -> Value {
        self.ask_drone("GET", &format!("/api/repos/{REPOSITORY}"), "")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
