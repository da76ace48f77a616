//! The ledger beside a model of it in plain maps, through any operations, opened anew at any time.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::any::{cursor, problem, reading, said, some_found, some_pull, state, text, time};
use super::*;
use crate::ledger::{Cursor, Error, PullRecord, Reading};
use crate::problem::Problem;
use crate::trigger::{Refusal, StateKind};

#[derive(Debug, Clone)]
enum Step {
    See(Vec<Found>, Option<(Pull, Reading)>, Timestamp),
    Advance(i64, State, Timestamp),
    // The trigger as it was before another step.
    AdvanceStale(Found, State, Timestamp),
    Trouble(i64, Option<Problem>),
    Unsay(Pull),
    Say(Pull, PullRecord, Option<i64>),
    MoveCursor(String, Cursor),
    Check,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let comment = 0..9_i64;
    prop_oneof![
        3 => (vec(some_found(), 0..4), option::of((some_pull(), reading())), time())
            .prop_map(|(found, reading, now)| Step::See(found, reading, now)),
        8 => (comment.clone(), state(), time()).prop_map(|(comment, next, now)| Step::Advance(comment, next, now)),
        1 => (some_found(), state(), time()).prop_map(|(stale, next, now)| Step::AdvanceStale(stale, next, now)),
        2 => (comment, option::of(problem())).prop_map(|(comment, trouble)| Step::Trouble(comment, trouble)),
        1 => some_pull().prop_map(Step::Unsay),
        2 => (some_pull(), said(), option::of(-1..3_i64)).prop_map(|(pull, said, until)| Step::Say(pull, said, until)),
        1 => (text(), cursor()).prop_map(|(source, cursor)| Step::MoveCursor(source, cursor)),
        1 => Just(Step::Check),
        1 => Just(Step::Reopen),
    ]
}

#[derive(Debug, Default)]
struct Model {
    triggers: BTreeMap<i64, Trigger>,
    readings: BTreeMap<Pull, Reading>,
    // How much there was to say, and how much of it was said.
    news: BTreeMap<Pull, (i64, i64)>,
    said: BTreeMap<Pull, PullRecord>,
    cursors: BTreeMap<String, Cursor>,
}

impl Model {
    fn see(&mut self, found: &[Found], reading: Option<(Pull, Reading)>, now: Timestamp) -> usize {
        let before = self.triggers.len();
        for Found { comment, pull, author, command, created, delivered_head } in found.iter().cloned() {
            let state = State::found(delivered_head);
            let trigger = Trigger { comment, pull, author, command, created, state, changed: now, problem: None };
            self.triggers.entry(comment).or_insert(trigger);
        }
        self.readings.extend(reading);
        self.triggers.len() - before
    }

    fn advance(&mut self, trigger: &Trigger, next: State, now: Timestamp) -> Result<Trigger, &'static str> {
        if !trigger.state.kind().may_become(next.kind()) {
            return Err("transition");
        }
        let stored = self.triggers.get_mut(&trigger.comment).filter(|stored| stored.state == trigger.state);
        let stored = stored.ok_or("changed")?;
        *stored = Trigger { state: next, changed: now, problem: None, ..stored.clone() };
        self.news.entry(stored.pull.clone()).or_default().0 += 1;
        Ok(stored.clone())
    }

    fn set_problem(&mut self, comment: i64, trouble: Option<Problem>) {
        let Some(trigger) = self.triggers.get_mut(&comment) else { return };
        if trigger.problem != trouble {
            trigger.problem = trouble;
            self.news.entry(trigger.pull.clone()).or_default().0 += 1;
        }
    }

    fn say(&mut self, pull: &Pull, said: PullRecord, until: Option<i64>) {
        self.said.insert(pull.clone(), said);
        let (news, told) = self.news.entry(pull.clone()).or_default();
        *told = (*told).max(until.unwrap_or(*told).min(*news));
    }
}

fn outcome(result: Result<Trigger, Error>) -> Result<Trigger, &'static str> {
    result.map_err(|error| match error {
        Error::Transition { .. } => "transition",
        Error::Changed { .. } => "changed",
        other => panic!("{other:?}"),
    })
}

