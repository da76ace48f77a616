//! The side that ended a build: the server, or the recipe and its maintainers. Only a build that the server ended is run
//! once more.

use http::drone::Stage;
use results::{Fault, Results, Verdict};

use crate::trigger::Outcome;

/// True if a build ended because of the server: its end was never told; or its runner ended it, without a verdict of the
/// recipe; or the run itself says so. A cancelled or deleted build never did, nor did one that could not be begun, because
/// its `.drone.yml` is at fault.
pub fn was_ended_by_server(outcome: Outcome, stages: &[Stage], results: Option<&Results>) -> bool {
    let by_results = results.filter(|results| results.done);
    match outcome {
        Outcome::Lost => true,
        Outcome::Error => match by_results {
            Some(results) => results.fault == Some(Fault::Server) || results.verdict == Some(Verdict::Pass),
            None => stages.iter().any(Stage::was_ended_by_its_runner),
        },
        Outcome::Failed => by_results.is_some_and(|results| results.fault == Some(Fault::Server)),
        Outcome::Passed | Outcome::Cancelled | Outcome::Deleted => false,
    }
}

#[cfg(test)]
mod tests {
    use http::drone::Status;

    use super::*;

    fn stage(status: Status, error: &str, steps: usize) -> Stage {
        Stage { status, error: error.into(), steps }
    }

    fn results(verdict: Verdict, fault: Option<Fault>) -> Results {
        Results { done: true, verdict: Some(verdict), fault, ..Results::default() }
    }

    #[test]
    fn only_the_server_s_own_end_is_run_again() {
        use Outcome::{Cancelled, Deleted, Error, Failed, Lost, Passed};
        let begun = [stage(Status::Success, "", 1), stage(Status::Error, "systemd has lost the step's unit", 2)];
        let refused = [stage(Status::Error, "line 3: a step has no commands", 0)];
        let never_begun = [stage(Status::Error, "the runner ended; start the build again", 0)];
        let failed = [stage(Status::Failure, "", 2)];
        let (server, recipe) = (Some(Fault::Server), Some(Fault::Recipe));
        for (outcome, stages, results, expected) in [
            (Error, &begun[..], None, true),
            (Error, &never_begun[..], None, true),
            (Error, &refused[..], None, false),
            (Error, &[], None, false),
            (Error, &begun[..], Some(results(Verdict::Pass, None)), true),
            (Error, &begun[..], Some(results(Verdict::Fail, recipe)), false),
            (Error, &begun[..], Some(results(Verdict::Error, server)), true),
            (Error, &begun[..], Some(Results { done: false, ..results(Verdict::Fail, recipe) }), true),
            (Failed, &failed[..], Some(results(Verdict::Error, server)), true),
            (Failed, &failed[..], Some(results(Verdict::Fail, recipe)), false),
            (Failed, &failed[..], Some(results(Verdict::Error, None)), false),
            (Failed, &failed[..], Some(Results { done: false, ..results(Verdict::Error, server) }), false),
            (Failed, &failed[..], None, false),
            (Lost, &[], None, true),
            (Cancelled, &begun[..], Some(results(Verdict::Error, server)), false),
            (Deleted, &[], None, false),
            (Passed, &[], Some(results(Verdict::Pass, None)), false),
        ] {
            let found = was_ended_by_server(outcome, stages, results.as_ref());
            assert_eq!(found, expected, "{outcome:?}, {stages:?}, {results:?}");
        }
    }
}
