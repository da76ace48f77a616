//! The resource limits of the unit of a step. No property here gives a step more rights.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Resource limits, under systemd's names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "PascalCase")]
pub struct Properties {
    /// The limit of memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_max: Option<Size>,
    /// The memory above which the step is throttled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_high: Option<Size>,
    /// The limit of swap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_swap_max: Option<Size>,
    /// The limit of processes and threads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks_max: Option<u64>,
    /// The share of the processors, 1 to 10000; other units have 100.
    #[serde(skip_serializing_if = "Option::is_none", rename = "CPUWeight")]
    pub cpu_weight: Option<u64>,
    /// The limit of processor time, in percent of one processor: 150 is one and a half.
    #[serde(skip_serializing_if = "Option::is_none", rename = "CPUQuota")]
    pub cpu_quota: Option<u64>,
    /// The share of the disks, 1 to 10000; other units have 100.
    #[serde(skip_serializing_if = "Option::is_none", rename = "IOWeight")]
    pub io_weight: Option<u64>,
}

impl Properties {
    /// The set limits, under the names and in the units of D-Bus.
    pub fn to_dbus(&self) -> Vec<(&'static str, u64)> {
        let size = |size: &Option<Size>| size.as_ref().and_then(Size::bytes);
        let all = [
            ("MemoryMax", size(&self.memory_max)),
            ("MemoryHigh", size(&self.memory_high)),
            ("MemorySwapMax", size(&self.memory_swap_max)),
            ("TasksMax", self.tasks_max),
            ("CPUWeight", self.cpu_weight),
            // Microseconds of each second.
            ("CPUQuotaPerSecUSec", self.cpu_quota.map(|percent| percent.saturating_mul(10_000))),
            ("IOWeight", self.io_weight),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// A number of bytes: `4294967296` or `"4G"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Size {
    /// Bytes.
    Bytes(u64),
    /// A number with a unit: `512M`, `4G`.
    Text(String),
}

impl Size {
    /// The number of bytes; `None` for a text that is no size.
    pub fn bytes(&self) -> Option<u64> {
        let text = match self {
            Self::Bytes(bytes) => return Some(*bytes),
            Self::Text(text) => text,
        };
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let factor: u64 = match &text[digits.len()..] {
            "" => 1,
            "K" => 1 << 10,
            "M" => 1 << 20,
            "G" => 1 << 30,
            "T" => 1 << 40,
            _ => return None,
        };
        digits.parse::<u64>().ok()?.checked_mul(factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_as_systemd_reads_it() {
        let bytes = |text: &str| Size::Text(text.into()).bytes();
        assert_eq!(bytes("4G"), Some(4 << 30));
        assert_eq!(bytes("100"), Some(100));
        assert_eq!(Size::Bytes(7).bytes(), Some(7));
        for wrong in ["", "G", "4 G", "-1", "4GB", "99999999999T"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }
}
