//! The program `lab`: command line and output.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::command::{is_root, privileged_lab};
use crate::configuration::Configuration;
use crate::error::{Error, Result};
use crate::keeper;
use crate::life::{UNITS_FAILED, UpOptions};
use crate::machine::Lab;
use crate::progress;
use crate::setup::setup;
use crate::switch::Switched;

/// A disposable machine with real systemd, D-Bus, Docker and Swarm.
#[derive(Debug, Parser)]
#[command(name = "lab", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make what every lab needs: packages, a root file system, images. Says first what is missing.
    Setup,
    /// Make a lab and boot it; exit 4 when units failed.
    Up {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        evaluated: Evaluated,
        /// Another program in the place of the stand-in for abra.
        #[arg(long, env = "LAB_ABRA", value_name = "PATH")]
        abra: Option<PathBuf>,
        /// Put no certificate into /run/secrets.
        #[arg(long)]
        without_certificate: bool,
        /// Only the machine: no program and no configuration of this project.
        #[arg(long)]
        bare: bool,
        /// Take ports 443 and 80 where they are free, so that links open in a browser on this machine.
        #[arg(long)]
        for_browsers: bool,
        /// Do not wait for everything that starts at boot.
        #[arg(long)]
        no_settle: bool,
        /// End a lab of the same name first.
        #[arg(long)]
        replace: bool,
    },
    /// Run a command within a lab.
    Exec {
        #[command(flatten)]
        which: Which,
        /// The command and its words (a shell when there are none).
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// Evaluate the configuration again and do to the units what NixOS's switch does; exit 4 when units failed.
    Switch {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        evaluated: Evaluated,
    },
    /// Restart a lab's machine.
    Reboot {
        #[command(flatten)]
        which: Which,
    },
    /// End a lab, or what is left of one, and remove everything of it.
    Down {
        #[command(flatten)]
        which: Which,
        /// All of them.
        #[arg(long)]
        all: bool,
    },
    /// Name all labs.
    List,
    #[command(hide = true)]
    Keep { folder: PathBuf },
    #[command(hide = true)]
    Boot { folder: PathBuf },
}

#[derive(Debug, Args)]
struct Which {
    /// The lab's name.
    #[arg(long, default_value = "lab")]
    name: String,
}

#[derive(Debug, Args)]
struct Evaluated {
    /// The host's NixOS file (default: the lab's own host).
    #[arg(long, value_name = "FILE")]
    host: Option<PathBuf>,
    /// One more NixOS module; may be given again.
    #[arg(long = "module", value_name = "FILE")]
    modules: Vec<PathBuf>,
    /// Use the result of an earlier evaluation, and do not evaluate.
    #[arg(long, value_name = "FILE", hide = true)]
    configuration: Option<PathBuf>,
}

impl Evaluated {
    fn get(&self) -> Result<Configuration> {
        if let Some(path) = &self.configuration {
            let text = if path == Path::new("-") {
                std::io::read_to_string(std::io::stdin())
            } else {
                std::fs::read_to_string(path)
            };
            let text = text.map_err(Error::file("read", path))?;
            return Configuration::read(&text, &path.to_string_lossy());
        }
        let whole = |path: &PathBuf| path.canonicalize().map_err(Error::file("find", path));
        let modules: Result<Vec<String>> =
            self.modules.iter().map(|path| Ok(whole(path)?.to_string_lossy().into_owned())).collect();
        let host = self.host.as_ref().map(whole).transpose()?;
        Configuration::evaluate(host.as_deref(), &modules?)
    }
}

