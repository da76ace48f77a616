//! The content of the lab's Gitea: filled once through the API, kept in the cache, copied by every lab.

use std::fs;
use std::path::{Path, PathBuf};

use base::lock::Lock;
use forge::{Content, Forge, Kind, Options, World};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::{layout, lock};

/// The `.drone.yml` of `recipes/ci`.
const PIPELINE: &str = include_str!("pipeline.yml");

/// Script of the pipeline: takes a recipe through the first rung.
const SCRIPT: (&str, &str) = ("recipe.sh", include_str!("recipe.sh"));

/// Folder of Gitea's data.
pub(super) const DATA: &str = "data";

/// File of the accounts, with passwords and tokens.
pub(super) const WORLD: &str = "world.json";

/// File of the hash of the folder's sources.
const KEY: &str = "key";

/// The folder in the cache, locked so that no other process fills it again meanwhile.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The folder.
    pub folder: PathBuf,
    /// The kind that filled the folder, and can serve it.
    pub kind: Kind,
    _lock: Lock,
}

impl Prepared {
    /// All accounts of the content.
    pub fn world(&self) -> Result<World> {
        read_world(&self.folder)
    }
}

/// Reads the accounts in a folder.
pub(super) fn read_world(folder: &Path) -> Result<World> {
    let path = folder.join(WORLD);
    let text = fs::read(&path).map_err(Error::file("read", &path))?;
    serde_json::from_slice(&text).map_err(|source| Error::Answer { what: path.display().to_string(), source })
}

fn folder() -> PathBuf {
    layout::cache().join("gitea-content")
}

/// True if the cache has the present content, or if neither Gitea nor its stand-in is available to make it.
pub(crate) fn is_current() -> Result<bool> {
    let Some((kind, program)) = server() else { return Ok(true) };
    Ok(has(&key(kind, &program)?))
}

/// Fills a Gitea, unless the cache has the content.
pub(crate) fn prepare(tell: fn(&str)) -> Result<Prepared> {
    let waiting = || tell("waiting for another command that fills a Gitea");
    let lock = lock::take(&layout::cache().join(".gitea-content.lock"), "the content of Gitea", waiting)?;
    let (kind, program) = server().ok_or_else(|| forge::Error::Missing { place: forge::cache() })?;
    let key = key(kind, &program)?;
    if !has(&key) {
        tell(&format!("filling a Gitea ({kind})"));
        make(kind, &key)?;
    }
    Ok(Prepared { folder: folder(), kind, _lock: lock })
}

/// The kind of Gitea that will serve, and its program.
pub(super) fn server() -> Option<(Kind, PathBuf)> {
    let kind = Kind::here();
    Some((kind, kind.installation()?.program))
}

fn has(key: &[u8]) -> bool {
    fs::read(folder().join(KEY)).is_ok_and(|made| made == key)
}

fn make(kind: Kind, key: &[u8]) -> Result<()> {
    let partial = layout::cache().join("gitea-content.partial");
    for old in [&partial, &folder()] {
        if old.exists() {
            fs::remove_dir_all(old).map_err(Error::file("remove", old))?;
        }
    }
    layout::make(&partial)?;
    let options = Options {
        kind: Some(kind),
        folder: Some(partial.join(DATA)),
        address: Some(super::GITEA.to_owned()),
        ..Options::default()
    };
    let forge = Forge::start_with(&options)?;
    let content = Content {
        pipeline: PIPELINE.to_owned(),
        files: [(SCRIPT.0.to_owned(), SCRIPT.1.to_owned())].into(),
        recipes: stand_ins::catalogue::recipes()?,
    };
    let world = forge.fill(&content)?;
    drop(forge);
    let world =
        serde_json::to_vec(&world).map_err(|source| Error::Answer { what: "Gitea's accounts".to_owned(), source })?;
    layout::write(&partial.join(WORLD), &world, 0o600)?;
    layout::write(&partial.join(KEY), key, 0o644)?;
    fs::rename(&partial, folder()).map_err(Error::file("move", &partial))
}

/// A hash of all sources: the server, the code that fills it, and the content.
fn key(kind: Kind, program: &Path) -> Result<Vec<u8>> {
    let mut hash = Sha256::new();
    hash.update(format!("{kind} {} {}", forge::VERSION, super::GITEA));
    if kind == Kind::StandIn {
        // Size and time in place of the bytes: hashing a large program in an unoptimised build takes longer than filling it.
        let made = fs::metadata(program).and_then(|metadata| Ok((metadata.len(), metadata.modified()?)));
        hash.update(format!("{:?}", made.map_err(Error::file("read", program))?));
    }
    hash.update(PIPELINE);
    hash.update(SCRIPT.1);
    for folder in ["tests/forge/src", "tests/catalogue"] {
        add(&mut hash, &layout::project().join(folder))?;
    }
    Ok(hash.finalize().to_vec())
}

/// Adds a file to the hash, or all files below a folder with their names.
fn add(hash: &mut Sha256, path: &Path) -> Result<()> {
    hash.update(path.to_string_lossy().as_bytes());
    if !path.is_dir() {
        hash.update(fs::read(path).map_err(Error::file("read", path))?);
        return Ok(());
    }
    let entries = fs::read_dir(path).map_err(Error::file("read", path))?.flatten();
    let mut below: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    below.sort();
    below.iter().try_for_each(|path| add(hash, path))
}
