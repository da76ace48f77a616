//! The converger of `comment-bridge`, the service that turns a maintainer's `!testme` into one build and one comment.
//!
//! - [`desired`]: the operator's configuration
//! - [`wanted`]: the service that it declares
//! - [`plan`]: the plan; pure
//!
//! [`docker::service`] observes, plans and changes every service of this project, and [`comment_bridge`] is the program.

pub mod desired;
mod facts;
pub mod plan;
pub mod wanted;

use base::configuration::Problem;
use base::fact::Fact;
use base::host::Host;
use base::limits::Limits;
use base::plan::Plan;
use converge::Converger;
use docker::service::Program;

pub use desired::Desired;
pub use docker::service::{Change, Error, Observed};

/// The name of the piece, and the value of the label on its objects.
pub const NAME: &str = "bridge";
/// The name of the program and of its service.
pub use comment_bridge::program::NAME as PROGRAM;

/// The converger, connected.
#[derive(Debug)]
pub struct ConvergeBridge {
    desired: Desired,
    program: Program,
}

impl Converger for ConvergeBridge {
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
        let (wanted, kinds) = (wanted::wanted(&desired), wanted::kinds(&desired));
        let program = Program::connect(&wanted, &desired.probe, &kinds, desired.limits, &host).await?;
        Ok(Self { desired, program })
    }

    fn desired(&self) -> &Desired {
        &self.desired
    }

    async fn observe(&self) -> Result<Observed, Error> {
        self.program.observe(&wanted::wanted(&self.desired)).await
    }

    fn plan(desired: &Desired, observed: &Observed) -> Plan<Change> {
        plan::plan(desired, observed)
    }

    fn facts(desired: &Desired, observed: &Observed) -> Vec<Fact> {
        facts::facts(desired, observed)
    }
}

impl converge::Change<ConvergeBridge> for Change {
    fn object(&self) -> String {
        self.object()
    }

    async fn apply(&self, on: &ConvergeBridge) -> Result<(), Error> {
        self.apply(&on.program).await
    }
}
