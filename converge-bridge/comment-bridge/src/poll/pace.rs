//! The time between two polls of a source: the interval of the settings, or more while Gitea is slow or asks for time.

use std::time::Duration;

/// One poll takes at most this part of the time between two polls: a tenth.
const SHARE: u32 = 10;
/// The longest time between two polls of a slow Gitea. One that asks for time may get more.
const LONGEST: Duration = Duration::from_mins(1);

/// The time between two polls.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    interval: Duration,
    /// The interval, longer after Gitea asked for time.
    stretched: Duration,
}

impl Pace {
    /// Polls at this interval.
    pub fn new(interval: Duration) -> Self {
        Self { interval, stretched: interval }
    }

    /// Returns the time from the begin of a poll to the begin of the next one. `took` is the time of Gitea's first answer.
    pub fn after(&mut self, took: Duration) -> Duration {
        // Slowly, or Gitea would have to ask again at once.
        self.stretched = self.stretched.mul_f64(0.95).max(self.interval);
        self.stretched.max((took * SHARE).min(LONGEST))
    }

    /// Doubles the time: Gitea limits the rate.
    pub fn stretch(&mut self) {
        self.stretched = (self.stretched * 2).min(LONGEST.max(self.interval));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_fast_gitea_is_asked_at_the_interval() {
        let mut pace = Pace::new(SECOND * 2);
        for took in [Duration::ZERO, SECOND / 100, SECOND / 5] {
            assert_eq!(pace.after(took), SECOND * 2);
        }
    }

    #[test]
    fn a_slow_gitea_is_asked_less_often_until_it_is_fast_again() {
        let mut pace = Pace::new(SECOND * 2);
        assert_eq!(pace.after(SECOND), SECOND * 10);
        assert_eq!(pace.after(SECOND * 9), LONGEST);
        assert_eq!(pace.after(SECOND / 100), SECOND * 2);
        assert_eq!(Pace::new(SECOND * 300).after(SECOND * 9), SECOND * 300);
    }

    #[test]
    fn after_a_limit_the_time_is_longer_for_a_while() {
        let mut pace = Pace::new(SECOND * 2);
        (0..3).for_each(|_| pace.stretch());
        let times: Vec<Duration> = (0..50).map(|_| pace.after(Duration::ZERO)).collect();
        assert_eq!(times[0], SECOND * 16 * 95 / 100);
        assert!(times.is_sorted_by(|one, next| one >= next) && times[10] > SECOND * 8, "{times:?}");
        assert_eq!(times[49], SECOND * 2);
        (0..50).for_each(|_| pace.stretch());
        assert!(pace.after(Duration::ZERO) <= LONGEST);
    }
}
