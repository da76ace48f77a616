//! One Drone server with a Gitea beside it, removed at the end.

use std::cell::Cell;
use std::env;
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doubles::Shared;
use forge::{Account, Api, Content, Forge, World};
use serde_json::{Value, json};
use stand_ins::drone::{Drone, Options, free_port};

use crate::browser;
use crate::client::Client;
use crate::double;
use crate::runner::Runner;

/// Timeout for changes that the server makes asynchronously.
const PATIENCE: Duration = Duration::from_secs(20);

/// The bot's token, from its creation on.
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// The server under test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    StandIn,
    Real(PathBuf),
    Double,
    Given,
}

impl Which {
    /// The given one alone, where one is given.
    pub fn all() -> Vec<Self> {
        match env::var_os("DRONE_CONTRACT_BIN") {
            _ if env::var_os("DRONE_CONTRACT_URL").is_some() => vec![Self::Given],
            Some(program) => vec![Self::Real(program.into()), Self::Double],
            None => vec![Self::StandIn, Self::Double],
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StandIn => "stand_in",
            Self::Real(_) => "real",
            Self::Double => "double",
            Self::Given => "given",
        })
    }
}

pub struct Site {
    pub which: Which,
    /// Client without a login.
    pub anonymous: Client,
    /// Client of the bot, an administrator.
    pub bot: Client,
    /// Full name of the activated repository.
    pub slug: String,
    pub secret: String,
    gitea: Api,
    made: Cell<u32>,
    mark: String,
    own: Option<Own>,
    double: Option<Shared>,
}

/// Parts that exist only for a server started here.
pub struct Own {
    pub drone: Drone,
    pub forge: Forge,
    pub world: World,
}

impl Site {
    /// A server with the bot logged in; an error with the reason if there is none.
    pub fn open(which: &Which) -> Result<Self, String> {
        let mark = format!("contract-{}", fastrand::u32(..));
        if *which == Which::Given {
            return Self::given(mark);
        }
        if *which == Which::Double {
            return Ok(Self::of_double(mark));
        }
        let forge = Forge::start().map_err(|error| error.to_string())?;
        let world = forge.fill(&Content::default()).map_err(|error| error.to_string())?;
        let gitea = forge.api().with_token(&world.administrator.token);
        let site = Self {
            which: which.clone(),
            anonymous: Client::anonymous(""),
            bot: Client::anonymous(""),
            slug: World::CI.to_owned(),
            secret: String::new(),
            gitea,
            made: Cell::new(0),
            mark,
            own: None,
            double: None,
        };
        let account = format!("username:{},machine:false,admin:true,token:{TOKEN}", world.bot.name);
        let drone = site.launch(&forge, &world, &[("DRONE_USER_CREATE", &account), FILTER]).0;
        let anonymous = Client::anonymous(&drone.address());
        let bot = anonymous.with_token(TOKEN);
        let session = browser::login(&drone.address(), &world.bot).is(303);
        assert!(session.cookie("_session_").is_some(), "{session:?}");
        until("the first synchronisation", || bot.get("/api/user").is(200).number("/synced") > 0);
        bot.post(&format!("/api/repos/{}", World::CI)).is(200);
        let secret = drone.rpc_secret().to_owned();
        Ok(Self { anonymous, bot, secret, own: Some(Own { drone, forge, world }), ..site })
    }

    fn given(mark: String) -> Result<Self, String> {
        let given = |name: &str| env::var(name).map_err(|_| format!("{name} is not given"));
        let anonymous = Client::anonymous(&given("DRONE_CONTRACT_URL")?);
        let gitea = Api::new(forge::Http::default(), &given("GITEA_CONTRACT_URL")?);
        Ok(Self {
            which: Which::Given,
            bot: anonymous.with_token(&given("DRONE_CONTRACT_TOKEN")?),
            anonymous,
            slug: given("DRONE_CONTRACT_REPOSITORY")?,
            secret: given("DRONE_CONTRACT_RPC_SECRET")?,
            gitea: gitea.with_token(&given("GITEA_CONTRACT_TOKEN")?),
            made: Cell::new(0),
            mark,
            own: None,
            double: None,
        })
    }

    /// The double, which needs no Gitea.
    fn of_double(mark: String) -> Self {
        let (network, address) = double::start();
        let anonymous = Client::anonymous(&address);
        Self {
            which: Which::Double,
            bot: anonymous.with_token(TOKEN),
            anonymous,
            slug: World::CI.to_owned(),
            secret: String::new(),
            gitea: Api::new(forge::Http::default(), ""),
            made: Cell::new(0),
            mark,
            own: None,
            double: Some(network),
        }
    }

