//! The counters as Prometheus reads them: text exposition format 0.0.4.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{BUCKETS, DeliveryResult, Metrics, RequestResult};
use crate::trigger::StateKind;

/// The content type of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What is looked at when somebody asks.
#[derive(Debug, Default)]
pub struct Gauges {
    /// How many triggers there are of each kind; nothing, when the ledger cannot be read.
    pub triggers: Option<Vec<(StateKind, i64)>>,
    /// How many problems there are.
    pub problems: usize,
}

impl Metrics {
    /// Everything that is counted, with what was looked at just now.
    pub fn text(&self, gauges: &Gauges) -> String {
        let mut text = String::new();
        head(&mut text, "comment_bridge_info", "gauge", "The version that runs.");
        line(&mut text, "comment_bridge_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);

        let name = "comment_bridge_polls_total";
        head(&mut text, name, "counter", "Readings of a source, by whether all of it was read.");
        for (result, polls) in ["complete", "failed"].iter().zip(&self.polls) {
            line(&mut text, name, &[("result", result)], get(polls));
        }
        let name = "comment_bridge_requests_total";
        head(&mut text, name, "counter", "Requests to Gitea and Drone, each attempt by itself, by what came of it.");
        for (service, requests) in ["gitea", "drone"].iter().zip(&self.requests) {
            for (result, requests) in RequestResult::ALL.iter().zip(requests) {
                line(&mut text, name, &[("service", service), ("result", result.name())], get(requests));
            }
        }
        let name = "comment_bridge_rate_limit_wait_seconds_total";
        head(&mut text, name, "counter", "Seconds waited because a server asked for it.");
        seconds(&mut text, name, &self.waited);

        let name = "comment_bridge_hook_deliveries_total";
        head(&mut text, name, "counter", "Deliveries of the webhook, by what became of them.");
        for (verdict, deliveries) in DeliveryResult::ALL.iter().zip(&self.deliveries) {
            line(&mut text, name, &[("result", verdict.name())], get(deliveries));
        }
        let name = "comment_bridge_comments_written_total";
        head(&mut text, name, "counter", "Comments that were written or edited.");
        line(&mut text, name, &[], get(&self.comments));

        self.latency(&mut text);
        gauges.text(&mut text);
        text
    }

    fn latency(&self, text: &mut String) {
        let name = "comment_bridge_build_latency_seconds";
        head(text, name, "histogram", "Seconds between a comment and its build.");
        let bucket = format!("{name}_bucket");
        let mut so_far = 0;
        for (most, builds) in BUCKETS.iter().zip(&self.built) {
            so_far += get(builds);
            line(text, &bucket, &[("le", &Duration::from_millis(*most).as_secs_f64().to_string())], so_far);
        }
        so_far += self.built.last().map_or(0, get);
        line(text, &bucket, &[("le", "+Inf")], so_far);
        seconds(text, &format!("{name}_sum"), &self.built_after);
        line(text, &format!("{name}_count"), &[], so_far);
    }
}

impl Gauges {
    fn text(&self, text: &mut String) {
        let name = "comment_bridge_triggers";
        head(text, name, "gauge", "Triggers in the ledger, by state.");
        for (kind, triggers) in self.triggers.iter().flatten() {
            line(text, name, &[("state", kind.name())], u64::try_from(*triggers).unwrap_or_default());
        }
        let name = "comment_bridge_problems";
        head(text, name, "gauge", "What stands in the way at present; /healthz says what.");
        line(text, name, &[], self.problems as u64);
        if let Some(bytes) = resident() {
            let name = "process_resident_memory_bytes";
            head(text, name, "gauge", "Resident memory size in bytes.");
            line(text, name, &[], bytes);
        }
    }
}

/// What this process has in memory.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a String cannot fail.
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
}

/// Labels are words of this program; nothing in them has to be escaped.
fn line(text: &mut String, name: &str, labels: &[(&str, &str)], value: u64) {
    let labels: Vec<String> = labels.iter().map(|(label, is)| format!("{label}=\"{is}\"")).collect();
    let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    let _ = writeln!(text, "{name}{labels} {value}");
}

fn seconds(text: &mut String, name: &str, time: &AtomicU64) {
    let _ = writeln!(text, "{name} {}", Duration::from_micros(get(time)).as_secs_f64());
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
        let text = metrics.text(&Gauges { triggers: Some(vec![(StateKind::Building, 3)]), problems: 2 });
        for line in [
            "comment_bridge_polls_total{result=\"complete\"} 1",
            "comment_bridge_polls_total{result=\"failed\"} 1",
            "comment_bridge_requests_total{service=\"gitea\",result=\"ok\"} 2",
            "comment_bridge_requests_total{service=\"drone\",result=\"server_error\"} 1",
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
        ] {
            assert!(text.lines().any(|it| it == line), "no line `{line}` in\n{text}");
        }
        assert!(resident().unwrap() > 1024 * 1024);
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
