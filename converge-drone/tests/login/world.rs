//! A Gitea and a Drone server of a test's own, before the first login.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use converge_drone::login::{self, Blocked, Outcome, Session};
use forge::{Account, Content, Forge, Kind};
use http::Connect;
use http::drone::Drone;
use http::gitea::{Application, Gitea};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use stand_ins::drone::{Options, free_port};

/// The variable that names a real Drone server's program.
const REAL: &str = "DRONE_CONTRACT_BIN";

/// The variable that makes the bot an administrator of Drone.
pub const AS_ADMINISTRATOR: (&str, &str) = ("DRONE_USER_CREATE", "username:ci-bot,machine:false,admin:true");

/// The Drone servers to log in at: the stand-in, and the real one where it is named.
pub fn servers() -> Vec<Option<PathBuf>> {
    let real = std::env::var_os(REAL).map(|path| Some(PathBuf::from(path)));
    std::iter::once(None).chain(real).collect()
}

/// The two servers, and ourselves.
#[derive(Debug)]
pub struct World {
    /// Gitea.
    pub forge: Forge,
    /// The Drone server.
    pub server: stand_ins::drone::Drone,
    /// The bot.
    pub bot: Account,
    /// Gitea, asked as the bot.
    pub gitea: Gitea,
    /// Drone, asked without a token.
    pub drone: Drone,
    /// Drone's OAuth application.
    pub application: Application,
}

fn connect() -> Connect {
    Connect::within(Duration::from_secs(30))
}

/// Gitea asked as an account.
pub fn gitea_as(address: &str, login: &str, password: &str) -> Gitea {
    Gitea::with_password(address, login, &SecretString::from(password), &connect()).unwrap()
}

/// Drone at an address, asked without a token.
pub fn drone_at(address: &str) -> Drone {
    Drone::new(address, &connect()).unwrap()
}

/// The name of the running test.
fn test() -> String {
    std::thread::current().name().unwrap_or("login").to_owned()
}

impl World {
    /// Both, and the bot as an administrator of Drone who never logged in. `None` where there is no Gitea; says so.
    pub async fn start(program: Option<PathBuf>) -> Option<Self> {
        Self::start_with(program, &[AS_ADMINISTRATOR]).await
    }

    /// The same with other variables for Drone.
    pub async fn start_with(program: Option<PathBuf>, environment: &[(&str, &str)]) -> Option<Self> {
        Self::start_at(program, environment, &forge::Options::default()).await
    }

    /// The same with another place for Gitea.
    pub async fn start_at(
        program: Option<PathBuf>,
        environment: &[(&str, &str)],
        place: &forge::Options,
    ) -> Option<Self> {
        let forge = match Forge::start_with(place) {
            Ok(forge) => forge,
            Err(error @ forge::Error::Missing { .. }) => {
                println!("skipped: {}: {error}", test());
                return None;
            }
            Err(error) => panic!("{error}"),
        };
        let content = Content { recipes: Vec::new(), ..Content::default() };
        let bot = forge.fill(&content).expect("Gitea is filled").bot;
        let gitea = gitea_as(forge.address(), &bot.name, &bot.password);
        let listen: SocketAddr = free_port().unwrap();
        let redirect = format!("http://{listen}/login");
        let created = gitea.create_application("drone", &redirect).await.expect("an application is made");
        let environment = environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let options = Options {
            gitea: forge.address().to_owned(),
            client_id: created.client_id.clone(),
            client_secret: created.client_secret.expose_secret().to_owned(),
            listen: Some(listen),
            environment,
            program: program.clone(),
            ..Options::default()
        };
        let server = stand_ins::drone::Drone::start(&options).expect("Drone starts");
        let which = program.map_or("Drone stand-in", |_| "real Drone");
        println!("{} and {which}", forge.kind());
        let application =
            gitea.applications().await.unwrap().into_iter().find(|found| found.client_id == created.client_id);
        let application = application.expect("the application is found");
        assert_eq!(application.redirect_uris, [redirect]);
        assert!(application.confidential_client);
        let drone = drone_at(&server.address());
        Some(Self { forge, server, bot, gitea, drone, application })
    }

    /// True if Gitea is the real one; says so when not.
    pub fn is_real(&self) -> bool {
        let real = self.forge.kind() == Kind::Real;
        if !real {
            println!("skipped: {}: the Gitea stand-in does not show these pages", test());
        }
        real
    }

    /// Logs the bot in.
    pub async fn log_in(&self) -> Session {
        match login::login(&self.drone, &self.gitea).await {
            Ok(Outcome::LoggedIn(session)) => session,
            Ok(Outcome::Blocked(blocked)) => panic!("{blocked}"),
            Err(error) => panic!("{}", base::error::chain(&error)),
        }
    }

    /// Logs the bot in, which is blocked.
    pub async fn blocked(&self) -> Blocked {
        blocked(&self.drone, &self.gitea).await
    }

    /// Changes an account's settings, as Gitea's administrator.
    pub fn set_account(&self, settings: &Value) {
        let site = self.forge.api().with_token(&self.forge.administrator().token);
        let mut body = json!({"login_name": self.bot.name, "source_id": 0});
        body.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        site.patch(&format!("/admin/users/{}", self.bot.name), &body).unwrap();
    }
}

/// A login that is blocked, with all that must hold of it then: nothing of the password is said.
pub async fn blocked(drone: &Drone, gitea: &Gitea) -> Blocked {
    match login::login(drone, gitea).await {
        Ok(Outcome::LoggedIn(_)) => panic!("it is logged in"),
        Ok(Outcome::Blocked(blocked)) => shown(blocked),
        Err(error) => panic!("{}", base::error::chain(&error)),
    }
}

/// Prints what an operator would read.
fn shown(blocked: Blocked) -> Blocked {
    let hint = base::error::Explain::hint(&blocked).expect("a hint");
    println!("  {blocked}\n  hint: {hint}");
    assert!(hint.contains(&blocked.address) || matches!(blocked.reason, login::Reason::TwoFactor), "{hint}");
    blocked
}
