//! `app undeploy`, `app volume rm` and `app rm`: removal of an app in steps.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::app::App;
use crate::cli::Global;
use crate::docker::{docker, list, namespace, services};
use crate::fatal::{Fatal, info};
use crate::secret;
use crate::terminal;

/// Longest wait for the last task of a stack, or the last user of a volume.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Interval between two requests to Docker.
const POLL_INTERVAL: Duration = Duration::from_millis(300);

pub fn undeploy(domain: &str, prune: bool, global: Global) -> Result<(), Fatal> {
    let app = App::find(domain)?;
    if services(&app.stack)?.is_empty() {
        return Err(Fatal::new(format!("{domain} is not deployed?")));
    }
    terminal::confirm("proceed?", global)?;
    docker(&["stack", "rm", &app.stack])?;
    wait("tasks are still running", || is_gone(&app.stack))?;
    if prune {
        for network in list(&["network"], &namespace(&app.stack), "{{.ID}}")? {
            docker(&["network", "rm", &network])?;
        }
        docker(&["image", "prune", "--force"])?;
    }
    info(&format!("{domain} undeployed"));
    Ok(())
}

/// True if a stack has no container left; then its volumes and networks can be removed.
fn is_gone(stack: &str) -> Result<bool, Fatal> {
    let containers = docker(&["container", "ls", "--all", "--quiet", "--filter", &namespace(stack)])?;
    Ok(containers.is_empty() && services(stack)?.is_empty())
}

pub fn volumes(domain: &str, force: bool, global: Global) -> Result<(), Fatal> {
    let app = App::find(domain)?;
    refuse_deployed(&app)?;
    if !force {
        terminal::confirm("delete all volumes?", global)?;
    }
    let removed = remove_volumes(&app)?;
    if removed == 0 {
        info("no volumes removed");
    } else {
        info(&format!("{removed} volumes removed successfully"));
    }
    Ok(())
}

fn remove_volumes(app: &App) -> Result<usize, Fatal> {
    let volumes = list(&["volume"], &namespace(&app.stack), "{{.Name}}")?;
    for volume in &volumes {
        // Docker answers "volume is in use" until the last container is removed.
        wait(&format!("removing volume {volume} failed"), || Ok(docker(&["volume", "rm", "--force", volume]).is_ok()))?;
    }
    Ok(volumes.len())
}

fn refuse_deployed(app: &App) -> Result<(), Fatal> {
    if services(&app.stack)?.is_empty() {
        return Ok(());
    }
    Err(Fatal::new(format!("{0} is still deployed. Run \"abra app undeploy {0}\"", app.domain)))
}

pub fn app(domain: &str, force: bool, global: Global) -> Result<(), Fatal> {
    let app = App::find(domain)?;
    if !force {
        terminal::confirm("ALERTA ALERTA: remove all data?", global)?;
    }
    refuse_deployed(&app)?;
    let there = secret::in_swarm()?;
    for name in secret::full_names(&app)? {
        if there.contains(&name) {
            docker(&["secret", "rm", &name])?;
            info(&format!("secret: {name} removed"));
        }
    }
    remove_volumes(&app)?;
    fs::remove_file(&app.path).map_err(Fatal::when(app.path.display()))?;
    info(&format!("file: {} removed", app.path.display()));
    Ok(())
}

fn wait(what: &str, mut is_done: impl FnMut() -> Result<bool, Fatal>) -> Result<(), Fatal> {
    let until = Instant::now() + TIMEOUT;
    while !is_done()? {
        if Instant::now() >= until {
            return Err(Fatal::new(format!("{what} after {TIMEOUT:?}")));
        }
        thread::sleep(POLL_INTERVAL);
    }
    Ok(())
}
