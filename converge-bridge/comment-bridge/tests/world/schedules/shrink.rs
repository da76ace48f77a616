//! From a schedule that fails to the smallest one that does.

use super::event::Schedule;
use super::outcome;

/// Leaves out whatever is not needed for the failure, and says what is left.
pub fn shrink(schedule: &Schedule) -> String {
    let mut smallest = schedule.clone();
    let mut at = smallest.events.len();
    let mut left = 300;
    let mut dropped = false;
    while left > 0 && (at > 0 || dropped) {
        if at == 0 {
            (at, dropped) = (smallest.events.len(), false);
        }
        at -= 1;
        let mut smaller = smallest.clone();
        smaller.events.remove(at);
        left -= 1;
        if !outcome(&smaller).is_clean() {
            (smallest, dropped) = (smaller, true);
        }
        at = at.min(smallest.events.len());
    }
    let tally = outcome(&smallest);
    format!("{smallest}{tally:#?}")
}
