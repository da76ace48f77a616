//! What a runner left that died: its units are stopped, and Drone is told of its stages.

use std::rc::Rc;
use std::time::Duration;

use base::error::chain;

use super::Runner;
use super::rpc::Patience;
use super::rpc::wire::Status;
use super::stage::{Folder, Report, place_number};
use systemd::Error;

/// How long the units may take to end, beyond their own time to stop.
const SPARE: Duration = Duration::from_secs(30);

/// What Drone's page says of such a stage.
const WHY: &str = "the runner ended while this ran, and everything of it was stopped; start the build again";

/// Stops every unit of this runner's name.
pub async fn stop(runner: &Runner) -> Result<(), Error> {
    let stopped = runner.units.stop_all(&runner.prefix, runner.settings.limits.stop() + SPARE).await?;
    if !stopped.is_empty() {
        tracing::warn!("stopped what another run of this runner left: {}", stopped.join(", "));
    }
    Ok(())
}

/// Tells Drone of the stage that this folder is of, if it is still ours, and removes the folder.
pub async fn report(runner: Rc<Runner>, id: i64, folder: Folder) {
    let looked = Patience::endless().call("read a stage", async || runner.client.details(id).await).await;
    match looked {
        Ok(details) if details.stage.status.is_open() && details.stage.machine == runner.client.machine() => {
            // With its steps, where it had begun.
            let stage = folder.recorded().filter(|stage| !stage.steps.is_empty()).unwrap_or(details.stage);
            let (status, steps) = (stage.status, stage.steps.len());
            let report = Report::new(runner.client.clone(), folder.clone(), stage);
            if status.is_open() {
                report.close(Status::Error, WHY);
            }
            for place in 0..steps {
                // Of steps that had ended, and whose log the server has not got.
                if let Ok(log) = std::fs::read(folder.file(place_number(place), "log")) {
                    report.log(place, &log).await;
                }
            }
            report.end().await;
            let (number, ended) = (details.build.number, report.stage());
            runner.board.count(ended.status);
            tracing::warn!(BUILD = number, STAGE = id, "build {number}: {} {}", ended.status.word(), ended.error);
        }
        // Never taken, or ended by somebody.
        Ok(_) => {}
        Err(error) => tracing::warn!(STAGE = id, "Drone's server does not know the stage: {}", chain(&error)),
    }
    if let Err(error) = folder.remove() {
        tracing::warn!(STAGE = id, "the stage's folder is still there: {error}");
    }
}
