//! The API version of a daemon, read from `/_ping`.
//!
//! The client library would read `/version`, for which the daemon starts other programs: that takes longer than the rest
//! of a run without changes.

use std::fmt;
use std::path::Path;

use bollard::{API_DEFAULT_VERSION, ClientVersion};
use serde::{Deserialize, Serialize};

use super::{Failure, raw};

/// A version of Docker's API, written as Docker writes it: `1.41`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Api(pub usize, pub usize);

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl From<Api> for String {
    fn from(api: Api) -> Self {
        api.to_string()
    }
}

impl TryFrom<String> for Api {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parse(&text).map(|(major, minor)| Self(major, minor)).ok_or_else(|| format!("`{text}` is no version of an API"))
    }
}

/// The newest version that the daemon at `socket` and this program both speak.
pub(super) async fn agreed(socket: &Path) -> Result<ClientVersion, Failure> {
    let answer = raw::get(socket, "/_ping").await?.or_refusal()?;
    let spoken = answer.header("api-version").and_then(parse).ok_or(Failure::NotDocker)?;
    let newest = (API_DEFAULT_VERSION.major_version, API_DEFAULT_VERSION.minor_version);
    let (major_version, minor_version) = spoken.min(newest);
    Ok(ClientVersion { major_version, minor_version })
}

fn parse(version: &str) -> Option<(usize, usize)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_in_order() {
        assert!(Api(1, 9) < Api(1, 41));
        assert_eq!(Api::try_from("1.41".to_owned()), Ok(Api(1, 41)));
        for wrong in ["", "1", "new", "1.x", "1.41.0"] {
            assert!(Api::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
