//! Many repositories with many open pull requests.

use std::error::Error;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forge::{Forge, World};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Writes them into the data folder of a stopped stand-in: copies of the present recipe with the same git folder, and of
/// its pull request with the pushes, without which no head is believed.
/// All dates are in the past. Returns the names.
pub fn written(folder: &Path, repositories: usize, pulls_each: i64) -> Result<Vec<String>> {
    let file = folder.join("stand-in.json");
    let mut state: Value = serde_json::from_slice(&fs::read(&file)?)?;
    let recipe = one(&state["repositories"], |it| it["name"] == "hello")?;
    let pull = one(&state["issues"], |it| it["repository"] == recipe["id"] && !it["pull"].is_null())?;
    let long_ago = pull["created"].as_i64().ok_or("a pull request without a time")? - 30 * 86_400;
    let mut last = state["last"].as_i64().ok_or("a state without its last number")?;
    let mut next = || {
        last += 1;
        last
    };
    let of_pull = |push: &&Value| push["issue"] == pull["id"];
    let pushes: Vec<Value> = state["pushes"].as_array().into_iter().flatten().filter(of_pull).cloned().collect();
    if pushes.is_empty() {
        return Err("a pull request without a push".into());
    }
    let mut noted = Vec::new();
    let mut names = Vec::new();
    for _ in 0..repositories {
        let id = next();
        let mut repository = recipe.clone();
        repository["id"] = json!(id);
        repository["name"] = json!(format!("recipe-{id}"));
        state["repositories"][id.to_string()] = repository;
        for number in 1..=pulls_each {
            let own = next();
            let mut issue = pull.clone();
            for (key, value) in [("id", own), ("repository", id), ("number", number), ("created", long_ago + own)] {
                issue[key] = json!(value);
            }
            issue["updated"] = issue["created"].clone();
            issue["pull"]["head_repository"] = json!(id);
            for push in &pushes {
                let mut push = push.clone();
                for (key, value) in [("id", next()), ("issue", own), ("created", long_ago + own)] {
                    push[key] = json!(value);
                }
                noted.push(push);
            }
            state["issues"][own.to_string()] = issue;
        }
        symlink(format!("{}.git", recipe["id"]), folder.join(format!("repositories/{id}.git")))?;
        names.push(format!("{}/recipe-{id}", World::ORGANISATION));
    }
    state["last"] = json!(last);
    state["pushes"].as_array_mut().ok_or("a state without pushes")?.append(&mut noted);
    fs::write(file, serde_json::to_vec(&state)?)?;
    Ok(names)
}

fn one(all: &Value, is_it: impl Fn(&Value) -> bool) -> Result<Value> {
    let found = all.as_object().and_then(|all| all.values().find(|it| is_it(it)));
    found.cloned().ok_or_else(|| "the stand-in keeps its state in another way".into())
}

/// Creates them through the API, one pull request each.
pub fn made(forge: &Forge, repositories: usize) -> Result<()> {
    let api = forge.api().with_token(&forge.administrator().token);
    for n in 0..repositories {
        let name = format!("many-{n}");
        let new = json!({"name": name, "default_branch": "main", "auto_init": true, "private": false});
        api.post(&format!("/orgs/{}/repos", World::ORGANISATION), &new)?;
        let path = format!("/repos/{}/{name}", World::ORGANISATION);
        let content = STANDARD.encode("one more\n");
        let change = json!({"content": content, "message": "one more", "branch": "main", "new_branch": "more"});
        api.post(&format!("{path}/contents/MORE.md"), &change)?;
        api.post(&format!("{path}/pulls"), &json!({"base": "main", "head": "more", "title": "One more"}))?;
    }
    Ok(())
}
