//! The bounds within which the laws are fair, and why.

/// How many pull requests there are: few, so that much happens to each.
pub const PULLS: usize = 3;

/// Within this time everything happens, but what follows an event of this time.
pub const EVENTS_MS: u64 = 45_000;

/// How many seconds after it was sent a request may still be done. More would be longer than the bridge waits between
/// two attempts and a build together: its first build might be over before the second appears.
pub const LATEST: u64 = 30;

/// The same for Gitea: a comment has no end, so after an unclear call it is looked for once more, this much later.
pub const LATEST_WORDS: u64 = 30;

/// How many calls in a row meet fault, and for how long a server is down, in seconds: a twin must be seen while the
/// first build runs, so fault and the pause after it are shorter than that.
pub const IN_A_ROW: u32 = 3;
pub const DOWN: u64 = 20;

/// The duration of builds, in seconds: longer than the delay of a late twin and the outage of the bridge that cancels it.
pub const LASTS: (u64, u64) = (90, 130);

/// The timeout of builds at Drone, in seconds: more than they last.
pub const TIMEOUT: u64 = 300;

/// How long a comment is left as it was written, at least: an edit within the same second cannot be seen.
pub const EDITED_MS: u64 = 1_001;

/// The longest time in which Gitea notes a push, in milliseconds.
pub const NOTED_MS: u64 = 3_000;

/// After so many seconds everything that went wrong has: no request is done later. From then on builds end soon, for
/// nothing is to be learnt from waiting for them.
pub const OVER: u64 = LATEST + 1;

/// For how many seconds nothing may change at a server until nothing is expected to any more: a poll and a call that
/// fails are shorter.
pub const QUIET: u64 = 17;

/// How long before anything happens the bridge was first started, in seconds: longer than any clock is set back. Whether
/// a comment is older than the bridge itself cannot be told otherwise.
pub const BEFORE: i64 = 7_200;
