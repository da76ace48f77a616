//! A program of our own that Swarm keeps running: from an archive and a few credentials to a service whose image, secrets
//! and every setting are what the piece wants, and that answers through Traefik.
//!
//! The same way through as in every converger, for the part that all such pieces have in common:
//!
//! - [`ServiceGoal`]: what the piece wants of its service. [`Spec`] is that with ids in place of names, ready for Docker.
//! - [`observed`]: the archive, images, secrets, paths to mount, the service, whether it answers. Reads only.
//! - [`plan`]: pure; what to load and create, and by [`compare`] whether the service differs in what is wanted.
//! - [`change`]: one mutation each, all through Docker.
//!
//! A piece keeps a [`Program`], and says by [`ServiceGoal`] what its service needs.

pub mod change;
pub mod compare;
mod error;
mod facts;
pub mod observed;
pub mod plan;
mod program;
mod spec;

pub use bollard::models::ServiceSpec;

pub use change::Change;
pub use error::Error;
pub use facts::facts;
pub use observed::Observed;
pub use program::{Program, SecretSpec};
pub use spec::{Mount, MountKind, Network, SecretFile, ServiceGoal, Spec};
