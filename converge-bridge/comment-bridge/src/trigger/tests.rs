//! Which way a trigger may go.

use std::collections::BTreeSet;

use super::*;

/// Every way there is, and why.
const WAYS: &[(StateKind, &[StateKind])] = {
    use StateKind::{
        Answered, Authorised, Building, Cancelled, Cancelling, Ended, Failed, Forgotten, Joined, Refused, Reported,
        Seen,
    };
    &[
        (
            Seen,
            &[
                Refused,    // A stranger, or nothing to be built.
                Forgotten,  // Deleted or edited.
                Answered,   // Help.
                Joined,     // The same is being built.
                Authorised, // A test.
                Cancelling, // A cancel.
                Cancelled,  // By a later cancel, before anything was decided.
                Failed,     // Nothing could be decided in time.
            ],
        ),
        (
            Authorised,
            &[
                Seen,       // Who waited long is asked for again.
                Authorised, // The intent is written, or written anew.
                Cancelled,  // Before there was a build.
                Building,   // There is one.
                Failed,     // None could be made in time.
            ],
        ),
        (Cancelling, &[Answered, Failed]),
        (Building, &[Building, Ended, Seen]), // The server ended it: it is run once more.
        (Ended, &[Reported]),
        (Joined, &[Seen]), // What it joined was taken back.
    ]
};

fn ways(from: StateKind) -> BTreeSet<StateKind> {
    WAYS.iter().filter(|(kind, _)| *kind == from).flat_map(|(_, next)| *next).copied().collect()
}

#[test]
fn every_way_is_meant() {
    for from in StateKind::ALL {
        for to in StateKind::ALL {
            assert_eq!(from.may_become(to), ways(from).contains(&to), "{from:?} to {to:?}");
        }
    }
}

#[test]
fn an_end_is_an_end_and_all_else_leads_to_one() {
    for kind in StateKind::ALL {
        assert_eq!(kind.is_end(), ways(kind).is_empty() || kind == StateKind::Joined, "{kind:?}");
        let mut reached = BTreeSet::from([kind]);
        loop {
            let more: BTreeSet<StateKind> = reached.iter().copied().flat_map(ways).collect();
            let before = reached.len();
            reached.extend(more);
            if reached.len() == before {
                break;
            }
        }
        assert!(reached.iter().any(|kind| kind.is_end()), "{kind:?} never ends");
    }
}

#[test]
fn once_there_is_a_build_it_is_followed_to_its_end() {
    let from_building: BTreeSet<StateKind> =
        ways(StateKind::Building).into_iter().chain(ways(StateKind::Ended)).collect();
    let repeated = StateKind::Seen;
    assert_eq!(from_building, BTreeSet::from([StateKind::Building, StateKind::Ended, StateKind::Reported, repeated]));
}

#[test]
fn only_authorised_commands_are_built() {
    let before: Vec<StateKind> =
        StateKind::ALL.into_iter().filter(|kind| kind.may_become(StateKind::Building)).collect();
    assert_eq!(before, [StateKind::Authorised, StateKind::Building]);
}

#[test]
fn kinds_have_the_names_that_states_are_written_with() {
    let order = Order::new("0".repeat(40), true);
    let build =
        BuildRecord { number: 1, progress: Progress::Queued { builds_ahead: 0 }, started: None, finished: None };
    let (since, outcome) = (Timestamp::UNIX_EPOCH, Outcome::Passed);
    let states = [
        State::found(None),
        State::Refused { reason: Refusal::Stranger },
        State::Forgotten,
        State::Answered,
        State::Joined { joined_trigger: 1 },
        State::Authorised { order: order.clone(), authorised_at: since, requested_at: None },
        State::Cancelling,
        State::Cancelled { order: None },
        State::Building { order: order.clone(), build: build.clone() },
        State::Ended { order: order.clone(), build: build.clone(), outcome },
        State::Reported { order: order.clone(), build: build.clone(), outcome },
        State::Failed { order: None, reason: Problem::Late },
    ];
    assert_eq!(states.each_ref().map(State::kind), StateKind::ALL);
    for state in states {
        let written = serde_json::to_value(&state).unwrap();
        assert_eq!(written["kind"], state.kind().name());
        assert_eq!(serde_json::to_value(state.kind()).unwrap(), state.kind().name());
        assert_eq!(serde_json::from_value::<State>(written).unwrap(), state);
        let (has_order, has_build) = match state.kind() {
            StateKind::Authorised => (true, false),
            StateKind::Building | StateKind::Ended | StateKind::Reported => (true, true),
            _ => (false, false),
        };
        assert_eq!(state.order().is_some(), has_order, "{state:?}");
        assert_eq!(state.build().is_some(), has_build, "{state:?}");
    }
}
