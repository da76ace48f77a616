use proptest::prelude::*;

use super::*;
use crate::store::RunId;

const NOW: i64 = 1_795_900_000;
const DAY: i64 = 24 * 3600;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A full run of a branch that passed, an hour newer for each number.
fn run(number: i64) -> Run {
    Run {
        kind: RunKind::Branch,
        is_done: true,
        started: Some(at(NOW - DAY + number * 3600 - 100)),
        finished: Some(at(NOW - DAY + number * 3600)),
        verdict: Some(Verdict::Pass),
        rungs: [(RungName::Install, RungStatus::Pass)].into(),
        ..Run::empty(RunId::new(&number.to_string()).unwrap(), "hello".into())
    }
}

fn failed(number: i64) -> Run {
    Run { verdict: Some(Verdict::Fail), ..run(number) }
}

/// Runs from the oldest to the newest: `p` passed, `f` failed, `i` failed at install, `q` quick and failed, `s` ended by the
/// server, `r` running, `P` a pull request that passed, `F` one that failed.
fn runs(letters: &str) -> Vec<Arc<Run>> {
    let of = |(letter, number): (char, i64)| match letter {
        'p' => run(number),
        'f' => failed(number),
        'i' => Run { rungs: [(RungName::Install, RungStatus::Fail)].into(), ..failed(number) },
        'q' => Run { is_quick: true, ..failed(number) },
        's' => Run { fault: Some(Fault::Server), verdict: Some(Verdict::Error), ..run(number) },
        'r' => Run { is_done: false, verdict: None, ..run(number) },
        'P' => Run { kind: RunKind::Pull, ..run(number) },
        'F' => Run { kind: RunKind::Pull, ..failed(number) },
        other => panic!("{other}"),
    };
    letters.chars().zip(1..).map(of).map(Arc::new).collect()
}

fn standing(letters: &str) -> Standing {
    Standing::of(&runs(letters), at(NOW))
}

#[test]
fn each_word_has_its_runs() {
    use Word::{Broken, Failing, Flaky, Passing, Untested};
    for (letters, word, in_a_row) in [
        ("", Untested, 0),
        ("qsr", Untested, 0),
        ("p", Passing, 1),
        ("fppp", Passing, 3),
        ("pppf", Failing, 1),
        ("pff", Failing, 2),
        ("f", Failing, 1),
        ("pi", Broken, 1),
        ("if", Failing, 2),
        // One failure among passes is no flakiness; two of late are.
        ("ppppfp", Passing, 1),
        ("pfpfp", Flaky, 1),
        ("pfpf", Failing, 1),
        ("pfpfpf", Flaky, 1),
        ("pfpfpff", Flaky, 2),
        ("pfpfpfff", Failing, 3),
        ("pfpfpfpi", Broken, 1),
        // The same flips, but long ago: eleven passes after them are believed.
        ("pfpfpfpfppppppppppp", Passing, 11),
        ("fpfpfpfpfppp", Flaky, 3),
        // What does not count.
        ("pq", Passing, 1),
        ("ps", Passing, 1),
        ("pr", Passing, 1),
        ("pFFF", Passing, 1),
        ("PF", Failing, 1),
        ("FP", Passing, 1),
        ("Fq", Failing, 1),
        ("fPPP", Failing, 1),
    ] {
        let found = standing(letters);
        assert_eq!((found.word, found.in_a_row), (word, in_a_row), "{letters}");
    }
}

#[test]
fn a_failing_recipe_names_its_first_bad_and_last_good_run() {
    let found = standing("pppffqf");
    let id = |run: &Option<Arc<Run>>| run.as_ref().map(|run| run.id.to_string()).unwrap();
    assert_eq!((found.word, found.in_a_row), (Word::Failing, 3));
    assert_eq!((id(&found.newest), id(&found.since), id(&found.last_green)), ("7".into(), "4".into(), "3".into()));
    assert_eq!(standing("ff").last_green, None);
}

