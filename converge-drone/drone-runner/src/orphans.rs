//! The remains of a dead runner: stops its services, and reports the end of its stages to Drone.

use std::rc::Rc;
use std::time::Duration;

use base::error::chain;

use super::Runner;
use super::rpc::retry;
use super::stage::{Folder, Report, drone_step_number};
use http::drone::Status;

/// The time for the services to end beyond `stop_seconds`.
const SPARE: Duration = Duration::from_secs(30);

/// The error that Drone shows for such a stage.
const STAGE_ERROR: &str = "the runner ended while this ran, and every process of it was stopped; start the build again";

/// Stops every service with this runner's prefix.
pub async fn stop(runner: &Runner) -> Result<(), systemd::Error> {
    let stopped = runner.units.stop_all(&runner.unit_prefix, runner.settings.limits.stop() + SPARE).await?;
    if !stopped.is_empty() {
        tracing::warn!("stopped the services that an earlier run of this runner left: {}", stopped.join(", "));
    }
    Ok(())
}

/// Reports the end of the stage in this folder if the stage is still ours, and removes the folder.
pub async fn report(runner: Rc<Runner>, id: i64, folder: Folder) {
    match retry("read a stage", async || runner.client.details(id).await).await {
        Ok(details) if !details.stage.status.is_over() && details.stage.machine == runner.client.machine() => {
            // The saved stage has the steps, if the stage had started.
            let stage = folder.saved().filter(|stage| !stage.steps.is_empty()).unwrap_or(details.stage);
            let (status, steps) = (stage.status, stage.steps.len());
            let report = Report::new(runner.client.clone(), folder.clone(), stage);
            if !status.is_over() {
                report.close(Status::Error, STAGE_ERROR);
            }
            for index in 0..steps {
                // The log of an ended step that was not uploaded.
                if let Ok(log) = std::fs::read(folder.file(drone_step_number(index), "log")) {
                    report.log(index, &log).await;
                }
            }
            report.end().await;
            let (number, ended) = (details.build.number, report.stage());
            runner.status.count(ended.status);
            tracing::warn!(BUILD = number, STAGE = id, "build {number}: {} {}", ended.status.word(), ended.error);
        }
        // Never accepted, or ended already.
        Ok(_) => {}
        Err(error) => tracing::warn!(STAGE = id, "Drone's server does not know the stage: {}", chain(&error)),
    }
    if let Err(error) = folder.remove() {
        tracing::warn!(STAGE = id, "the stage's folder cannot be removed: {error}");
    }
}
