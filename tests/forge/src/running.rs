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
use crate::process::{POLL_INTERVAL, Server, User};
use crate::settings::{Folders, app_ini};
use crate::world::{Account, World};

/// Timeout until a new Gitea answers: it creates its database first.
const START: Duration = Duration::from_mins(1);

/// The login of the first account.
const ADMINISTRATOR: &str = "administrator";

/// Kind of a Gitea.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Gitea itself.
    Real,
    /// This project's stand-in.
    StandIn,
}

impl Kind {
    /// The real one if it is built, else the stand-in; always the stand-in with `FORGE_KIND=stand-in`.
    pub fn here() -> Self {
        let wanted = std::env::var_os("FORGE_KIND").is_none_or(|kind| kind != "stand-in");
        if wanted && place::installation().is_some() { Self::Real } else { Self::StandIn }
    }

    /// The installation of this kind, if it has been built.
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

/// Options of a Gitea, with defaults.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Kind; by default the real one if it is built.
    pub kind: Option<Kind>,
    /// Listen address; by default a free port of the loopback.
    pub listen: Option<SocketAddr>,
    /// URL in Gitea's settings (`http://git.ci.localhost:3000`); by default the listen address.
    pub address: Option<String>,
    /// Network namespace of Gitea and of the requests to it (`/run/netns/…`); by default this process's own.
    pub namespace: Option<PathBuf>,
    /// Folder of all data, kept at the end; by default a temporary one.
    pub folder: Option<PathBuf>,
    /// User id of Gitea if this process is root; by default one other than root.
    pub user: Option<u32>,
}

/// A running Gitea. Ends with the value, and leaves no files behind.
#[derive(Debug)]
pub struct Forge {
    kind: Kind,
    server: Server,
    address: String,
    listen: SocketAddr,
    http: Http,
    administrator: Account,
    /// Removed after the end of the server.
    _folder: Option<TempDir>,
}

impl Forge {
    /// Starts a private Gitea on the loopback: the real one if it is built, else the stand-in.
    pub fn start() -> Result<Self> {
        Self::start_with(&Options::default())
    }

    /// Starts a Gitea with options.
    pub fn start_with(options: &Options) -> Result<Self> {
        Self::start_as(options, None)
    }

    /// Starts a Gitea in a folder that it has used before; the first account of that folder is known.
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

    /// Starts a Gitea again in its folder, which may have been moved.
    pub fn start_again(folder: &Path, address: &str, administrator: &Account) -> Result<Self> {
        let options =
            Options { folder: Some(folder.to_owned()), address: Some(address.to_owned()), ..Options::default() };
        Self::start_as(&options, Some(administrator))
    }

    /// Kind of this Gitea.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// URL in Gitea's settings, without a slash at the end.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// URL of the listen address, for callers that cannot resolve the other one.
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

    /// The API without an account.
    pub fn api(&self) -> Api {
        Api::new(self.http.clone(), &self.listens_at())
    }

    /// A client in Gitea's network namespace.
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// Creates all accounts, repositories and pull requests.
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

/// A free port of the loopback.
fn free_port() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Error::start("a listener"))?;
    listener.local_addr().map_err(Error::start("a listener"))
}

/// The data folder, and its guard that removes a temporary one.
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

/// Addresses of a Gitea: listen address, and URL in its settings.
struct Place {
    listen: SocketAddr,
    address: String,
}

/// Starts the server; without an administrator the folder is new, and an account is created.
fn start(
    kind: Kind,
    found: &Installation,
    options: &Options,
    place: Place,
    administrator: Option<&Account>,
) -> Result<Forge> {
    let Place { listen, address } = place;
    let user = options.user.map_or_else(|| User::for_program(&found.program), |id| User(Some(id)));
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

/// Creates the first account, which needs the command line.
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

/// Parses the password and the token in the output of `gitea admin user create`.
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

/// Waits for the first answer.
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
        std::thread::sleep(POLL_INTERVAL);
    }
}
