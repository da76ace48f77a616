//! The state's files: one with the data that may still change, written again by rename each time, and one to which each
//! ended build is appended.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::model::{Build, Stage, Step, is_done};
use crate::state::State;

/// An ended build with its rows. The last line of a build counts.
#[derive(Debug, Serialize, Deserialize)]
struct Ended {
    build: Build,
    stages: Vec<Stage>,
    steps: Vec<Step>,
}

/// Reads a missing file as empty.
fn or_nothing(read: io::Result<Vec<u8>>) -> io::Result<Vec<u8>> {
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read,
    }
}

impl State {
    pub fn read(directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory.join("logs"))?;
        let bytes = or_nothing(fs::read(directory.join("stand-in.json")))?;
        let mut state: Self = if bytes.is_empty() { Self::default() } else { serde_json::from_slice(&bytes)? };
        let open: Vec<i64> = state.builds.keys().copied().collect();
        for line in or_nothing(fs::read(directory.join("ended.jsonl")))?.split(|byte| *byte == b'\n') {
            // A torn line belongs to a build that the other file still has.
            let Ok(Ended { build, stages, steps }) = serde_json::from_slice(line) else { continue };
            if !open.contains(&build.id) && !state.is_purged(&build) {
                state.ended.insert(build.id);
                state.builds.insert(build.id, build);
                state.stages.extend(stages.into_iter().map(|stage| (stage.id, stage)));
                state.steps.extend(steps.into_iter().map(|step| (step.id, step)));
            }
        }
        Ok(state)
    }

    pub fn write(&mut self, directory: &Path) -> io::Result<()> {
        let ended: Vec<i64> = self.builds.keys().copied().filter(|id| self.has_ended(*id)).collect();
        if !ended.is_empty() {
            let mut lines = Vec::from(b"\n");
            for id in &ended {
                serde_json::to_writer(&mut lines, &self.rows(*id))?;
                lines.push(b'\n');
            }
            OpenOptions::new().create(true).append(true).open(directory.join("ended.jsonl"))?.write_all(&lines)?;
            self.ended.extend(ended);
        }
        let new = directory.join("stand-in.json.new");
        fs::write(&new, serde_json::to_vec(&self.open())?)?;
        fs::rename(new, directory.join("stand-in.json"))
    }

    /// True if a build and all its rows have ended and are not saved as ended yet.
    fn has_ended(&self, id: i64) -> bool {
        !self.ended.contains(&id)
            && self.builds.get(&id).is_some_and(|build| is_done(&build.status))
            && self.stages.values().filter(|stage| stage.build_id == id).all(|stage| is_done(&stage.status))
    }

    fn rows(&self, id: i64) -> Option<Ended> {
        let build = self.builds.get(&id)?.clone();
        let stages: Vec<Stage> = self.stages.values().filter(|stage| stage.build_id == id).cloned().collect();
        let is_its = |step: &&Step| stages.iter().any(|stage| stage.id == step.stage_id);
        let steps = self.steps.values().filter(is_its).cloned().collect();
        Some(Ended { build, stages, steps })
    }

    /// All data except the builds that are saved as ended.
    fn open(&self) -> Open<'_> {
        let is_open = |build: i64| !self.ended.contains(&build);
        let stages: BTreeMap<_, _> = self.stages.iter().filter(|(_, stage)| is_open(stage.build_id)).collect();
        Open {
            state: self,
            builds: self.builds.iter().filter(|(id, _)| is_open(**id)).collect(),
            steps: self.steps.iter().filter(|(_, step)| stages.contains_key(&step.stage_id)).collect(),
            stages,
        }
    }
}

#[derive(Serialize)]
struct Open<'a> {
    #[serde(flatten)]
    state: &'a State,
    builds: BTreeMap<&'a i64, &'a Build>,
    stages: BTreeMap<&'a i64, &'a Stage>,
    steps: BTreeMap<&'a i64, &'a Step>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(status: &str) -> State {
        let mut state = State::default();
        state.builds.insert(1, Build { id: 1, status: status.to_owned(), ..Build::default() });
        state.stages.insert(5, Stage { id: 5, build_id: 1, status: status.to_owned(), ..Stage::default() });
        state.steps.insert(9, Step { id: 9, stage_id: 5, ..Step::default() });
        state
    }

    #[test]
    fn an_ended_build_is_kept_apart_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        state("success").write(folder.path()).unwrap();
        let main = fs::read_to_string(folder.path().join("stand-in.json")).unwrap();
        assert!(main.contains("\"builds\":{},\"stages\":{},\"steps\":{}"), "{main}");
        let state = State::read(folder.path()).unwrap();
        assert_eq!((state.builds.len(), state.stages[&5].build_id, state.steps[&9].stage_id), (1, 1, 5));
    }

    #[test]
    fn changes_after_the_end_are_saved() {
        let folder = tempfile::tempdir().unwrap();
        let mut rows = state("success");
        rows.write(folder.path()).unwrap();
        let mut stage = rows.stages[&5].clone();
        stage.machine = "late".to_owned();
        rows.save_stage(&mut stage).unwrap();
        rows.write(folder.path()).unwrap();
        assert_eq!(State::read(folder.path()).unwrap().stages[&5].machine, "late");
    }

    #[test]
    fn a_deleted_build_stays_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let mut rows = state("success");
        rows.write(folder.path()).unwrap();
        rows.purge(0, 1);
        rows.write(folder.path()).unwrap();
        assert!(rows.builds.is_empty() && State::read(folder.path()).unwrap().builds.is_empty());
    }

    #[test]
    fn a_torn_line_is_of_a_build_that_is_still_open() {
        let folder = tempfile::tempdir().unwrap();
        state("running").write(folder.path()).unwrap();
        fs::write(folder.path().join("ended.jsonl"), b"\n{\"build\": {\"id\": 1, \"sta").unwrap();
        assert_eq!(State::read(folder.path()).unwrap().builds[&1].status, "running");
    }
}
