//! One call at a time.

use super::*;
use crate::ledger::{Cursor, Error, PullRecord, Reading};
use crate::problem::GiteaProblem;
use crate::trigger::{Order, Refusal, StateKind};

#[test]
fn a_comment_is_seen_once() {
    let ledger = ledger();
    assert_eq!(ledger.insert_found(&[found(7, 1), found(8, 1)], None, at(0)).unwrap(), 2);
    let later = Found { author: "eve".into(), command: Command::Cancel, ..found(7, 2) };
    assert_eq!(ledger.insert_found(&[later, found(9, 1)], None, at(1)).unwrap(), 1);
    assert_eq!(ledger.trigger(7).unwrap(), Some(seen(7, 1)));
    assert_eq!(ledger.trigger(10).unwrap(), None);
}

#[test]
fn a_reading_comes_with_its_triggers_or_alone() {
    let ledger = ledger();
    let first = Reading { updated: at(1), comments: 3, read: at(2) };
    assert_eq!(ledger.reading(&pull(1)).unwrap(), None);
    ledger.insert_found(&[found(7, 1)], Some((&pull(1), first)), at(0)).unwrap();
    assert_eq!(ledger.reading(&pull(1)).unwrap(), Some(first));
    let second = Reading { comments: 4, ..first };
    ledger.insert_found(&[], Some((&pull(1), second)), at(0)).unwrap();
    assert_eq!(ledger.reading(&pull(1)).unwrap(), Some(second));
    assert_eq!(ledger.reading(&pull(2)).unwrap(), None);
    assert_eq!(ledger.dirty_pulls().unwrap(), []);
}

#[test]
fn cursors_move_both_ways() {
    let ledger = ledger();
    assert_eq!(ledger.cursor("org:recipes").unwrap(), None);
    for read in [at(5), at(3)] {
        let cursor = Cursor { baseline: at(1), read };
        ledger.move_cursor("org:recipes", cursor).unwrap();
        assert_eq!(ledger.cursor("org:recipes").unwrap(), Some(cursor));
    }
    assert_eq!(ledger.cursor("repo:recipes/gitea").unwrap(), None);
}

#[test]
fn a_state_change_is_written_said_and_counted() {
    let ledger = ledger();
    ledger.insert_found(&[found(7, 1), found(8, 2)], None, at(0)).unwrap();
    ledger.set_problem(7, Some(GiteaProblem::Slow.into())).unwrap();
    let trigger = ledger.trigger(7).unwrap().unwrap();
    let next = ledger.advance(&trigger, State::Refused { reason: Refusal::Closed }, at(4)).unwrap();
    let expected = Trigger { state: State::Refused { reason: Refusal::Closed }, changed: at(4), ..seen(7, 1) };
    assert_eq!(next, expected);
    assert_eq!(ledger.trigger(7).unwrap(), Some(expected));
    assert_eq!(ledger.of_kinds(&[StateKind::Seen, StateKind::Building]).unwrap(), [seen(8, 2)]);
    let counts: Vec<_> = ledger.counts().unwrap().into_iter().filter(|(_, count)| *count > 0).collect();
    assert_eq!(counts, [(StateKind::Seen, 1), (StateKind::Refused, 1)]);
    assert_eq!(ledger.dirty_pulls().unwrap().len(), 1);
}

#[test]
fn no_state_changes_twice() {
    let ledger = ledger();
    ledger.insert_found(&[found(7, 1)], None, at(0)).unwrap();
    let stale = ledger.trigger(7).unwrap().unwrap();
    ledger.advance(&stale, State::Cancelling, at(1)).unwrap();
    let unsaid = ledger.dirty_pulls().unwrap();
    let again = ledger.advance(&stale, State::Forgotten, at(2)).unwrap_err();
    assert!(matches!(again, Error::Changed { comment: 7 }), "{again}");
    let unknown = ledger.advance(&seen(9, 1), State::Forgotten, at(2)).unwrap_err();
    assert!(matches!(unknown, Error::Changed { comment: 9 }), "{unknown}");
    assert_eq!(ledger.trigger(7).unwrap().unwrap().state, State::Cancelling);
    assert_eq!(ledger.dirty_pulls().unwrap(), unsaid);
}

