//! Reports of a runner, and the effect of late ones.

use serde_json::{Value, json};

use crate::runner::Runner;
use crate::site::Site;
use contract::Outcome;

crate::assertions![
    a_stage_that_begins_gives_its_steps_numbers_of_their_own,
    a_whole_run_is_seen_as_it_goes,
    a_failed_step_fails_the_build,
    an_error_is_shown,
    a_long_error_is_cut,
    a_stage_that_begins_twice_is_refused,
    reports_after_a_cancel_are_refused,
    an_old_version_is_refused,
    a_decision_of_the_server_is_not_overwritten,
    words_without_sense_are_a_failure,
    lists_may_be_null,
];

fn begun(site: &Site) -> (Runner, Value, Value) {
    let runner = site.runner();
    let build = site.build(&site.pipeline(&runner), "");
    let stage = runner.begin(&runner.take(), &["say", "more"]);
    (runner, build, stage)
}

#[track_caller]
fn cancel(site: &Site, build: &Value) {
    site.bot.delete(&site.at(&format!("/builds/{}", build["number"]))).is(200);
}

fn a_stage_that_begins_gives_its_steps_numbers_of_their_own(site: &Site) -> Outcome {
    let runner = site.runner();
    let build = site.build(&site.pipeline(&runner), "");
    let taken = runner.take();
    let stage = runner.begin(&taken, &["say", "more"]);
    assert_eq!(stage["version"].as_i64(), taken["version"].as_i64().map(|version| version + 1));
    let ids: Vec<_> = (0..2).map(|at| stage["steps"][at]["id"].as_i64().unwrap()).collect();
    assert!(ids[0] > 0 && ids[1] > ids[0], "{ids:?}");
    assert_eq!((&stage["steps"][0]["version"], &stage["steps"][1]["version"]), (&json!(1), &json!(1)));
    let seen = site.look(&build);
    assert_eq!((&seen["status"], &seen["stages"][0]["status"]), (&json!("running"), &json!("running")));
    assert!(seen["started"].as_i64() > Some(0));
    let steps = &seen["stages"][0]["steps"];
    assert_eq!((&steps[0]["name"], &steps[1]["name"]), (&json!("say"), &json!("more")));
    assert_eq!((&steps[0]["status"], &steps[0]["number"]), (&json!("pending"), &json!(1)));
    cancel(site, &build);
    Ok(())
}

fn a_whole_run_is_seen_as_it_goes(site: &Site) -> Outcome {
    let (runner, build, mut stage) = begun(site);
    for at in 0..2 {
        runner.begin_step(&mut stage, at);
        let step = site.look(&build)["stages"][0]["steps"][at].clone();
        assert_eq!((&step["status"], &step["started"]), (&json!("running"), &json!(1_700_000_001)));
        runner.end_step(&mut stage, at, "success");
        assert_eq!(stage["steps"][at]["version"], json!(3));
        let step = site.look(&build)["stages"][0]["steps"][at].clone();
        assert_eq!((&step["status"], &step["stopped"]), (&json!("success"), &json!(1_700_000_002)));
    }
    assert_eq!(site.look(&build)["status"], json!("running"));
    runner.end(&stage, "success");
    let seen = site.look(&build);
    assert_eq!((&seen["status"], &seen["stages"][0]["status"]), (&json!("success"), &json!("success")));
    assert!(seen["finished"].as_i64() > Some(0));
    assert_eq!(seen["stages"][0]["machine"], json!("here"));
    Ok(())
}

fn a_failed_step_fails_the_build(site: &Site) -> Outcome {
    let (runner, build, mut stage) = begun(site);
    runner.begin_step(&mut stage, 0);
    runner.end_step(&mut stage, 0, "failure");
    stage["steps"][1]["status"] = json!("skipped");
    stage["exit_code"] = json!(1);
    runner.end(&stage, "failure");
    let seen = site.look(&build);
    assert_eq!((&seen["status"], &seen["stages"][0]["exit_code"]), (&json!("failure"), &json!(1)));
    let steps = &seen["stages"][0]["steps"];
    assert_eq!((&steps[0]["exit_code"], &steps[1]["status"]), (&json!(1), &json!("skipped")));
    Ok(())
}

fn an_error_is_shown(site: &Site) -> Outcome {
    let runner = site.runner();
    let build = site.build(&site.pipeline(&runner), "");
    let mut stage = runner.take();
    stage["error"] = json!("this runner takes no such thing");
    // The stage ends without a begin.
    runner.end(&stage, "error");
    let seen = site.look(&build);
    assert_eq!(seen["status"], json!("error"));
    assert_eq!(seen["stages"][0]["error"], json!("this runner takes no such thing"));
    assert!(seen["started"].as_i64() > Some(0) && seen["finished"].as_i64() > Some(0), "{seen}");
    Ok(())
}

