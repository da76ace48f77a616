//! Start and end of a lab.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use base::lock::Lock;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::command::{self, is_root, privileged_lab};
use crate::configuration::Configuration;
use crate::control_group;
use crate::drone;
use crate::error::{Error, Result};
use crate::furnish::{binary, furnish};
use crate::gitea;
use crate::keeper;
use crate::layout::{self, Places};
use crate::lock;
use crate::machine::Lab;
use crate::names;
use crate::process;
use crate::wait::{Seen, wait_until};

/// Options of a new lab.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is one flag of `lab up`")]
pub struct UpOptions {
    /// The lab's name; labs of different names run side by side.
    pub name: String,
    /// Configuration to boot; by default the lab's own host.
    pub configuration: Option<Configuration>,
    /// Program in place of the stand-in for abra (else `$LAB_ABRA`).
    pub abra: Option<PathBuf>,
    /// True for a certificate in /run/secrets.
    pub certificate: bool,
    /// True for a machine without programs and configuration of this project.
    pub bare: bool,
    /// True for links that open in a browser on this machine as they stand: ports 443 and 80 where they are free, else a
    /// bridge that knows the port.
    pub for_browsers: bool,
    /// True to wait until everything that starts at boot has started.
    pub settle: bool,
    /// True to end a lab of the same name first.
    pub replace: bool,
    /// Called with the present step, and with the object of a wait.
    pub tell: fn(&str),
}

impl Default for UpOptions {
    fn default() -> Self {
        Self {
            name: "lab".to_owned(),
            configuration: None,
            abra: std::env::var_os("LAB_ABRA").map(PathBuf::from),
            certificate: true,
            bare: false,
            for_browsers: false,
            settle: true,
            replace: false,
            tell: |_| (),
        }
    }
}

impl UpOptions {
    /// The defaults, with a name.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }
}

/// Exit code of `lab up` for a running lab with failed units.
pub(crate) const UNITS_FAILED: u8 = 4;

/// Makes and boots a lab.
pub(crate) fn up(options: &UpOptions) -> Result<Places> {
    let places = Places::new(&options.name)?;
    if !is_root() {
        up_through_sudo(options, &places)?;
        return Ok(places);
    }
    let _lock = lock_of(&places, options.tell)?;
    if is_alive(&places) && places.complete().exists() && !options.replace {
        return Err(Error::Running { name: places.name });
    }
    clear(&places)?;
    let made = make(&places, options);
    if let Err(error) = made {
        // The first error is the one to report.
        let _ = clear(&places);
        return Err(error);
    }
    Ok(places)
}

fn make(places: &Places, options: &UpOptions) -> Result<()> {
    check_cache()?;
    let mut keeper = keeper::start(places, &binary("lab")?, options.for_browsers)?;
    let state = keeper.state(places)?;
    let configuration = match &options.configuration {
        Some(given) => given.clone(),
        None if options.bare => Configuration::default(),
        None => {
            (options.tell)("evaluating the configuration");
            Configuration::of_the_lab()?
        }
    };
    let configuration = configuration.with_port_of_links(state.port_of_links())?;
    let gitea = if options.bare { None } else { Some(gitea::prepare(options.tell)?) };
    if !options.bare {
        (options.tell)("making Drone's image");
        drone::link_images(&places.images())?;
    }
    (options.tell)("writing the lab's disk");
    names::furnish(places, state.port_of_links())?;
    furnish(places, options, &configuration, gitea.as_ref())?;
    drop(gitea);
    (options.tell)("booting");
    keeper.boot()?;
    let lab = Lab::at(places);
    lab.wait_for_systemd(None, &|| keeper.has_ended.load(Ordering::Relaxed))?;
    if options.settle {
        lab.settle(options.tell)?;
    }
    layout::write(&places.complete(), b"", 0o644)
}

/// Does the same through the program `lab` as root.
fn up_through_sudo(options: &UpOptions, places: &Places) -> Result<()> {
    let mut command = privileged_lab(&binary("lab")?);
    command.args(["up", "--name", &places.name]);
    let mut input = None;
    if let Some(configuration) = &options.configuration {
        let json = serde_json::to_vec(configuration)
            .map_err(|source| Error::Answer { what: "the configuration".to_owned(), source })?;
        input = Some(json);
        command.args(["--configuration", "-"]);
    }
    if let Some(abra) = &options.abra {
        command.arg("--abra").arg(abra);
    }
    let flags = [
        ("--without-certificate", !options.certificate),
        ("--bare", options.bare),
        ("--for-browsers", options.for_browsers),
        ("--no-settle", !options.settle),
        ("--replace", options.replace),
    ];
    command.args(flags.into_iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| flag));
    let output = command::run_with(&mut command, input.as_deref())?;
    if output.code == i32::from(UNITS_FAILED) { Ok(()) } else { output.done().map(drop) }
}

/// Ends a lab, or the remains of an interrupted `up` or `down`.
pub(crate) fn end(places: &Places) -> Result<()> {
    if !is_root() {
        command::text(privileged_lab(&binary("lab")?).args(["down", "--name", &places.name]))?;
        return Ok(());
    }
    let _lock = lock_of(places, |_| ())?;
    clear(places)
}

/// The reason why this machine cannot run a lab, if any.
pub(crate) fn why_not() -> Option<String> {
    if !is_root() && !command::run(Command::new("sudo").args(["-n", "true"])).is_ok_and(|said| said.ok()) {
        return Some("it takes root's rights, or sudo without a password".to_owned());
    }
    check_cache().err().map(|error| format!("{error}; `make setup` makes it"))
}

/// True if the lab's keeper runs.
pub(crate) fn is_alive(places: &Places) -> bool {
    !process::with_role("keep", &places.folder).is_empty()
}

/// Makes other commands on the same lab wait for the end of this one.
fn lock_of(places: &Places, tell: fn(&str)) -> Result<Lock> {
    let path = places.lock();
    if let Some(folder) = path.parent() {
        layout::make(folder)?;
    }
    lock::take(&path, &format!("lab `{}`", places.name), || tell("waiting for another command on this lab"))
}

/// Ends a lab's processes and removes its files; any of them may be absent.
fn clear(places: &Places) -> Result<()> {
    wait_until("the end of the lab's processes", Duration::from_secs(30), || {
        let roles = ["keep", "boot"].iter().flat_map(|role| process::with_role(role, &places.folder));
        let alive: Vec<i32> = roles.collect();
        for pid in &alive {
            // The process may have ended meanwhile.
            let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
        }
        Ok(if alive.is_empty() { Seen::Yes(()) } else { Seen::NotYet(format!("{alive:?} are still there")) })
    })?;
    control_group::remove(places)?;
    match fs::remove_dir_all(&places.folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::file("remove", &places.folder)(error)),
        _ => Ok(()),
    }
}

fn check_cache() -> Result<()> {
    let missing = [("the root file system", layout::root_file_system()), ("the images", layout::images())];
    match missing.into_iter().find(|(_, path)| !path.is_dir()) {
        None => Ok(()),
        Some((what, path)) => Err(Error::Missing {
            what: what.to_owned(),
            path,
            hint: "make it with `cargo run -p lab -- setup`".to_owned(),
        }),
    }
}
