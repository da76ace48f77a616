//! The case folders of a piece, as they are on disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{difference, spec};

/// The case that holds whole files; the base of every case that names none.
pub const BASE: &str = "already_right";
/// The file that names another base.
pub const BASE_FILE: &str = "base";
/// Files that are differences.
pub const STATES: [&str; 2] = ["desired.json", "observed.json"];
/// The complete expected plan.
pub const PLAN: &str = "plan.json";
/// The spec of a service that most cases plan, whole. In the base case only.
pub const SPEC: &str = "spec.json";

/// One folder.
pub struct Folder {
    /// The base that it names.
    pub base: Option<String>,
    /// Its JSON files by name.
    pub files: BTreeMap<String, Value>,
}

/// All folders of a piece.
pub struct Cases {
    /// Where they are.
    pub root: PathBuf,
    /// By name.
    pub folders: BTreeMap<String, Folder>,
}

impl Cases {
    /// Reads all folders below `root`, or says everything that is wrong with them.
    pub fn read(root: &Path) -> Result<Self, Vec<String>> {
        let mut folders = BTreeMap::new();
        let mut problems = Vec::new();
        for path in entries(root) {
            match folder(&path) {
                Ok(folder) => drop(folders.insert(name(&path), folder)),
                Err(problem) => problems.push(problem),
            }
        }
        let cases = Self { root: root.to_owned(), folders };
        problems.extend(cases.folders.keys().filter_map(|name| cases.lineage(name).err()));
        if !cases.folders.contains_key(BASE) {
            problems.push(format!("{}: there is no base case `{BASE}`", root.display()));
        }
        if problems.is_empty() { Ok(cases) } else { Err(problems) }
    }

    /// The base of a case.
    pub fn base(&self, name: &str) -> &str {
        self.folders[name].base.as_deref().unwrap_or(BASE)
    }

    /// Returns the path of a case's file.
    pub fn path(&self, name: &str, file: &str) -> PathBuf {
        self.root.join(name).join(file)
    }

    /// Returns a case's own file.
    pub fn file(&self, name: &str, file: &str) -> Option<&Value> {
        self.folders[name].files.get(file)
    }

    /// Returns `desired.json` or `observed.json`, whole.
    pub fn state(&self, name: &str, file: &str) -> Result<Value, String> {
        let mut line = self.lineage(name)?.into_iter().rev();
        let base = line.next().and_then(|base| self.file(base, file));
        let base = base.cloned().ok_or_else(|| format!("{BASE}/{file} is missing: the base case holds whole files"))?;
        line.try_fold(base, |document, name| {
            let Some(own) = self.file(name, file) else { return Ok(document) };
            difference::apply(&document, own).map_err(|error| format!("{name}/{file}: {error}"))
        })
    }

    /// Returns the expected plan, whole.
    pub fn plan(&self, name: &str) -> Result<Option<Value>, String> {
        let plan = self.lineage(name)?.into_iter().find_map(|name| self.file(name, PLAN));
        Ok(plan.map(|plan| spec::expanded(plan, self.spec())))
    }

    /// The spec of the base case.
    pub fn spec(&self) -> &Value {
        self.file(BASE, SPEC).unwrap_or(&Value::Null)
    }

    /// Returns the case, its base, the base of that, and so on.
    fn lineage<'a>(&'a self, name: &'a str) -> Result<Vec<&'a str>, String> {
        let mut line = vec![name];
        let mut last = name;
        while last != BASE {
            let base = self.base(last);
            if !self.folders.contains_key(base) {
                return Err(format!("{last}/{BASE_FILE} names `{base}`, and there is no such case"));
            }
            if line.contains(&base) {
                return Err(format!("{name}: the bases form a circle: {} → {base}", line.join(" → ")));
            }
            line.push(base);
            last = base;
        }
        Ok(line)
    }
}

fn folder(path: &Path) -> Result<Folder, String> {
    if !path.is_dir() {
        return Err(format!("{} is no folder", path.display()));
    }
    let mut folder = Folder { base: None, files: BTreeMap::new() };
    let is_base = name(path) == BASE;
    for path in entries(path) {
        let at = path.display();
        let text = fs::read_to_string(&path).map_err(|error| format!("{at}: {error}"))?;
        let file = name(&path);
        match file.as_str() {
            BASE_FILE if is_base => return Err(format!("{at}: the base case has no base")),
            BASE_FILE => folder.base = Some(text.trim().to_owned()),
            SPEC if !is_base => return Err(format!("{at}: only `{BASE}` has a {SPEC}")),
            file if STATES.contains(&file) || file == PLAN || file == SPEC => {
                let value = serde_json::from_str(&text).map_err(|error| format!("{at}: {error}"))?;
                folder.files.insert(file.to_owned(), value);
            }
            _ => return Err(format!("{at}: a case has no such file")),
        }
    }
    Ok(folder)
}

fn entries(path: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}
