//! `app deploy`: the recipe at a version, with the app's environment, on Swarm.

use std::process::Command;

use serde_json::{Map, Value, json};

use crate::app::App;
use crate::cli::{Deploy, Global};
use crate::compose::Compose;
use crate::converge;
use crate::docker;
use crate::env_file::EnvFile;
use crate::expand::Env;
use crate::fatal::{Fatal, info, warn};
use crate::lint;
use crate::recipe::DIRTY;
use crate::secret;
use crate::terminal;

pub fn deploy(arguments: &Deploy, global: Global) -> Result<(), Fatal> {
    if arguments.chaos && arguments.version.is_some() {
        return Err(Fatal::new("cannot use [version] and --chaos together"));
    }
    if arguments.chaos && arguments.latest {
        return Err(Fatal::new("cannot use --chaos and --latest together"));
    }
    let app = App::find(&arguments.domain)?;
    let version = version(&app, arguments)?;
    app.recipe.ensure(version.as_deref(), arguments.chaos, global)?;
    if !arguments.chaos {
        lint::errors(&app.recipe)?;
    }
    let before = docker::services(&app.stack)?;
    if !before.is_empty() && !arguments.force && !arguments.chaos {
        return Err(Fatal::new(format!("{} is already deployed", app.domain)));
    }
    let version = if arguments.chaos { app.recipe.chaos_version()? } else { released(&app, version)? };
    let compose = app.compose()?;
    let env = app.full_env();
    secret::require(&app, &compose, &env)?;
    warn_of_missing_keys(&app);
    info(&format!("{}: {} {version} on {}", app.domain, app.recipe.name, app.server));
    terminal::confirm("proceed?", global)?;
    let updates = converge::updates(&before);
    stack_deploy(&app, &compose, &env, &overlay(&app, &compose, &env, &version, arguments.chaos))?;
    if !arguments.no_converge_checks {
        converge::wait(&app.stack, &updates)?;
    }
    app.write_version(&version)
}

/// The version by priority: the command line, then the `.env`, then the latest; with chaos none.
fn version(app: &App, arguments: &Deploy) -> Result<Option<String>, Fatal> {
    if arguments.chaos || arguments.latest {
        return Ok(None);
    }
    if arguments.version.is_some() {
        return Ok(arguments.version.clone());
    }
    match &app.version {
        Some(version) if version.ends_with(DIRTY) => Err(Fatal::new(format!(
            "cannot redeploy previous chaos version ({version}), did you mean to use \"--chaos\"?"
        ))),
        version => Ok(version.clone()),
    }
}

/// The version to deploy when none was chosen.
fn released(app: &App, version: Option<String>) -> Result<String, Fatal> {
    match version {
        Some(version) => Ok(version),
        None => app.recipe.versions()?.pop().map_or_else(|| app.recipe.chaos_version(), Ok),
    }
}

fn warn_of_missing_keys(app: &App) {
    for key in EnvFile::keys(&app.recipe.read(".env.sample").unwrap_or_default()) {
        if !app.env.values.contains_key(&key) {
            warn(&format!("env var {key} missing from {}.env", app.domain));
        }
    }
}

/// Abra's additions to the recipe: labels on `app`, and every key of the `.env` in its environment.
fn overlay(app: &App, compose: &Compose, env: &Env, version: &str, chaos: bool) -> Value {
    let recipes_own = compose.environment_keys("app");
    let exposed = env.iter().filter(|(key, _)| !recipes_own.contains(*key));
    let exposed: Map<String, Value> = exposed.map(|(key, value)| (key.clone(), json!(escaped(value)))).collect();
    let label = |name: &str| format!("coop-cloud.{}.{name}", app.stack);
    let mut labels = Map::new();
    labels.insert(label("recipe"), json!(app.recipe.name));
    labels.insert(label("chaos"), json!(chaos.to_string()));
    if chaos {
        // The recipe's own version label is kept.
        labels.insert(label("chaos-version"), json!(version));
    } else {
        labels.insert(label("version"), json!(version));
    }
    json!({
        "version": compose.version(),
        "services": { "app": { "environment": exposed, "deploy": { "labels": labels } } },
    })
}

/// Docker replaces variables in the overlay too.
fn escaped(value: &str) -> String {
    value.replace('$', "$$")
}

fn stack_deploy(app: &App, compose: &Compose, env: &Env, overlay: &Value) -> Result<(), Fatal> {
    let mut command = Command::new("docker");
    command.env_clear();
    for key in ["PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_API_VERSION"] {
        command.envs(std::env::var_os(key).map(|value| (key, value)));
    }
    // A value of the app wins, except for the variables that docker itself needs.
    command.envs(env.iter().filter(|(key, _)| *key != "PATH" && *key != "HOME" && !key.starts_with("DOCKER_")));
    command.current_dir(&app.recipe.folder).args(["stack", "deploy"]);
    for path in &compose.paths {
        command.arg("--compose-file").arg(path);
    }
    command.args(["--compose-file", "-", "--resolve-image", "always"]).arg(&app.stack);
    docker::finish(&mut command, Some(overlay.to_string().as_bytes())).map(drop)
}
