//! Drone's image, made from the server that is here: the stand-in, or the real one that `$LAB_DRONE_SERVER` names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use daemon::image::{Content, Image};
use nix::fcntl::{Flock, FlockArg};

use crate::command;
use crate::error::{Error, Result};
use crate::furnish::binary;
use crate::layout;
use crate::setup::with_busybox;

/// The versions that the recipe names; the same program in each.
const VERSIONS: [&str; 3] = ["2.24.0", "2.25.0", "2.26.0"];

/// What upstream's image sets.
const ENVIRONMENT: [(&str, &str); 5] = [
    ("XDG_CACHE_HOME", "/data"),
    ("DRONE_DATABASE_DRIVER", "sqlite3"),
    ("DRONE_DATABASE_DATASOURCE", "/data/database.sqlite"),
    ("DRONE_SERVER_PORT", ":80"),
    ("DRONE_DATADOG_ENABLED", "false"),
];

/// The archives of Drone's images for a test that starts no lab; the stand-in is built first if need be.
pub fn drone_images() -> Result<Vec<PathBuf>> {
    let build = |source| Error::File { what: "build", path: PathBuf::from("the Drone server's stand-in"), source };
    let server = given().map_or_else(|| stand_ins::drone_server().map_err(build), Ok)?;
    let _lock = lock()?;
    images(&server)
}

/// Puts the archives into a lab's folder, from programs that are built already.
pub(crate) fn link_images(into: &Path) -> Result<()> {
    let server = given().map_or_else(|| binary("drone-server"), Ok)?;
    let _lock = lock()?;
    images(&server)?.iter().try_for_each(|archive| layout::link_or_copy(archive, into))
}

/// The real server, where one is given.
fn given() -> Option<PathBuf> {
    std::env::var_os("LAB_DRONE_SERVER").map(PathBuf::from)
}

/// Held so that nobody makes them anew meanwhile.
fn lock() -> Result<Flock<fs::File>> {
    let path = layout::cache().join(".images-drone.lock");
    let file = fs::File::create(&path).map_err(Error::file("write", &path))?;
    Flock::lock(file, FlockArg::LockExclusive)
        .map_err(|(_, source)| Error::System { what: format!("lock {}", path.display()), source })
}

/// Makes them anew when the server has changed. A given server's stand apart from the stand-in's.
fn images(server: &Path) -> Result<Vec<PathBuf>> {
    let folder = layout::cache().join(if given().is_some() { "images-drone-given" } else { "images-drone" });
    let archives = VERSIONS.map(|version| folder.join(format!("drone%drone:{version}.tar")));
    let note = folder.join("key");
    // Not a hash of its bytes, which takes an unoptimised build ten seconds.
    let made = fs::metadata(server).and_then(|metadata| Ok((metadata.len(), metadata.modified()?)));
    let key = format!("{} {:?}", server.display(), made.map_err(Error::file("read", server))?);
    if fs::read_to_string(&note).is_ok_and(|made| made == key) {
        return Ok(archives.into());
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Error::file("remove", &folder))?;
    }
    layout::make(&folder)?;
    let scratch = tempfile::tempdir_in(layout::cache()).map_err(Error::file("make a folder in", &layout::cache()))?;
    let stripped = strip(server, &scratch.path().join("drone-server"));
    for (version, archive) in VERSIONS.into_iter().zip(&archives) {
        image(version, &stripped)?.write(archive)?;
    }
    layout::write(&note, key.as_bytes(), 0o644)?;
    Ok(archives.into())
}

/// Without what debuggers need a program of Rust's is a quarter as large.
fn strip(program: &Path, to: &Path) -> PathBuf {
    let stripped = command::run_with(Command::new("strip").arg("-o").arg(to).arg(program), None);
    match stripped {
        Ok(output) if output.ok() => to.to_owned(),
        // Where there is no `strip` the image is only larger.
        _ => program.to_owned(),
    }
}

fn image(version: &str, server: &Path) -> Result<Image> {
    let authorities = layout::root_file_system().join("etc/ssl/certs/ca-certificates.crt");
    let image = with_busybox(&format!("drone/drone:{version}"))?
        .with_program("/bin/drone-server", server)?
        .with_file("/etc/ssl/certs/ca-certificates.crt", &authorities, 0o644)
        .with("/data", Content::Directory, 0o755)
        .env("DRONE_STAND_IN_VERSION", version)
        .exposes(80)
        .entrypoint(&["/bin/drone-server"]);
    Ok(ENVIRONMENT.into_iter().fold(image, |image, (key, value)| image.env(key, value)))
}
