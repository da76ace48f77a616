//! The stream of events of builds.

use serde_json::{Value, json};

use crate::site::Site;
use contract::Outcome;

crate::assertions![builds_are_told_as_they_go, a_repository_has_a_stream_of_its_own, a_cancel_is_not_told];

/// The events in a stream so far.
fn events(text: &str) -> Vec<Value> {
    text.lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

fn builds_are_told_as_they_go(site: &Site) -> Outcome {
    let runner = site.runner();
    let branch = site.pipeline(&runner);
    let mut stream = site.bot.open("/api/stream");
    stream.until(": ping\n\n");
    let build = site.build(&branch, "");
    let mut stage = runner.begin(&runner.take(), &["say"]);
    let of_this = |text: &str| -> Vec<Value> {
        events(text).into_iter().filter(|event| event["build"]["number"] == build["number"]).collect()
    };
    // A build has no events before it begins.
    let first = of_this(stream.until("\"running\"")).remove(0);
    assert_eq!((&first["slug"], &first["build"]["status"]), (&json!(site.slug), &json!("running")));
    assert_eq!(first["build"]["stages"][0]["steps"][0]["status"], json!("pending"));
    runner.begin_step(&mut stage, 0);
    runner.end_step(&mut stage, 0, "success");
    runner.end(&stage, "success");
    let text = stream.until("\"finished\":1").to_owned();
    let told = of_this(&text);
    let last = told.last().unwrap();
    assert_eq!(last["build"]["status"], json!("success"));
    assert_eq!(told.len(), 4, "{told:#?}");
    Ok(())
}

fn a_repository_has_a_stream_of_its_own(site: &Site) -> Outcome {
    let runner = site.runner();
    let branch = site.pipeline(&runner);
    let mut stream = site.bot.open(&format!("/api/stream/{}", site.slug));
    stream.until(": ping\n\n");
    let build = site.build(&branch, "");
    let stage = runner.begin(&runner.take(), &[]);
    stream.until(&format!("\"number\":{}", build["number"]));
    runner.end(&stage, "success");
    site.bot.get("/api/stream/no/where").is(404);
    Ok(())
}

fn a_cancel_is_not_told(site: &Site) -> Outcome {
    let runner = site.runner();
    let branch = site.pipeline(&runner);
    let build = site.build(&branch, "");
    let mut stream = site.bot.open("/api/stream");
    stream.until(": ping\n\n");
    site.bot.delete(&site.at(&format!("/builds/{}", build["number"]))).is(200);
    // The next event comes after it.
    let next = site.build(&branch, "");
    runner.begin(&runner.take(), &[]);
    let text = stream.until(&format!("\"number\":{}", next["number"]));
    assert!(events(text).iter().all(|event| event["build"]["number"] != build["number"]), "{text}");
    site.bot.delete(&site.at(&format!("/builds/{}", next["number"]))).is(200);
    Ok(())
}
