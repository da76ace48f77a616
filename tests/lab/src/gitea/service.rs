//! Gitea as a service of the lab.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use forge::{Folders, Kind};

use super::content::{DATA, Prepared, WORLD, server};
use crate::error::{Error, Result};
use crate::layout::{self, Places};

/// Unit of the service.
const UNIT: &str = include_str!("gitea.service");

/// Folder of the program within the lab: a mount of the cache's folder, or a copy of the stand-in.
const PROGRAM_FOLDER: &str = "/opt/gitea";

/// Folder of Gitea's data, within the lab.
const FOLDER: &str = "/var/lib/gitea";

/// User and group id of the lab's user git.
const USER: u32 = 900;

/// Puts the service and its filled folder into a lab's own layer.
pub(crate) fn furnish(places: &Places, prepared: &Prepared) -> Result<()> {
    let upper = places.upper();
    let at = |path: &str| upper.join(path.trim_start_matches('/'));
    // The stand-in is ready at once and does not notify systemd.
    let unit = if prepared.kind == Kind::Real { UNIT.to_owned() } else { UNIT.replace("Type=notify", "Type=exec") };
    layout::write(&at("/etc/systemd/system/gitea.service"), unit.as_bytes(), 0o644)?;
    let wanted = at("/etc/systemd/system/multi-user.target.wants/gitea.service");
    crate::furnish::link(&wanted, "../gitea.service")?;
    crate::furnish::add_account(&upper, "git", USER, FOLDER)?;
    if prepared.kind == Kind::StandIn
        && let Some((_, program)) = server()
    {
        crate::furnish::copy(&program, &at(PROGRAM_FOLDER).join("gitea"))?;
    }

    let folder = at(FOLDER);
    give(&prepared.folder.join(DATA), &folder)?;
    let inside = Folders { work: Path::new(FOLDER), files: &Path::new(PROGRAM_FOLDER).join("static") };
    let listen = SocketAddr::from((Ipv4Addr::UNSPECIFIED, crate::GITEA_PORT));
    let settings = forge::app_ini(inside, listen, super::GITEA, false);
    layout::write(&folder.join("app.ini"), settings.as_bytes(), 0o600)?;
    chown(folder.join("app.ini"), Some(USER), Some(USER)).map_err(Error::file("change the owner of", &folder))?;

    let world = prepared.folder.join(WORLD);
    let text = fs::read(&world).map_err(Error::file("read", &world))?;
    layout::write(&places.gitea().join(WORLD), &text, 0o600)?;
    layout::give_to_caller(&places.gitea())
}

/// The mount that gives a lab the real program: a folder of this machine, and its path in the lab.
pub(crate) fn mount(places: &Places) -> Option<(PathBuf, &'static str)> {
    let is_real = !has_stand_in(places) && forge::installation().is_some();
    is_real.then(|| (forge::cache(), PROGRAM_FOLDER))
}

/// True if a lab has the stand-in's program, on its own disk.
pub(super) fn has_stand_in(places: &Places) -> bool {
    places.upper().join(PROGRAM_FOLDER.trim_start_matches('/')).join("gitea").exists()
}

/// Copies a folder for the user git, without the settings and the log of its origin.
fn give(from: &Path, to: &Path) -> Result<()> {
    layout::make(to)?;
    let own = |path: &Path| chown(path, Some(USER), Some(USER)).map_err(Error::file("change the owner of", path));
    own(to)?;
    for entry in fs::read_dir(from).map_err(Error::file("read", from))?.flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            give(&source, &target)?;
        } else if entry.file_name() != "app.ini" && entry.file_name() != "gitea.log" {
            fs::copy(&source, &target).map_err(Error::file("copy", &source))?;
            own(&target)?;
        }
    }
    fs::set_permissions(to, fs::Permissions::from_mode(0o755)).map_err(Error::file("set the mode of", to))
}
