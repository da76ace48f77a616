//! What is decided, case by case.

use jiff::{SignedDuration, Timestamp};

use crate::build::decision::{Follow, Make, OpenBuild, PendingBuild, Then, Times, follow, is_worth_recording, make};
use crate::build::snapshot::Snapshot;
use crate::trigger::{BuildRecord, Outcome, Progress};
use http::drone;
use http::drone::Status;

const NOW: i64 = 1_800_000_000;

pub const STATUSES: [Status; 10] = [
    Status::Pending,
    Status::Running,
    Status::Success,
    Status::Failure,
    Status::Killed,
    Status::Error,
    Status::Skipped,
    Status::Declined,
    Status::Blocked,
    Status::Unknown,
];

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(NOW + second).unwrap()
}

pub fn times() -> Times {
    Times { now: at(0), give_up: SignedDuration::from_hours(24), timeout: Some(SignedDuration::from_hours(1)) }
}

pub fn build(number: i64, status: Status, trigger: Option<i64>) -> drone::Build {
    let params = trigger.map(|trigger| ("TRIGGER".to_owned(), trigger.to_string())).into_iter().collect();
    let started = if status == Status::Pending { 0 } else { NOW };
    let finished = if status.is_over() { NOW } else { 0 };
    drone::Build { number, status, created: NOW - 1, started, finished, params }
}

fn snapshot(builds: &[drone::Build], is_complete: bool) -> Snapshot {
    Snapshot::made(builds.to_vec(), is_complete, at(0))
}

fn pending() -> PendingBuild {
    PendingBuild {
        comment: 7,
        created: at(-20),
        authorised_at: at(-10),
        is_cancelled: false,
        may_retry: true,
        may_forget: true,
        is_due: true,
        is_second: false,
    }
}

#[test]
fn every_decision_about_a_build() {
    for case in 0..128 {
        let bit = |bit: u32| case >> bit & 1 == 1;
        let [is_complete, may_retry, is_cancelled, late, is_due, trusted, may_forget] = [0, 1, 2, 3, 4, 5, 6].map(bit);
        let created = if late { at(-25 * 3600) } else { at(-20) };
        let authorised_at = if trusted { at(-59) } else { at(-61) };
        let is_second = false;
        let pending =
            PendingBuild { comment: 7, created, authorised_at, is_cancelled, may_retry, may_forget, is_due, is_second };
        let expected = match (is_complete, may_retry, is_cancelled, late, is_due, trusted) {
            (false, _, _, false, _, _) => Make::Unprovable,
            (true, false, _, _, _, _) => Make::AwaitOutcome,
            (true, true, true, _, _, _) | (true, true, _, true, _, _) if !may_forget => Make::AwaitOutcome,
            (true, true, true, _, _, _) => Make::Cancel,
            (_, _, _, true, _, _) => Make::GiveUp,
            (_, _, _, _, false, _) => Make::Backoff,
            (_, _, _, _, _, false) => Make::Reauthorise,
            (_, _, _, _, _, true) => Make::Create,
        };
        let others = [build(1, Status::Pending, None), build(2, Status::Success, Some(8))];
        assert_eq!(
            make(&pending, &snapshot(&others, is_complete), times()),
            expected,
            "{pending:?}, complete: {is_complete}"
        );
        // And whatever else is the case, a build that is there is taken.
        for status in STATUSES {
            let its = build(3, status, Some(7));
            let all = [&others[..], std::slice::from_ref(&its)].concat();
            assert_eq!(make(&pending, &snapshot(&all, is_complete), times()), Make::Adopt(its));
        }
    }
}

#[test]
fn a_clock_that_was_set_back_is_no_reason_for_trust() {
    let pending = PendingBuild { authorised_at: at(1), ..pending() };
    assert_eq!(make(&pending, &snapshot(&[], true), times()), Make::Reauthorise);
}

#[test]
fn lateness_is_measured_by_the_clock_of_drone() {
    let ahead = Times { now: at(1000 * 3600), ..times() };
    let pending = PendingBuild { authorised_at: ahead.now, ..pending() };
    assert_eq!(make(&pending, &snapshot(&[], true), ahead), Make::Create);
}

fn known(number: i64, progress: Progress) -> BuildRecord {
    BuildRecord { number, progress, started: None, finished: None }
}

fn open(known: &BuildRecord) -> OpenBuild<'_> {
    OpenBuild { comment: 7, known, changed: at(-20), is_cancelled: false, is_given_up: false, is_second: false }
}