fn a_long_error_is_cut(site: &Site) -> Outcome {
    let runner = site.runner();
    let build = site.build(&site.pipeline(&runner), "");
    let mut stage = runner.take();
    stage["error"] = json!("x".repeat(2000));
    runner.end(&stage, "error");
    assert_eq!(site.look(&build)["stages"][0]["error"].as_str().map(str::len), Some(500));
    Ok(())
}

fn a_stage_that_begins_twice_is_refused(site: &Site) -> Outcome {
    let (runner, build, stage) = begun(site);
    runner.update(&stage).says(500, "UNIQUE constraint failed: steps.step_stage_id, steps.step_number");
    // The version in the row was increased all the same.
    let version = runner.details(&stage)["stage"]["version"].as_i64();
    assert_eq!(version, stage["version"].as_i64().map(|version| version + 1));
    cancel(site, &build);
    Ok(())
}

fn reports_after_a_cancel_are_refused(site: &Site) -> Outcome {
    let (runner, build, mut stage) = begun(site);
    runner.begin_step(&mut stage, 0);
    cancel(site, &build);
    let seen = site.look(&build);
    let steps = &seen["stages"][0]["steps"];
    assert_eq!((&seen["status"], &seen["stages"][0]["status"]), (&json!("killed"), &json!("killed")));
    assert_eq!((&steps[0]["status"], &steps[0]["exit_code"]), (&json!("killed"), &json!(130)));
    assert_eq!((&steps[1]["status"], &steps[1]["exit_code"]), (&json!("skipped"), &json!(130)));
    // Not 409: the server wraps the conflict.
    let mut step = stage["steps"][0].clone();
    step["status"] = json!("killed");
    runner.update_step(&step).says(500, "Optimistic Lock Error");
    let mut other = stage["steps"][1].clone();
    other["status"] = json!("running");
    runner.update_step(&other).says(409, "Optimistic Lock Error");
    stage["status"] = json!("killed");
    runner.update(&stage).says(409, "Optimistic Lock Error");
    let mut bare = stage.clone();
    bare["steps"] = json!([]);
    runner.update(&bare).says(409, "Optimistic Lock Error");
    let after = site.look(&build);
    assert_eq!((&after["status"], &after["stages"]), (&seen["status"], &seen["stages"]));
    // The complete log is accepted nevertheless.
    runner.upload(&stage["steps"][0], b"[{\"pos\":0,\"out\":\"late\\n\",\"time\":0}]").is(200);
    Ok(())
}

fn an_old_version_is_refused(site: &Site) -> Outcome {
    let (runner, build, mut stage) = begun(site);
    let mut old = stage["steps"][0].clone();
    runner.begin_step(&mut stage, 0);
    old["status"] = json!("running");
    runner.update_step(&old).says(409, "Optimistic Lock Error");
    old["status"] = json!("success");
    runner.update_step(&old).says(500, "Optimistic Lock Error");
    let mut older = stage.clone();
    older["version"] = json!(1);
    older["status"] = json!("success");
    runner.update(&older).says(409, "Optimistic Lock Error");
    assert_eq!(site.look(&build)["status"], json!("running"));
    cancel(site, &build);
    Ok(())
}

fn a_decision_of_the_server_is_not_overwritten(site: &Site) -> Outcome {
    let (runner, build, mut stage) = begun(site);
    stage["name"] = json!("another");
    stage["type"] = json!("docker");
    runner.end(&stage, "success");
    let seen = site.look(&build);
    assert_eq!((&seen["stages"][0]["name"], &seen["stages"][0]["type"]), (&json!("recipe"), &json!("exec")));
    Ok(())
}

fn words_without_sense_are_a_failure(site: &Site) -> Outcome {
    let client = site.anonymous.with_secret(&site.secret);
    client.ask_raw("PUT", "/rpc/v2/stage/1", Some(b"no JSON".to_vec())).is(500);
    client.ask_raw("POST", "/rpc/v2/stage", Some(Vec::new())).is(500);
    Ok(())
}

fn lists_may_be_null(site: &Site) -> Outcome {
    let runner = site.runner();
    let build = site.build(&site.pipeline(&runner), "");
    let mut stage = runner.take();
    for key in ["steps", "depends_on"] {
        stage[key] = Value::Null;
    }
    stage["status"] = json!("running");
    let mut stage = runner.update(&stage).is(200).json();
    stage["steps"] = Value::Null;
    runner.end(&stage, "success");
    assert_eq!(site.look(&build)["status"], json!("success"));
    Ok(())
}
