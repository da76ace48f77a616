//! The context of every handler.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::Failure;
use crate::events::Events;
use crate::faults::Faults;
use crate::gitea::Gitea;
use crate::live::Live;
use crate::log;
use crate::queue::Queue;
use crate::settings::Settings;
use crate::state::State;

#[derive(Debug)]
pub struct Server {
    pub settings: Settings,
    pub gitea: Gitea,
    pub queue: Queue,
    pub live: Live,
    pub events: Events,
    pub faults: Faults,
    state: Mutex<State>,
}

impl Server {
    pub fn open(settings: Settings) -> Result<Self, Failure> {
        let state = State::read(&settings.data).map_err(|error| format!("{}: {error}", settings.data.display()))?;
        Ok(Self {
            gitea: Gitea::new(&settings)?,
            queue: Queue::default(),
            live: Live::default(),
            events: Events::default(),
            faults: Faults::default(),
            state: Mutex::new(state),
            settings,
        })
    }

    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the state and saves it before any answer or event is sent.
    pub fn write<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = change(&mut state);
        if let Err(error) = state.write(&self.settings.data) {
            self.log("error", "cannot save", &[("error", error.to_string())]);
        }
        outcome
    }

    pub fn log(&self, level: &str, message: &str, fields: &[(&str, String)]) {
        log::line(self.settings.logs_text, level, message, fields);
    }

    /// The file of a step's complete log.
    pub fn log_file(&self, step: i64) -> std::path::PathBuf {
        self.settings.data.join("logs").join(step.to_string())
    }

    pub fn save_log(&self, step: i64, bytes: &[u8]) -> io::Result<()> {
        let mut file = std::fs::File::create_new(self.log_file(step))?;
        io::Write::write_all(&mut file, bytes)
    }
}

/// The time in seconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