fn take(step: Step, mut ledger: Ledger, model: &mut Model, path: &Path) -> Ledger {
    match step {
        Step::See(found, reading, now) => {
            let new =
                ledger.insert_found(&found, reading.as_ref().map(|(pull, reading)| (pull, *reading)), now).unwrap();
            assert_eq!(new, model.see(&found, reading, now));
        }
        Step::Advance(comment, next, now) => {
            let Some(trigger) = ledger.trigger(comment).unwrap() else { return ledger };
            let advanced = outcome(ledger.advance(&trigger, next.clone(), now));
            assert_eq!(advanced, model.advance(&trigger, next, now));
        }
        Step::AdvanceStale(found, next, now) => {
            let stored = model.triggers.get(&found.comment).cloned();
            let trigger = stored.unwrap_or(Trigger { comment: found.comment, ..seen(0, 0) });
            let stale = Trigger { state: State::found(None), ..trigger };
            let advanced = outcome(ledger.advance(&stale, next.clone(), now));
            assert_eq!(advanced, model.advance(&stale, next, now));
        }
        Step::Trouble(comment, trouble) => {
            ledger.set_problem(comment, trouble).unwrap();
            model.set_problem(comment, trouble);
        }
        Step::Unsay(pull) => {
            ledger.mark_dirty(&pull).unwrap();
            model.news.entry(pull).or_default().0 += 1;
        }
        Step::Say(pull, said, back) => {
            let until = back.map(|back| model.news.get(&pull).map_or(0, |(news, _)| *news) - back);
            ledger.save_record(&pull, &said, until).unwrap();
            model.say(&pull, said, until);
        }
        Step::MoveCursor(source, cursor) => {
            ledger.move_cursor(&source, cursor).unwrap();
            model.cursors.insert(source, cursor);
        }
        Step::Check => ledger.check_writable().unwrap(),
        Step::Reopen => {
            drop(ledger);
            ledger = Ledger::open(path, PATIENCE).unwrap();
        }
    }
    ledger
}

fn compare(ledger: &Ledger, model: &Model) {
    let triggers: Vec<Trigger> = model.triggers.values().cloned().collect();
    let of = |kind: StateKind| triggers.iter().filter(move |trigger| trigger.state.kind() == kind);
    for (kind, count) in ledger.counts().unwrap() {
        assert_eq!(usize::try_from(count), Ok(of(kind).count()), "{kind:?}");
        if !kind.is_end() {
            assert_eq!(ledger.of_kinds(&[kind]).unwrap(), of(kind).cloned().collect::<Vec<_>>());
        }
    }
    let open: Vec<StateKind> = StateKind::ALL.into_iter().filter(|kind| !kind.is_end()).collect();
    let still: Vec<_> = triggers.iter().filter(|trigger| !trigger.state.kind().is_end()).cloned().collect();
    assert_eq!(ledger.of_kinds(&open).unwrap(), still);
    for trigger in &triggers {
        assert_eq!(ledger.trigger(trigger.comment).unwrap().as_ref(), Some(trigger));
    }
    let newest: Vec<_> = triggers.iter().rev().take(5).cloned().collect();
    assert_eq!(ledger.newest(5).unwrap(), newest);
    let unsaid: BTreeMap<Pull, i64> = ledger.dirty_pulls().unwrap().into_iter().collect();
    let expected = model.news.iter().filter(|(_, (news, told))| news > told);
    assert_eq!(unsaid, expected.map(|(pull, (news, _))| (pull.clone(), *news)).collect());
    for number in 0..3 {
        let pull = pull(number);
        let is_heard = |it: &&Trigger| it.pull == pull && it.state != State::Refused { reason: Refusal::Stranger };
        let newest: Vec<_> = triggers.iter().rev().filter(is_heard).take(2).cloned().collect();
        assert_eq!(ledger.of_pull(&pull, 2).unwrap(), newest);
        assert_eq!(ledger.reading(&pull).unwrap().as_ref(), model.readings.get(&pull));
        assert_eq!(ledger.pull_record(&pull).unwrap(), model.said.get(&pull).cloned().unwrap_or_default());
    }
    for (source, cursor) in &model.cursors {
        assert_eq!(ledger.cursor(source).unwrap().as_ref(), Some(cursor));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn does_what_the_model_does(steps in vec(step(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let mut model = Model::default();
        let mut ledger = Ledger::open(&path, PATIENCE).unwrap();
        for step in steps {
            ledger = take(step, ledger, &mut model, &path);
            compare(&ledger, &model);
        }
        sound(&ledger);
    }
}
