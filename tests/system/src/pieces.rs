//! Reports of the convergers, and changes in the Swarm.

use lab::Lab;
use serde_json::Value;

use crate::error::{Error, Result};

/// The report of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Report(pub Value);

impl Report {
    /// Outcome of the run.
    pub fn outcome(&self) -> &str {
        self.0["outcome"].as_str().unwrap_or_default()
    }

    /// Start time; identifies the run.
    pub fn started(&self) -> &str {
        self.0["started"].as_str().unwrap_or_default()
    }

    /// The changes, one line each.
    pub fn changes(&self) -> Vec<&str> {
        self.0["changes"].as_array().into_iter().flatten().filter_map(|change| change["change"].as_str()).collect()
    }

    /// The complete report as text, for searches.
    pub fn text(&self) -> String {
        self.0.to_string()
    }
}

/// The report of `converge-<piece>`.
pub fn report(lab: &Lab, piece: &str) -> Result<Report> {
    let text = lab.read_file(&format!("/run/converge/{piece}.json"))?;
    let value = serde_json::from_str(&text).map_err(|source| Error::Report { piece: piece.to_owned(), source })?;
    Ok(Report(value))
}

/// The line that `systemctl status` shows of `converge-<piece>`.
pub fn status(lab: &Lab, piece: &str) -> Result<String> {
    let unit = format!("converge-{piece}.service");
    Ok(lab.exec(&["systemctl", "show", "--property=StatusText", "--value", &unit])?.text()?)
}

/// The version index of every object in Swarm.
pub type Indices = Vec<String>;

/// The version index of the swarm, its services, secrets and configs, and the ids of its networks.
pub fn swarm_indices(lab: &Lab) -> Result<Indices> {
    let script = "\
        docker info --format 'swarm {{.Swarm.Cluster.Version.Index}}'; \
        for kind in service secret config; do \
          for id in $(docker $kind ls --quiet); do \
            docker $kind inspect --format \"$kind {{.ID}} {{.Version.Index}}\" $id; done; done; \
        docker network ls --no-trunc --filter scope=swarm --format 'network {{.ID}}'";
    let text = lab.exec(&["sh", "-ec", script])?.text()?;
    let mut indices: Indices = text.lines().map(str::to_owned).collect();
    indices.sort();
    Ok(indices)
}
