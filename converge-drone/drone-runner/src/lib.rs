//! Takes stages from Drone and runs each step as a transient systemd service.
//!
//! ```text
//! Drone ──offer──► life ──take──► stage ──► step ──► unit (systemd)
//!   ▲                              │          └─ output: pipe ─► mask ─► lines ─┐
//!   └────────── reports ───────────┴───────────────── live batches, whole log ──┘
//! ```
//!
//! Drone keeps the queue: [`life`] asks for the next stage by a long poll while there is a free slot. A [`stage`] runs its
//! steps in the order of its [`pipeline`]; a step is a unit of its own ([`systemd::transient`]), so that when it ends, however it ends,
//! systemd stops everything it has started. What a dead runner left is found by its name and ended by the next one.
//! A server that is gone keeps nothing waiting but the reports. Everything runs on one thread.

pub mod board;
pub mod environment;
pub mod inputs;
pub mod life;
pub mod log;
pub mod mask;
mod metrics;
mod offers;
mod orphans;
pub mod pipeline;
pub mod program;
pub mod rpc;
pub mod settings;
pub mod stage;

use std::sync::Arc;

use secrecy::SecretString;

use board::Board;
use rpc::Client;
use settings::Settings;
use systemd::transient::Units;

/// What every stage is run with; a reload makes another one for the stages to come.
#[derive(Debug)]
pub struct Runner {
    /// What the operator declared.
    pub settings: Settings,
    /// Drone's server.
    pub client: Client,
    /// systemd.
    pub units: Units,
    /// What the server and its runners share.
    pub secret: SecretString,
    /// What is going on, for whoever looks.
    pub board: Arc<Board>,
    /// What the names of this runner's units begin with.
    pub prefix: String,
}

/// What the names of the units begin with that a machine of this name starts. No such beginning is one of another's.
pub fn prefix(machine: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' { c.to_string() } else { format!("_{:02x}", u32::from(c)) }
    };
    let name: String = machine.chars().map(plain).collect();
    let name = &name[..name.len().min(150)];
    format!("drone-step.{name}.")
}

#[cfg(test)]
mod tests {
    use super::prefix;

    #[test]
    fn no_machines_units_are_anothers() {
        let names = ["ci", "ci-1", "ci.1", "ci_1", "c", "ci 1"].map(prefix);
        for (place, one) in names.iter().enumerate() {
            assert!(names.iter().enumerate().all(|(other, name)| other == place || !name.starts_with(one.as_str())));
        }
    }
}
