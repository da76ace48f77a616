//! Errors of a pipeline. Drone's page shows them.

use std::path::PathBuf;

use super::yaml;
use crate::environment::Rejection;

/// An error of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the pipeline file is not text")]
    NotText,
    #[error("the pipeline file is wrong: {0}")]
    Yaml(#[from] yaml::Error),
    #[error("the pipeline file has no pipeline `{name}`")]
    Missing { name: String },
    #[error("this runner runs pipelines of type exec, and this one's type is `{pipeline_type}`")]
    Type { pipeline_type: String },
    #[error("the pipeline has no type, so that Drone takes it for one of type docker; this runner runs type exec")]
    NoType,
    #[error("this runner runs linux/{}, and the pipeline asks for {os}/{arch}", crate::rpc::wire::architecture())]
    Platform { os: String, arch: String },
    #[error("workspace.path must lie below the stage's own folder, and `{}` does not", path.display())]
    Workspace { path: PathBuf },
    #[error("the pipeline has no steps")]
    Empty,
    #[error("the pipeline has {number} steps, more than {most}")]
    Many { number: usize, most: usize },
    #[error("`{name}` is no name of a step")]
    Name { name: String },
    #[error("two steps are named `{name}`")]
    Twice { name: String },
    #[error("step `{step}` has no commands")]
    NoCommands { step: String },
    #[error("step `{step}` has a command with a NUL character")]
    Nul { step: String },
    #[error("step `{step}` cannot set `{variable}`: it {reason}")]
    Variable { step: String, variable: String, reason: Rejection },
    #[error("step `{step}` asks for the secret `{secret}`, and this build has none of that name")]
    Secret { step: String, secret: String },
    #[error("step `{step}`, when.status: `{word}` is neither success nor failure")]
    When { step: String, word: String },
    #[error("step `{step}`, failure: `{word}` is unknown, only `ignore` is known")]
    Failure { step: String, word: String },
    #[error("step `{step}` depends on `{on}`, and there is no such step")]
    Unknown { step: String, on: String },
    #[error("steps depend on each other in a circle: {}", names.join(", "))]
    Circle { names: Vec<String> },
}
