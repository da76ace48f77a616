//! Drone's image, built from the stand-in, or from the real server that `$LAB_DRONE_SERVER` names.

use std::path::{Path, PathBuf};

use dockerd::image::{Content, Image};

use crate::error::{Error, Result};
use crate::furnish::binary;
use crate::image_of::{Made, made};
use crate::layout;
use crate::setup::with_busybox;

/// Versions in the recipe. Each image has the same program.
const VERSIONS: [&str; 3] = ["2.24.0", "2.25.0", "2.26.0"];

/// Variables of upstream's image.
const ENVIRONMENT: [(&str, &str); 5] = [
    ("XDG_CACHE_HOME", "/data"),
    ("DRONE_DATABASE_DRIVER", "sqlite3"),
    ("DRONE_DATABASE_DATASOURCE", "/data/database.sqlite"),
    ("DRONE_SERVER_PORT", ":80"),
    ("DRONE_DATADOG_ENABLED", "false"),
];

/// The archives of Drone's images for a test without a lab; builds the stand-in first if necessary.
pub fn drone_images() -> Result<Vec<PathBuf>> {
    let build = |source| Error::File { what: "build", path: PathBuf::from("the Drone server's stand-in"), source };
    let server = given().map_or_else(|| stand_ins::drone_server().map_err(build), Ok)?;
    let made = images(&server)?;
    Ok(archives(&made))
}

/// Links the archives into a lab's folder, from programs that are built already.
pub(crate) fn link_images(into: &Path) -> Result<()> {
    let server = given().map_or_else(|| binary("drone-server"), Ok)?;
    let made = images(&server)?;
    archives(&made).iter().try_for_each(|archive| layout::link_or_copy(archive, into))
}

/// The real server, if given.
fn given() -> Option<PathBuf> {
    std::env::var_os("LAB_DRONE_SERVER").map(PathBuf::from)
}

/// Built again when the server has changed. A given server's images are apart from the stand-in's.
fn images(server: &Path) -> Result<Made> {
    let name = if given().is_some() { "images-drone-given" } else { "images-drone" };
    made(name, server, |stripped, folder| {
        VERSIONS.into_iter().try_for_each(|version| Ok(image(version, stripped)?.write(&archive(folder, version))?))
    })
}

fn archive(folder: &Path, version: &str) -> PathBuf {
    folder.join(format!("drone%drone:{version}.tar"))
}

fn archives(made: &Made) -> Vec<PathBuf> {
    VERSIONS.iter().map(|version| archive(&made.folder, version)).collect()
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
