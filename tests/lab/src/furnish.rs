//! The files on a lab's disk at its first boot, in addition to the common root file system.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::certificate::Authority;
use crate::configuration::Configuration;
use crate::error::{Error, Result};
use crate::gitea::{self, Prepared};
use crate::layout::{self, Places};
use crate::life::UpOptions;
use crate::switch::GENERATION;

/// Programs of this project.
const PROGRAMS: [&str; 9] = [
    "converge-swarm",
    "converge-traefik",
    "converge-drone",
    "drone-runner",
    "converge-bridge",
    "comment-bridge",
    "converge-dashboard",
    "dashboard",
    "host-status",
];

/// Folder of the archives of this project's images; nixos/tests/stand-in/pkgs.nix has the same path.
const OUR_IMAGES: &str = "usr/local/share/converge";

/// The lab's folder of the certificate; copied to /run/secrets at every boot, as by sops-nix.
pub(crate) const SECRETS: &str = "/var/lib/lab/secrets";

/// User of host-status, which NixOS makes from the module's `users.users`.
const ACCOUNT: &str = "host-status";
/// Its user and group id, which no account of Debian has.
const ACCOUNT_ID: u32 = 60992;

/// Unit that loads the images, in place of a registry.
const IMAGES_UNIT: &str = include_str!("lab-images.service");

/// Settings of systemd-tmpfiles, applied at every boot.
const AT_BOOT: &str = "\
d /run/secrets 0751 root root -
C /run/secrets/fullchain 0400 root root - /var/lib/lab/secrets/fullchain
C /run/secrets/privkey 0400 root root - /var/lib/lab/secrets/privkey
C /run/secrets/gitea-password 0400 root root - /var/lib/lab/secrets/gitea-password
C /run/secrets/gitea-token 0400 root root - /var/lib/lab/secrets/gitea-token
C /run/secrets/webhook-secret 0400 root root - /var/lib/lab/secrets/webhook-secret
d /srv/builds 1777 root root -
";

/// Settings of git: recipes come from the lab's own disk, under their public URLs.
const GIT: &str = "\
[url \"file:///srv/catalogue/\"]
	insteadOf = https://git.coopcloud.tech/coop-cloud/
[safe]
	directory = *
";

/// File of the authorities that programs in the lab trust.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Writes all files into the lab's own layer.
pub(crate) fn furnish(
    places: &Places,
    options: &UpOptions,
    configuration: &Configuration,
    gitea: Option<&Prepared>,
) -> Result<()> {
    for folder in [places.upper(), places.work(), places.root(), places.docker()] {
        layout::make(&folder)?;
    }
    layout::make(&places.images())?;
    for image in fs::read_dir(layout::images()).map_err(Error::file("read", &layout::images()))?.flatten() {
        layout::link_or_copy(&image.path(), &places.images())?;
    }
    let upper = places.upper();
    let put =
        |path: &str, content: &[u8], mode: u32| layout::write(&upper.join(path.trim_start_matches('/')), content, mode);
    // Empty: systemd writes an id at the first boot.
    put("/etc/machine-id", b"", 0o444)?;
    put("/etc/hostname", b"lab\n", 0o644)?;
    let names = format!("127.0.0.1 localhost\n{} lab {}\n", crate::ADDRESS, crate::DOMAIN);
    put("/etc/hosts", names.as_bytes(), 0o644)?;
    add_account(&upper, ACCOUNT, ACCOUNT_ID, "/nonexistent")?;
    put("/etc/gitconfig", GIT.as_bytes(), 0o644)?;
    put("/etc/tmpfiles.d/lab.conf", AT_BOOT.as_bytes(), 0o644)?;
    put("/etc/systemd/system/lab-images.service", IMAGES_UNIT.as_bytes(), 0o644)?;
    link(&upper.join("etc/systemd/system/docker.service.wants/lab-images.service"), "../lab-images.service")?;

    if !options.bare {
        let abra = options.abra.clone().map_or_else(|| binary("abra"), Ok)?;
        let ours = PROGRAMS.iter().map(|name| Ok((*name, binary(name)?))).collect::<Result<Vec<_>>>()?;
        for (name, from) in ours.into_iter().chain([("abra", abra)]) {
            copy(&from, &upper.join("usr/local/bin").join(name))?;
        }
        crate::own_images::put_images(&upper.join(OUR_IMAGES))?;
        catalogue(&upper.join("srv/catalogue"))?;
    }

    let authority = Authority::new()?;
    layout::write(&places.authority().join("ca.pem"), authority.certificate().as_bytes(), 0o644)?;
    layout::write(&places.authority().join("ca.key"), authority.key().as_bytes(), 0o600)?;
    layout::give_to_caller(&places.authority())?;
    let bundle = layout::root_file_system().join(AUTHORITIES.trim_start_matches('/'));
    let mut trusted = fs::read(&bundle).map_err(Error::file("read", &bundle))?;
    trusted.extend_from_slice(authority.certificate().as_bytes());
    put(AUTHORITIES, &trusted, 0o644)?;
    layout::make(&upper.join(SECRETS.trim_start_matches('/')))?;
    if options.certificate {
        let pair = authority.wildcard(crate::DOMAIN)?;
        put(&format!("{SECRETS}/fullchain"), pair.fullchain.as_bytes(), 0o400)?;
        put(&format!("{SECRETS}/privkey"), pair.privkey.as_bytes(), 0o400)?;
    }

    if let Some(prepared) = gitea {
        gitea::furnish(places, prepared)?;
        let world = prepared.world()?;
        put(&format!("{SECRETS}/gitea-password"), world.bot.password.as_bytes(), 0o400)?;
        put(&format!("{SECRETS}/gitea-token"), world.bridge_token.as_bytes(), 0o400)?;
        // As good as random: only the lab has the authority's key.
        let secret = base::hex::encode(Sha256::digest(authority.key()));
        put(&format!("{SECRETS}/webhook-secret"), secret.as_bytes(), 0o400)?;
    }

    for (path, content) in &configuration.files {
        put(path, content.as_bytes(), configuration.mode(path))?;
    }
    for (path, target) in &configuration.links {
        link(&upper.join(path.trim_start_matches('/')), target)?;
    }
    let generation = serde_json::to_vec(configuration)
        .map_err(|source| Error::Answer { what: "the configuration".to_owned(), source })?;
    put(GENERATION, &generation, 0o600)?;
    open_folders(&upper)
}

