//! The context of every request.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::deliver::Delivery;
use crate::git::Git;
use crate::settings::Settings;
use crate::state::State;

#[derive(Debug)]
pub struct Server {
    pub settings: Settings,
    state: Mutex<State>,
    pub deliveries: UnboundedSender<Delivery>,
    waiting: Mutex<Option<UnboundedReceiver<Delivery>>>,
}

impl Server {
    pub fn open(settings: Settings) -> io::Result<Self> {
        std::fs::create_dir_all(settings.folder.join("repositories"))?;
        let (deliveries, waiting) = unbounded_channel();
        Ok(Self {
            state: Mutex::new(State::read(&settings.folder)?),
            settings,
            deliveries,
            waiting: Mutex::new(Some(waiting)),
        })
    }

    /// Gives one request at a time access to the state.
    pub fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn save(&self, state: &State) {
        if let Err(error) = state.write(&self.settings.folder) {
            eprintln!("cannot save: {error}");
        }
    }

    pub fn repositories(&self) -> PathBuf {
        self.settings.folder.join("repositories")
    }

    pub fn git(&self, repository: i64) -> Git {
        Git::at(self.repositories().join(format!("{repository}.git")))
    }

    /// The queue of deliveries. Only the first call gets it.
    pub fn waiting(&self) -> Option<UnboundedReceiver<Delivery>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The time in seconds since 1970.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// A time in Gitea's form: whole seconds.
pub fn moment(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string()
}
