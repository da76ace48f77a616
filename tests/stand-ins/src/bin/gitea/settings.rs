//! The settings in `app.ini` that the stand-in uses.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::Failure;

#[derive(Debug)]
pub struct Settings {
    /// Listen address.
    pub listen: SocketAddr,
    /// Public URL, without a slash at the end.
    pub address: String,
    /// Folder of all data.
    pub folder: PathBuf,
    /// Token of the command line's requests to the running server.
    pub internal_token: String,
}

impl Settings {
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let keys = keys(&text);
        let key = |name: &str| keys.get(name).copied().ok_or_else(|| format!("{} has no {name}", path.display()));
        let listen = format!("{}:{}", key("server.HTTP_ADDR")?, key("server.HTTP_PORT")?);
        Ok(Self {
            listen: listen.parse().map_err(|error| format!("{listen}: {error}"))?,
            address: key("server.ROOT_URL")?.trim_end_matches('/').to_owned(),
            folder: PathBuf::from(key("WORK_PATH")?),
            internal_token: key("security.INTERNAL_TOKEN")?.to_owned(),
        })
    }
}

/// Every key, with its section's name and a dot before it.
fn keys(text: &str) -> BTreeMap<String, &str> {
    let mut section = String::new();
    let mut keys = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with([';', '#'])) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{name}.");
        } else if let Some((key, value)) = line.split_once('=') {
            keys.insert(format!("{section}{}", key.trim()), value.trim());
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_their_sections_names() {
        let keys = keys("A = 1\n; B = 2\n[x]\nC=3 = 4\n[x.y]\nD =\n");
        let all: Vec<_> = keys.iter().map(|(key, value)| (key.as_str(), *value)).collect();
        assert_eq!(all, [("A", "1"), ("x.C", "3 = 4"), ("x.y.D", "")]);
    }
}
