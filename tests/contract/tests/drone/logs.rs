//! Logs: live during a step, complete after it.

use serde_json::{Value, json};

use crate::runner::Runner;
use crate::site::Site;
use contract::Outcome;

crate::assertions![
    a_whole_log_is_given_back_as_it_came,
    a_log_is_uploaded_once,
    there_is_no_log_before_it_is_uploaded,
    lines_are_seen_live,
    a_late_reader_gets_the_whole_log,
    the_end_of_a_step_ends_its_stream,
    the_stream_of_a_step_that_does_not_run_ends_at_once,
    lines_for_a_step_that_does_not_run_are_refused,
    a_large_log_is_taken,
];

fn running(site: &Site) -> (Runner, Value, Value) {
    let runner = site.runner();
    let build = site.build(&site.pipeline(&runner), "");
    let mut stage = runner.begin(&runner.take(), &["say", "more"]);
    runner.begin_step(&mut stage, 0);
    (runner, build, stage)
}

fn stored(site: &Site, build: &Value, step: u32) -> String {
    site.at(&format!("/builds/{}/logs/1/{step}", build["number"]))
}

fn stream(site: &Site, build: &Value, step: u32) -> String {
    format!("/api/stream/{}/{}/1/{step}", site.slug, build["number"])
}

fn line(pos: u32, out: &str) -> Value {
    json!({"pos": pos, "out": out, "time": 0})
}

#[track_caller]
fn cancel(site: &Site, build: &Value) {
    site.bot.delete(&site.at(&format!("/builds/{}", build["number"]))).is(200);
}

fn a_whole_log_is_given_back_as_it_came(site: &Site) -> Outcome {
    let (runner, build, stage) = running(site);
    let log = json!([line(0, "hello\n"), line(1, "wörld \u{1b}[31m\n")]).to_string();
    runner.upload(&stage["steps"][0], log.as_bytes()).is(200);
    let seen = site.bot.get(&stored(site, &build, 1)).is(200);
    assert_eq!(seen.header("content-type"), "application/json");
    assert_eq!(seen.body, log);
    cancel(site, &build);
    Ok(())
}

fn a_log_is_uploaded_once(site: &Site) -> Outcome {
    let (runner, build, stage) = running(site);
    runner.upload(&stage["steps"][0], b"[]").is(200);
    runner.upload(&stage["steps"][0], b"[1]").says(500, "UNIQUE constraint failed: logs.log_id");
    assert_eq!(site.bot.get(&stored(site, &build, 1)).is(200).body, "[]");
    cancel(site, &build);
    Ok(())
}

fn there_is_no_log_before_it_is_uploaded(site: &Site) -> Outcome {
    let (runner, build, stage) = running(site);
    runner.batch(&stage["steps"][0], &json!([line(0, "hello\n")])).is(200);
    site.bot.get(&stored(site, &build, 1)).is(404);
    site.bot.get(&stored(site, &build, 7)).is(404);
    cancel(site, &build);
    Ok(())
}

fn lines_are_seen_live(site: &Site) -> Outcome {
    let (runner, build, stage) = running(site);
    let mut stream = site.bot.open(&stream(site, &build, 1));
    stream.until(": ping\n\n");
    runner.batch(&stage["steps"][0], &json!([line(0, "one\n"), line(1, "two\n")])).is(200);
    let text = stream.until("two");
    assert!(text.contains("data: {\"pos\":0,\"out\":\"one\\n\",\"time\":0}\n"), "{text}");
    runner.batch(&stage["steps"][0], &json!([line(2, "three\n")])).is(200);
    stream.until("three");
    cancel(site, &build);
    Ok(())
}

fn a_late_reader_gets_the_whole_log(site: &Site) -> Outcome {
    let (runner, build, stage) = running(site);
    runner.batch(&stage["steps"][0], &json!([line(0, "before\n")])).is(200);
    let mut stream = site.bot.open(&stream(site, &build, 1));
    stream.until("before");
    cancel(site, &build);
    Ok(())
}

fn the_end_of_a_step_ends_its_stream(site: &Site) -> Outcome {
    let (runner, build, mut stage) = running(site);
    let mut stream = site.bot.open(&stream(site, &build, 1));
    runner.batch(&stage["steps"][0], &json!([line(0, "one\n")])).is(200);
    stream.until("one");
    runner.end_step(&mut stage, 0, "success");
    assert!(stream.rest().ends_with("event: error\ndata: eof\n\n"));
    cancel(site, &build);
    Ok(())
}

fn the_stream_of_a_step_that_does_not_run_ends_at_once(site: &Site) -> Outcome {
    let (runner, build, mut stage) = running(site);
    assert!(site.bot.open(&stream(site, &build, 2)).rest().ends_with("event: error\ndata: eof\n\n"));
    runner.end_step(&mut stage, 0, "success");
    assert!(site.bot.open(&stream(site, &build, 1)).rest().ends_with("event: error\ndata: eof\n\n"));
    site.bot.get(&stream(site, &build, 9)).is(404);
    cancel(site, &build);
    Ok(())
}

fn lines_for_a_step_that_does_not_run_are_refused(site: &Site) -> Outcome {
    let (runner, build, mut stage) = running(site);
    runner.batch(&stage["steps"][1], &json!([line(0, "early\n")])).says(500, "stream: not found");
    runner.end_step(&mut stage, 0, "success");
    runner.batch(&stage["steps"][0], &json!([line(0, "late\n")])).says(500, "stream: not found");
    cancel(site, &build);
    Ok(())
}

fn a_large_log_is_taken(site: &Site) -> Outcome {
    let (runner, build, stage) = running(site);
    let lines: Vec<Value> = (0..40_000).map(|pos| line(pos, &"x".repeat(200))).collect();
    let log = serde_json::to_vec(&lines).unwrap();
    assert!(log.len() > 9_000_000);
    runner.upload(&stage["steps"][0], &log).is(200);
    assert_eq!(site.bot.get(&stored(site, &build, 1)).is(200).body.len(), log.len());
    cancel(site, &build);
    Ok(())
}
