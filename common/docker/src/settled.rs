//! The state of a Swarm service. It is settled when all wanted tasks of its *current* spec run and no update is in flight.

use std::fmt;

use bollard::models::{Service, ServiceSpecMode, ServiceUpdateStatusStateEnum, Task, TaskSpec, TaskState};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Docker, Error, log};

/// The label that names a service's stack.
pub const STACK: &str = "com.docker.stack.namespace";

/// The longest time between the end of an update and the note of it.
const OF_AN_END: SignedDuration = SignedDuration::from_secs(2);

/// The tasks of a service, compared with its spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tasks {
    /// The number of tasks in the spec.
    pub wanted: u64,
    /// The number of running tasks of the current spec.
    pub running: u64,
    /// The state of the last update.
    pub update: Update,
    /// Docker's message about the last update or the last failed task: `image not found`.
    pub message: Option<String>,
    /// The end of the log of the last failed task, if there is a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_tail: Option<String>,
    /// The time of the last change of the service's spec.
    pub changed: Option<Timestamp>,
}

/// The state of a service's last update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Update {
    /// No update since the service was created or last changed, or unknown.
    None,
    /// Tasks are being replaced.
    Updating,
    /// The update stopped after a failure and stays so until the next one. Nothing is in flight.
    Paused,
    /// Every task was replaced.
    Completed,
    /// Tasks are being put back.
    RollbackStarted,
    /// Putting back stopped after a failure.
    RollbackPaused,
    /// Every task was put back: the update failed.
    RollbackCompleted,
}

impl Tasks {
    /// True if all wanted tasks run and no update is in flight.
    pub fn are_settled(&self) -> bool {
        self.running == self.wanted && !matches!(self.update, Update::Updating | Update::RollbackStarted)
    }

    /// True if Swarm rolled the last update back, or does so now.
    pub fn were_rolled_back(&self) -> bool {
        is_back(self.update)
    }
}

impl fmt::Display for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} tasks running", self.running, self.wanted)?;
        match self.update {
            Update::None | Update::Completed => {}
            Update::Updating => f.write_str(", update in progress")?,
            Update::Paused => f.write_str(", update paused after a failure")?,
            Update::RollbackStarted => f.write_str(", Swarm is rolling back")?,
            Update::RollbackPaused => f.write_str(", rollback paused after a failure")?,
            Update::RollbackCompleted => f.write_str(", Swarm rolled back")?,
        }
        if let Some(message) = &self.message {
            write!(f, ", Docker says: {message}")?;
        }
        match &self.log_tail {
            Some(words) => write!(f, ", its log ends: {words}"),
            None => Ok(()),
        }
    }
}

/// The services of a stack, each with its tasks' state.
pub async fn stack(docker: &Docker, stack: &str) -> Result<Vec<(Service, Tasks)>, Error> {
    let what = format!("list the services of {stack}");
    let filters = json!({ "label": [format!("{STACK}={stack}")] });
    let services: Vec<Service> = docker.list(&what, "/services", &filters).await?;
    if services.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&str> = services.iter().filter_map(|service| service.id.as_deref()).collect();
    let what = format!("list the tasks of {stack}");
    let tasks: Vec<Task> = docker.list(&what, "/tasks", &json!({ "service": ids })).await?;
    let mut states = Vec::new();
    for service in services {
        let of_service = || tasks.iter().filter(|task| task.service_id == service.id);
        let mut state = evaluate(&service, of_service());
        state.read_log(docker, of_service()).await;
        states.push((service, state));
    }
    Ok(states)
}

impl Tasks {
    /// Reads the end of the log of the last failed task, if there is a message to explain.
    pub(super) async fn read_log<'a>(&mut self, docker: &Docker, tasks: impl Iterator<Item = &'a Task>) {
        if self.message.is_some()
            && let Some(task) = last_failed(tasks).and_then(|task| task.id.as_deref())
        {
            self.log_tail = log::tail(docker, task).await;
        }
    }
}

/// Returns the state of `service` from its `tasks`.
pub fn evaluate<'a>(service: &Service, tasks: impl Iterator<Item = &'a Task>) -> Tasks {
    let spec = service.spec.as_ref();
    let template = spec.and_then(|spec| spec.task_template.as_ref());
    let (mut running, mut all) = (0, Vec::new());
    for task in tasks {
        let state = task.status.as_ref().and_then(|status| status.state);
        let is_current = is_same(task.spec.as_ref(), template);
        let is_wanted = task.desired_state == Some(TaskState::RUNNING);
        if is_current && is_wanted && state == Some(TaskState::RUNNING) {
            running += 1;
        }
        all.push(task);
    }
    let failed = last_failed(all.into_iter());
    let wanted = wanted(spec.and_then(|spec| spec.mode.as_ref()));
    let status = service.update_status.as_ref();
    let update = update(status.and_then(|status| status.state));
    let of_update = status
        .and_then(|status| status.message.clone())
        .filter(|_| !matches!(update, Update::None | Update::Updating | Update::Completed));
    let of_task =
        failed.and_then(|task| task.status.as_ref()?.err.clone()).filter(|_| running < wanted || is_back(update));
    Tasks { wanted, running, update, message: of_task.or(of_update), log_tail: None, changed: changed(service) }
}

