//! The remains of a dead runner: stops its services, and reports the end of its stages to Drone.

use std::collections::BTreeSet;
use std::time::Duration;

use base::error::chain;

use super::rpc::wire::Stage;
use super::rpc::{Client, insist};
use super::stage::{Folder, Report, drone_step_number};
use super::status::RunnerStatus;
use super::{Runner, unit_prefix};
use http::drone::{START_AGAIN, Status};

/// The time for the services to end beyond `stop_seconds`.
const SPARE: Duration = Duration::from_secs(30);

/// The error that Drone shows for such a stage.
const STAGE_ERROR: &str = "the runner ended while this ran, and every process of it was stopped";

/// Stops the services of this runner, and of an earlier one that had another name and left these folders.
pub async fn stop(runner: &Runner, folders: &[(i64, Folder)]) -> Result<(), systemd::Error> {
    let saved = folders.iter().filter_map(|(_, folder)| Some(folder.saved()?.machine));
    let machines: BTreeSet<String> = saved.filter(|machine| !machine.is_empty()).collect();
    let prefixes = machines.iter().map(|machine| unit_prefix(machine)).chain([runner.unit_prefix.clone()]);
    for prefix in prefixes.collect::<BTreeSet<String>>() {
        let stopped = runner.units.stop_all(&prefix, runner.settings.limits.stop() + SPARE).await?;
        if !stopped.is_empty() {
            tracing::warn!("stopped the services that an earlier run of this runner left: {}", stopped.join(", "));
        }
    }
    Ok(())
}

/// Reports the end of the stage in this folder if the stage is still ours, and removes the folder.
pub async fn report(client: &Client, status: &RunnerStatus, id: i64, folder: Folder) {
    status.delay_report(id);
    if let Some(stage) = accepted(client, id, &folder).await {
        let (is_over, steps) = (stage.status.is_over(), stage.steps.len());
        let report = Report::new(client.clone(), folder.clone(), stage);
        if !is_over {
            report.close(Status::Error, &format!("{STAGE_ERROR}; {START_AGAIN}"));
        }
        for index in 0..steps {
            // The log of an ended step that was not uploaded.
            if let Ok(log) = std::fs::read(folder.file(drone_step_number(index), "log")) {
                report.log(index, &log).await;
            }
        }
        report.end().await;
        let ended = report.stage();
        status.count(ended.status);
        tracing::warn!(STAGE = id, "a stage of an earlier run: {} {}", ended.status.word(), ended.error);
    }
    status.end_stage(id);
    if let Err(error) = folder.remove() {
        tracing::warn!(STAGE = id, "the stage's folder cannot be removed: {error}");
    }
}

/// The stage of a folder, as it was saved last. Drone knows if a stage is ours whose acceptance was not answered.
async fn accepted(client: &Client, id: i64, folder: &Folder) -> Option<Stage> {
    let saved = folder.saved().filter(|stage| !stage.machine.is_empty());
    if saved.is_some() {
        return saved;
    }
    let age = || folder.unchanged_for();
    match insist("read a stage", age, async || client.details(id).await).await {
        Ok(details) => {
            let is_ours = details.stage.machine == client.machine() && !details.stage.status.is_over();
            is_ours.then_some(details.stage)
        }
        Err(error) => {
            tracing::warn!(STAGE = id, "a stage of an earlier run was not ended: {}", chain(&error));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tests::drone::{MACHINE, Server, answer, details, drone, no_route, stage};

    /// Settles a folder with this state, and returns the requests.
    async fn settle(saved: &Stage, answers: &[String]) -> Vec<(String, serde_json::Value)> {
        let directory = tempfile::tempdir().unwrap();
        let status = RunnerStatus::new(directory.path().join("status.json"));
        let folder = Folder::of(directory.path(), 7);
        folder.create(saved).unwrap();
        let server = Server::answering(answers).await;
        report(&server.client, &status, 7, folder).await;
        assert!(Folder::all(directory.path()).is_empty());
        server.asked()
    }

    fn taken() -> String {
        drone(&json!({ "id": 7, "version": 4 }))
    }

    #[tokio::test]
    async fn a_stage_of_a_dead_runner_is_ended_as_soon_as_drone_answers() {
        let html = answer("200 OK", "text/html", "<title>Welcome</title>");
        let asked = settle(&stage(), &[no_route(), html, taken()]).await;
        assert_eq!(asked.len(), 3);
        let (line, body) = &asked[2];
        assert_eq!((line.as_str(), &body["status"]), ("PUT /rpc/v2/stage/7", &json!("error")));
        assert!(body["error"].as_str().unwrap().contains("the runner ended"), "{body}");
        assert_eq!(body["steps"][0]["status"], "killed");
    }

    #[tokio::test]
    async fn an_end_that_was_not_reported_is_reported_unchanged() {
        let mut ended = stage();
        ended.end(Status::Failure, "", 9);
        let asked = settle(&ended, &[no_route(), taken()]).await;
        assert_eq!((&asked[1].1["status"], &asked[1].1["stopped"]), (&json!("failure"), &json!(9)));
    }

    #[tokio::test]
    async fn a_stage_that_an_earlier_name_accepted_is_ended() {
        let asked = settle(&Stage { machine: "old-name".into(), ..stage() }, &[taken()]).await;
        assert_eq!((&asked[0].1["status"], &asked[0].1["machine"]), (&json!("error"), &json!("old-name")));
    }

    #[tokio::test]
    async fn drone_knows_if_an_acceptance_without_an_answer_was_taken() {
        let offered = Stage { machine: String::new(), steps: Vec::new(), version: 2, ..stage() };
        let theirs =
            |machine: &str| details(&json!({ "id": 7, "status": "pending", "machine": machine, "version": 3 }));
        let asked = settle(&offered, &[no_route(), theirs(MACHINE), taken()]).await;
        assert_eq!((asked[2].0.as_str(), &asked[2].1["version"]), ("PUT /rpc/v2/stage/7", &json!(3)));
        for others in ["", "ci-2"] {
            assert_eq!(settle(&offered, &[no_route(), theirs(others)]).await.len(), 2);
        }
    }
}
