//! Builds: created, listed and cancelled through the API.

use serde_json::{Value, json};

use crate::site::{Site, Which, pipeline};
use contract::Outcome;

crate::assertions![
    a_build_takes_every_word_of_the_query,
    the_default_branch_is_built_unless_another_is_named,
    a_commit_can_be_named,
    a_commit_unknown_to_gitea_is_not_found,
    no_build_without_a_matching_pipeline,
    a_broken_file_is_a_build_without_its_parameters,
    a_missing_file_is_a_failure,
    builds_are_listed_from_the_newest_in_pages,
    the_latest_build_of_a_branch_is_found,
    a_build_that_waits_can_be_cancelled,
    a_build_that_ended_can_be_cancelled_to_no_effect,
    a_restart_takes_the_parameters_along,
    an_unknown_build_is_not_found,
    a_build_has_a_page,
    anonymous_requests_may_only_read_public_repositories,
    pipelines_wait_for_each_other,
];

fn a_build_takes_every_word_of_the_query(site: &Site) -> Outcome {
    let runner = site.runner();
    let branch = site.pipeline(&runner);
    let words = "&RECIPE=hello&TRIGGER=4711&message=a%20b%26c&action=x&EMPTY=&RECIPE=second";
    let build = site.build(&branch, words);
    assert_eq!((&build["event"], &build["status"]), (&json!("custom"), &json!("pending")));
    let params = json!({
        "RECIPE": "hello", "TRIGGER": "4711", "message": "a b&c", "action": "x", "EMPTY": "",
    });
    assert_eq!(build["params"], params);
    assert_eq!((&build["source"], &build["target"]), (&json!(branch), &json!(branch)));
    assert_eq!(build["ref"], json!(format!("refs/heads/{branch}")));
    assert_eq!(build["after"].as_str().map(str::len), Some(40));
    assert_eq!(build["trigger"], site.bot.get("/api/user").is(200).at("/login"));
    assert_eq!((&build["started"], &build["finished"]), (&json!(0), &json!(0)));
    assert_eq!(site.look(&build)["params"], params);
    let next = site.build(&branch, "");
    assert_eq!(next["number"].as_i64(), build["number"].as_i64().map(|number| number + 1));
    assert!(next["id"].as_i64() > build["id"].as_i64());
    cancel(site, &build);
    cancel(site, &next);
    Ok(())
}

#[track_caller]
fn cancel(site: &Site, build: &Value) -> Value {
    site.bot.delete(&site.at(&format!("/builds/{}", build["number"]))).is(200).json()
}

fn the_default_branch_is_built_unless_another_is_named(site: &Site) -> Outcome {
    site.is_ours()?;
    let build = site.bot.post(&site.at("/builds")).is(200).json();
    assert_eq!((&build["source"], &build["ref"]), (&json!("main"), &json!("refs/heads/main")));
    cancel(site, &build);
    Ok(())
}

fn a_commit_can_be_named(site: &Site) -> Outcome {
    let runner = site.runner();
    let branch = site.pipeline(&runner);
    let first = site.build(&branch, "");
    let commit = first["after"].as_str().unwrap();
    let second = site.bot.post(&site.at(&format!("/builds?commit={commit}&branch={branch}"))).is(200).json();
    assert_eq!((&second["after"], &second["params"]), (&first["after"], &Value::Null));
    cancel(site, &first);
    cancel(site, &second);
    Ok(())
}

fn a_commit_unknown_to_gitea_is_not_found(site: &Site) -> Outcome {
    site.bot.post(&site.at("/builds?branch=no-such-branch")).refuses(404, "Not Found");
    site.bot.post(&site.at(&format!("/builds?commit={}", "0".repeat(40)))).refuses(404, "Not Found");
    site.bot.post("/api/repos/no/where/builds").refuses(404, "Not Found");
    Ok(())
}

fn no_build_without_a_matching_pipeline(site: &Site) -> Outcome {
    let text = pipeline("nobody").replace("event: [custom]", "event: [push]");
    let branch = site.branch(&text);
    let seen = site.bot.post(&site.at(&format!("/builds?branch={branch}"))).is(200);
    assert_eq!(seen.json(), Value::Null);
    Ok(())
}

