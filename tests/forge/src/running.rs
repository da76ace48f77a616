//! A running Gitea, from its start to its end.

use std::fmt;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::api::Api;
use crate::content::{self, Content};
use crate::error::{Error, Result};
use crate::http::{Http, Request};
use crate::place::{self, Installation};
use crate::process::{STEP, Server, User};
use crate::settings::{Folders, app_ini};
use crate::world::{Account, World};

/// How long a new Gitea may take until it answers: it makes its database first.
const START: Duration = Duration::from_mins(1);

/// The login of the first account.
const ADMINISTRATOR: &str = "administrator";

/// Which of the two it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Gitea itself.
    Real,
    /// This project's stand-in.
    StandIn,
}

impl Kind {
    /// The real one where it is built, else the stand-in; `FORGE_KIND=stand-in` asks for that.
    pub fn here() -> Self {
        let wanted = std::env::var_os("FORGE_KIND").is_none_or(|kind| kind != "stand-in");
        if wanted && place::installation().is_some() { Self::Real } else { Self::StandIn }
    }

    /// Where it is, if it has been built.
    pub fn installation(self) -> Option<Installation> {
        match self {
            Self::Real => place::installation(),
            Self::StandIn => place::stand_in(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Real => "real Gitea",
            Self::StandIn => "Gitea stand-in",
        })
    }
}

/// How a Gitea is started, where the defaults do not fit.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which of the two; else the real one where it is built.
    pub kind: Option<Kind>,
    /// Where it listens; else on a free port of the loopback.
    pub listen: Option<SocketAddr>,
    /// What it calls itself (`http://git.ci.localhost:3000`); else by where it listens.
    pub address: Option<String>,
    /// The network namespace it runs in (`/run/netns/…`), and in which it is asked; else this process's own.
    pub namespace: Option<PathBuf>,
    /// The folder that holds all it writes, kept when it ends; else one that goes with it.
    pub folder: Option<PathBuf>,
    /// The user it runs as, when this process is root's; else one that is not root.
    pub user: Option<u32>,
}

/// A running Gitea. It ends when the value is dropped, and nothing of it stays.
#[derive(Debug)]
pub struct Forge {
    kind: Kind,
    server: Server,
    address: String,
    listen: SocketAddr,
    http: Http,
    administrator: Account,
    /// Gone with this value, after the server.
    _folder: Option<TempDir>,
}

impl Forge {
    /// A private Gitea on the loopback: the real one where it is built, else the stand-in.
    pub fn start() -> Result<Self> {
        Self::start_with(&Options::default())
    }

    /// The same, started in another way.
    pub fn start_with(options: &Options) -> Result<Self> {
        Self::start_as(options, None)
    }

    /// The same, in a folder that it has run in before: its first account is known then.
    pub fn start_as(options: &Options, administrator: Option<&Account>) -> Result<Self> {
        let kind = options.kind.unwrap_or_else(Kind::here);
        let missing = || Error::Missing { place: place::cache() };
        if options.kind.is_none() && kind == Kind::StandIn {
            eprintln!("the Gitea stand-in serves; the real one would be in {}", place::cache().display());
        }
        let found = match kind.installation() {
            Some(found) => found,
            None if kind == Kind::StandIn => {
                stand_ins::gitea().map_err(Error::start("cargo"))?;
                kind.installation().ok_or_else(missing)?
            }
            None => return Err(missing()),
        };
        let listen = options.listen.map_or_else(free_port, Ok)?;
        let address = options.address.clone().unwrap_or_else(|| format!("http://{listen}"));
        start(kind, &found, options, Place { listen, address }, administrator)
    }

    /// One that has run before in this folder, wherever the folder was then.
    pub fn start_again(folder: &Path, address: &str, administrator: &Account) -> Result<Self> {
        let options =
            Options { folder: Some(folder.to_owned()), address: Some(address.to_owned()), ..Options::default() };
        Self::start_as(&options, Some(administrator))
    }

    /// Which of the two it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its address as it calls itself, without a slash at the end.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The address it listens at, for whom the other one does not resolve.
    pub fn listens_at(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// The process id.
    pub fn pid(&self) -> i32 {
        self.server.pid()
    }

    /// The first account, which administers the site.
    pub fn administrator(&self) -> &Account {
        &self.administrator
    }

    /// Its API, without an account yet.
    pub fn api(&self) -> Api {
        Api::new(self.http.clone(), &self.listens_at())
    }

    /// What makes requests in its network namespace.
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// Fills it with everybody and everything.
    pub fn fill(&self, content: &Content) -> Result<World> {
        content::fill(self, content)
    }

    /// Writes a file of the main branch of a repository (`recipes/ci`), as the administrator.
    pub fn write_file(&self, repository: &str, path: &str, text: &str) -> Result<()> {
        self.api().with_token(&self.administrator.token).write_file(repository, path, text)
    }

    pub(crate) fn namespace(&self) -> Option<&Path> {
        self.http.namespace.as_deref()
    }
}

/// A port of the loopback that nobody listens on.
fn free_port() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Error::start("a listener"))?;
    listener.local_addr().map_err(Error::start("a listener"))
}

