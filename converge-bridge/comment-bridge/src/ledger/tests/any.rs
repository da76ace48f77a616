//! Anything the ledger may be asked to hold.

use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::ledger::{Cursor, PullRecord, Reading};
use crate::problem::{DroneProblem, GiteaProblem, Problem};
use crate::trigger::{BuildRecord, Order, Outcome, Progress, Refusal};
use http::gitea::Head;

pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z]{0,8}",
        Just("'; DROP TABLE triggers; --".to_owned()),
        Just("a\0b\"c\\d\u{2028}\u{feff}\u{1f980}".to_owned()),
    ]
}

pub fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        (0..9_i64).prop_map(at),
        (0..2_000_000_000_i64, 0..1_000_000_000).prop_map(|(second, nano)| Timestamp::new(second, nano).unwrap()),
    ]
}

pub fn some_pull() -> impl Strategy<Value = Pull> {
    (0..3_i64).prop_map(pull)
}

pub fn some_found() -> impl Strategy<Value = Found> {
    let command = prop_oneof![
        any::<bool>().prop_map(|quick| Command::Test { quick }),
        Just(Command::Cancel),
        Just(Command::Help),
        Just(Command::Unknown)
    ];
    (0..8_i64, some_pull(), text(), command, time(), option::of(text())).prop_map(
        |(comment, pull, author, command, created, delivered_head)| Found {
            comment,
            pull,
            author,
            command,
            created,
            delivered_head,
        },
    )
}

pub fn reading() -> impl Strategy<Value = Reading> {
    (time(), any::<i64>(), time()).prop_map(|(updated, comments, read)| Reading { updated, comments, read })
}

pub fn cursor() -> impl Strategy<Value = Cursor> {
    (time(), time()).prop_map(|(baseline, read)| Cursor { baseline, read })
}

pub fn said() -> impl Strategy<Value = PullRecord> {
    (option::of(any::<i64>()), option::of(text()), option::of(text()))
        .prop_map(|(comment_id, comment, statuses)| PullRecord { comment_id, comment, statuses })
}

fn order() -> impl Strategy<Value = Order> {
    (text(), any::<bool>(), option::of(any::<i64>())).prop_map(|(head, quick, repeats)| Order { head, quick, repeats })
}

fn build() -> impl Strategy<Value = BuildRecord> {
    let progress = prop_oneof![
        any::<u32>().prop_map(|builds_ahead| Progress::Queued { builds_ahead }),
        Just(Progress::Running),
        Just(Progress::Over)
    ];
    (any::<i64>(), progress, option::of(time()), option::of(time()))
        .prop_map(|(number, progress, started, finished)| BuildRecord { number, progress, started, finished })
}

pub fn problem() -> impl Strategy<Value = Problem> {
    prop_oneof![
        Just(DroneProblem::Unreachable.into()),
        any::<u16>().prop_map(|status| DroneProblem::Failing(status).into()),
        Just(GiteaProblem::Refused.into()),
        any::<u16>().prop_map(|status| GiteaProblem::Failing(status).into()),
        Just(Problem::Late),
        Just(Problem::Unknown),
    ]
}

pub fn state() -> impl Strategy<Value = State> {
    use Outcome::{Cancelled, Deleted, Error, Failed, Lost, Passed};
    let refusal = prop_oneof![
        prop::sample::select(vec![
            Refusal::Stranger,
            Refusal::Closed,
            Refusal::Archived,
            Refusal::NoRecipe,
            Refusal::TooOld,
        ]),
        (text(), time()).prop_map(|(commit, read)| Refusal::Moved(Head { commit, read })),
    ];
    let over = || (order(), build(), prop::sample::select(vec![Passed, Failed, Cancelled, Error, Deleted, Lost]));
    prop_oneof![
        option::of(text()).prop_map(State::found),
        order().prop_map(|order| State::unauthorised(&order)),
        refusal.prop_map(|reason| State::Refused { reason }),
        Just(State::Forgotten),
        Just(State::Answered),
        any::<i64>().prop_map(|joined_trigger| State::Joined { joined_trigger }),
        (order(), time(), option::of(time())).prop_map(|(order, authorised_at, requested_at)| State::Authorised {
            order,
            authorised_at,
            requested_at
        }),
        Just(State::Cancelling),
        option::of(order()).prop_map(|order| State::Cancelled { order }),
        (order(), build()).prop_map(|(order, build)| State::Building { order, build }),
        over().prop_map(|(order, build, outcome)| State::Ended { order, build, outcome }),
        over().prop_map(|(order, build, outcome)| State::Reported { order, build, outcome }),
        (option::of(order()), problem()).prop_map(|(order, reason)| State::Failed { order, reason }),
    ]
}
