//! Takes stages from Drone and runs each step as a transient systemd service.
//!
//! Drone keeps the queue. A slot asks for the next stage by a long poll, takes it, runs its steps and reports; when the
//! stage ends, however it ends, no process of it is left: systemd stops a step's whole control group.

pub mod environment;
pub mod inputs;
pub mod pipeline;
pub mod rpc;
pub mod settings;
