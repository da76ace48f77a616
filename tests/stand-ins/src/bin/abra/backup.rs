//! `app backup` and `app restore`: the labels and hooks of backup-bot-two, without that app and its repository.
//! Volumes are copied out of a running container and back.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::app::App;
use crate::cli::Global;
use crate::directory;
use crate::docker;
use crate::expand::Env;
use crate::fatal::{Fatal, info};
use crate::terminal;

/// A service of the app that asks for backups.
struct Source {
    container: String,
    labels: Env,
    /// Volumes of the app that the service mounts: short name, mount point.
    volumes: Vec<(String, String)>,
}

pub fn create(domain: &str, _global: Global) -> Result<(), Fatal> {
    let app = App::find(domain)?;
    let sources = sources(&app)?;
    terminal::require()?;
    let snapshot = format!("{:08x}", fastrand::u32(..));
    let folder = directory::backups(domain).join(format!("{}-{snapshot}", now()));
    let partial = directory::backups(domain).join(format!(".{snapshot}"));
    for source in &sources {
        source.run_hook("backup.pre-hook")?;
        let copied = source.copy_out(&partial);
        source.run_hook("backup.post-hook")?;
        copied?;
    }
    fs::rename(&partial, &folder).map_err(Fatal::when(folder.display()))?;
    println!("snapshot {snapshot} saved");
    Ok(())
}

pub fn snapshots(domain: &str) -> Result<(), Fatal> {
    App::find(domain)?;
    for (time, snapshot, _) in all(domain)? {
        println!("{time} {snapshot}");
    }
    Ok(())
}

pub fn restore(domain: &str, snapshot: Option<&str>, global: Global) -> Result<(), Fatal> {
    let app = App::find(domain)?;
    let sources = sources(&app)?;
    terminal::require()?;
    let wanted = |id: &str| snapshot.is_none_or(|wanted| wanted == "latest" || wanted == id);
    let found = all(domain)?.into_iter().rfind(|(_, id, _)| wanted(id));
    let Some((_, id, folder)) = found else {
        return Err(Fatal::new(format!("snapshot {} not found for {domain}", snapshot.unwrap_or("latest"))));
    };
    terminal::confirm(&format!("restore {id}?"), global)?;
    for source in &sources {
        source.run_hook("restore.pre-hook")?;
        source.copy_in(&folder)?;
        source.run_hook("restore.post-hook")?;
    }
    info(&format!("snapshot {id} restored"));
    Ok(())
}

/// Snapshots, oldest first: time, id, folder.
fn all(domain: &str) -> Result<Vec<(String, String, PathBuf)>, Fatal> {
    let folder = directory::backups(domain);
    let Ok(entries) = fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for entry in entries {
        let path = entry.map_err(Fatal::when(folder.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some((time, id)) = name.split_once('-').filter(|_| !name.starts_with('.')) {
            all.push((time.to_owned(), id.to_owned(), path));
        }
    }
    all.sort();
    Ok(all)
}

fn sources(app: &App) -> Result<Vec<Source>, Fatal> {
    let services = docker::services(&app.stack)?;
    if services.is_empty() {
        return Err(Fatal::new(format!("{} is not deployed?", app.domain)));
    }
    let mut sources = Vec::new();
    for service in services {
        let labels: Env = serde_json::from_value(service["Spec"]["Labels"].clone()).unwrap_or_default();
        if labels.get("backupbot.backup").map(String::as_str) != Some("true") {
            continue;
        }
        let name = service["Spec"]["Name"].as_str().unwrap_or_default();
        let short = name.strip_prefix(&format!("{}_", app.stack)).unwrap_or(name);
        let container = docker::containers(&app.stack, short)?.into_iter().next();
        let container = container.ok_or_else(|| Fatal::new(format!("no containers matching {name} found?")))?;
        let volumes = volumes(&app.stack, &container, &labels)?;
        sources.push(Source { container, labels, volumes });
    }
    if sources.is_empty() {
        return Err(Fatal::new(format!("{} has no backupbot.backup=true label", app.domain)));
    }
    Ok(sources)
}

fn volumes(stack: &str, container: &str, labels: &Env) -> Result<Vec<(String, String)>, Fatal> {
    let described = docker::inspect("container", container)?;
    let mounts = described.iter().filter_map(|container| container["Mounts"].as_array()).flatten();
    let ours = mounts.filter_map(|mount| {
        let name = mount["Name"].as_str()?.strip_prefix(&format!("{stack}_"))?;
        Some((name.to_owned(), mount.get("Destination").and_then(Value::as_str)?.to_owned()))
    });
    let is_excluded =
        |name: &str| labels.get(&format!("backupbot.backup.volumes.{name}")).is_some_and(|v| v == "false");
    Ok(ours.filter(|(name, _)| !is_excluded(name)).collect())
}

impl Source {
    fn run_hook(&self, hook: &str) -> Result<(), Fatal> {
        let Some(command) = self.labels.get(&format!("backupbot.{hook}")) else { return Ok(()) };
        docker::docker(&["exec", &self.container, "sh", "-c", command])
            .map(drop)
            .map_err(|error| Fatal::new(format!("failed to run {hook}: {error}")))
    }

    /// The paths of a volume that are backed up, relative to its root; the whole volume unless a label lists paths.
    fn paths(&self, volume: &str) -> Vec<String> {
        let paths = self.labels.get(&format!("backupbot.backup.volumes.{volume}.path"));
        paths.map_or("", String::as_str).split(',').map(|path| path.trim().trim_matches('/').to_owned()).collect()
    }

    fn copy_out(&self, folder: &Path) -> Result<(), Fatal> {
        for (volume, mounted) in &self.volumes {
            for (number, path) in self.paths(volume).into_iter().enumerate() {
                let target = folder.join(volume).join(number.to_string());
                fs::create_dir_all(&target).map_err(Fatal::when(target.display()))?;
                // The copy has its own name, so that a restore finds it without a search.
                let from = if path.is_empty() { format!("{mounted}/.") } else { format!("{mounted}/{path}") };
                copy(&format!("{}:{from}", self.container), &target.to_string_lossy())?;
            }
        }
        Ok(())
    }

    fn copy_in(&self, folder: &Path) -> Result<(), Fatal> {
        for (volume, mounted) in &self.volumes {
            for (number, path) in self.paths(volume).into_iter().enumerate() {
                let from = folder.join(volume).join(number.to_string());
                if !from.exists() {
                    return Err(Fatal::new(format!("the snapshot has nothing of volume {volume}")));
                }
                let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
                let to = format!("{}:{mounted}/{parent}", self.container);
                copy(&format!("{}/.", from.display()), &to)?;
            }
        }
        Ok(())
    }
}

fn copy(from: &str, to: &str) -> Result<(), Fatal> {
    docker::docker(&["cp", "--archive", from, to]).map(drop)
}

/// The current time as text that sorts by time and is valid in a file name.
fn now() -> String {
    jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC).strftime("%Y%m%dT%H%M%S.%9fZ").to_string()
}
