//! A private Docker daemon with a Gitea, on which all pieces have converged.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use dockerd::image::Image;
use dockerd::{ADDRESS, Daemon};
use forge::{Content, Forge};
use lab::Authority;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Convergers, in start order.
pub const PIECES: [&str; 5] = ["swarm", "traefik", "drone", "bridge", "dashboard"];

/// User id of comment-bridge.
const BRIDGE: u32 = 60_990;
/// User id of the dashboard.
const DASHBOARD: u32 = 60_991;
const TRAEFIK: &str = "3.8.0+v3.6.15";
const DRONE: &str = "1.9.0+2.26.0";

/// The daemon, Gitea, and the files of the pieces.
#[derive(Debug)]
pub struct World {
    /// Runs in the daemon's network, so it ends before the daemon.
    forge: Forge,
    /// The daemon.
    pub daemon: Daemon,
    folder: TempDir,
}

impl World {
    /// Converges a new daemon to the declared state.
    pub fn converged() -> Result<Self, Box<dyn std::error::Error>> {
        let daemon = Daemon::start()?;
        let forge = Forge::start_with(&forge::Options {
            listen: Some(format!("{ADDRESS}:3000").parse()?),
            namespace: Some(daemon.network_namespace()),
            ..forge::Options::default()
        })?;
        let world = Self { forge, daemon, folder: tempfile::tempdir()? };
        world.daemon.load(&lab::images().join("traefik:v3.6.15.tar"));
        lab::drone_images()?.iter().for_each(|image| world.daemon.load(image));
        world.write_files()?;
        for piece in PIECES {
            if piece == "bridge" {
                // The bridge's unit reads the token from this file too.
                fs::copy(world.path("state/api-token"), world.path("credentials/drone-token"))?;
            }
            eprintln!("converge-{piece} …");
            let output = world.piece(piece).output()?;
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                return Err(io::Error::other(format!("converge-{piece} did not converge: {said}")).into());
            }
        }
        Ok(world)
    }

    fn write_files(&self) -> Result<(), Box<dyn std::error::Error>> {
        let source = |recipe: &str| stand_ins::catalogue::publish(recipe, &self.path("catalogue"));
        let (traefik, drone) = (source("traefik")?, source("drone")?);
        let authority = Authority::new()?;
        let pair = authority.wildcard(lab::DOMAIN)?;
        fs::write(self.path("authority.pem"), authority.certificate())?;
        fs::create_dir_all(self.path("credentials"))?;
        let filled = self.forge.fill(&Content::default())?;
        fs::write(self.path("credentials/gitea-password"), filled.bot.password)?;
        fs::write(self.path("credentials/gitea-token"), filled.bridge_token)?;
        fs::write(self.path("credentials/fullchain"), pair.fullchain)?;
        fs::write(self.path("credentials/privkey"), pair.privkey)?;
        // Programs of the host that the recipe's stack needs.
        fs::create_dir_all(self.path("bin"))?;
        std::os::unix::fs::symlink(program("abra")?, self.path("bin/abra"))?;
        self.declare(
            "swarm",
            &json!({
                "advertise_address": ADDRESS,
                "address_pools": { "pools": ["10.20.0.0/16"], "subnet_size": 24 },
                "task_history": 5,
                "networks": { "proxy": { "subnet": "10.10.0.0/16", "attachable": true } },
            }),
        )?;
        self.declare(
            "traefik",
            &json!({
                "domain": lab::DOMAIN,
                "recipe": { "source": format!("file://{}", traefik.display()), "version": { "pin": TRAEFIK } },
                "abra_directory": self.path("abra"),
                "probe": { "address": ADDRESS },
            }),
        )?;
        self.declare(
            "drone",
            &json!({
                "domain": format!("drone.{}", lab::DOMAIN),
                "recipe": { "source": format!("file://{}", drone.display()), "version": { "pin": DRONE } },
                "compose_files": ["compose.yml", "compose.gitea.yml", "compose.gitea-http.yml"],
                "gitea": { "address": self.forge.address(), "bot": "ci-bot" },
                "repository": { "name": "recipes/ci" },
                "abra_directory": self.path("abra"),
                "probe": { "address": ADDRESS },
            }),
        )?;
        self.declare_bridge()?;
        self.declare_dashboard()
    }

    fn declare_bridge(&self) -> Result<(), Box<dyn std::error::Error>> {
        self.write_image("comment-bridge")?;
        for folder in ["ledger", "runs", "published"] {
            fs::create_dir_all(self.path(folder))?;
        }
        // The service's user needs access to the mounted folder.
        fs::set_permissions(self.folder.path(), fs::Permissions::from_mode(0o755))?;
        fs::set_permissions(self.path("ledger"), fs::Permissions::from_mode(0o700))?;
        for folder in ["ledger", "published"] {
            chown(self.path(folder), Some(BRIDGE), Some(BRIDGE))?;
        }
        self.declare(
            "bridge",
            &json!({
                "domain": format!("bridge.{}", lab::DOMAIN),
                "image": self.path("comment-bridge.tar"),
                "gitea": { "address": self.forge.address(), "bot": "ci-bot" },
                "drone": { "address": format!("https://drone.{}", lab::DOMAIN), "repository": "recipes/ci" },
                "organisations": [{ "name": "recipes" }],
                "ledger": self.path("ledger"),
                "runs": self.path("runs"),
                "published": self.path("published"),
                "authorities": self.path("authority.pem"),
                "user": format!("{BRIDGE}:{BRIDGE}"),
                "probe": { "address": ADDRESS },
                "limits": { "run_seconds": 120, "wait_seconds": 60, "call_seconds": 30, "lock_seconds": 30 },
            }),
        )?;
        Ok(())
    }

    /// After the bridge, whose directories it reads.
    fn declare_dashboard(&self) -> Result<(), Box<dyn std::error::Error>> {
        self.write_image("dashboard")?;
        for folder in ["index", "run"] {
            fs::create_dir_all(self.path(folder))?;
        }
        fs::set_permissions(self.path("index"), fs::Permissions::from_mode(0o700))?;
        chown(self.path("index"), Some(DASHBOARD), Some(DASHBOARD))?;
        self.declare(
            "dashboard",
            &json!({
                "domain": lab::DOMAIN,
                "image": self.path("dashboard.tar"),
                "gitea": self.forge.address(),
                "runs": self.path("runs"),
                "reports": self.path("run"),
                "bridge": self.path("published"),
                "index": self.path("index"),
                "user": format!("{DASHBOARD}:{DASHBOARD}"),
                "probe": { "address": ADDRESS },
                "limits": { "run_seconds": 120, "wait_seconds": 60, "call_seconds": 30, "lock_seconds": 30 },
            }),
        )?;
        Ok(())
    }

    /// Writes `<name>.tar`, the image of a program of ours.
    fn write_image(&self, name: &str) -> Result<(), Box<dyn std::error::Error>> {
        let at = format!("/bin/{name}");
        let image = Image::new(&format!("localhost/{name}:archive")).with_program(&at, &program(name)?)?;
        Ok(image.entrypoint(&[&at]).write(&self.path(&format!("{name}.tar")))?)
    }

    fn declare(&self, piece: &str, desired: &Value) -> io::Result<()> {
        fs::write(self.path(&format!("{piece}.json")), desired.to_string())
    }

    /// The converger `piece`, ready to run.
    pub fn piece(&self, piece: &str) -> Command {
        let name = format!("converge-{piece}");
        let program = program(&name).unwrap_or_else(|_| PathBuf::from(name));
        let mut command = self.prepared(&program);
        command.arg("--config").arg(self.path(&format!("{piece}.json")));
        command
    }

    /// The same checks as a shell script.
    pub fn script(&self, piece: &str) -> Command {
        self.prepared(&Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("{piece}.sh")))
    }

    fn prepared(&self, program: &Path) -> Command {
        let mut command = self.daemon.command(program);
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .env("PATH", format!("{}:{path}", self.path("bin").display()))
            .env("HOME", self.folder.path())
            .env("ABRA_DIR", self.path("abra"))
            .env("SSL_CERT_FILE", self.path("authority.pem"))
            .env("CREDENTIALS_DIRECTORY", self.path("credentials"))
            .env("RUNTIME_DIRECTORY", self.path("run"))
            .env("STATE_DIRECTORY", self.path("state"));
        command
    }

    /// Fills the Swarm with services and secrets of no converger.
    pub fn crowd(&self, services: usize, secrets: usize) -> io::Result<()> {
        let script = format!(
            "for i in $(seq {secrets}); do echo content | docker secret create crowd_$i - >/dev/null; done; \
             for i in $(seq {services}); do docker service create --quiet --detach --replicas 0 --name crowd_$i \
             --label app=crowd --env KEY=value --no-resolve-image traefik:v3.6.15 >/dev/null; done"
        );
        let mut shell = self.prepared(Path::new("/bin/sh"));
        let status = shell.args(["-ec", &script]).status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other("the crowd could not be made")) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// A program of the same build as this one.
pub fn program(name: &str) -> io::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    if path.is_file() {
        return Ok(path);
    }
    Err(io::Error::other(format!("{} is missing; `make bench` builds it", path.display())))
}
