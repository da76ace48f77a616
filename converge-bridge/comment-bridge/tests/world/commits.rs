//! Faults of commits to the ledger.

/// A fault of one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitFault {
    /// The bridge dies before it is written.
    DiesBefore,
    /// The bridge dies after it is written.
    DiesAfter,
    /// The disk is full.
    Full,
}

/// The faults to come.
#[derive(Debug, Default)]
pub struct CommitFaults {
    /// The number of commits that succeed first, the number that fail then, and their fault.
    pub rules: Vec<(u32, u32, CommitFault)>,
    /// True while the disk is full.
    pub is_full: bool,
}

impl CommitFaults {
    /// The fault of this commit, if one is due.
    pub fn next(&mut self) -> Option<CommitFault> {
        if self.is_full {
            return Some(CommitFault::Full);
        }
        let (after, times, fault) = self.rules.iter_mut().find(|(_, times, _)| *times > 0)?;
        if *after > 0 {
            *after -= 1;
            return None;
        }
        *times -= 1;
        Some(*fault)
    }
}
