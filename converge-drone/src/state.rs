//! The state directory: generated secrets, one file each, with mode 0600.
//!
//! A file with other content counts as lost, because every secret can be generated again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base::file;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The file of the RPC secret, for a converger without that credential.
pub const RPC_SECRET_FILE: &str = "rpc-secret";
/// The file of the bot's API token for Drone.
pub const API_TOKEN_FILE: &str = "api-token";
/// The file of the OAuth application: client id and secret.
pub const OAUTH_CLIENT_FILE: &str = "oauth-application";

/// The state directory.
#[derive(Debug)]
pub struct StateDir {
    directory: PathBuf,
}

/// The credentials of the OAuth application.
#[derive(Debug, Clone)]
pub struct OauthClient {
    /// The client id, which is public.
    pub client_id: String,
    /// The client secret.
    pub client_secret: SecretString,
}

/// The JSON of the file.
#[derive(Serialize, Deserialize)]
struct OauthClientFile {
    client_id: String,
    client_secret: String,
}

impl StateDir {
    /// The state in `directory`.
    pub fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
    }

    /// Reads the RPC secret or the API token. `None` if the file is missing or has other content.
    pub fn secret(&self, name: &'static str) -> Result<Option<SecretString>, Error> {
        let Some(text) = self.read(name)? else { return Ok(None) };
        let text = text.expose_secret().trim();
        Ok(is_plain(text).then(|| SecretString::from(text)))
    }

    /// Writes the RPC secret or the API token.
    pub fn write_secret(&self, name: &'static str, secret: &SecretString) -> Result<(), Error> {
        self.write(name, secret.expose_secret())
    }

    /// Reads the credentials of the OAuth application. `None` if the file is missing or has other content.
    pub fn oauth_client(&self) -> Result<Option<OauthClient>, Error> {
        let Some(text) = self.read(OAUTH_CLIENT_FILE)? else { return Ok(None) };
        let file = serde_json::from_str::<OauthClientFile>(text.expose_secret()).ok();
        let usable = file.filter(|file| is_plain(&file.client_secret) && !file.client_id.is_empty());
        Ok(usable.map(|OauthClientFile { client_id, client_secret }| OauthClient {
            client_id,
            client_secret: SecretString::from(client_secret),
        }))
    }

    /// Writes the credentials of the OAuth application.
    pub fn write_oauth_client(&self, client_id: &str, client_secret: &SecretString) -> Result<(), Error> {
        let client_secret = client_secret.expose_secret().to_owned();
        let file = OauthClientFile { client_id: client_id.to_owned(), client_secret };
        let text =
            serde_json::to_string(&file).map_err(|error| self.failed("write", OAUTH_CLIENT_FILE)(error.into()))?;
        self.write(OAUTH_CLIENT_FILE, &text)
    }

    /// Removes the credentials of the OAuth application, before Gitea replaces its secret.
    pub fn remove_oauth_client(&self) -> Result<(), Error> {
        match fs::remove_file(self.directory.join(OAUTH_CLIENT_FILE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(self.failed("remove", OAUTH_CLIENT_FILE)(error))
            }
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

    fn failed(&self, action: &'static str, name: &str) -> impl FnOnce(io::Error) -> Error {
        let path = self.directory.join(name);
        move |source| Error::State { action, path, source }
    }
}

/// True for a secret of at least 16 characters that needs no quotes in an environment file.
pub fn is_plain(secret: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.=+/".contains(c);
    secret.len() >= 16 && secret.chars().all(plain)
}

/// Generates a secret of 32 hexadecimal digits from `/dev/urandom`.
pub fn generate() -> Result<SecretString, Error> {
    use std::io::Read;
    let path = Path::new("/dev/urandom");
    let mut bytes = [0; 16];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(|source| Error::State { action: "read", path: path.into(), source })?;
    Ok(base::hex::encode(bytes).into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_read_back_and_has_mode_0600() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(folder.path());
        assert!(state.secret(RPC_SECRET_FILE).unwrap().is_none() && state.oauth_client().unwrap().is_none());
        let secret = generate().unwrap();
        state.write_secret(RPC_SECRET_FILE, &secret).unwrap();
        state.write_oauth_client("id", &secret).unwrap();
        assert_eq!(state.secret(RPC_SECRET_FILE).unwrap().unwrap().expose_secret(), secret.expose_secret());
        let client = state.oauth_client().unwrap().unwrap();
        assert_eq!((client.client_id.as_str(), client.client_secret.expose_secret()), ("id", secret.expose_secret()));
        for name in [RPC_SECRET_FILE, OAUTH_CLIENT_FILE] {
            assert_eq!(fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777, 0o600);
        }
        state.remove_oauth_client().unwrap();
        state.remove_oauth_client().unwrap();
        assert!(state.oauth_client().unwrap().is_none());
    }

    #[test]
    fn other_content_counts_as_lost() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(folder.path());
        let wrong: [&[u8]; 6] = [
            b"",
            b"short",
            b"with a blank in it, long",
            b"\xff\xfe\xff\xfe\xff\xfe\xff\xfe",
            b"{}",
            b"a$bcdefghijklmnopqrst",
        ];
        for content in wrong {
            for name in [RPC_SECRET_FILE, API_TOKEN_FILE, OAUTH_CLIENT_FILE] {
                fs::write(folder.path().join(name), content).unwrap();
            }
            assert!(state.secret(RPC_SECRET_FILE).unwrap().is_none(), "{content:?}");
            assert!(state.secret(API_TOKEN_FILE).unwrap().is_none(), "{content:?}");
            assert!(state.oauth_client().unwrap().is_none(), "{content:?}");
        }
    }

    #[test]
    fn two_generated_secrets_differ() {
        let (one, other) = (generate().unwrap(), generate().unwrap());
        assert!(is_plain(one.expose_secret()) && one.expose_secret() != other.expose_secret());
    }
}
