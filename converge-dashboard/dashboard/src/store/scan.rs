//! Reads all runs of the directory.

use std::fs;
use std::path::Path;

use results::{Runs, Unreadable};

use super::{Damaged, Run, RunId};

/// Returns the readable runs, newest first, and the damaged ones.
pub fn runs(directory: &Path) -> (Vec<Run>, Vec<Damaged>) {
    let names =
        fs::read_dir(directory).into_iter().flatten().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let (mut runs, mut damaged) = (Vec::new(), Vec::new());
    let Ok(all) = Runs::open(directory) else { return (runs, damaged) };
    for id in names.filter_map(|name| RunId::new(&name)) {
        match run(&all, &id) {
            Ok(Some(run)) => runs.push(run),
            Ok(None) => {}
            Err(reason) => damaged.push(Damaged { id, reason }),
        }
    }
    runs.sort_by(|one, other| other.time().cmp(&one.time()).then_with(|| other.id.cmp(&one.id)));
    (runs, damaged)
}

/// Reads one run; `None` if it has no results.
fn run(all: &Runs, id: &RunId) -> Result<Option<Run>, String> {
    let Some(file) = all.results(id.as_str()).map_err(reason)? else { return Ok(None) };
    let results = file.read().map_err(reason)?;
    Ok(Some(Run::of(id.clone(), &results).ok_or("results.json names no recipe")?))
}

fn reason(unreadable: Unreadable) -> String {
    match unreadable {
        Unreadable::Io(error) => format!("results.json cannot be read: {error}"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_damaged_run_hides_no_other() {
        let runs = tempfile::tempdir().unwrap();
        let write = |id: &str, text: &str| {
            fs::create_dir(runs.path().join(id)).unwrap();
            fs::write(runs.path().join(id).join("results.json"), text).unwrap();
        };
        write("1", r#"{"schema": 3, "run_id": "1", "recipe": "hello", "state": "running"}"#);
        write("2", r#"{"schema": 3, "run_id"#);
        write("3", r#"{"schema": 99, "run_id": "3"}"#);
        fs::create_dir(runs.path().join("4")).unwrap();
        let (readable, damaged) = super::runs(runs.path());
        assert_eq!(readable.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["1"]);
        let mut damaged: Vec<&str> = damaged.iter().map(|run| run.id.as_str()).collect();
        damaged.sort_unstable();
        assert_eq!(damaged, ["2", "3"]);
    }
}