/// The folder it writes to, and what removes it.
fn folder(options: &Options, user: User) -> Result<(PathBuf, Option<TempDir>)> {
    let (path, guard) = if let Some(path) = &options.folder {
        fs::create_dir_all(path).map_err(Error::file("make", path))?;
        (path.clone(), None)
    } else {
        let made = tempfile::Builder::new().prefix("forge-").tempdir();
        let made = made.map_err(Error::file("make a folder in", &std::env::temp_dir()))?;
        (made.path().to_owned(), Some(made))
    };
    user.give(&path)?;
    Ok((path, guard))
}

/// Where a Gitea listens, and what it calls itself.
struct Place {
    listen: SocketAddr,
    address: String,
}

/// Starts it; without an administrator the folder is new, and it gets one.
fn start(
    kind: Kind,
    found: &Installation,
    options: &Options,
    place: Place,
    administrator: Option<&Account>,
) -> Result<Forge> {
    let Place { listen, address } = place;
    let user = options.user.map_or_else(|| User::who_may_run(&found.program), |id| User(Some(id)));
    let (work, guard) = folder(options, user)?;
    let config = work.join("app.ini");
    let settings = app_ini(Folders { work: &work, files: &found.files }, listen, &address, user.is_root());
    fs::write(&config, settings).map_err(Error::file("write", &config))?;
    user.give(&config)?;
    let program = |words: &[&str]| {
        let mut command = user.command(options.namespace.as_deref(), &found.program);
        command.env("USER", "git").env("HOME", &work).env("GITEA_WORK_DIR", &work).current_dir(&work);
        command.args(words).arg("--config").arg(&config);
        command
    };
    let log = work.join("gitea.log");
    let server = start_logged(program(&["web"]), &log)?;
    let http = Http { namespace: options.namespace.clone() };
    wait(&server, &http, listen, &log)?;
    let administrator = match administrator {
        Some(known) => known.clone(),
        None => create_administrator(program(&["admin", "user", "create"]))?,
    };
    Ok(Forge { kind, server, address, listen, http, administrator, _folder: guard })
}

/// Makes the first account, which no API can make.
fn create_administrator(mut command: Command) -> Result<Account> {
    let email = format!("{ADMINISTRATOR}@example.org");
    command.args(["--admin", "--username", ADMINISTRATOR, "--email", &email]);
    command.args(["--random-password", "--random-password-length", "24", "--must-change-password=false"]);
    command.args(["--access-token", "--access-token-name", "tests", "--access-token-scopes", "all"]);
    let output = command.output().map_err(Error::start("gitea"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return first_account(&said);
    }
    let said = said + &String::from_utf8_lossy(&output.stderr);
    Err(Error::Ended { program: "gitea admin".to_owned(), status: output.status.to_string(), said })
}

/// Reads the password and the token that `gitea admin user create` prints.
fn first_account(said: &str) -> Result<Account> {
    let word = |what: &str, before: &str| {
        let found = said.lines().find_map(|line| line.split_once(before)).map(|(_, rest)| rest.trim());
        let found = found.and_then(|rest| rest.split_whitespace().next());
        let word = found.map(|word| word.trim_matches('\'').to_owned());
        word.ok_or_else(|| Error::Lacks { url: "gitea admin user create".to_owned(), what: what.to_owned() })
    };
    Ok(Account {
        name: ADMINISTRATOR.to_owned(),
        password: word("password", "generated random password is")?,
        token: word("token", "Access token was successfully created...")?,
    })
}

fn start_logged(mut command: Command, log: &Path) -> Result<Server> {
    let file = fs::OpenOptions::new().create(true).append(true).open(log).map_err(Error::file("write", log))?;
    let other = file.try_clone().map_err(Error::file("write", log))?;
    command.stdout(file).stderr(other);
    Server::start(command, "gitea")
}

/// Waits until it answers.
fn wait(server: &Server, http: &Http, listen: SocketAddr, log: &Path) -> Result<()> {
    let deadline = Instant::now() + START;
    let said = || {
        let text = fs::read_to_string(log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    };
    let request = Request::new("GET", format!("http://{listen}/api/v1/version"));
    loop {
        server.check(said)?;
        if http.send(&request).is_ok_and(|answer| answer.status == 200) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(Error::Deadline { what: format!("http://{listen}"), within: START, said: said() });
        }
        std::thread::sleep(STEP);
    }
}
