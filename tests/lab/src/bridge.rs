//! The image of comment-bridge: the program and its libraries, in the form of nixos/image.nix.

use std::path::Path;

use dockerd::image::Image;

use crate::error::Result;
use crate::furnish::{binary, copy};
use crate::image_of::made;

/// Name of the archive, in the folder that the stand-in of nixpkgs names.
const ARCHIVE: &str = "comment-bridge.tar";

/// Puts the archive into a folder of the lab.
pub(crate) fn put_image(into: &Path) -> Result<()> {
    let made = made("images-bridge", &binary("comment-bridge")?, |program, folder| {
        let image = Image::new("localhost/comment-bridge:archive").with_program("/bin/comment-bridge", program)?;
        Ok(image.entrypoint(&["/bin/comment-bridge"]).write(&folder.join(ARCHIVE))?)
    })?;
    copy(&made.folder.join(ARCHIVE), &into.join(ARCHIVE))
}
