//! `app new`: an app's `.env` file from the recipe's sample.

use std::fs;

use crate::app::App;
use crate::cli::{Global, New, Secret};
use crate::directory;
use crate::fatal::{Fatal, info};
use crate::recipe::Recipe;
use crate::secret;

pub fn new(arguments: &New, global: Global) -> Result<(), Fatal> {
    if arguments.chaos && arguments.version.is_some() {
        return Err(Fatal::new("cannot use [version] and --chaos together"));
    }
    let servers = directory::server_names()?;
    let server = match (&arguments.server, servers.as_slice()) {
        (Some(server), _) => server.clone(),
        (None, [only]) => only.clone(),
        (None, _) => return Err(Fatal::new("no server provided")),
    };
    if !servers.contains(&server) {
        return Err(Fatal::new(format!("server {server} doesn't exist?")));
    }
    let domain = arguments.domain.clone().ok_or_else(|| Fatal::new("no domain provided"))?;
    let recipe = Recipe::named(&arguments.recipe)?;
    recipe.ensure(arguments.version.as_deref(), arguments.chaos, global)?;
    let version = match &arguments.version {
        _ if arguments.chaos => Some(recipe.chaos_version()?),
        Some(version) => Some(version.clone()),
        None => recipe.versions()?.pop(),
    };
    let path = directory::servers().join(&server).join(format!("{domain}.env"));
    if path.exists() {
        return Err(Fatal::new(format!("{} already exists?", path.display())));
    }
    let sample = recipe.read(".env.sample");
    let sample = sample.ok_or_else(|| Fatal::new(format!("{} has no .env.sample", recipe.name)))?;
    let text = sample.replace(&format!("{}.example.com", recipe.name), &domain);
    fs::write(&path, text).map_err(Fatal::when(path.display()))?;
    if let Some(version) = &version {
        App::find(&domain)?.write_version(version)?;
    }
    info(&format!("{domain} created ({} {})", recipe.name, version.as_deref().unwrap_or("unversioned")));
    if arguments.secrets {
        // The recipe is checked out already.
        let all = Secret::Generate { domain, name: None, version: None, all: true, machine: false, chaos: true };
        secret::run(&all, global)?;
    }
    Ok(())
}
