//! Paths: all files of labs are below `target/lab` (or `$LAB_DIRECTORY`).

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The root folder of the project.
pub fn project() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// The folder of all labs and the cache.
pub fn base() -> PathBuf {
    std::env::var_os("LAB_DIRECTORY").map_or_else(|| project().join("target/lab"), PathBuf::from)
}

/// The output of `lab setup`: root file system, binaries, images.
pub fn cache() -> PathBuf {
    base().join("cache")
}

/// The read-only root file system that every lab boots from.
pub fn root_file_system() -> PathBuf {
    cache().join("root-trixie")
}

/// The archives of the images that every lab loads; Drone's depend on the given server.
pub fn images() -> PathBuf {
    cache().join("images")
}

/// Upstream's binary of a Traefik version.
pub fn traefik(version: &str) -> PathBuf {
    cache().join("traefik").join(version).join("traefik")
}

/// The paths of one lab.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// The lab's name.
    pub name: String,
    /// Folder of this lab.
    pub folder: PathBuf,
}

impl Places {
    pub fn new(name: &str) -> Result<Self> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 30 || name.starts_with('-') || !name.chars().all(is_plain) {
            return Err(Error::Usage {
                what: format!("`{name}` cannot be the name of a lab"),
                hint: "take 1 to 30 of a-z, 0-9 and -".to_owned(),
            });
        }
        Ok(Self { name: name.to_owned(), folder: base().join("labs").join(name) })
    }

    /// From the folder, which is the keeper's argument.
    pub fn of_folder(folder: &Path) -> Self {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Self { name, folder: folder.to_owned() }
    }

    /// The lab's own layer over the common root file system.
    pub fn upper(&self) -> PathBuf {
        self.folder.join("upper")
    }

    /// Work folder of overlayfs.
    pub fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    /// Mount point of the root file system, in the keeper's mount namespace only.
    pub fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    /// The lab's /var/lib/docker.
    pub fn docker(&self) -> PathBuf {
        self.folder.join("docker")
    }

    /// The archives of the images that the lab loads.
    pub fn images(&self) -> PathBuf {
        self.folder.join("images")
    }

    /// The certificate authority that browsers and tests trust.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("authority")
    }

    /// The accounts of the lab's Gitea.
    pub fn gitea(&self) -> PathBuf {
        self.folder.join("gitea")
    }

    /// The lab's ports on this machine, written by the keeper.
    pub fn state(&self) -> PathBuf {
        self.folder.join("state.json")
    }

    /// Written at the end of `up`; absent in a lab whose `up` was interrupted.
    pub fn complete(&self) -> PathBuf {
        self.folder.join("complete")
    }

    /// Output of the keeper and of the booting machine.
    pub fn console(&self) -> PathBuf {
        self.folder.join("console.log")
    }

    /// Locked by the command that makes or ends this lab; beside the folder, because it outlives the folder.
    pub fn lock(&self) -> PathBuf {
        base().join("locks").join(&self.name)
    }

    /// The lab's control group, and its scope under systemd.
    pub fn control_group(&self) -> String {
        format!("converge-lab-{}", self.name)
    }
}

/// Makes a folder and its parents.
pub(crate) fn make(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(Error::file("make", path))
}

/// Writes a file by rename, so that a reader never sees half of it.
pub(crate) fn write(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if let Some(parent) = path.parent() {
        make(parent)?;
    }
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    fs::write(&partial, content).map_err(Error::file("write", &partial))?;
    fs::set_permissions(&partial, fs::Permissions::from_mode(mode))
        .map_err(Error::file("set the mode of", &partial))?;
    fs::rename(&partial, path).map_err(Error::file("write", path))
}

/// Puts a file into a folder: as a hard link, or as a copy on another file system.
pub(crate) fn link_or_copy(file: &Path, into: &Path) -> Result<()> {
    make(into)?;
    let to = into.join(file.file_name().unwrap_or_default());
    match fs::hard_link(file, &to) {
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => {
            fs::copy(file, &to).map(drop).map_err(Error::file("copy", file))
        }
        linked => linked.map_err(Error::file("link", file)),
    }
}

/// Gives a folder and its files to the caller of sudo, who writes there and reads secrets of tests.
pub(crate) fn give_to_caller(folder: &Path) -> Result<()> {
    let Some(user) = std::env::var("SUDO_UID").ok().and_then(|id| id.parse::<u32>().ok()) else { return Ok(()) };
    let files = fs::read_dir(folder).map_err(Error::file("read", folder))?.flatten().map(|entry| entry.path());
    for path in files.filter(|path| path.is_file()).chain([folder.to_owned()]) {
        std::os::unix::fs::chown(&path, Some(user), None).map_err(Error::file("change the owner of", &path))?;
    }
    Ok(())
}