/// Makes every folder readable for all users of the lab, for any umask of the caller.
fn open_folders(folder: &Path) -> Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).map_err(Error::file("set the mode of", folder))?;
    for entry in fs::read_dir(folder).map_err(Error::file("read", folder))?.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_folders(&entry.path())?;
        }
    }
    Ok(())
}

/// Adds an account with a group of its own to a lab's own layer, beside those that are there already.
pub(crate) fn add_account(upper: &Path, name: &str, id: u32, home: &str) -> Result<()> {
    let lines = [
        ("etc/passwd", format!("{name}:x:{id}:{id}::{home}:/usr/sbin/nologin\n")),
        ("etc/group", format!("{name}:x:{id}:\n")),
    ];
    for (file, line) in lines {
        let (own, common) = (upper.join(file), layout::root_file_system().join(file));
        let from = if own.exists() { &own } else { &common };
        let text = fs::read_to_string(from).map_err(Error::file("read", from))? + &line;
        layout::write(&own, text.as_bytes(), 0o644)?;
    }
    Ok(())
}

/// Makes a symbolic link, and the folders above it.
pub(crate) fn link(at: &Path, target: &str) -> Result<()> {
    if let Some(parent) = at.parent() {
        layout::make(parent)?;
    }
    symlink(target, at).map_err(Error::file("link", at))
}

/// Copies a program.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(parent) = to.parent() {
        layout::make(parent)?;
    }
    fs::copy(from, to).map_err(Error::file("copy", from))?;
    fs::set_permissions(to, fs::Permissions::from_mode(0o755)).map_err(Error::file("set the mode of", to))
}

/// A program of this project: from the build of this process, else from another one.
pub(crate) fn binary(name: &str) -> Result<PathBuf> {
    let running = std::env::current_exe().unwrap_or_default();
    let target = layout::project().join("target");
    let beside = running.ancestors().skip(1).take(2).map(Path::to_owned);
    let found = beside.chain([target.join("debug"), target.join("release")]).map(|folder| folder.join(name));
    found.into_iter().find(|path| path.is_file()).ok_or_else(|| Error::Missing {
        what: format!("the program {name}"),
        path: target.join("debug").join(name),
        hint: "build it with `cargo build --workspace --bins`".to_owned(),
    })
}

/// Publishes the lab's recipes as bare git repositories.
fn catalogue(into: &Path) -> Result<()> {
    layout::make(into)?;
    for recipe in stand_ins::catalogue::recipes()? {
        stand_ins::catalogue::publish(&recipe, into)?;
    }
    Ok(())
}