fn a_broken_file_is_a_build_without_its_parameters(site: &Site) -> Outcome {
    let branch = site.branch("kind: pipeline\nname: [\n");
    let build = site.build(&branch, "&TRIGGER=1");
    assert_eq!(build["status"], json!("error"));
    assert!(build["error"].as_str().is_some_and(|error| error.contains("yaml")), "{build}");
    assert_eq!((&build["params"], &build["trigger"]), (&Value::Null, &json!("")));
    assert!(build["finished"].as_i64() > Some(0));
    let later = site.look(&build);
    assert_eq!((&later["status"], &later["stages"]), (&json!("error"), &Value::Null));
    let branch = site.branch(&format!("{}---\n{}", pipeline("nobody"), pipeline("nobody")));
    assert_eq!(site.build(&branch, "")["error"], json!("linter: duplicate pipeline names"));
    Ok(())
}

/// The real server tries three times, with a pause of 15 s after each.
fn a_missing_file_is_a_failure(site: &Site) -> Outcome {
    if site.which == Which::Given {
        return Err("it takes 45 s".to_owned());
    }
    let path = site.at("");
    site.bot.ask("PATCH", &path, Some(&json!({"config_path": ".no-such-file.yml"}))).is(200);
    let seen = site.bot.post(&site.at("/builds"));
    site.bot.ask("PATCH", &path, Some(&json!({"config_path": ".drone.yml"}))).is(200);
    seen.refuses(500, "Not Found");
    Ok(())
}

fn builds_are_listed_from_the_newest_in_pages(site: &Site) -> Outcome {
    let runner = site.runner();
    let branch = site.pipeline(&runner);
    let made: Vec<Value> = (0..3).map(|_| site.build(&branch, "")).collect();
    let numbers = |query: &str| -> Vec<Value> {
        let list = site.bot.get(&site.at(&format!("/builds?branch={branch}{query}"))).is(200).list();
        list.iter().map(|build| build["number"].clone()).collect()
    };
    let newest_first: Vec<Value> = made.iter().rev().map(|build| build["number"].clone()).collect();
    assert_eq!(numbers(""), newest_first);
    assert_eq!(numbers("&per_page=2"), newest_first[..2]);
    assert_eq!(numbers("&per_page=2&page=2"), newest_first[2..]);
    assert!(numbers("&per_page=2&page=3").is_empty());
    let all = site.bot.get(&site.at("/builds?per_page=100")).is(200).list();
    assert_eq!(all[0]["number"], newest_first[0]);
    assert!(all.iter().all(|build| build["stages"].is_null()), "a list has no stages");
    for build in &made {
        cancel(site, build);
    }
    Ok(())
}

fn the_latest_build_of_a_branch_is_found(site: &Site) -> Outcome {
    let runner = site.runner();
    let branch = site.pipeline(&runner);
    site.bot.get(&site.at(&format!("/builds/latest?branch={branch}"))).is(404);
    let build = site.build(&branch, "");
    let latest = site.bot.get(&site.at(&format!("/builds/latest?branch={branch}"))).is(200).json();
    assert_eq!(latest["number"], build["number"]);
    assert_eq!(latest["stages"][0]["name"], json!("recipe"));
    cancel(site, &build);
    Ok(())
}

fn a_build_that_waits_can_be_cancelled(site: &Site) -> Outcome {
    let runner = site.runner();
    let build = site.build(&site.pipeline(&runner), "");
    assert_eq!(site.look(&build)["stages"][0]["status"], json!("pending"));
    let cancelled = cancel(site, &build);
    assert_eq!((&cancelled["status"], &cancelled["stages"][0]["status"]), (&json!("killed"), &json!("skipped")));
    let seen = site.look(&build);
    assert_eq!((&seen["status"], &seen["stages"][0]["status"]), (&json!("killed"), &json!("skipped")));
    assert!(seen["finished"].as_i64() > Some(0) && seen["started"].as_i64() > Some(0));
    runner.request().is(204);
    Ok(())
}

