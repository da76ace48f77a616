//! Docker archives built from local files: no registry, no build daemon, the same bytes every time.

mod error;
mod layer;
mod libraries;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub use error::ImageError;
use layer::{Hashing, header};
use libraries::libraries;

/// The source of a file in an image.
#[derive(Debug, Clone)]
pub enum Content {
    /// A file on this machine.
    File(PathBuf),
    /// These bytes.
    Bytes(Vec<u8>),
    /// An empty directory.
    Directory,
    /// A symbolic link with this target.
    Link(String),
}

/// The builder of an image: files in one layer, and the configuration of its containers.
#[derive(Debug, Clone)]
pub struct Image {
    tag: String,
    files: BTreeMap<String, (Content, u32)>,
    entrypoint: Vec<String>,
    cmd: Vec<String>,
    env: Vec<String>,
    ports: Vec<u16>,
    labels: BTreeMap<String, String>,
    user: String,
    working_directory: String,
}

impl Image {
    /// An empty image with this tag (`traefik:v3.6.15`).
    pub fn new(tag: &str) -> Self {
        Self {
            tag: tag.to_owned(),
            files: BTreeMap::new(),
            entrypoint: Vec::new(),
            cmd: Vec::new(),
            env: vec!["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned()],
            ports: Vec::new(),
            labels: BTreeMap::new(),
            user: String::new(),
            working_directory: "/".to_owned(),
        }
    }

    /// Adds a file, a directory or a link at `path` in the image; a later one replaces an earlier one.
    #[must_use]
    pub fn with(mut self, path: &str, content: Content, mode: u32) -> Self {
        self.files.insert(path.trim_matches('/').to_owned(), (content, mode));
        self
    }

    /// Adds a local file.
    #[must_use]
    pub fn with_file(self, path: &str, local: &Path, mode: u32) -> Self {
        self.with(path, Content::File(local.to_owned()), mode)
    }

    /// Adds a file with these bytes.
    #[must_use]
    pub fn with_bytes(self, path: &str, bytes: &[u8], mode: u32) -> Self {
        self.with(path, Content::Bytes(bytes.to_vec()), mode)
    }

    /// Adds a local program and the shared libraries and loader it needs, so that it runs in an image made from nothing.
    pub fn with_program(self, path: &str, local: &Path) -> Result<Self, ImageError> {
        let image = self.with_file(path, local, 0o755);
        Ok(libraries(local)?.into_iter().fold(image, |image, library| {
            let at = library.to_string_lossy().into_owned();
            image.with_file(&at, &library, 0o755)
        }))
    }

    /// Sets the program of a container.
    #[must_use]
    pub fn entrypoint(mut self, words: &[&str]) -> Self {
        self.entrypoint = owned(words);
        self
    }

    /// Sets the default arguments of a container.
    #[must_use]
    pub fn cmd(mut self, words: &[&str]) -> Self {
        self.cmd = owned(words);
        self
    }

    /// Adds an environment variable.
    #[must_use]
    pub fn env(mut self, key: &str, value: &str) -> Self {
        self.env.push(format!("{key}={value}"));
        self
    }

    /// Declares a TCP port that the program listens on.
    #[must_use]
    pub fn exposes(mut self, port: u16) -> Self {
        self.ports.push(port);
        self
    }

    /// Adds a label.
    #[must_use]
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Sets the user of a container (root by default).
    #[must_use]
    pub fn user(mut self, user: &str) -> Self {
        user.clone_into(&mut self.user);
        self
    }

    /// Sets the working directory of a container (`/` by default).
    #[must_use]
    pub fn working_directory(mut self, path: &str) -> Self {
        path.clone_into(&mut self.working_directory);
        self
    }

    /// Writes the archive for `docker load` to `path`, by rename.
    pub fn write(&self, path: &Path) -> Result<(), ImageError> {
        let written = || -> io::Result<()> {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            Ok(())
        };
        written().map_err(|source| self.cannot_write(source))?;
        let layer_path = path.with_extension("layer.partial");
        let partial = path.with_extension("partial");
        let result = self.write_layer(&layer_path).and_then(|digest| {
            self.write_archive(&partial, &layer_path, &digest)
                .and_then(|()| fs::rename(&partial, path))
                .map_err(|source| self.cannot_write(source))
        });
        // After a success they are gone already.
        let _ = fs::remove_file(&layer_path);
        let _ = fs::remove_file(&partial);
        result
    }

    /// Writes the only layer. Returns its SHA-256.
    fn write_layer(&self, path: &Path) -> Result<String, ImageError> {
        let file = File::create(path).map_err(|source| self.cannot_write(source))?;
        let mut archive = tar::Builder::new(Hashing { inner: BufWriter::new(file), digest: Sha256::new() });
        for (name, (content, mode)) in self.with_parents() {
            self.append(&mut archive, &name, &content, mode)?;
        }
        let mut hashing = archive.into_inner().map_err(|source| self.cannot_write(source))?;
        hashing.flush().map_err(|source| self.cannot_write(source))?;
        Ok(base::hex::encode(hashing.digest.finalize()))
    }

    fn append<W: Write>(
        &self,
        archive: &mut tar::Builder<W>,
        name: &str,
        content: &Content,
        mode: u32,
    ) -> Result<(), ImageError> {
        let read = |path: &Path, source| ImageError::Read { tag: self.tag.clone(), path: path.to_owned(), source };
        let written = match content {
            Content::File(local) => {
                let file = File::open(local).map_err(|source| read(local, source))?;
                let size = file.metadata().map_err(|source| read(local, source))?.len();
                archive.append_data(&mut header(tar::EntryType::Regular, mode, size), name, file)
            }
            Content::Bytes(bytes) => {
                archive.append_data(&mut header(tar::EntryType::Regular, mode, bytes.len() as u64), name, &bytes[..])
            }
            Content::Directory => {
                archive.append_data(&mut header(tar::EntryType::Directory, mode, 0), format!("{name}/"), io::empty())
            }
            Content::Link(target) => archive.append_link(&mut header(tar::EntryType::Symlink, mode, 0), name, target),
        };
        written.map_err(|source| self.cannot_write(source))
    }

    /// All files and the directories above them, each once, parents first.
    fn with_parents(&self) -> BTreeMap<String, (Content, u32)> {
        let mut all = self.files.clone();
        for name in self.files.keys() {
            for (at, _) in name.match_indices('/') {
                all.entry(name[..at].to_owned()).or_insert((Content::Directory, 0o755));
            }
        }
        all
    }

    fn write_archive(&self, path: &Path, layer: &Path, digest: &str) -> io::Result<()> {
        let config = serde_json::to_vec(&self.config(digest))?;
        let config_name = format!("{}.json", base::hex::encode(Sha256::digest(&config)));
        let manifest = json!([{
            "Config": config_name, "RepoTags": [self.tag], "Layers": [format!("{digest}/layer.tar")],
        }]);
        let manifest = serde_json::to_vec(&manifest)?;
        let mut archive = tar::Builder::new(BufWriter::new(File::create(path)?));
        let mut add = |name: &str, bytes: &[u8]| {
            archive.append_data(&mut header(tar::EntryType::Regular, 0o644, bytes.len() as u64), name, bytes)
        };
        add(&config_name, &config)?;
        add(&format!("{digest}/VERSION"), b"1.0")?;
        add("manifest.json", &manifest)?;
        let file = File::open(layer)?;
        let size = file.metadata()?.len();
        let name = format!("{digest}/layer.tar");
        archive.append_data(&mut header(tar::EntryType::Regular, 0o644, size), name, file)?;
        archive.into_inner()?.flush()
    }

    fn config(&self, digest: &str) -> Value {
        let ports: serde_json::Map<String, Value> =
            self.ports.iter().map(|port| (format!("{port}/tcp"), json!({}))).collect();
        json!({
            "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {
                "Entrypoint": self.entrypoint, "Cmd": self.cmd, "Env": self.env, "ExposedPorts": ports,
                "Labels": self.labels, "User": self.user, "WorkingDir": self.working_directory,
            },
            "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{digest}")] },
            "history": [{ "created": "1970-01-01T00:00:00Z", "created_by": "built from local files" }],
        })
    }

    fn cannot_write(&self, source: io::Error) -> ImageError {
        ImageError::Write { tag: self.tag.clone(), source }
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(tag: &str) -> Image {
        Image::new(tag)
            .with_bytes("/etc/os-release", b"ID=none\n", 0o644)
            .with("/tmp", Content::Directory, 0o1777)
            .with("/bin/true", Content::Link("/etc/os-release".to_owned()), 0o777)
            .exposes(80)
            .cmd(&["serve"])
    }

    #[test]
    fn the_same_files_give_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one.tar"), folder.path().join("two.tar"));
        sample("a:1").write(&one).unwrap();
        sample("a:1").write(&two).unwrap();
        assert_eq!(fs::read(&one).unwrap(), fs::read(&two).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside the archives");
    }

    #[test]
    fn the_manifest_names_files_of_the_archive() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.tar");
        sample("registry.example/app:2").write(&path).unwrap();
        let mut archive = tar::Archive::new(File::open(&path).unwrap());
        let names: Vec<String> =
            archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect();
        let mut archive = tar::Archive::new(File::open(&path).unwrap());
        let manifest = archive
            .entries()
            .unwrap()
            .map(Result::unwrap)
            .find(|entry| entry.path().unwrap().ends_with("manifest.json"))
            .unwrap();
        let manifest: Value = serde_json::from_reader(manifest).unwrap();
        assert_eq!(manifest[0]["RepoTags"][0], "registry.example/app:2");
        assert!(names.contains(&manifest[0]["Config"].as_str().unwrap().to_owned()));
        assert!(names.contains(&manifest[0]["Layers"][0].as_str().unwrap().to_owned()));
    }

    #[test]
    fn a_missing_local_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = Image::new("a:1")
            .with_file("/x", Path::new("/nowhere/at/all"), 0o644)
            .write(&folder.path().join("image.tar"))
            .unwrap_err();
        assert_eq!(error.to_string(), "cannot read /nowhere/at/all for image a:1");
    }

    #[test]
    fn a_program_brings_its_loader() {
        let image = Image::new("a:1").with_program("/bin/sleep", Path::new("/bin/sleep")).unwrap();
        assert!(image.files.keys().any(|name| name.contains("ld-linux") || name.contains("ld-")));
    }
}
