//! The level of a run, the one rule for writer and readers.

use crate::{RungName, RungStatus};

/// Returns the level, 0 to 5: the highest passed rung below which every rung passed or was declared not to apply.
/// 1 is install, 2 upgrade, 3 backup and restore together, 4 custom, 5 lint.
pub(crate) fn level(status: impl Fn(RungName) -> RungStatus) -> u8 {
    let backup_and_restore = match (status(RungName::Backup), status(RungName::Restore)) {
        (RungStatus::Skip, RungStatus::Skip) => RungStatus::Skip,
        (RungStatus::Pass | RungStatus::Skip, RungStatus::Pass | RungStatus::Skip) => RungStatus::Pass,
        _ => RungStatus::Fail,
    };
    let ladder = [
        status(RungName::Install),
        status(RungName::Upgrade),
        backup_and_restore,
        status(RungName::Custom),
        status(RungName::Lint),
    ];
    let reached =
        ladder.iter().zip(1_u8..).take_while(|(status, _)| matches!(status, RungStatus::Pass | RungStatus::Skip));
    reached.filter(|(status, _)| **status == RungStatus::Pass).map(|(_, level)| level).last().unwrap_or(0)
}
