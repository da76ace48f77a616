//! Locks between the commands of all labs.

use std::path::Path;
use std::time::Duration;

use base::lock::{Error as LockError, Lock};

use crate::error::Result;

/// Longer than the slowest part takes to make: the real Gitea on a busy machine.
const DEADLINE: Duration = Duration::from_mins(30);

/// Takes the lock of `what`. Calls `tell` first if another command holds it.
pub(crate) fn take(path: &Path, what: &str, tell: impl FnOnce()) -> Result<Lock> {
    match Lock::take_blocking(path, what, Duration::ZERO) {
        Err(LockError::Held { .. }) => {
            tell();
            Ok(Lock::take_blocking(path, what, DEADLINE)?)
        }
        taken => Ok(taken?),
    }
}
