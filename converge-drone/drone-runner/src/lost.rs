//! Stages that Drone has under a runner's name and that the runner does not have, for example because its state directory
//! was lost. The protocol of runners has no list of them: converge-drone finds them by Drone's API, and ends them here.

use std::collections::BTreeSet;

use base::clock::unix_seconds;
use http::drone::{START_AGAIN, Status};
use secrecy::SecretString;
use serde_json::Value;

use crate::rpc::wire::{Details, Step};
use crate::rpc::{Client, Error};
use crate::settings::Settings;
use crate::stage::{Folder, LOCK};

/// The error that Drone shows for such a stage.
const ERROR: &str = "the runner lost this while it ran";

/// An open stage of a runner that does not have it.
#[derive(Debug)]
pub struct LostStage {
    client: Client,
    details: Details,
}

impl LostStage {
    /// The stages that the runner with these settings has: each has a folder from before its acceptance until Drone has
    /// taken its end. `None` if the runner's directory cannot be seen.
    pub fn held(settings: &Settings) -> Option<BTreeSet<i64>> {
        let directory = &settings.steps.directory;
        directory.join(LOCK).exists().then(|| Folder::all(directory).into_iter().map(|(id, _)| id).collect())
    }

    /// Reads the stage. `None` if it has ended meanwhile, or is another runner's.
    pub async fn read(settings: &Settings, secret: SecretString, stage: i64) -> Result<Option<Self>, Error> {
        let client = Client::new(settings, secret, &settings.machine())?;
        match client.details(stage).await {
            Ok(details) => {
                let is_open = !details.stage.status.is_over() && details.stage.machine == client.machine();
                Ok(is_open.then_some(Self { client, details }))
            }
            Err(Error::Unknown) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The repository, `owner/name`.
    pub fn repository(&self) -> &str {
        &self.details.repository.slug
    }

    /// The number of the build.
    pub fn build(&self) -> i64 {
        self.details.build.number
    }

    /// Ends the stage with these steps, as Drone's API has them.
    pub async fn end(self, steps: Vec<Value>) -> Result<(), Error> {
        let mut stage = self.details.stage;
        stage.steps = steps.into_iter().filter_map(|step| serde_json::from_value::<Step>(step).ok()).collect();
        stage.end(Status::Error, &format!("{ERROR}; {START_AGAIN}"), unix_seconds());
        self.client.update_stage(&mut stage).await
    }
}
