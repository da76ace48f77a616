//! The form of answers to runners: a runner tells Drone's own answers from those of a proxy by it.

use serde_json::{Value, json};

use crate::client::Seen;
use crate::site::Site;
use contract::Outcome;

crate::assertions![
    a_success_is_json_or_nothing,
    an_error_is_its_text_alone,
    a_wrong_secret_is_refused_without_a_word,
    an_unknown_stage_is_a_missing_row,
    the_queue_tells_the_runner_of_a_stage,
    a_stage_ends_with_the_steps_that_the_api_shows,
];

const PLAIN: &str = "text/plain; charset=utf-8";

#[track_caller]
fn is_json(seen: Seen) -> Value {
    let seen = seen.is(200);
    assert_eq!(seen.header("content-type"), PLAIN);
    seen.json()
}

#[track_caller]
fn is_nothing(seen: Seen) {
    assert_eq!(seen.is(200).body, "");
}

#[track_caller]
fn is_error(seen: Seen, status: u16, text: &str) {
    let seen = seen.is(status);
    assert_eq!((seen.header("content-type"), seen.body.as_str()), (PLAIN, text));
}

fn a_success_is_json_or_nothing(site: &Site) -> Outcome {
    let runner = site.runner();
    site.build(&site.pipeline(&runner), "");
    let offered = is_json(runner.request());
    let stage = is_json(runner.accept(&offered, "here"));
    is_json(runner.client.get(&format!("/rpc/v2/stage/{}", stage["id"])));
    let mut stage = runner.begin(&stage, &["say"]);
    runner.begin_step(&mut stage, 0);
    let line = json!([{"pos": 0, "out": "hello\n", "time": 0}]);
    is_nothing(runner.batch(&stage["steps"][0], &line));
    is_nothing(runner.upload(&stage["steps"][0], line.to_string().as_bytes()));
    is_nothing(runner.client.post("/rpc/v2/ping"));
    stage["status"] = json!("success");
    assert_eq!(is_json(runner.update(&stage))["id"], stage["id"]);
    Ok(())
}

fn an_error_is_its_text_alone(site: &Site) -> Outcome {
    let runner = site.runner();
    site.build(&site.pipeline(&runner), "");
    let stage = runner.take();
    is_error(runner.accept(&stage, "another"), 409, "Optimistic Lock Error");
    let mut stage = runner.begin(&stage, &["say"]);
    let mut old = stage["steps"][0].clone();
    runner.begin_step(&mut stage, 0);
    old["status"] = json!("success");
    is_error(runner.update_step(&old), 500, "1 error occurred:\n\t* Optimistic Lock Error\n\n");
    let ended = runner.end(&stage, "success");
    is_error(runner.update(&stage), 409, "Optimistic Lock Error");
    let log = b"[]";
    runner.upload(&ended["steps"][0], log).is(200);
    is_error(runner.upload(&ended["steps"][0], log), 500, "UNIQUE constraint failed: logs.log_id");
    Ok(())
}

fn a_wrong_secret_is_refused_without_a_word(site: &Site) -> Outcome {
    for client in [site.anonymous.clone(), site.anonymous.with_secret("wrong")] {
        assert_eq!(client.ask("PUT", "/rpc/v2/stage/1", Some(&json!({"id": 1}))).is(401).body, "");
    }
    Ok(())
}

fn an_unknown_stage_is_a_missing_row(site: &Site) -> Outcome {
    let runner = site.runner();
    let none = json!({"id": 999_999, "build_id": 999_999, "status": "error", "version": 1});
    let no_row = "sql: no rows in result set";
    is_error(runner.update(&none), 500, no_row);
    is_error(runner.accept(&none, "here"), 500, no_row);
    is_error(runner.client.get("/rpc/v2/stage/999999"), 500, no_row);
    Ok(())
}

fn the_queue_tells_the_runner_of_a_stage(site: &Site) -> Outcome {
    let runner = site.runner();
    site.build(&site.pipeline(&runner), "");
    let in_queue = |stage: &Value| {
        let queue = site.bot.get("/api/queue").is(200).list();
        queue.into_iter().find(|found| found["id"] == stage["id"])
    };
    let offered = runner.request().is(200).json();
    assert_eq!(in_queue(&offered).unwrap()["machine"].as_str().unwrap_or_default(), "");
    let stage = runner.accept(&offered, "here").is(200).json();
    assert_eq!(in_queue(&stage).unwrap()["machine"], "here");
    let stage = runner.begin(&stage, &["say"]);
    assert_eq!(in_queue(&stage).unwrap()["machine"], "here");
    runner.end(&stage, "success");
    assert!(in_queue(&stage).is_none());
    Ok(())
}

fn a_stage_ends_with_the_steps_that_the_api_shows(site: &Site) -> Outcome {
    let runner = site.runner();
    let build = site.build(&site.pipeline(&runner), "");
    let mut stage = runner.begin(&runner.take(), &["say", "more"]);
    runner.begin_step(&mut stage, 0);
    // A runner that has lost its own memory of the stage.
    let mut stage = runner.details(&stage)["stage"].clone();
    stage["steps"] = site.look(&build)["stages"][0]["steps"].clone();
    for (step, status) in [(0, "killed"), (1, "skipped")] {
        stage["steps"][step]["status"] = json!(status);
    }
    runner.end(&stage, "error");
    let seen = site.look(&build);
    let steps = &seen["stages"][0]["steps"];
    assert_eq!(
        (&seen["status"], &steps[0]["status"], &steps[1]["status"]),
        (&json!("error"), &json!("killed"), &json!("skipped"))
    );
    Ok(())
}
