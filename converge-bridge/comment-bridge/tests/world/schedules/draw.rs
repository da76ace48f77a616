//! From a seed to a schedule.

use fastrand::Rng;

use super::bounds;
use super::event::{Event, Schedule, Timed};
use crate::commits::CommitFault;
use doubles::ClockOf;
use doubles::{Fault, FaultRule};

const MEMBERS: [&str; 3] = ["alice", "bob", "carol"];

const ASKED: [&str; 12] = [
    "!testme",
    "!testme",
    "!testme",
    "!testme",
    "!testme",
    "!testme --quick",
    "!testme --quick",
    "!testme cancel",
    "!testme help",
    "!testme now please",
    "  !testme\n",
    "It works here. !testme",
];

const CALLS: [&str; 13] = [
    "gitea",
    "gitea",
    "gitea search",
    "gitea GET comments",
    "gitea GET members",
    "gitea GET pulls",
    "gitea GET refs",
    "gitea GET timeline",
    "gitea POST comments",
    "gitea PATCH comments",
    "drone GET",
    "drone POST",
    "drone POST",
];

pub fn schedule(seed: u64) -> Schedule {
    let mut draw = Draw { random: Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)), events: Vec::new() };
    draw.comments();
    draw.deaths();
    draw.faults();
    draw.clocks();
    draw.events.sort_by_key(|timed| timed.at);
    Schedule { seed, events: draw.events }
}

struct Draw {
    random: Rng,
    events: Vec<Timed>,
}

impl Draw {
    fn add(&mut self, at: u64, event: Event) {
        self.events.push(Timed { at, event });
    }

    fn moment(&mut self) -> u64 {
        self.random.u64(0..bounds::EVENTS_MS)
    }

    fn chance(&mut self, of_hundred: u32) -> bool {
        self.random.u32(0..100) < of_hundred
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.random.usize(0..of.len())]
    }

    fn comments(&mut self) {
        let busy = if self.chance(20) { 12 } else { 6 };
        for key in 0..self.random.u8(1..=busy) {
            let at = self.moment();
            let pull = self.random.usize(0..bounds::PULLS);
            let by = if self.chance(85) { self.pick(&MEMBERS) } else { "sam" };
            let body = self.pick(&ASKED);
            self.add(at, Event::Comments { key, pull, by, body });
            // Close to the comment, before or after it.
            if self.chance(20) {
                let about = (at + self.random.u64(0..12_000)).saturating_sub(4_000);
                self.push(about, pull);
            }
            if self.chance(7) {
                let after = self.random.u64(bounds::EDITED_MS..20_000);
                self.add(at + after, Event::Edits { key });
            }
            if self.chance(7) {
                let after = self.random.u64(0..20_000);
                self.add(at + after, Event::Deletes { key });
            }
            if self.chance(50) {
                for _ in 0..self.random.u32(1..=3) {
                    let late = if self.chance(70) { 1_500 } else { 30_000 };
                    let after = self.random.u64(0..late);
                    self.add(at + after, Event::Hook { key });
                }
            }
        }
        for _ in 0..self.random.u32(0..4) {
            let (at, pull) = (self.moment(), self.random.usize(0..bounds::PULLS));
            self.push(at, pull);
        }
        if self.chance(10) {
            let (at, pull) = (self.moment(), self.random.usize(0..bounds::PULLS));
            self.add(at, Event::Closes { pull });
        }
    }

    /// A push, and the moment at which Gitea notes it.
    fn push(&mut self, at: u64, pull: usize) {
        let longest = if self.chance(80) { 50 } else { bounds::NOTED_MS };
        let after = self.random.u64(0..=longest);
        self.add(at, Event::Pushes { pull });
        self.add(at + after, Event::NotesPush { pull });
    }

    fn deaths(&mut self) {
        for _ in 0..self.random.u32(0..3) {
            let at = self.moment();
            let (after, times) = (self.random.u32(0..12), 1);
            let event = match self.random.u32(0..6) {
                0 => Event::Dies,
                1 => Event::Stops,
                2 => Event::CommitFault { after, times, fault: CommitFault::DiesBefore },
                3 => Event::CommitFault { after, times, fault: CommitFault::DiesAfter },
                4 => Event::Fault(FaultRule {
                    what: self.pick(&CALLS),
                    after: after / 4,
                    times,
                    fault: Fault::DiesBefore,
                }),
                _ => Event::Fault(FaultRule {
                    what: self.pick(&CALLS),
                    after: after / 4,
                    times,
                    fault: Fault::DiesAfter,
                }),
            };
            self.add(at, event);
        }
        if self.chance(25) {
            let at = self.moment();
            let after = self.random.u64(0..bounds::EVENTS_MS);
            self.add(at, Event::Copies);
            self.add(at + after, Event::Restores);
        }
        if self.chance(10) {
            let (at, times) = (self.moment(), self.random.u32(1..4));
            let after = self.random.u32(0..12);
            self.add(at, Event::CommitFault { after, times, fault: CommitFault::Full });
        }
        if self.chance(5) {
            let (at, seconds) = (self.moment(), self.random.u64(1..30));
            self.add(at, Event::Full { seconds });
        }
    }

    fn faults(&mut self) {
        for _ in 0..self.random.u32(0..6) {
            let at = self.moment();
            let fault = match self.random.u32(0..13) {
                0 => Fault::Refused,
                1 | 2 => Fault::AnswerLost,
                3 => Fault::AnswerCut,
                4 => Fault::Hangs,
                5 | 6 => Fault::Late(self.random.u64(1..=bounds::LATEST)),
                7 => Fault::Says(self.pick(&[429, 500, 502, 503])),
                8 | 9 => Fault::DoesAndSays(self.pick(&[500, 502, 504])),
                10 => Fault::DoesAndSaysHalf,
                11 => Fault::DoesAndSaysPage,
                _ => Fault::DoesAndSaysNull,
            };
            let mut what = self.pick(&CALLS);
            // An empty list is a valid answer, so the bridge cannot detect that it is wrong.
            if fault == Fault::DoesAndSaysNull {
                what = self.pick(&["drone POST", "gitea POST comments", "gitea GET pulls", "gitea GET refs"]);
            }
            let fault = match fault {
                Fault::Late(seconds) if what.starts_with("gitea") => Fault::Late(seconds.min(bounds::LATEST_WORDS)),
                fault => fault,
            };
            let times = if self.chance(75) { 1 } else { self.random.u32(2..=bounds::IN_A_ROW) };
            let after = self.random.u32(0..3);
            self.add(at, Event::Fault(FaultRule { what, after, times, fault }));
        }
        if self.chance(10) {
            let at = self.moment();
            let (what, seconds) = (self.pick(&["gitea", "drone"]), self.random.u64(1..=bounds::DOWN));
            self.add(at, Event::Down { what, seconds });
        }
    }

    fn clocks(&mut self) {
        if self.chance(15) {
            let at = self.moment();
            let clock = self.pick(&[ClockOf::Gitea, ClockOf::Drone, ClockOf::Caller]);
            let seconds = if self.chance(50) { self.random.i64(-5..=5) } else { self.random.i64(-3600..=3600) };
            self.add(at, Event::Steps { clock, seconds });
        }
    }
}
