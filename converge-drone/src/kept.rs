//! The generated secrets that converge-drone keeps in its state directory, one file each, readable by it alone.
//!
//! A file that holds something else counts as lost: everything in it can be made anew.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base::{file, hex};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The RPC secret, where no credential gives one.
pub const RPC_SECRET: &str = "rpc-secret";
/// The bot's API token at Drone.
pub const API_TOKEN: &str = "api-token";
/// The OAuth application: its id and its secret.
pub const APPLICATION: &str = "oauth-application";

/// The state directory.
#[derive(Debug)]
pub struct Kept {
    directory: PathBuf,
}

/// The OAuth application, as Gitea told it.
#[derive(Debug, Clone)]
pub struct Application {
    /// The public half of its credentials.
    pub client_id: String,
    /// The secret half.
    pub client_secret: SecretString,
}

/// As it stands in the file.
#[derive(Serialize, Deserialize)]
struct Written {
    client_id: String,
    client_secret: String,
}

impl Kept {
    /// What is kept in `directory`.
    pub fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
    }

    /// The RPC secret or the API token; `None` when it is not there or is no such thing.
    pub fn secret(&self, name: &'static str) -> Result<Option<SecretString>, Error> {
        let Some(text) = self.read(name)? else { return Ok(None) };
        let text = text.expose_secret().trim();
        Ok(is_plain(text).then(|| SecretString::from(text)))
    }

    /// Keeps the RPC secret or the API token.
    pub fn keep(&self, name: &'static str, secret: &SecretString) -> Result<(), Error> {
        self.write(name, secret.expose_secret())
    }

    /// The OAuth application.
    pub fn application(&self) -> Result<Option<Application>, Error> {
        let Some(text) = self.read(APPLICATION)? else { return Ok(None) };
        let written = serde_json::from_str::<Written>(text.expose_secret()).ok();
        let usable = written.filter(|written| is_plain(&written.client_secret) && !written.client_id.is_empty());
        Ok(usable.map(|Written { client_id, client_secret }| Application {
            client_id,
            client_secret: SecretString::from(client_secret),
        }))
    }

    /// Keeps the OAuth application.
    pub fn keep_application(&self, client_id: &str, client_secret: &SecretString) -> Result<(), Error> {
        let client_secret = client_secret.expose_secret().to_owned();
        let written = Written { client_id: client_id.to_owned(), client_secret };
        let text = serde_json::to_string(&written).map_err(|error| self.failed("write", APPLICATION)(error.into()))?;
        self.write(APPLICATION, &text)
    }

    /// Forgets the OAuth application's secret, before Gitea replaces it.
    pub fn forget_application(&self) -> Result<(), Error> {
        match fs::remove_file(self.directory.join(APPLICATION)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.failed("remove", APPLICATION)(error)),
            _ => Ok(()),
        }
    }

    fn read(&self, name: &'static str) -> Result<Option<SecretString>, Error> {
        match fs::read(self.directory.join(name)) {
            Ok(bytes) => Ok(String::from_utf8(bytes).ok().map(SecretString::from)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("read", name)(error)),
        }
    }

    fn write(&self, name: &'static str, text: &str) -> Result<(), Error> {
        file::replace(&self.directory.join(name), text.as_bytes(), 0o600).map_err(self.failed("write", name))
    }

    fn failed(&self, what: &'static str, name: &str) -> impl FnOnce(io::Error) -> Error {
        let path = self.directory.join(name);
        move |source| Error::State { what, path, source }
    }
}

/// Whether it can stand as it is on a line of an environment file, and is long enough to be a secret.
pub fn is_plain(secret: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.=+/".contains(c);
    secret.len() >= 16 && secret.chars().all(plain)
}

/// A new secret of 32 hexadecimal digits, from the kernel.
pub fn generate() -> Result<SecretString, Error> {
    use std::io::Read;
    let path = Path::new("/dev/urandom");
    let mut bytes = [0; 16];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(|source| Error::State { what: "read", path: path.into(), source })?;
    Ok(hex::encode(bytes).into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_kept_is_read_back_and_is_nobody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::new(folder.path());
        assert!(kept.secret(RPC_SECRET).unwrap().is_none() && kept.application().unwrap().is_none());
        let secret = generate().unwrap();
        kept.keep(RPC_SECRET, &secret).unwrap();
        kept.keep_application("id", &secret).unwrap();
        assert_eq!(kept.secret(RPC_SECRET).unwrap().unwrap().expose_secret(), secret.expose_secret());
        let application = kept.application().unwrap().unwrap();
        assert_eq!(
            (application.client_id.as_str(), application.client_secret.expose_secret()),
            ("id", secret.expose_secret())
        );
        for name in [RPC_SECRET, APPLICATION] {
            assert_eq!(fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777, 0o600);
        }
        kept.forget_application().unwrap();
        kept.forget_application().unwrap();
        assert!(kept.application().unwrap().is_none());
    }

    #[test]
    fn rubbish_counts_as_lost() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::new(folder.path());
        let wrong: [&[u8]; 6] = [
            b"",
            b"short",
            b"with a blank in it, long",
            b"\xff\xfe\xff\xfe\xff\xfe\xff\xfe",
            b"{}",
            b"a$bcdefghijklmnopqrst",
        ];
        for content in wrong {
            for name in [RPC_SECRET, API_TOKEN, APPLICATION] {
                fs::write(folder.path().join(name), content).unwrap();
            }
            assert!(kept.secret(RPC_SECRET).unwrap().is_none(), "{content:?}");
            assert!(kept.secret(API_TOKEN).unwrap().is_none(), "{content:?}");
            assert!(kept.application().unwrap().is_none(), "{content:?}");
        }
    }

    #[test]
    fn two_generated_secrets_differ() {
        let (one, other) = (generate().unwrap(), generate().unwrap());
        assert!(is_plain(one.expose_secret()) && one.expose_secret() != other.expose_secret());
    }
}
