//! The counters as Prometheus reads them: text exposition format 0.0.4.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use daemon::prometheus::{Exposition, Type};

use super::{BUCKETS, DeliveryResult, Metrics, RequestResult, Task};
use crate::problem::GiteaProblem;
use crate::trigger::StateKind;

/// Values that are read each time.
#[derive(Debug, Default)]
pub struct Gauges {
    /// How many triggers there are of each kind; nothing, when the ledger cannot be read.
    pub triggers: Option<Vec<(StateKind, i64)>>,
    /// The number of problems.
    pub problems: usize,
    /// The number of notes.
    pub notes: usize,
}

impl Metrics {
    /// Everything that is counted, with what was looked at just now.
    pub fn text(&self, gauges: &Gauges) -> String {
        let mut text = Exposition::default();
        text.metric("comment_bridge_info", Type::Gauge, "The version that runs.");
        text.sample("comment_bridge_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);

        let name = "comment_bridge_polls_total";
        text.metric(name, Type::Counter, "Readings of a source, by whether all of it was read.");
        for (result, polls) in ["complete", "failed"].iter().zip(&self.polls) {
            text.sample(name, &[("result", result)], get(polls));
        }
        let name = "comment_bridge_requests_total";
        text.metric(name, Type::Counter, "Requests to Gitea and Drone, each attempt by itself, by what came of it.");
        for (service, requests) in ["gitea", "drone"].iter().zip(&self.requests) {
            for (result, requests) in RequestResult::ALL.iter().zip(requests) {
                text.sample(name, &[("service", service), ("result", result.name())], get(requests));
            }
        }
        let name = "comment_bridge_failures_total";
        text.metric(name, Type::Counter, "Failures of Gitea that hold up a comment, each attempt by itself.");
        for (task, failures) in Task::ALL.iter().zip(&self.failures) {
            for (problem, failures) in GiteaProblem::NAMES.iter().zip(failures) {
                text.sample(name, &[("task", task.name()), ("problem", problem)], get(failures));
            }
        }
        let name = "comment_bridge_rate_limit_wait_seconds_total";
        text.metric(name, Type::Counter, "Seconds waited because a server asked for it.");
        text.sample(name, &[], time(&self.waited).as_secs_f64());

        let name = "comment_bridge_hook_deliveries_total";
        text.metric(name, Type::Counter, "Deliveries of the webhook, by what became of them.");
        for (verdict, deliveries) in DeliveryResult::ALL.iter().zip(&self.deliveries) {
            text.sample(name, &[("result", verdict.name())], get(deliveries));
        }
        let name = "comment_bridge_comments_written_total";
        text.metric(name, Type::Counter, "Comments that were written or edited.");
        text.sample(name, &[], get(&self.comments));

        let built = BUCKETS.iter().zip(&self.built);
        let buckets: Vec<(Duration, u64)> =
            built.map(|(most, builds)| (Duration::from_millis(*most), get(builds))).collect();
        text.histogram(
            "comment_bridge_build_latency_seconds",
            "Seconds between a comment and its build.",
            &buckets,
            self.built.last().map_or(0, get),
            time(&self.built_after),
        );
        gauges.text(&mut text);
        text.finish()
    }
}

impl Gauges {
    fn text(&self, text: &mut Exposition) {
        let name = "comment_bridge_triggers";
        text.metric(name, Type::Gauge, "Triggers in the ledger, by state.");
        for (kind, triggers) in self.triggers.iter().flatten() {
            text.sample(name, &[("state", kind.name())], triggers);
        }
        text.gauge("comment_bridge_problems", "Problems at present; triggers.json names them.", self.problems);
        text.gauge("comment_bridge_notes", "Notes since the start; triggers.json has them.", self.notes);
        text.resident_memory("comment_bridge");
    }
}

/// A sum of time, kept in microseconds.
fn time(counter: &AtomicU64) -> Duration {
    Duration::from_micros(get(counter))
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use http::{Observer, Service};
    use reqwest::StatusCode;

    use super::*;

    #[test]
    fn counters_are_told_as_prometheus_reads_them() {
        let metrics = Metrics::default();
        metrics.poll(true);
        metrics.poll(false);
        metrics.asked(Service::Gitea, Ok(StatusCode::OK));
        metrics.asked(Service::Gitea, Ok(StatusCode::OK));
        metrics.asked(Service::Drone, Ok(StatusCode::BAD_GATEWAY));
        metrics.waited(Duration::from_millis(1500));
        metrics.built(Duration::from_millis(5200));
        metrics.built(Duration::from_hours(2));
        metrics.delivery(DeliveryResult::InvalidSignature);
        metrics.failure(Task::Decide, GiteaProblem::Refused);
        let text = metrics.text(&Gauges { triggers: Some(vec![(StateKind::Building, 3)]), problems: 2, notes: 1 });
        for line in [
            "comment_bridge_polls_total{result=\"complete\"} 1",
            "comment_bridge_polls_total{result=\"failed\"} 1",
            "comment_bridge_requests_total{service=\"gitea\",result=\"ok\"} 2",
            "comment_bridge_requests_total{service=\"drone\",result=\"server_error\"} 1",
            "comment_bridge_failures_total{task=\"decide\",problem=\"refused\"} 1",
            "comment_bridge_failures_total{task=\"poll\",problem=\"refused\"} 0",
            "comment_bridge_rate_limit_wait_seconds_total 1.5",
            "comment_bridge_build_latency_seconds_bucket{le=\"5\"} 0",
            "comment_bridge_build_latency_seconds_bucket{le=\"6\"} 1",
            "comment_bridge_build_latency_seconds_bucket{le=\"3600\"} 1",
            "comment_bridge_build_latency_seconds_bucket{le=\"+Inf\"} 2",
            "comment_bridge_build_latency_seconds_sum 7205.2",
            "comment_bridge_build_latency_seconds_count 2",
            "comment_bridge_hook_deliveries_total{result=\"invalid_signature\"} 1",
            "comment_bridge_triggers{state=\"building\"} 3",
            "comment_bridge_problems 2",
            "comment_bridge_notes 1",
        ] {
            assert!(text.lines().any(|it| it == line), "no line `{line}` in\n{text}");
        }
        assert!(text.contains("\ncomment_bridge_resident_memory_bytes "));
    }

    #[test]
    fn each_name_is_declared_once_and_every_line_is_of_a_declared_name() {
        let text = Metrics::default().text(&Gauges::default());
        let declared: Vec<&str> = text.lines().filter_map(|it| it.strip_prefix("# TYPE ")?.split(' ').next()).collect();
        let mut once = declared.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), declared.len());
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            assert!(declared.iter().any(|name| line.starts_with(name)), "{line}");
            assert!(line.rsplit_once(' ').unwrap().1.parse::<f64>().is_ok(), "{line}");
        }
    }
}
