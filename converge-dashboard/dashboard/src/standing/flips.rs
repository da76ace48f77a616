//! Flakiness: the number of changes between pass and fail, of which recent ones weigh more.
//!
//! Among the newest [`WINDOW`] counted runs there are at most 19 pairs of neighbours. A pair whose results differ is a flip.
//! The flip between the newest two runs weighs 19, the next 18, the oldest 1. A recipe is flaky from a sum of [`FLAKY`] on:
//! four flips among the newest runs. One failure between passes makes two flips and never reaches it (37 at most), and the
//! flips before eleven equal results in a row do not either (45 at most).

use std::sync::Arc;

use results::Verdict;

use crate::store::Run;

/// The number of newest counted runs that are looked at.
pub const WINDOW: usize = 20;
/// The sum of weights from which on a recipe is flaky.
const FLAKY: usize = 3 * (WINDOW - 1);

/// True if the results of these runs, newest first, flip too often.
pub(super) fn is_flaky(newest_first: &[&Arc<Run>]) -> bool {
    let window = &newest_first[..newest_first.len().min(WINDOW)];
    let passed = |run: &Run| run.verdict == Some(Verdict::Pass);
    let weights = (1..WINDOW).rev();
    let flips = window.windows(2).zip(weights).filter(|(pair, _)| passed(pair[0]) != passed(pair[1]));
    flips.map(|(_, weight)| weight).sum::<usize>() >= FLAKY
}
