//! Case folders: a converger's plans, one folder for each case. A new folder is a new case.
//!
//! `UPDATE_CASES=1` writes the plans again, for a review before the commit.
//!
//! Also [`model`]: an app that changes can be applied to without Docker, for property tests.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "test support: what cannot be read fails the test")]

pub mod model;

use std::fs;
use std::path::{Path, PathBuf};

use converge::Converger;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Plans every case below `folder` and compares with its `plan.json`. Returns the number of cases.
pub fn check<C: Converger>(folder: &Path) -> usize
where
    C::Observed: DeserializeOwned,
    C::Change: Serialize,
{
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    let wrong: Vec<String> = cases.iter().filter_map(|case| compare::<C>(case)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    cases.len()
}

fn compare<C: Converger>(case: &Path) -> Option<String>
where
    C::Observed: DeserializeOwned,
    C::Change: Serialize,
{
    let desired: C::Desired = read(&case.join("desired.json"));
    let problems = C::check(&desired);
    assert!(problems.is_empty(), "{}: the desired state is wrong: {problems:?}", case.display());
    let observed: C::Observed = read(&case.join("observed.json"));
    let plan = serde_json::to_value(C::plan(&desired, &observed)).unwrap();
    let path = case.join("plan.json");
    if std::env::var_os("UPDATE_CASES").is_some() {
        fs::write(&path, format!("{plan:#}\n")).unwrap();
    }
    let expected: Value = read(&path);
    (plan != expected).then(|| format!("{}\nplanned:  {plan:#}\nexpected: {expected:#}", case.display()))
}

fn read<T: DeserializeOwned>(path: &Path) -> T {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
