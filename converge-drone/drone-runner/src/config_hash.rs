//! The hash of a runner's inputs: its configuration, its RPC secret and its program. converge-drone compares it to the files
//! as they are now, and restarts a runner with old ones.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use sha2::{Digest, Sha256};

/// Identity of a program's file, without its content: its path without links, its size and the time of its last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramFile(String);

impl ProgramFile {
    /// The present file at `path`.
    pub fn at(path: &Path) -> Self {
        let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let facts = fs::metadata(&place).map(|file| (file.size(), file.mtime(), file.mtime_nsec()));
        Self(format!("{} {:?}", place.display(), facts.ok()))
    }

    /// The file of this process, under the path by which it was started.
    pub fn of_this_process() -> Self {
        Self::at(std::env::args_os().next().unwrap_or_default().as_ref())
    }
}

/// Hashes the bytes of the configuration, the RPC secret and the program's identity. `status.json` has only a salted
/// [fingerprint](base::fingerprint) of this text: the text itself has no salt and must stay secret.
pub fn config_hash(configuration: &[u8], secret: &str, program: &ProgramFile) -> String {
    // A hash of each, so that bytes cannot move from one part to the other unseen.
    [Sha256::digest(configuration), Sha256::digest(secret.trim()), Sha256::digest(&program.0)]
        .map(base::hex::encode)
        .concat()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use base::fingerprint::Fingerprint;

    use super::*;

    #[test]
    fn a_change_of_any_input_shows() {
        let folder = tempfile::tempdir().unwrap();
        let [program, link, other] = ["program", "link", "other"].map(|name| folder.path().join(name));
        fs::write(&program, "one").unwrap();
        fs::write(&other, "one").unwrap();
        symlink(&program, &link).unwrap();
        let hash = |configuration: &str, secret: &str, program: &Path| {
            config_hash(configuration.as_bytes(), secret, &ProgramFile::at(program))
        };
        let now = Fingerprint::new(hash("{}", "secret", &program).as_bytes());
        assert!(now.is_of(hash("{}", "secret\n", &program).as_bytes()), "a newline at the end is not part of a secret");
        assert!(now.is_of(hash("{}", "secret", &link).as_bytes()), "a link is not another program");
        assert!(!now.is_of(hash("{ }", "secret", &program).as_bytes()));
        assert!(!now.is_of(hash("{}", "secrets", &program).as_bytes()));
        assert!(!now.is_of(hash("{}", "secret", &other).as_bytes()), "another path");
        fs::write(&program, "new build").unwrap();
        assert!(!now.is_of(hash("{}", "secret", &program).as_bytes()), "another build at the same path");
        fs::remove_file(&program).unwrap();
        assert!(!now.is_of(hash("{}", "secret", &program).as_bytes()));
    }
}
