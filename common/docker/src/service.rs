//! A program of our own as a Swarm service: from an archive and credentials to a service that is as declared and answers
//! through Traefik.
//!
//! The modules are those of a converger, for the part that all such pieces share:
//!
//! - [`ServiceSettings`]: the settings that all such pieces have, and their problems.
//! - [`ServiceGoal`]: the goal of the piece. [`Spec`] is the same with ids in place of names, ready for Docker.
//! - [`observed`]: the archive, images, secrets, paths to mount, the service, its health. Reads only.
//! - [`plan`]: pure; images and secrets to create, and the update of a service that differs ([`compare`]).
//! - [`change`]: one mutation each, all through Docker.
//!
//! A piece keeps a [`Program`] and declares its service by a [`ServiceGoal`].

pub mod change;
pub mod compare;
mod error;
mod facts;
pub mod observed;
pub mod plan;
mod program;
mod settings;
mod spec;

pub use bollard::models::ServiceSpec;

pub use change::Change;
pub use error::Error;
pub use facts::facts;
pub use observed::Observed;
pub use program::{Program, SecretSpec};
pub use settings::ServiceSettings;
pub use spec::{Mount, MountKind, Network, SecretFile, ServiceGoal, Spec};
