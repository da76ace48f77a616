//! `UPDATE_CASES=1`: writes the plans anew, and the differences as short as they can be. Deterministic; a second run
//! changes no file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::folder::{BASE, BASE_FILE, Cases, PLAN, SPEC, STATES};
use crate::{Planner, difference, spec};

/// Rewrites every file that is not as it should be. A case that cannot be planned keeps its plan.
pub fn update(root: &Path, planner: Planner<'_>) -> Result<(), Vec<String>> {
    let cases = Cases::read(root)?;
    let plans: BTreeMap<&str, Value> = (cases.folders.keys())
        .filter_map(|name| {
            let [desired, observed] = STATES.map(|file| cases.state(name, file));
            Some((name.as_str(), planner(&desired.ok()?, &observed.ok()?).ok()?))
        })
        .collect();
    let common = most_planned(&plans);
    write(&cases.path(BASE, SPEC), common.as_ref());
    let common = common.unwrap_or_default();
    for (name, folder) in &cases.folders {
        let base = cases.base(name);
        if let Some(plan) = plans.get(name.as_str()) {
            let is_own = name == BASE || plans.get(base) != Some(plan);
            let plan = spec::shortened(plan, &common);
            write(&cases.path(name, PLAN), is_own.then_some(&plan));
        }
        if name == BASE {
            continue;
        }
        if folder.base.as_deref() == Some(BASE) {
            remove(&cases.path(name, BASE_FILE));
        }
        for file in STATES {
            let base = cases.state(base, file);
            if let (Some(own), Ok(base)) = (cases.file(name, file), base)
                && let Ok(short) = difference::shortened(&base, own)
            {
                write(&cases.path(name, file), short.as_ref());
            }
        }
    }
    Ok(())
}

/// Returns the spec that most plans hold; of several, the first.
fn most_planned(plans: &BTreeMap<&str, Value>) -> Option<Value> {
    let mut counted: Vec<(&Value, usize)> = Vec::new();
    for own in plans.values().flat_map(spec::of) {
        match counted.iter_mut().find(|(there, _)| *there == own) {
            Some((_, count)) => *count += 1,
            None => counted.push((own, 1)),
        }
    }
    let most = counted.iter().map(|(_, count)| *count).max()?;
    counted.into_iter().find(|(_, count)| *count == most).map(|(spec, _)| spec.clone())
}

fn write(path: &Path, value: Option<&Value>) {
    let Some(value) = value else { return remove(path) };
    let text = format!("{value:#}\n");
    if fs::read_to_string(path).ok().as_ref() != Some(&text) {
        fs::write(path, text).unwrap();
    }
}

fn remove(path: &Path) {
    if path.exists() {
        fs::remove_file(path).unwrap();
    }
}
