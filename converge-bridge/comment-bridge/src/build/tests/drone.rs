//! The Drone of tests/doubles, as these tests ask it.

use std::sync::MutexGuard;

use doubles::{ClockOf, Clocks, Fault, FaultRule, Network, Pipeline, Shared, lock};
use jiff::Timestamp;

/// Drone's time at the beginning.
pub const BEGIN: i64 = 1_800_000_000;

/// A Drone whose builds wait until a test changes their status.
#[derive(Debug, Clone)]
pub struct Drone(pub Shared);

impl Drone {
    pub fn new() -> Self {
        let mut network = Network::new(0);
        network.clocks = Clocks::begin_at(Timestamp::from_second(BEGIN).unwrap());
        (network.there, network.back) = ((10, 10), (0, 0));
        network.drone.capacity = 0;
        network.drone.branches.insert("stable".into(), Pipeline::Fine);
        Self(network.shared())
    }

    pub fn network(&self) -> MutexGuard<'_, Network> {
        let mut network = lock(&self.0);
        network.settle();
        network
    }

    /// The next so many calls with these words have this fault.
    pub fn fault(&self, what: &'static str, fault: Fault, times: u32) {
        self.network().faults.push(FaultRule { what, after: 0, times, fault });
    }

    pub fn set(&self, number: i64, status: &str) {
        let mut network = self.network();
        let now = network.clocks.now(ClockOf::Drone);
        network.drone.set(number, status, now);
    }

    /// Adds a build with these parameters. Returns its number.
    pub fn add(&self, params: &[(&str, &str)]) -> i64 {
        let mut network = self.network();
        let now = network.clocks.now(ClockOf::Drone);
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        network.drone.add(params, "stable", now)
    }

    /// The status of each build, from the first one.
    pub fn statuses(&self) -> Vec<&'static str> {
        let known = ["pending", "running", "success", "failure", "error", "killed"];
        let network = self.network();
        let of = |status: &str| *known.iter().find(|it| **it == status).unwrap_or(&"another");
        network.drone.builds.values().map(|build| of(&build.status)).collect()
    }

    /// The number of calls with these words.
    pub fn asked(&self, what: &str) -> usize {
        self.network().calls.iter().filter(|(_, line, _)| FaultRule::matches(what, line)).count()
    }
}
