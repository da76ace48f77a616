//! Logs of running steps: kept during the step, and streamed to watchers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Number of lines that a late watcher gets.
const KEPT: usize = 5000;

/// A line of a log.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Line {
    pub pos: i64,
    pub out: String,
    pub time: i64,
}

#[derive(Debug, Default)]
pub struct Live {
    logs: Mutex<BTreeMap<i64, Log>>,
}

#[derive(Debug, Default)]
struct Log {
    lines: VecDeque<String>,
    watchers: Vec<UnboundedSender<String>>,
}

impl Live {
    /// Begins an empty log of a step.
    pub fn begin(&self, step: i64) {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).insert(step, Log::default());
    }

    /// Ends a step's log. The runner uploads the complete log separately.
    pub fn end(&self, step: i64) {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).remove(&step);
    }

    /// Adds a line, unless the step has no log.
    pub fn add(&self, step: i64, line: &Line) -> Result<(), &'static str> {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let log = logs.get_mut(&step).ok_or("stream: not found")?;
        let text = serde_json::to_string(line).unwrap_or_default() + "\n";
        log.watchers.retain(|watcher| watcher.send(text.clone()).is_ok());
        log.lines.push_back(text);
        if log.lines.len() > KEPT {
            log.lines.pop_front();
        }
        Ok(())
    }

    /// The lines so far and the lines to come. Ends at once when the step has no log.
    pub fn watch(&self, step: i64) -> UnboundedReceiver<String> {
        let (sender, receiver) = unbounded_channel();
        if let Some(log) = self.logs.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&step) {
            for line in &log.lines {
                drop(sender.send(line.clone()));
            }
            log.watchers.push(sender);
        }
        receiver
    }
}
