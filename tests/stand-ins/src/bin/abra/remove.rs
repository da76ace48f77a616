//! `app undeploy`, `app volume rm` and `app rm`: taking an app away, piece by piece.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::app::App;
use crate::cli::Global;
use crate::docker::{docker, list, namespace, services};
use crate::fatal::{Fatal, info};
use crate::secret;
use crate::terminal;

/// How long the last task of a stack, or the last user of a volume, is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often Docker is asked.
const PACE: Duration = Duration::from_millis(300);

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

/// Whether no container of a stack is left, which is when its volumes and networks can go.
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
        // "volume is in use" until the last container has gone.
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
    let until = Instant::now() + PATIENCE;
    while !is_done()? {
        if Instant::now() >= until {
            return Err(Fatal::new(format!("{what} after {PATIENCE:?}")));
        }
        thread::sleep(PACE);
    }
    Ok(())
}