/// The time of the last change of the spec. Docker's own time of a service moves when an update ends, too.
fn changed(service: &Service) -> Option<Timestamp> {
    let time = |text: Option<&String>| text.and_then(|text| text.parse::<Timestamp>().ok());
    let moved = time(service.updated_at.as_ref())?;
    let ended = service.update_status.as_ref().filter(|status| update(status.state) == Update::Completed);
    let is_end = |end: Timestamp| moved.duration_since(end).abs() < OF_AN_END;
    let of_end = ended.filter(|status| time(status.completed_at.as_ref()).is_some_and(is_end));
    Some(of_end.and_then(|status| time(status.started_at.as_ref())).unwrap_or(moved))
}

/// The last task that says an error. One that has failed tells more than one that waits for its resources.
fn last_failed<'a>(tasks: impl Iterator<Item = &'a Task>) -> Option<&'a Task> {
    let says_error = |task: &&Task| {
        let error = task.status.as_ref().and_then(|status| status.err.as_ref());
        error.is_some_and(|error| !error.is_empty())
    };
    tasks.filter(says_error).max_by_key(|task| (has_ended(task), when(task)))
}

/// True if the task was made from `template`. Only a service names its runtime, so that is not a difference.
fn is_same(of_task: Option<&TaskSpec>, template: Option<&TaskSpec>) -> bool {
    match (of_task, template) {
        (Some(of_task), Some(template)) => {
            TaskSpec { runtime: None, ..of_task.clone() } == TaskSpec { runtime: None, ..template.clone() }
        }
        _ => false,
    }
}

fn is_back(update: Update) -> bool {
    matches!(update, Update::RollbackStarted | Update::RollbackPaused | Update::RollbackCompleted)
}

fn wanted(mode: Option<&ServiceSpecMode>) -> u64 {
    match mode.and_then(|mode| mode.replicated.as_ref()).and_then(|replicated| replicated.replicas) {
        Some(replicas) => u64::try_from(replicas).unwrap_or_default(),
        // Replicated without a number, and global on the one node there is.
        None => 1,
    }
}

fn has_ended(task: &Task) -> bool {
    let state = task.status.as_ref().and_then(|status| status.state);
    matches!(state, Some(TaskState::FAILED | TaskState::REJECTED))
}

fn when(task: &Task) -> String {
    task.status.as_ref().and_then(|status| status.timestamp.as_ref()).map(ToString::to_string).unwrap_or_default()
}

fn update(state: Option<ServiceUpdateStatusStateEnum>) -> Update {
    use ServiceUpdateStatusStateEnum as State;
    match state {
        None | Some(State::EMPTY) => Update::None,
        Some(State::UPDATING) => Update::Updating,
        Some(State::PAUSED) => Update::Paused,
        Some(State::COMPLETED) => Update::Completed,
        Some(State::ROLLBACK_STARTED) => Update::RollbackStarted,
        Some(State::ROLLBACK_PAUSED) => Update::RollbackPaused,
        Some(State::ROLLBACK_COMPLETED) => Update::RollbackCompleted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A version on trial has its time from the change on, not from the end of the update.
    #[test]
    fn the_end_of_an_update_is_no_change() {
        let service = |updated: &str, state: &str| {
            let status =
                json!({ "State": state, "StartedAt": "2026-11-27T10:00:00Z", "CompletedAt": "2026-11-27T10:00:20Z" });
            serde_json::from_value(json!({ "UpdatedAt": updated, "UpdateStatus": status })).unwrap()
        };
        let seen = |updated: &str, state: &str| changed(&service(updated, state)).unwrap().to_string();
        assert_eq!(seen("2026-11-27T10:00:20.1Z", "completed"), "2026-11-27T10:00:00Z");
        assert_eq!(seen("2026-11-27T10:07:00Z", "completed"), "2026-11-27T10:07:00Z", "changed since");
        assert_eq!(seen("2026-11-27T10:00:20.1Z", "rollback_completed"), "2026-11-27T10:00:20.1Z");
        let created: Service = serde_json::from_value(json!({ "UpdatedAt": "2026-11-27T10:00:00Z" })).unwrap();
        assert_eq!(changed(&created).unwrap().to_string(), "2026-11-27T10:00:00Z");
    }
}
