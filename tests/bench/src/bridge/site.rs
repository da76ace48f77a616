//! A Gitea and a Drone for comment-bridge, with taps for the measurement.

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use converge_drone::login::{self, Outcome};
use forge::{Api, Content, Forge, Http, Kind, Options, Request, World};
use http::Connect;
use http::drone::Drone as Client;
use http::gitea::Gitea;
use secrecy::SecretString;
use serde_json::json;
use stand_ins::drone::{self, Drone};
use tempfile::TempDir;

use super::crowd;
use super::tap::Tap;
use crate::world::program;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The bot's token at Drone.
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";

const PATIENCE: Duration = Duration::from_secs(30);

/// The stand-ins, and the taps in front of them.
#[derive(Debug)]
pub struct Site {
    forge: Forge,
    _drone: Drone,
    /// Accounts in Gitea.
    pub world: World,
    /// The repositories with pull requests.
    pub repositories: Vec<String>,
    /// Tap in front of Gitea.
    pub to_gitea: Tap,
    /// Tap in front of Drone.
    pub to_drone: Tap,
    _folder: TempDir,
}

impl Site {
    /// Both servers, with Drone ready to build the CI repository, and this number of repositories and pull requests.
    pub fn new(repositories: usize, pulls_each: i64) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let listen = drone::free_port()?;
        let place = Options {
            kind: Some(Kind::StandIn),
            listen: Some(listen),
            folder: Some(folder.path().join("gitea")),
            ..Options::default()
        };
        readable(folder.path())?;
        let forge = Forge::start_with(&place)?;
        let world = forge.fill(&Content::default())?;
        let drone = with_login(&forge, &world)?;
        let administrator = forge.administrator().clone();
        drop(forge);
        let names = crowd::written(&folder.path().join("gitea"), repositories, pulls_each)?;
        let forge = Forge::start_as(&place, Some(&administrator))?;
        let to_drone = Tap::to(address(&drone.address())?)?;
        Ok(Self {
            to_gitea: Tap::to(listen)?,
            to_drone,
            forge,
            _drone: drone,
            world,
            repositories: names,
            _folder: folder,
        })
    }

    /// Gitea's API as a member.
    pub fn member(&self) -> Api {
        self.forge.api().with_token(&self.world.mara.token)
    }

    /// Registers the webhook, as an administrator does.
    pub fn hook(&self, bridge: &str, secret: &str) -> Result<()> {
        let api = self.forge.api().with_token(&self.world.administrator.token);
        let hook = json!({
            "type": "gitea", "active": true, "events": ["issue_comment", "pull_request_comment"],
            "config": { "url": format!("{bridge}/hook"), "content_type": "json", "secret": secret },
        });
        api.post(&format!("/orgs/{}/hooks", World::ORGANISATION), &hook)?;
        Ok(())
    }
}

/// Makes a folder readable: the server may run as another user.
fn readable(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?)
}

fn address(url: &str) -> Result<SocketAddr> {
    Ok(url.trim_start_matches("http://").parse()?)
}

/// Drone with the bot logged in and the CI repository active, through the code of converge-drone.
fn with_login(forge: &Forge, world: &World) -> Result<Drone> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let connect = Connect::within(PATIENCE);
    let gitea = Gitea::with_password(
        forge.address(),
        &world.bot.name,
        &SecretString::from(world.bot.password.as_str()),
        &connect,
    )?;
    let listen = drone::free_port()?;
    let application = runtime.block_on(gitea.create_application("drone", &format!("http://{listen}/login")))?;
    let account = format!("username:{},machine:false,admin:true,token:{TOKEN}", world.bot.name);
    let drone = Drone::start(&drone::Options {
        gitea: forge.address().to_owned(),
        client_id: application.client_id.clone(),
        client_secret: secrecy::ExposeSecret::expose_secret(&application.client_secret).to_owned(),
        listen: Some(listen),
        environment: vec![
            ("DRONE_USER_CREATE".to_owned(), account),
            ("DRONE_REPOSITORY_FILTER".to_owned(), World::ORGANISATION.to_owned()),
        ],
        // Built beside this program; built by name, it would get the features of the whole workspace.
        program: Some(program("drone-server")?),
        ..drone::Options::default()
    })?;
    let client = Client::new(&drone.address(), &connect)?;
    if let Outcome::Blocked(blocked) = runtime.block_on(login::login(&client, &gitea))? {
        return Err(blocked.to_string().into());
    }
    let ask = |method: &str, path: &str| {
        let request = Request::new(method, format!("{}{path}", drone.address()));
        Http::default().send(&request.header("Authorization", format!("Bearer {TOKEN}")))
    };
    let deadline = Instant::now() + PATIENCE;
    while ask("GET", "/api/user")?.number("/synced")? == 0 {
        if Instant::now() > deadline {
            return Err("Drone does not synchronise".into());
        }
        thread::sleep(Duration::from_millis(20));
    }
    ask("POST", &format!("/api/repos/{}", World::CI))?.ok()?;
    Ok(drone)
}
