//! `app secret`: an app's secrets, as the recipe's compose files and the `.env` name them.

use std::fs;
use std::io::Read;

use crate::app::App;
use crate::cli::{Global, Secret};
use crate::compose::{Compose, ExternalSecret};
use crate::docker::{docker, docker_with_input};
use crate::expand::Env;
use crate::fatal::{Fatal, info, warn};
use crate::passwords;
use crate::table;

/// One secret of an app.
#[derive(Debug)]
struct Entry {
    name: String,
    version: String,
    /// Name in Swarm.
    full_name: String,
    modifiers: Env,
}

impl Entry {
    /// False if `# generate=false` marks a secret that abra does not generate.
    fn is_generated(&self) -> bool {
        self.modifiers.get("generate").is_none_or(|value| value != "false")
    }
}

pub fn run(command: &Secret, global: Global) -> Result<(), Fatal> {
    match command {
        Secret::Insert { domain, name, version, data, file, trim, .. } => {
            let app = App::find(domain)?;
            insert(&app, name, version, &read(data.as_deref(), *file, *trim)?)
        }
        Secret::Generate { domain, name, version, all, machine, chaos } => {
            let app = prepared(domain, *chaos, global)?;
            generate(&app, name.as_deref(), version.as_deref(), *all, *machine)
        }
        Secret::Ls { domain, machine, chaos } => ls(&prepared(domain, *chaos, global)?, *machine),
        Secret::Rm { domain, name, all, chaos } => rm(&prepared(domain, *chaos, global)?, name.as_deref(), *all),
    }
}

fn prepared(domain: &str, chaos: bool, global: Global) -> Result<App, Fatal> {
    let app = App::find(domain)?;
    let version = app.version.clone().filter(|version| !version.ends_with(crate::recipe::DIRTY));
    app.recipe.ensure(version.as_deref(), chaos, global)?;
    Ok(app)
}

fn entries(app: &App) -> Result<Vec<Entry>, Fatal> {
    let compose = app.compose()?;
    let env = app.full_env();
    let entries = compose.external_secrets(&env).into_iter().map(|secret| {
        let ExternalSecret { name, full_name, version_key } = secret;
        let version = env.get(&version_key).cloned().unwrap_or_default();
        let modifiers = app.env.modifiers.get(&version_key).cloned().unwrap_or_default();
        Entry { name, version, full_name, modifiers }
    });
    Ok(entries.collect())
}

/// Fails unless every external secret exists. A deploy checks this first.
pub fn require(app: &App, compose: &Compose, env: &Env) -> Result<(), Fatal> {
    let wanted = compose.external_secrets(env);
    if wanted.is_empty() {
        return Ok(());
    }
    let there = in_swarm()?;
    let missing = wanted.iter().find(|secret| !there.contains(&secret.full_name));
    let Some(ExternalSecret { name, version_key, .. }) = missing else { return Ok(()) };
    let generated = app.env.modifiers.get(version_key).and_then(|modifiers| modifiers.get("generate"));
    if generated.is_some_and(|value| value == "false") {
        return Err(Fatal::new(format!("secret not inserted (#generate=false): {name}")));
    }
    Err(Fatal::new(format!("secret not generated: {name}")))
}

/// The data: the argument, the content of a file, or stdin where a file is asked for without a name.
fn read(data: Option<&str>, file: bool, trim: bool) -> Result<Vec<u8>, Fatal> {
    let bytes = match (data, file) {
        (Some(path), true) => fs::read(path).map_err(Fatal::when(format!("open {path}")))?,
        (Some(value), false) => value.as_bytes().to_vec(),
        (None, _) => {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).map_err(Fatal::when("read"))?;
            bytes
        }
    };
    if bytes.is_empty() {
        return Err(Fatal::new("no data provided?"));
    }
    Ok(if trim { bytes.trim_ascii().to_vec() } else { bytes })
}

fn insert(app: &App, name: &str, version: &str, data: &[u8]) -> Result<(), Fatal> {
    let full_name = format!("{}_{name}_{version}", app.stack);
    docker_with_input(&["secret", "create", &full_name, "-"], data)?;
    info(&format!("{full_name} successfully stored on server"));
    Ok(())
}

fn generate(app: &App, name: Option<&str>, version: Option<&str>, all: bool, machine: bool) -> Result<(), Fatal> {
    if name.is_some() && all {
        return Err(Fatal::new("cannot use '[secret] [version]' and '--all' together"));
    }
    if !all && (name.is_none() || version.is_none()) {
        return Err(Fatal::new("missing arguments [secret]/[version] or '--all'"));
    }
    let there = in_swarm()?;
    let mut rows = Vec::new();
    for entry in entries(app)? {
        if name.is_some_and(|name| name != entry.name) || (all && !entry.is_generated()) {
            continue;
        }
        let full_name = match version {
            Some(version) => format!("{}_{}_{version}", app.stack, entry.name),
            None => entry.full_name.clone(),
        };
        if there.contains(&full_name) {
            warn(&format!("{} already exists", entry.name));
            continue;
        }
        let value = passwords::generate(&entry.modifiers)?;
        docker_with_input(&["secret", "create", &full_name, "-"], value.as_bytes())?;
        rows.push(vec![entry.name, value]);
    }
    if rows.is_empty() {
        warn("no secrets generated");
        return Err(Fatal::Silent);
    }
    // Like the real abra, both forms print the values.
    if machine {
        table::print_json(&["name", "value"], &rows);
    } else {
        table::print(&["NAME", "VALUE"], &rows);
        warn("generated secrets are not shown again, please take note of them NOW");
    }
    Ok(())
}

fn ls(app: &App, machine: bool) -> Result<(), Fatal> {
    let there = in_swarm()?;
    let rows = entries(app)?.into_iter().map(|entry| {
        let created = there.contains(&entry.full_name).to_string();
        vec![entry.name, entry.version, entry.full_name, created]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        warn(&format!("no secrets stored for {}", app.domain));
    } else if machine {
        table::print_json(&["name", "version", "generated-name", "created-on-server"], &rows);
    } else {
        table::print(&["name", "version", "generated name", "created on server"], &rows);
    }
    Ok(())
}

fn rm(app: &App, name: Option<&str>, all: bool) -> Result<(), Fatal> {
    if name.is_none() && !all {
        return Err(Fatal::new("no secret(s) specified?"));
    }
    let there = in_swarm()?;
    let mut removed = false;
    for entry in entries(app)? {
        if name.is_some_and(|name| name != entry.name) || !there.contains(&entry.full_name) {
            continue;
        }
        docker(&["secret", "rm", &entry.full_name])?;
        info(&format!("deleted {} successfully from server", entry.name));
        removed = true;
    }
    if removed { Ok(()) } else { Err(Fatal::new("no secrets to remove?")) }
}

/// The Swarm names of all secrets of the recipe.
pub fn full_names(app: &App) -> Result<Vec<String>, Fatal> {
    Ok(entries(app)?.into_iter().map(|entry| entry.full_name).collect())
}

/// The secrets in Swarm, by name.
pub fn in_swarm() -> Result<Vec<String>, Fatal> {
    Ok(docker(&["secret", "ls", "--format", "{{.Name}}"])?.lines().map(str::to_owned).collect())
}
