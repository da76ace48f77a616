//! Images with a program in place of comment-bridge that does the least the service needs.

use std::path::Path;

use converger_kit::service::{healthy_if, write_image};

use crate::world::SERVICE;

/// The tokens are readable, and the ledger is writable.
const CONDITION: &str = "[ -r /run/secrets/gitea_token ] && [ -r /run/secrets/drone_token ] && touch /ledger/was-here";

/// Writes the archive of an image that serves `page`.
pub fn healthy(path: &Path, page: &str) {
    write_image(path, SERVICE, &healthy_if(CONDITION), page);
}