#[test]
fn every_status_of_a_build() {
    for status in STATUSES {
        for cancelled in [false, true] {
            let known = known(5, Progress::Queued { builds_ahead: 0 });
            let seen = snapshot(&[build(4, Status::Pending, None), build(5, status, Some(7))], true);
            let open = OpenBuild { is_cancelled: cancelled, ..open(&known) };
            let Follow { twins, then, is_overdue } = follow(open, &seen, None, times());
            assert!(twins.is_empty() && !is_overdue);
            let expected = match (status, cancelled) {
                (Status::Success, _) => Some(Outcome::Passed),
                (Status::Failure, _) => Some(Outcome::Failed),
                (Status::Error | Status::Skipped | Status::Declined, _) => Some(Outcome::Error),
                (Status::Killed, _) | (_, true) => Some(Outcome::Cancelled),
                (_, false) => None,
            };
            match then {
                Then::End(build, outcome) => {
                    assert!(status.is_over());
                    assert_eq!((build.number, build.progress, Some(outcome)), (5, Progress::Over, expected));
                    assert_eq!((build.started, build.finished), (Some(at(0)), Some(at(0))));
                }
                Then::Cancel => assert!(cancelled && matches!(status, Status::Pending | Status::Running)),
                Then::Abandon(build, outcome) => {
                    assert!(cancelled && matches!(status, Status::Blocked | Status::Unknown));
                    assert_eq!((build.progress, Some(outcome)), (Progress::Over, expected));
                }
                Then::Continue(build) => {
                    assert!(!cancelled && !status.is_over());
                    let waits = Progress::Queued { builds_ahead: 1 };
                    assert_eq!(build.progress, if status == Status::Running { Progress::Running } else { waits });
                }
                Then::Unprovable => panic!("{status:?}"),
            }
        }
    }
}

#[test]
fn a_build_is_overdue_by_both_clocks_and_given_up_after_that() {
    let (hour, day) = (3600, 24 * 3600);
    let over = |outcome| Some(outcome);
    for (status, limit, outcome) in [
        (Status::Running, hour, over(Outcome::Lost)),
        (Status::Pending, day, over(Outcome::Error)),
        (Status::Blocked, day, over(Outcome::Error)),
        (Status::Unknown, day, over(Outcome::Error)),
        (Status::Success, 0, None),
    ] {
        for (by_drone, by_us, is_late) in
            [(limit, limit + 1, false), (limit + 1, limit, false), (limit + 1, limit + 1, outcome.is_some())]
        {
            let began = NOW - by_drone;
            let build = drone::Build { created: began, started: began, ..build(5, status, Some(7)) };
            for is_given_up in [false, true] {
                let known = known(5, Progress::Running);
                let open = OpenBuild { changed: at(-by_us), is_given_up, ..open(&known) };
                let seen = snapshot(std::slice::from_ref(&build), true);
                let Follow { then, is_overdue, .. } = follow(open, &seen, None, times());
                assert_eq!(is_overdue, is_late, "{status:?}, {by_drone} s, {by_us} s");
                let abandoned = if let Then::Abandon(_, outcome) = then { Some(outcome) } else { None };
                assert_eq!(
                    abandoned,
                    outcome.filter(|_| is_late && is_given_up),
                    "{status:?}, {by_drone} s, {by_us} s"
                );
            }
        }
    }
    let build = drone::Build { created: NOW - 9 * hour, started: NOW - 9 * hour, ..build(5, Status::Running, Some(7)) };
    let known = known(5, Progress::Running);
    let open = OpenBuild { changed: at(-9 * hour), ..open(&known) };
    let unknown = Times { timeout: None, ..times() };
    assert!(!follow(open, &snapshot(&[build], true), None, unknown).is_overdue, "no timeout is known");
}

#[test]
fn a_build_that_is_not_in_the_list_is_asked_for_alone() {
    let known = known(5, Progress::Running);
    let (none, alone) = (snapshot(&[], true), build(5, Status::Success, Some(7)));
    let unknown = snapshot(&[], false);
    let then = |snapshot: &Snapshot, alone: Option<&_>| follow(open(&known), snapshot, alone, times()).then;
    let gone = Then::End(BuildRecord { progress: Progress::Over, ..known.clone() }, Outcome::Deleted);
    assert!(matches!(then(&none, Some(&alone)), Then::End(_, Outcome::Passed)));
    assert_eq!(then(&none, None), gone);
    assert_eq!(then(&unknown, None), Then::Unprovable);
    // Another comment's build with the same number: a new Drone counts from 1.
    assert_eq!(then(&snapshot(&[build(5, Status::Running, Some(8))], true), None), gone);
    // One without its parameters is its own.
    assert!(matches!(then(&snapshot(&[build(5, Status::Error, None)], true), None), Then::End(_, Outcome::Error)));
}

#[test]
fn twins_are_those_that_are_not_over() {
    let mut builds = vec![build(5, Status::Success, Some(7)), build(6, Status::Pending, Some(8))];
    builds.extend(STATUSES.iter().zip(10..).map(|(status, number)| build(number, *status, Some(7))));
    let known = known(5, Progress::Running);
    let Follow { twins, then, .. } = follow(open(&known), &snapshot(&builds, true), None, times());
    assert_eq!(twins, [10, 11, 18, 19]);
    assert!(matches!(then, Then::End(_, Outcome::Passed)));
}

#[test]
fn far_back_in_the_queue_not_every_step_is_news() {
    let queued = |builds_ahead| known(5, Progress::Queued { builds_ahead });
    for (then, now, news) in
        [(1, 0, true), (10, 9, true), (12, 11, false), (30, 21, false), (30, 20, true), (5, 5, false)]
    {
        assert_eq!(is_worth_recording(&queued(then), &queued(now)), news, "{then}, {now}");
    }
    let running = known(5, Progress::Running);
    assert!(is_worth_recording(&queued(30), &running) && !is_worth_recording(&running, &running));
    assert!(is_worth_recording(&running, &BuildRecord { started: Some(at(0)), ..running.clone() }));
}