fn a_build_that_ended_can_be_cancelled_to_no_effect(site: &Site) -> Outcome {
    let runner = site.runner();
    let build = site.build(&site.pipeline(&runner), "");
    let mut stage = runner.begin(&runner.take(), &["say"]);
    runner.begin_step(&mut stage, 0);
    runner.end_step(&mut stage, 0, "success");
    runner.end(&stage, "success");
    assert_eq!(cancel(site, &build)["status"], json!("success"));
    let again = site.look(&build);
    assert_eq!((&again["status"], &again["stages"][0]["status"]), (&json!("success"), &json!("success")));
    Ok(())
}

fn a_restart_takes_the_parameters_along(site: &Site) -> Outcome {
    let runner = site.runner();
    let first = site.build(&site.pipeline(&runner), "&A=1&B=2");
    let path = site.at(&format!("/builds/{}?B=3&C=4", first["number"]));
    let second = site.bot.post(&path).is(200).json();
    assert_ne!(second["number"], first["number"]);
    // The parameters of the first build win.
    assert_eq!(second["params"], json!({"A": "1", "B": "2", "C": "4"}));
    assert_eq!((&second["after"], &second["status"]), (&first["after"], &json!("pending")));
    cancel(site, &first);
    cancel(site, &second);
    Ok(())
}

fn an_unknown_build_is_not_found(site: &Site) -> Outcome {
    site.bot.get(&site.at("/builds/999999")).is(404);
    site.bot.get(&site.at("/builds/word")).is(400);
    Ok(())
}

fn a_build_has_a_page(site: &Site) -> Outcome {
    let runner = site.runner();
    let build = site.build(&site.pipeline(&runner), "");
    let page = site.anonymous.get(&format!("/{}/{}", site.slug, build["number"])).is(200);
    assert!(page.header("content-type").starts_with("text/html"));
    cancel(site, &build);
    Ok(())
}

fn anonymous_requests_may_only_read_public_repositories(site: &Site) -> Outcome {
    site.is_ours()?;
    site.anonymous.get(&site.at("")).is(200);
    site.anonymous.get(&site.at("/builds")).is(200);
    site.anonymous.post(&site.at("/builds")).refuses(401, "Unauthorized");
    site.anonymous.delete(&site.at("/builds/1")).refuses(401, "Unauthorized");
    site.anonymous.get(&site.at("/secrets")).refuses(401, "Unauthorized");
    Ok(())
}

fn pipelines_wait_for_each_other(site: &Site) -> Outcome {
    let runner = site.runner();
    let first = pipeline(&runner.label);
    let second = first.replace("name: recipe", "name: second\ndepends_on: [recipe]");
    let third = first
        .replace("name: recipe", "name: third\ndepends_on: [recipe]")
        .replace("event: [custom]}", "event: [custom], status: [failure]}");
    let build = site.build(&site.branch(&format!("{first}---\n{second}---\n{third}")), "");
    let stages = |build: &Value| -> Vec<(String, String)> {
        let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        let stages = build["stages"].as_array().unwrap();
        stages.iter().map(|stage| (text(&stage["name"]), text(&stage["status"]))).collect()
    };
    let pair = |name: &str, status: &str| (name.to_owned(), status.to_owned());
    let wait = "waiting_on_dependencies";
    assert_eq!(stages(&site.look(&build)), [pair("recipe", "pending"), pair("second", wait), pair("third", wait)]);
    let stage = runner.begin(&runner.take(), &[]);
    runner.end(&stage, "success");
    // One stage begins; the other is skipped because it runs only after a failure.
    assert_eq!(
        stages(&site.look(&build)),
        [pair("recipe", "success"), pair("second", "pending"), pair("third", "skipped")]
    );
    let stage = runner.begin(&runner.take(), &[]);
    runner.end(&stage, "failure");
    assert_eq!(site.look(&build)["status"], json!("failure"));
    Ok(())
}