/// Runs the program with its command line.
pub fn main() -> ExitCode {
    // Files on the lab's disk get exactly their declared modes, for any umask of the caller.
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    match run(Arguments::parse().action) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            print(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn print(error: &Error) {
    eprintln!("lab: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        eprintln!("  because: {cause}");
        source = cause.source();
    }
    if let Some(hint) = error.hint() {
        eprintln!("hint: {hint}");
    }
}

fn run(action: Action) -> Result<u8> {
    let needs_root = matches!(action, Action::Setup | Action::Up { .. } | Action::Down { .. });
    if needs_root && !is_root() {
        return as_root();
    }
    match action {
        Action::Setup => setup()?,
        Action::Up { which, evaluated, abra, without_certificate, bare, for_browsers, no_settle, replace } => {
            let options = UpOptions {
                configuration: if bare { None } else { Some(evaluated.get()?) },
                abra,
                bare,
                for_browsers,
                certificate: !without_certificate,
                settle: !no_settle,
                replace,
                tell: progress::tell,
                ..UpOptions::named(&which.name)
            };
            return up(&options);
        }
        Action::Exec { which, words } => return exec(&which.name, &words),
        Action::Switch { which, evaluated } => {
            let lab = Lab::find(&which.name)?;
            let done = progress::during("switching", || lab.switch(&evaluated.get()?))?;
            say(&done);
            done.ok()?;
        }
        Action::Reboot { which } => {
            let lab = Lab::find(&which.name)?;
            progress::during("rebooting", || lab.reboot())?;
        }
        Action::Down { which, all } => {
            let names = if all { Lab::list().into_iter().map(|(name, _)| name).collect() } else { vec![which.name] };
            for name in names {
                progress::during(&format!("ending lab `{name}`"), || Lab::clear(&name))?;
            }
        }
        Action::List => {
            for (name, runs) in Lab::list() {
                println!("{name}\t{}", if runs { "running" } else { "not running" });
            }
        }
        Action::Keep { folder } => return Ok(u8::try_from(keeper::keep(&folder)?).unwrap_or(1)),
        Action::Boot { folder } => return Ok(u8::try_from(keeper::boot(&folder)?).unwrap_or(1)),
    }
    Ok(0)
}

/// Starts itself again as root.
fn as_root() -> Result<u8> {
    let program = std::env::current_exe().map_err(Error::file("find", Path::new("/proc/self/exe")))?;
    let mut command = privileged_lab(&program);
    command.args(std::env::args_os().skip(1));
    Err(Error::Start { program: "sudo".to_owned(), source: command.exec() })
}

fn up(options: &UpOptions) -> Result<u8> {
    let lab = progress::during(&format!("booting lab `{}`", options.name), || Lab::up(options))?.keep();
    println!("{}", lab.address("traefik")?);
    if let Ok(gitea) = lab.gitea() {
        println!("{} ({})", gitea.address(), gitea.kind());
    }
    println!("certificate authority: {}", lab.ca_file().display());
    let failed = lab.failed_units()?;
    if failed.is_empty() {
        return Ok(0);
    }
    eprintln!("failed units: {}", failed.join(" "));
    eprintln!("hint: `lab exec --name {} systemctl status {}`", lab.name(), failed.join(" "));
    Ok(UNITS_FAILED)
}

fn exec(name: &str, words: &[String]) -> Result<u8> {
    let lab = Lab::find(name)?;
    let words: Vec<&str> = if words.is_empty() { vec!["bash"] } else { words.iter().map(String::as_str).collect() };
    let mut command = lab.command(&words)?;
    Err(Error::Start { program: words.join(" "), source: command.exec() })
}

/// Prints the effects in the words of NixOS, without the targets, which every switch starts again.
fn say(done: &Switched) {
    for (what, units) in [
        ("stopped the following units", &done.stopped),
        ("NOT restarting the following changed units", &done.not_restarted),
        ("wrote or removed", &done.files),
        ("reloaded the following units", &done.reloaded),
        ("restarted the following units", &done.restarted),
        ("started the following units", &done.started),
    ] {
        let shown: Vec<&str> = units.iter().map(String::as_str).filter(|unit| !unit.ends_with(".target")).collect();
        if !shown.is_empty() {
            println!("{what}: {}", shown.join(", "));
        }
    }
}