#[test]
fn an_old_or_undated_result_is_stale_and_one_from_the_future_is_not() {
    let with = |finished: Option<Timestamp>| {
        let run = Run { started: None, finished, ..run(1) };
        Standing::of(&[Arc::new(run)], at(NOW)).word
    };
    assert_eq!(with(Some(at(NOW - 30 * DAY))), Word::Passing);
    assert_eq!(with(Some(at(NOW - 30 * DAY - 1))), Word::Stale);
    assert_eq!(with(Some(at(NOW + 400 * DAY))), Word::Passing);
    assert_eq!(with(None), Word::Stale);
}

#[test]
fn the_usual_duration_is_that_of_the_newest_ten_that_passed() {
    let timed = |number: i64, seconds: u32| Run {
        started: Some(at(NOW + number * 3600)),
        finished: Some(at(NOW + number * 3600 + i64::from(seconds))),
        timings: [
            ("install".into(), Duration::from_secs((seconds / 2).into())),
            ("lint".into(), Duration::from_secs(2)),
        ]
        .into(),
        ..run(number)
    };
    let ten = (1..=10).map(|number| timed(number, if number % 2 == 0 { 100 } else { 120 }));
    let mut runs: Vec<Arc<Run>> = ten.map(Arc::new).collect();
    runs.insert(0, Arc::new(timed(0, 1000)));
    runs.push(Arc::new(Run { verdict: Some(Verdict::Fail), ..timed(11, 5000) }));
    runs.push(Arc::new(Run { is_quick: true, ..timed(12, 10) }));
    let durations = Durations::of(&runs);
    assert_eq!(durations.whole, Some(Duration::from_secs(110)));
    assert_eq!(
        durations.phases,
        [("install".into(), Duration::from_secs(55)), ("lint".into(), Duration::from_secs(2))]
    );
    assert_eq!(Durations::of(&[]), Durations::default());
}

fn any_letters() -> impl Strategy<Value = String> {
    "[pfiqsrPF]{0,30}"
}

proptest! {
    #[test]
    fn the_order_of_the_runs_does_not_matter(runs in any_letters().prop_map(|text| runs(&text)), seed in any::<u64>()) {
        let mut mixed = runs.clone();
        let mut state = seed | 1;
        for last in (1..mixed.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            mixed.swap(last, usize::try_from(state >> 33).unwrap() % (last + 1));
        }
        prop_assert_eq!(Standing::of(&runs, at(NOW)), Standing::of(&mixed, at(NOW)));
        prop_assert_eq!(Durations::of(&runs), Durations::of(&mixed));
    }

    #[test]
    fn what_does_not_count_changes_nothing(letters in any_letters(), at_place in any::<prop::sample::Index>(), odd in "[qsr]") {
        let whole = runs(&letters);
        let mut more = whole.clone();
        let odd = runs(&odd).remove(0);
        let odd = Arc::new(Run { id: RunId::new("extra").unwrap(), ..Run::clone(&odd) });
        more.insert(at_place.index(whole.len() + 1), odd);
        prop_assert_eq!(Standing::of(&whole, at(NOW)), Standing::of(&more, at(NOW)));
    }

    #[test]
    fn the_word_and_the_runs_agree(letters in any_letters()) {
        let found = standing(&letters);
        let newest_passed = found.newest.as_ref().map(|run| passed(run));
        match found.word {
            Word::Untested => prop_assert_eq!((&found.newest, found.in_a_row), (&None, 0)),
            Word::Passing => prop_assert!(newest_passed == Some(true) && found.last_green == found.newest),
            Word::Failing | Word::Broken => prop_assert_eq!(newest_passed, Some(false)),
            Word::Flaky => prop_assert!(found.last_green.is_some()),
            Word::Stale => prop_assert!(false, "all are of today"),
        }
        prop_assert_eq!(found.since.is_some(), found.newest.is_some());
    }
}
