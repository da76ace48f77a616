//! Whatever Drone has.

use fastrand::Rng;
use jiff::SignedDuration;

use super::decisions::{STATUSES, at, build};
use crate::build::decision::{Make, OpenBuild, PendingBuild, Then, Times, follow, make};
use crate::build::snapshot::Snapshot;
use crate::trigger;
use crate::trigger::Progress;
use http::drone::Build;

const CASES: u64 = 100_000;

fn snapshot(random: &mut Rng) -> Snapshot {
    let count = random.usize(0..8);
    let builds = std::iter::repeat_with(|| {
        let trigger = random.bool().then(|| random.i64(1..5));
        let made = build(random.i64(1..10), STATUSES[random.usize(..STATUSES.len())], trigger);
        Build { created: at(random.i64(-100_000..100)).as_second(), ..made }
    });
    let builds: Vec<Build> = builds.take(count).collect();
    Snapshot::made(builds, random.bool(), at(random.i64(-100_000..100_000)))
}

fn clocks(random: &mut Rng) -> Times {
    let timeout = random.bool().then(|| SignedDuration::from_mins(random.i64(0..200)));
    let give_up = SignedDuration::from_hours(random.i64(0..48));
    Times { now: at(random.i64(-200_000..200_000)), give_up, timeout }
}

#[test]
fn a_build_is_never_made_twice_nor_cancelled_for_another() {
    for seed in 0..CASES {
        let mut random = Rng::with_seed(seed);
        let snapshot = snapshot(&mut random);
        let times = clocks(&mut random);
        let comment = random.i64(1..5);
        let pending = PendingBuild {
            comment,
            created: at(random.i64(-200_000..200_000)),
            authorised_at: at(random.i64(-200_000..200_000)),
            is_cancelled: random.bool(),
            may_retry: random.bool(),
            may_forget: random.bool(),
            is_due: random.bool(),
            is_second: false,
        };
        let made = make(&pending, &snapshot, times);
        let is_there = snapshot.of(comment).next().is_some();
        assert_eq!(matches!(made, Make::Adopt(_)), is_there, "seed {seed}: {made:?}");
        if made == Make::Create {
            assert!(
                snapshot.is_complete && pending.may_retry && pending.is_due && !pending.is_cancelled,
                "seed {seed}"
            );
        }
        if let Make::Adopt(build) = &made {
            assert_eq!(build.trigger(), Some(comment), "seed {seed}");
        }

        let known = trigger::BuildRecord {
            number: random.i64(1..10),
            progress: Progress::Running,
            started: None,
            finished: None,
        };
        let open = OpenBuild {
            comment,
            known: &known,
            changed: at(random.i64(-200_000..200_000)),
            is_cancelled: random.bool(),
            is_given_up: random.bool(),
            is_second: random.bool(),
        };
        let followed = follow(open, &snapshot, None, times);
        for twin in &followed.twins {
            let twin = snapshot.number(*twin).unwrap();
            assert!(twin.number != known.number && twin.trigger() == Some(comment) && !twin.status.is_over());
        }
        if matches!(followed.then, Then::Cancel | Then::Abandon(..)) {
            let other = snapshot.number(known.number).unwrap().trigger();
            assert!(other.is_none_or(|other| other == comment), "seed {seed}: {followed:?}");
        }
    }
}
