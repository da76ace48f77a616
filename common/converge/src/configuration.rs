//! The configuration of a converger, with the hash that its report carries.

use std::path::Path;

use base::configuration::{Error, Reader};
use base::hex;
use sha2::{Digest, Sha256};

use crate::Converger;

/// A valid configuration and the hash of its text.
#[derive(Debug)]
pub struct Loaded<D> {
    /// The operator's configuration.
    pub desired: D,
    /// `sha256:<hex>` of the file, so that a report can be matched to it.
    pub hash: String,
}

/// Reads the configuration of `C` at `path` and checks all of it.
pub fn load<C: Converger>(path: &Path) -> Result<Loaded<C::Desired>, Error> {
    let (desired, text) =
        Reader::OF_CONFIG.file(path, |desired| [C::limits(desired).problems(), C::check(desired)].concat())?;
    Ok(Loaded { desired, hash: format!("sha256:{}", hex::encode(Sha256::digest(&text))) })
}
