//! Stages that Drone has under the name of this host's runner, and that the runner does not have. Drone waits for their end
//! for ever, and a build of them hinders the next one.

use drone_runner::LostStage;
use drone_runner::settings::Settings;
use http::drone::{Drone, OpenStage};

use crate::desired::Runner;

/// Finds the lost stages in a queue that was read just before.
pub async fn observe(declared: Option<&Runner>, queue: &[OpenStage], drone: &Drone) -> Vec<i64> {
    if queue.iter().all(|stage| stage.machine.is_empty()) {
        return Vec::new();
    }
    let Some(Ok((settings, _))) = declared.map(|runner| Settings::read(&runner.configuration)) else {
        return Vec::new();
    };
    let lost = not_held(&settings, queue);
    if lost.is_empty() {
        return lost;
    }
    // A runner removes its folder just after Drone has taken the end.
    let still = drone.queue().await.unwrap_or_default();
    lost.into_iter().filter(|id| still.iter().any(|stage| stage.id == *id)).collect()
}

/// The stages of the runner that it has no folder of. A folder exists from before the acceptance, so none is missed that was
/// accepted after the queue was read.
fn not_held(settings: &Settings, queue: &[OpenStage]) -> Vec<i64> {
    let Some(held) = LostStage::held(settings) else { return Vec::new() };
    let machine = settings.machine();
    let ours = queue.iter().filter(|stage| stage.machine == machine).map(|stage| stage.id);
    ours.filter(|stage| !held.contains(stage)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_stage_of_this_runner_without_a_folder_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let settings = serde_json::json!({
            "server": "http://127.0.0.1:1", "name": "ci", "repositories": ["recipes/ci"],
            "steps": { "directory": folder.path() },
        });
        let settings: Settings = serde_json::from_value(settings).unwrap();
        let stage = |id, machine: &str| OpenStage { id, machine: machine.into() };
        let queue = [stage(1, "ci"), stage(2, "ci"), stage(3, ""), stage(4, "ci-2")];
        assert!(not_held(&settings, &queue).is_empty(), "a directory that no runner has used proves nothing");
        std::fs::create_dir_all(folder.path().join("stages/2")).unwrap();
        std::fs::write(folder.path().join("lock"), "").unwrap();
        assert_eq!(not_held(&settings, &queue), [1]);
    }
}
