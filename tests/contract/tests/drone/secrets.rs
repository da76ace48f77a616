//! Secrets: shown to runners only.

use serde_json::{Value, json};

use crate::site::Site;
use contract::Outcome;

crate::assertions![
    a_secret_is_given_to_runners_and_never_shown,
    a_secret_is_changed_and_removed,
    a_bad_secret_is_refused
];

fn a_secret_is_given_to_runners_and_never_shown(site: &Site) -> Outcome {
    let (name, path) = (site.word(), site.at("/secrets"));
    let made = site.bot.ask("POST", &path, Some(&json!({"name": name, "data": "the value"}))).is(200).json();
    assert_eq!((&made["name"], &made["data"]), (&json!(name), &Value::Null));
    let listed = site.bot.get(&path).is(200);
    assert!(!listed.body.contains("the value"));
    assert!(listed.list().iter().any(|secret| secret["name"] == json!(name)));
    assert!(!site.bot.get(&format!("{path}/{name}")).is(200).body.contains("the value"));
    let runner = site.runner();
    let build = site.build(&site.pipeline(&runner), "");
    let details = runner.details(&runner.take());
    let given = details["secrets"].as_array().unwrap().iter().find(|secret| secret["name"] == json!(name)).cloned();
    assert_eq!(given.expect("the secret")["data"], json!("the value"));
    site.bot.delete(&site.at(&format!("/builds/{}", build["number"]))).is(200);
    site.bot.delete(&format!("{path}/{name}")).is(204);
    Ok(())
}

fn a_secret_is_changed_and_removed(site: &Site) -> Outcome {
    let (name, path) = (site.word(), site.at("/secrets"));
    let one = format!("{path}/{name}");
    site.bot.get(&one).is(404);
    site.bot.ask("POST", &path, Some(&json!({"name": name, "data": "first"}))).is(200);
    site.bot
        .ask("POST", &path, Some(&json!({"name": name, "data": "second"})))
        .refuses(500, "UNIQUE constraint failed");
    site.bot.ask("PATCH", &one, Some(&json!({"data": "second"}))).is(200);
    site.bot.delete(&one).is(204);
    site.bot.get(&one).is(404);
    site.bot.delete(&one).is(404);
    Ok(())
}

fn a_bad_secret_is_refused(site: &Site) -> Outcome {
    let path = site.at("/secrets");
    site.bot.ask("POST", &path, Some(&json!({"name": "", "data": "x"}))).refuses(400, "Invalid Secret Name");
    site.bot.ask("POST", &path, Some(&json!({"name": "a b", "data": "x"}))).refuses(400, "Invalid Secret Name");
    site.bot.ask("POST", &path, Some(&json!({"name": "a", "data": ""}))).refuses(400, "Invalid Secret Value");
    Ok(())
}
