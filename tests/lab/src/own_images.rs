//! The images of this project's services: the program and its libraries, in the form of nixos/image.nix.

use std::path::Path;

use dockerd::image::Image;

use crate::error::Result;
use crate::furnish::{binary, copy};
use crate::image_of::made;

/// The programs with an image.
const PROGRAMS: [&str; 2] = ["comment-bridge", "dashboard"];

/// Puts the archives into a folder of the lab, under the names that the stand-in of nixpkgs has for them.
pub(crate) fn put_images(into: &Path) -> Result<()> {
    for name in PROGRAMS {
        let (archive, entrypoint) = (format!("{name}.tar"), format!("/bin/{name}"));
        let made = made(&format!("images-{name}"), &binary(name)?, |program, folder| {
            let image = Image::new(&format!("localhost/{name}:archive")).with_program(&entrypoint, program)?;
            Ok(image.entrypoint(&[&entrypoint]).write(&folder.join(&archive))?)
        })?;
        copy(&made.folder.join(&archive), &into.join(&archive))?;
    }
    Ok(())
}
