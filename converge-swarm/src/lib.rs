//! Brings one machine to a single-node Docker Swarm with its networks.
//!
//! - [`desired`]: the configuration: address, pools, task history, networks.
//! - [`observed`]: the swarm's state, its settings, the networks of the declared names and what is attached to them.
//! - [`plan`]: pure; changes, waits, drift and blocks.
//! - [`change`]: initialise, set the task history, create and remove networks. Nothing else is ever written.
//!
//! Nothing is repaired by force: a locked, broken or foreign swarm is a block with the commands that mend it, and a network
//! is recreated only while nothing is attached to it.

pub mod change;
pub mod desired;
mod error;
mod facts;
pub mod observed;
pub mod plan;

use base::configuration::Problem;
use base::fact::Fact;
use base::host::Host;
use base::limits::Limits;
use base::plan::Plan;
use converge::Converger;
use docker::Docker;

pub use change::Change;
pub use desired::Desired;
pub use error::Error;
pub use observed::Observed;

/// The piece's name, and the value of the label on what it creates.
pub const NAME: &str = "swarm";

/// The converger, connected to a daemon.
#[derive(Debug)]
pub struct Swarm {
    desired: Desired,
    docker: Docker,
}

impl Converger for Swarm {
    const NAME: &'static str = NAME;
    type Desired = Desired;
    type Observed = Observed;
    type Change = Change;
    type Error = Error;

    fn check(desired: &Desired) -> Vec<Problem> {
        desired.problems()
    }

    fn limits(desired: &Desired) -> Limits {
        desired.limits
    }

    async fn connect(desired: Desired, host: Host) -> Result<Self, Error> {
        let deadline = desired.limits.call();
        let docker = host.backoff.retry(async || Docker::connect(&host.docker_host, deadline).await).await?;
        Ok(Self { desired, docker })
    }

    fn desired(&self) -> &Desired {
        &self.desired
    }

    async fn observe(&self) -> Result<Observed, Error> {
        observed::observe(&self.docker, &self.desired).await
    }

    fn plan(desired: &Desired, observed: &Observed) -> Plan<Change> {
        plan::plan(desired, observed)
    }

    fn facts(desired: &Desired, observed: &Observed) -> Vec<Fact> {
        facts::facts(desired, observed)
    }
}
