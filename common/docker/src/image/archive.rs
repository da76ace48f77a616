//! The content of a docker archive (the input of `docker load`), read without loading it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tar::{Archive as Tar, Entry};

use base::error::{Class, Explain};
use base::hex;

/// The largest document in an archive; layers are larger, and never read.
const LARGEST: u64 = 1024 * 1024;
/// The largest size of all documents together.
const MOST: u64 = 16 * 1024 * 1024;
/// The first bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The one image in a docker archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// The SHA-256 of the image's configuration, hexadecimal: it names every layer by its content.
    pub content: String,
    /// The layers' content.
    pub layers: Vec<String>,
    /// The names it gets when it is loaded.
    pub tags: Vec<String>,
    /// The file name of the program that it starts.
    pub program: Option<String>,
}

/// The reason why an archive cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("the image archive {} cannot be read", path.display())]
    Read {
        /// The archive.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is not a docker archive of one image.
    #[error("{} is no docker archive of one image: {why}", path.display())]
    NotAnImage {
        /// The file.
        path: PathBuf,
        /// The cause.
        why: String,
    },
    /// The image starts another program.
    #[error("the image in {} starts {}, not {program}", path.display(), found.as_deref().unwrap_or("no program"))]
    OtherProgram {
        /// The archive.
        path: PathBuf,
        /// The program that the image should start.
        program: &'static str,
        /// The program that the image starts.
        found: Option<String>,
    },
}

impl Explain for Error {
    fn class(&self) -> Class {
        Class::Blocked
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read { .. } => "set image to the archive that was built with this project".into(),
            Self::NotAnImage { .. } => {
                "set image to what `docker save` writes, or Nix's dockerTools.buildLayeredImage".into()
            }
            Self::OtherProgram { program, .. } => format!("set image to the archive of {program}"),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Manifest {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    config: Option<Runs>,
    rootfs: Layers,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Runs {
    #[serde(default)]
    entrypoint: Option<Vec<String>>,
    #[serde(default)]
    cmd: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Layers {
    diff_ids: Vec<String>,
}

impl Archive {
    /// Reads the archive of `program` at `path`.
    pub fn of_program(program: &'static str, path: &Path) -> Result<Self, Error> {
        let archive = Self::read(path)?;
        if archive.program.as_deref() == Some(program) {
            return Ok(archive);
        }
        Err(Error::OtherProgram { path: path.into(), program, found: archive.program })
    }

    /// Reads the archive at `path`.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let documents = documents(path).map_err(|source| match source.kind() {
            // The tar reader's own words for what is no tar.
            io::ErrorKind::Other
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::InvalidData
            | io::ErrorKind::UnexpectedEof => Error::NotAnImage { path: path.into(), why: source.to_string() },
            _ => Error::Read { path: path.into(), source },
        })?;
        parse(&documents).map_err(|why| Error::NotAnImage { path: path.into(), why })
    }
}

fn parse(documents: &BTreeMap<String, Vec<u8>>) -> Result<Archive, String> {
    let manifest = documents.get("manifest.json").ok_or("it has no manifest.json")?;
    let manifests: Vec<Manifest> =
        serde_json::from_slice(manifest).map_err(|error| format!("its manifest.json is wrong: {error}"))?;
    let [Manifest { config, repo_tags }] = &manifests[..] else {
        return Err(format!("it holds {} images", manifests.len()));
    };
    let bytes = documents.get(config).ok_or_else(|| format!("it has no {config}"))?;
    let Configuration { config: runs, rootfs } =
        serde_json::from_slice(bytes).map_err(|error| format!("its {config} is wrong: {error}"))?;
    let words =
        runs.and_then(|runs| runs.entrypoint.filter(|words| !words.is_empty()).or(runs.cmd)).unwrap_or_default();
    let program = words.first().and_then(|word| Path::new(word).file_name());
    Ok(Archive {
        content: hex::encode(Sha256::digest(bytes)),
        layers: rootfs.diff_ids,
        tags: repo_tags.clone().unwrap_or_default(),
        program: program.map(|name| name.to_string_lossy().into_owned()),
    })
}

/// The small files of an archive: manifest and configuration are among them.
fn documents(path: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut file = File::open(path)?;
    let mut begins = [0; 2];
    let length = file.read(&mut begins)?;
    file.rewind()?;
    let mut documents = BTreeMap::new();
    if begins[..length] == GZIP {
        collect(Tar::new(GzDecoder::new(file)).entries()?, &mut documents)?;
    } else {
        collect(Tar::new(file).entries_with_seek()?, &mut documents)?;
    }
    Ok(documents)
}

fn collect<'a, R: Read + 'a>(
    entries: impl Iterator<Item = io::Result<Entry<'a, R>>>,
    documents: &mut BTreeMap<String, Vec<u8>>,
) -> io::Result<()> {
    let mut remaining = MOST;
    for entry in entries {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() || entry.size() > LARGEST {
            continue;
        }
        remaining =
            remaining.checked_sub(entry.size()).ok_or_else(|| io::Error::other("it holds too many small files"))?;
        let name = entry.path()?.to_string_lossy().trim_start_matches("./").to_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        documents.insert(name, content);
    }
    Ok(())
}