#[test]
fn a_way_that_is_none_is_refused() {
    let ledger = ledger();
    ledger.insert_found(&[found(7, 1)], None, at(0)).unwrap();
    let order = Order::new("a".repeat(40), false);
    let authorised = State::Authorised { order: order.clone(), authorised_at: at(1), requested_at: None };
    let trigger = ledger.advance(&seen(7, 1), authorised, at(1)).unwrap();
    let error = ledger.advance(&trigger, State::Answered, at(2)).unwrap_err();
    assert!(
        matches!(error, Error::Transition { comment: 7, from: StateKind::Authorised, to: StateKind::Answered }),
        "{error}"
    );
    assert_eq!(ledger.trigger(7).unwrap(), Some(trigger));
}

#[test]
fn trouble_is_said_when_it_is_news() {
    let ledger = ledger();
    ledger.insert_found(&[found(7, 1)], None, at(0)).unwrap();
    let news = || ledger.dirty_pulls().unwrap().first().map_or(0, |(_, news)| *news);
    let (down, slow) = (Some(GiteaProblem::Unreachable.into()), Some(GiteaProblem::Slow.into()));
    for (trouble, count) in [(None, 0), (down, 1), (down, 1), (slow, 2), (None, 3), (None, 3)] {
        ledger.set_problem(7, trouble).unwrap();
        assert_eq!(ledger.trigger(7).unwrap().unwrap().problem, trouble);
        assert_eq!(news(), count, "{trouble:?}");
    }
    ledger.set_problem(8, down).unwrap();
}

#[test]
fn a_change_during_a_write_is_still_dirty() {
    let ledger = ledger();
    ledger.mark_dirty(&pull(1)).unwrap();
    ledger.mark_dirty(&pull(2)).unwrap();
    let [(first, until), _] = ledger.dirty_pulls().unwrap().try_into().unwrap();
    assert_eq!(first, pull(1));
    ledger.mark_dirty(&pull(1)).unwrap();
    let said = PullRecord { comment_id: Some(3), comment: Some("h".into()), statuses: None };
    ledger.save_record(&pull(1), &said, Some(until)).unwrap();
    assert_eq!(ledger.pull_record(&pull(1)).unwrap(), said);
    let [(_, later), _] = ledger.dirty_pulls().unwrap().try_into().unwrap();
    assert_ne!(later, until);
    ledger.save_record(&pull(1), &said, None).unwrap();
    assert_eq!(ledger.dirty_pulls().unwrap().len(), 2);
    ledger.save_record(&pull(1), &said, Some(later)).unwrap();
    // Neither a late answer nor a number that is not there yet changes what is to be said.
    ledger.save_record(&pull(1), &said, Some(until)).unwrap();
    ledger.save_record(&pull(1), &said, Some(later + 10)).unwrap();
    assert_eq!(ledger.dirty_pulls().unwrap(), [(pull(2), 1)]);
    ledger.mark_dirty(&pull(1)).unwrap();
    assert_eq!(ledger.dirty_pulls().unwrap().len(), 2);
    assert_eq!(ledger.pull_record(&pull(9)).unwrap(), PullRecord::default());
}

#[test]
fn triggers_come_in_the_order_of_their_comments() {
    let ledger = ledger();
    let all = [found(30, 1), found(10, 2), found(20, 1)];
    ledger.insert_found(&all, None, at(0)).unwrap();
    let comments = |triggers: Vec<Trigger>| triggers.iter().map(|trigger| trigger.comment).collect::<Vec<_>>();
    assert_eq!(comments(ledger.of_kinds(&[StateKind::Seen]).unwrap()), [10, 20, 30]);
    assert_eq!(comments(ledger.newest(2).unwrap()), [30, 20]);
    assert_eq!(comments(ledger.of_pull(&pull(1), 9).unwrap()), [30, 20]);
    assert_eq!(comments(ledger.of_pull(&pull(1), 1).unwrap()), [30]);
    assert_eq!(comments(ledger.of_kinds(&[]).unwrap()), [0; 0]);
}

#[test]
fn a_panic_leaves_the_ledger_sound() {
    let ledger = ledger();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        ledger.write(|transaction| -> rusqlite::Result<()> {
            transaction.execute("DELETE FROM write_probe", [])?;
            panic!("in the middle");
        })
    }));
    assert!(panicked.is_err());
    ledger.check_writable().unwrap();
    assert_eq!(
        ledger.read(|it| it.query_row("SELECT writes FROM write_probe", [], |row| row.get::<_, i64>(0))).unwrap(),
        1
    );
}
