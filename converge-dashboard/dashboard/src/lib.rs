//! The dashboard: every recipe's standing, every run, and the machine itself.
//!
//! It reads files and nothing else. Data flows one way:
//!
//! - [`store`]: reads the directories of runs and keeps one immutable [`store::Snapshot`] of them
//! - [`host`]: the state of the host, from the reports of other programs
//! - [`standing`]: the word that the runs of a recipe add up to; pure
//! - [`artefact`]: the files of a run that are shown
//! - [`log`]: the log of a run, followed
//! - [`pages`]: HTML of a snapshot; pure
//! - [`api`]: JSON of a snapshot, and its description
//! - [`svg`]: badges and strips as pictures
//! - [`web`]: routes and headers
//! - [`program`], [`settings`], [`runtime`]: command line, settings, and the tasks of the process
//! - [`container`]: paths and names that converge-dashboard mounts and sets

pub mod api;
pub mod artefact;
pub mod container;
pub mod host;
pub mod log;
pub mod pages;
pub mod program;
pub mod runtime;
pub mod settings;
pub mod standing;
pub mod store;
pub mod svg;
pub mod web;
