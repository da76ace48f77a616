//! Case folders: a converger's plans, one folder for each case. A new folder is a new case; `README.md` says how.
//!
//! A folder holds only its difference from a base case: `already_right`, or the case that its file `base` names. A file
//! that is left out is as in the base.
//!
//! The differences loosen nothing. Each case is composed to whole documents, and the whole plan is compared, every field of
//! it. No part of an expectation comes from the code under test: `plan.json` and `spec.json` are files, written only by
//! `UPDATE_CASES=1` and read before they are committed. A service's spec stands once, in the base case's `spec.json`, and is
//! compared whole, text by text, in every case that plans one; the base case's `observed.json` holds the same service once
//! more in Docker's form, and its empty plan says that the two agree. A file or a part of one that changes nothing is an
//! error, so that no dead data stays.
//!
//! Also, for property tests, what changes can be applied to without Docker: [`model`], an app, and [`service`], a service of
//! ours.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "test support: what cannot be read fails the test")]

mod difference;
mod folder;
pub mod model;
pub mod service;
mod spec;
#[cfg(test)]
mod tests;
mod text;
mod update;

use std::path::Path;

use converge::Converger;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use folder::{BASE, BASE_FILE, Cases, PLAN, SPEC, STATES};

/// Plans `desired.json` and `observed.json`.
type Planner<'a> = &'a dyn Fn(&Value, &Value) -> Result<Value, String>;

/// Plans every case below `folder` and compares with its `plan.json`. Returns the number of cases.
pub fn check<C: Converger>(folder: &Path) -> usize
where
    C::Observed: DeserializeOwned,
    C::Change: Serialize,
{
    let is_update = std::env::var_os("UPDATE_CASES").is_some();
    match compare(folder, is_update, &plan::<C>) {
        Ok(cases) => cases,
        Err(problems) => panic!("{}", problems.join("\n\n")),
    }
}

fn plan<C: Converger>(desired: &Value, observed: &Value) -> Result<Value, String>
where
    C::Observed: DeserializeOwned,
    C::Change: Serialize,
{
    let desired: C::Desired = typed(desired, STATES[0])?;
    let problems = C::check(&desired);
    if !problems.is_empty() {
        return Err(format!("the desired state is wrong: {problems:?}"));
    }
    let observed: C::Observed = typed(observed, STATES[1])?;
    serde_json::to_value(C::plan(&desired, &observed)).map_err(|error| error.to_string())
}

fn typed<T: DeserializeOwned>(value: &Value, file: &str) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|error| format!("{file}: {error}"))
}

/// Returns the number of cases, or all problems.
fn compare(root: &Path, is_update: bool, planner: Planner<'_>) -> Result<usize, Vec<String>> {
    if is_update {
        update::update(root, planner)?;
    }
    let cases = Cases::read(root)?;
    let names = cases.folders.keys().map(String::as_str);
    let mut problems: Vec<String> = names.flat_map(|name| problems(&cases, name, planner)).collect();
    problems.extend(unused_spec(&cases));
    if problems.is_empty() { Ok(cases.folders.len()) } else { Err(problems) }
}

/// A spec that no plan holds as it stands.
fn unused_spec(cases: &Cases) -> Option<String> {
    let spec = cases.file(BASE, SPEC)?;
    let plans = cases.folders.keys().filter_map(|name| cases.plan(name).ok().flatten());
    let is_used = plans.into_iter().any(|plan| spec::of(&plan).contains(&spec));
    (!is_used).then(|| format!("{BASE}/{SPEC}: no case plans this spec; UPDATE_CASES=1 writes it anew"))
}

fn problems(cases: &Cases, name: &str, planner: Planner<'_>) -> Vec<String> {
    let mut problems = dead_data(cases, name);
    let compared = STATES.map(|file| cases.state(name, file));
    match compared {
        [Ok(desired), Ok(observed)] => problems.extend(wrong_plan(cases, name, planner(&desired, &observed))),
        states => problems.extend(states.into_iter().filter_map(Result::err)),
    }
    problems
}

fn wrong_plan(cases: &Cases, name: &str, planned: Result<Value, String>) -> Option<String> {
    let planned = match planned {
        Ok(planned) => planned,
        Err(error) => return Some(format!("{name}: {error}")),
    };
    match cases.plan(name) {
        Err(error) => Some(error),
        Ok(None) => Some(format!("{name}: there is no {PLAN}; UPDATE_CASES=1 writes it")),
        Ok(Some(expected)) if planned != expected => {
            let [planned, expected] = [planned, expected].map(|plan| spec::shortened(&plan, cases.spec()));
            Some(format!("{name}\nplanned:  {planned:#}\nexpected: {expected:#}"))
        }
        Ok(Some(_)) => None,
    }
}

/// Everything in a folder that changes nothing.
fn dead_data(cases: &Cases, name: &str) -> Vec<String> {
    if name == BASE {
        return Vec::new();
    }
    let base = cases.base(name);
    let mut dead = Vec::new();
    let mut says = |file: &str, problem: &str| dead.push(format!("{name}/{file} {problem}; UPDATE_CASES=1 mends that"));
    if cases.folders[name].base.as_deref() == Some(BASE) {
        says(BASE_FILE, "names the base that every case has");
    }
    for file in STATES {
        if let (Some(own), Ok(base)) = (cases.file(name, file), cases.state(base, file)) {
            match difference::shortened(&base, own) {
                Ok(None) => says(file, "changes nothing of its base"),
                Ok(Some(short)) if short != *own => says(file, "repeats parts of its base"),
                _ => {}
            }
        }
    }
    if let (Some(own), Ok(Some(expected))) = (cases.file(name, PLAN), cases.plan(name)) {
        if cases.plan(base).is_ok_and(|plan| plan.as_ref() == Some(&expected)) {
            says(PLAN, "is the plan of its base");
        } else if spec::shortened(&expected, cases.spec()) != *own {
            says(PLAN, "repeats parts of the base case's spec");
        }
    }
    if STATES.iter().all(|file| cases.file(name, file).is_none()) {
        dead.push(format!("{name}: no difference from its base `{base}`"));
    }
    dead
}
