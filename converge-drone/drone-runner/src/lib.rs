//! Takes stages from Drone and runs each step as a transient systemd service.
//!
//! ```text
//! Drone ──offer──► queue ──accept──► stage ──► step ──► service (systemd)
//!   ▲                                 │          └─ output: pipe ─► mask ─► lines ─┐
//!   └──────────── reports ────────────┴──────────────── live batches, whole log ───┘
//! ```
//!
//! Drone keeps the queue: `queue` asks for the next stage by a long poll while a slot is free. A `stage` runs its steps in
//! the order of its `pipeline`. A step is a [transient service](systemd::transient), so systemd stops every
//! process of a step when the step ends. A restarted runner finds and stops the services of a dead one by their names
//! (`orphans`). During an outage of the server only the reports wait. The program has one thread.

mod config_hash;
mod environment;
mod log;
mod lost;
mod mask;
mod metrics;
mod orphans;
mod pipeline;
pub mod program;
mod queue;
mod rpc;
mod runtime;
pub mod settings;
mod stage;
pub mod status;

use std::sync::Arc;

use secrecy::SecretString;
use systemd::transient::Units;

pub use config_hash::{ProgramFile, config_hash};
pub use lost::LostStage;
use rpc::Client;
pub use rpc::Error as RpcError;
use settings::Settings;
use status::RunnerStatus;

/// The unit in which the NixOS module runs this program.
pub const UNIT: &str = "drone-runner.service";

/// The context of every stage. A reload makes a new one for later stages.
#[derive(Debug)]
struct Runner {
    settings: Settings,
    client: Client,
    units: Units,
    /// The secret that the server and its runners share.
    secret: SecretString,
    status: Arc<RunnerStatus>,
    /// The prefix of the names of this runner's units.
    unit_prefix: String,
}

/// The prefix of the unit names of one machine. No prefix is the beginning of another machine's prefix.
fn unit_prefix(machine: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' { c.to_string() } else { format!("_{:02x}", u32::from(c)) }
    };
    let name: String = machine.chars().map(plain).collect();
    let name = &name[..name.len().min(150)];
    format!("drone-step.{name}.")
}

#[cfg(test)]
mod tests {
    pub(crate) mod drone;

    use super::unit_prefix;

    #[test]
    fn no_machines_units_are_anothers() {
        let names = ["ci", "ci-1", "ci.1", "ci_1", "c", "ci 1"].map(unit_prefix);
        for (index, one) in names.iter().enumerate() {
            assert!(names.iter().enumerate().all(|(other, name)| other == index || !name.starts_with(one.as_str())));
        }
    }
}
