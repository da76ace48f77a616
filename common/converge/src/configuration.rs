//! The configuration of a converger, with the hash that its report carries.

use std::path::Path;

use base::configuration::{Error, read};
use sha2::{Digest, Sha256};

use crate::Converger;

/// A valid configuration and the hash of its text.
#[derive(Debug)]
pub struct Loaded<D> {
    /// What the operator declared.
    pub desired: D,
    /// `sha256:<hex>` of the file, so that a report can be matched to it.
    pub hash: String,
}

/// Reads the configuration of `C` at `path` and checks all of it.
pub fn load<C: Converger>(path: &Path) -> Result<Loaded<C::Desired>, Error> {
    let (desired, text) = read(path, |desired| [C::limits(desired).problems(), C::check(desired)].concat())?;
    let hash = Sha256::digest(&text).iter().fold(String::from("sha256:"), |hex, byte| hex + &format!("{byte:02x}"));
    Ok(Loaded { desired, hash })
}
