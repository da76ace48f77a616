//! Metrics in Prometheus' text exposition format 0.0.4.

use std::fmt::{Display, Write as _};
use std::time::Duration;

/// The content type of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A count that only grows while the process runs.
    Counter,
    /// A value of this moment.
    Gauge,
    /// Counts by upper bound.
    Histogram,
}

/// The text, metric by metric.
#[derive(Debug, Default)]
pub struct Exposition {
    text: String,
}

impl Exposition {
    /// Declares the metric `name`; its samples follow.
    pub fn metric(&mut self, name: &str, kind: Type, help: &str) {
        let kind = match kind {
            Type::Counter => "counter",
            Type::Gauge => "gauge",
            Type::Histogram => "histogram",
        };
        // Writing to a String cannot fail.
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    /// Adds a sample. Label values are words of the program and are not escaped.
    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.text, "{name}{labels} {value}");
    }

    /// Declares a gauge with one sample.
    pub fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.metric(name, Type::Gauge, help);
        self.sample(name, &[], value);
    }

    /// Declares a histogram of seconds. `buckets` are (upper bound, count between the one before and this one).
    pub fn histogram(&mut self, name: &str, help: &str, buckets: &[(Duration, u64)], above: u64, sum: Duration) {
        self.metric(name, Type::Histogram, help);
        let bucket = format!("{name}_bucket");
        let mut so_far = 0;
        for (bound, count) in buckets {
            so_far += count;
            self.sample(&bucket, &[("le", &bound.as_secs_f64().to_string())], so_far);
        }
        so_far += above;
        self.sample(&bucket, &[("le", "+Inf")], so_far);
        self.sample(&format!("{name}_sum"), &[], sum.as_secs_f64());
        self.sample(&format!("{name}_count"), &[], so_far);
    }

    /// Adds the resident memory of this process as `<program>_resident_memory_bytes`, where Linux tells it. Prometheus' own
    /// programs use the name `process`: a node exporter fails on a file that repeats it.
    pub fn resident_memory(&mut self, program: &str) {
        if let Some(bytes) = resident_bytes() {
            self.gauge(&format!("{program}_resident_memory_bytes"), "Resident memory size in bytes.", bytes);
        }
    }

    /// The whole text.
    pub fn finish(self) -> String {
        self.text
    }
}

fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_written_as_prometheus_reads_them() {
        let mut text = Exposition::default();
        text.metric("builds_total", Type::Counter, "Builds by result.");
        text.sample("builds_total", &[("result", "ok"), ("service", "drone")], 3);
        text.gauge("slots", "Slots.", 2);
        let buckets = [(Duration::from_millis(250), 1), (Duration::from_secs(1), 2)];
        text.histogram("wait_seconds", "Waits.", &buckets, 4, Duration::from_millis(1500));
        assert_eq!(
            text.finish(),
            "# HELP builds_total Builds by result.\n# TYPE builds_total counter\n\
             builds_total{result=\"ok\",service=\"drone\"} 3\n\
             # HELP slots Slots.\n# TYPE slots gauge\nslots 2\n\
             # HELP wait_seconds Waits.\n# TYPE wait_seconds histogram\n\
             wait_seconds_bucket{le=\"0.25\"} 1\nwait_seconds_bucket{le=\"1\"} 3\nwait_seconds_bucket{le=\"+Inf\"} 7\n\
             wait_seconds_sum 1.5\nwait_seconds_count 7\n"
        );
        assert!(resident_bytes().unwrap() > 1024 * 1024);
    }
}