    /// Fails for a server that others use, too.
    pub fn is_ours(&self) -> Result<(), String> {
        if self.double.is_some() { Ok(()) } else { self.own().map(|_| ()) }
    }

    /// The server and the Gitea started here; an error for a given server.
    pub fn own(&self) -> Result<&Own, String> {
        self.own.as_ref().ok_or_else(|| "only of a server that is started here".to_owned())
    }

    /// Another server of the same kind with the same Gitea, and the id of its OAuth application in Gitea.
    pub fn another(&self, environment: &[(&str, &str)]) -> Result<(Drone, i64), String> {
        let Own { forge, world, .. } = self.own()?;
        Ok(self.launch(forge, world, environment))
    }

    fn launch(&self, forge: &Forge, world: &World, environment: &[(&str, &str)]) -> (Drone, i64) {
        let listen = free_port().unwrap();
        let wanted = json!({
            "name": "drone", "redirect_uris": [format!("http://{listen}/login")], "confidential_client": true,
        });
        let made = forge.api().with_token(&world.bot.token).post("/user/applications/oauth2", &wanted).unwrap();
        let fast = [("DRONE_STAND_IN_POLL_SECONDS", "1"), ("DRONE_STAND_IN_RETRY_SECONDS", "0.1")];
        let environment = fast.iter().chain(environment).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let options = Options {
            gitea: forge.address().to_owned(),
            client_id: made.text("/client_id").unwrap(),
            client_secret: made.text("/client_secret").unwrap(),
            listen: Some(listen),
            environment: environment.collect(),
            program: if let Which::Real(program) = &self.which { Some(program.clone()) } else { None },
            ..Options::default()
        };
        (Drone::start(&options).unwrap(), made.number("/id").unwrap())
    }

    /// Gitea's API as its administrator.
    pub fn gitea(&self) -> &Api {
        &self.gitea
    }

    /// A path below the repository's.
    pub fn at(&self, rest: &str) -> String {
        format!("/api/repos/{}{rest}", self.slug)
    }

    /// A new unique word.
    pub fn word(&self) -> String {
        self.made.set(self.made.get() + 1);
        format!("{}-{}", self.mark, self.made.get())
    }

    /// A branch of the repository with this text as its `.drone.yml`.
    pub fn branch(&self, text: &str) -> String {
        let name = self.word();
        if let Some(network) = &self.double {
            double::add_branch(network, &name, text);
            return name;
        }
        let path = format!("/repos/{}/contents/.drone.yml", self.slug);
        let sha = self.gitea.get(&format!("{path}?ref=main")).unwrap().text("/sha").unwrap();
        let content = STANDARD.encode(text);
        let change = json!({"content": content, "sha": sha, "message": name, "branch": "main", "new_branch": name});
        self.gitea.put(&path, &change).unwrap();
        name
    }

    /// A runner that gets the stages of [`Site::pipeline`] and no others.
    pub fn runner(&self) -> Runner {
        Runner::new(self.anonymous.with_secret(&self.secret), &self.word())
    }

    /// A branch with one exec pipeline for this runner only.
    pub fn pipeline(&self, runner: &Runner) -> String {
        self.branch(&pipeline(&runner.label))
    }

    /// Creates a build of this branch.
    #[track_caller]
    pub fn build(&self, branch: &str, query: &str) -> Value {
        self.bot.post(&self.at(&format!("/builds?branch={branch}{query}"))).is(200).json()
    }

    /// The present state of a build.
    #[track_caller]
    pub fn look(&self, build: &Value) -> Value {
        self.bot.get(&self.at(&format!("/builds/{}", build["number"]))).is(200).json()
    }

    pub fn end_of_log(&self) -> String {
        let text = self.own.as_ref().map(|own| own.drone.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

/// Limits the synchronisation to the organisation.
pub const FILTER: (&str, &str) = ("DRONE_REPOSITORY_FILTER", World::ORGANISATION);

/// An exec pipeline with one step, for runners with this label.
pub fn pipeline(label: &str) -> String {
    format!(
        "kind: pipeline\ntype: exec\nname: recipe\nplatform: {{os: linux, arch: amd64}}\nclone: {{disable: true}}\n\
         node: {{contract: {label}}}\ntrigger: {{event: [custom]}}\nsteps:\n  - name: say\n    commands: [echo hello]\n"
    )
}

/// Waits for a condition.
#[track_caller]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The value of `DRONE_USER_CREATE` for the bot.
pub fn create(account: &Account, rest: &str) -> String {
    format!("username:{},{rest}", account.name)
}
