//! Behaviour that comment-bridge relies on and no other file asserts.

use serde_json::{Value, json};

use crate::site::{Site, Which, until};
use contract::Outcome;

crate::assertions![
    a_list_has_the_parameters_of_its_builds,
    a_page_has_a_hundred_at_most_and_more_is_twenty_five,
    numbers_and_times_are_there_from_the_beginning,
    a_page_beyond_the_last_is_an_empty_list,
    every_answer_says_what_time_it_is,
    a_build_is_in_the_list_at_once,
    a_list_tells_what_a_cancel_did,
    a_build_that_runs_can_be_cancelled,
    a_cancel_of_a_missing_build_is_not_found,
    a_word_may_be_any_text,
    a_restart_carries_the_same_trigger,
    a_hidden_repository_is_not_found,
    deleted_builds_are_gone_and_their_numbers_with_them,
    a_lost_answer_leaves_a_build,
    a_build_may_come_after_its_answer_was_given_up,
];

fn entry(site: &Site, build: &Value) -> Value {
    let list = site.bot.get(&site.at("/builds?page=1&per_page=100")).is(200).list();
    list.into_iter().find(|it| it["number"] == build["number"]).unwrap_or_else(|| panic!("{build} is not listed"))
}

#[track_caller]
fn cancel(site: &Site, build: &Value) -> Value {
    site.bot.delete(&site.at(&format!("/builds/{}", build["number"]))).is(200).json()
}

fn a_list_has_the_parameters_of_its_builds(site: &Site) -> Outcome {
    let runner = site.runner();
    let build = site.build(&site.pipeline(&runner), "&TRIGGER=4711&REF=abc&EMPTY=");
    let params = json!({"TRIGGER": "4711", "REF": "abc", "EMPTY": ""});
    let seen = entry(site, &build);
    assert_eq!((&seen["params"], &seen["event"]), (&params, &json!("custom")));
    cancel(site, &build);
    assert_eq!(entry(site, &build)["params"], params);
    Ok(())
}

fn a_page_has_a_hundred_at_most_and_more_is_twenty_five(site: &Site) -> Outcome {
    site.is_ours()?;
    let runner = site.runner();
    let branch = site.pipeline(&runner);
    let made: Vec<Value> = (0..27).map(|_| site.build(&branch, "")).collect();
    let count = |query: &str| site.bot.get(&site.at(&format!("/builds?{query}"))).is(200).list().len();
    assert_eq!([count(""), count("per_page=101"), count("per_page=0"), count("per_page=-1")], [25; 4]);
    assert!(count("per_page=100") >= 27);
    // Page 0 and page 1 are both the first page.
    let first = |query: &str| site.bot.get(&site.at(&format!("/builds?{query}"))).is(200).json()[0]["number"].clone();
    assert_eq!(first("page=0&per_page=100"), first("page=1&per_page=100"));
    for build in &made {
        cancel(site, build);
    }
    Ok(())
}

fn numbers_and_times_are_there_from_the_beginning(site: &Site) -> Outcome {
    let runner = site.runner();
    let build = site.build(&site.pipeline(&runner), "");
    for seen in [&build, &entry(site, &build), &site.look(&build)] {
        assert_eq!(seen["number"], build["number"]);
        assert!(seen["created"].as_i64() > Some(1_700_000_000), "{seen}");
        assert_eq!((&seen["started"], &seen["finished"], &seen["status"]), (&json!(0), &json!(0), &json!("pending")));
    }
    cancel(site, &build);
    Ok(())
}

/// Never `null`, which could be read as an empty list.
fn a_page_beyond_the_last_is_an_empty_list(site: &Site) -> Outcome {
    assert_eq!(site.bot.get(&site.at("/builds?page=1000&per_page=100")).is(200).json(), json!([]));
    Ok(())
}

fn every_answer_says_what_time_it_is(site: &Site) -> Outcome {
    let seen = site.bot.get(&site.at("/builds?per_page=1")).is(200);
    assert!(seen.header("date").ends_with(" GMT"), "{seen:?}");
    Ok(())
}

fn a_build_is_in_the_list_at_once(site: &Site) -> Outcome {
    let runner = site.runner();
    let branch = site.pipeline(&runner);
    for trigger in 1..=5 {
        let build = site.build(&branch, &format!("&TRIGGER={trigger}"));
        let newest = site.bot.get(&site.at("/builds?per_page=1")).is(200).json();
        assert_eq!((&newest[0]["number"], &newest[0]["params"]), (&build["number"], &build["params"]));
        cancel(site, &build);
    }
    Ok(())
}

fn a_list_tells_what_a_cancel_did(site: &Site) -> Outcome {
    let runner = site.runner();
    let build = site.build(&site.pipeline(&runner), "");
    assert_eq!(cancel(site, &build)["number"], build["number"]);
    let seen = entry(site, &build);
    assert_eq!(seen["status"], json!("killed"));
    assert!(seen["started"].as_i64() > Some(0) && seen["finished"].as_i64() > Some(0), "{seen}");
    // A second cancel has no effect.
    assert_eq!(cancel(site, &build)["status"], json!("killed"));
    assert_eq!(entry(site, &build)["finished"], seen["finished"]);
    Ok(())
}

fn a_build_that_runs_can_be_cancelled(site: &Site) -> Outcome {
    let runner = site.runner();
    let build = site.build(&site.pipeline(&runner), "");
    let mut stage = runner.begin(&runner.take(), &["say"]);
    runner.begin_step(&mut stage, 0);
    assert_eq!((&entry(site, &build)["status"], &site.look(&build)["status"]), (&json!("running"), &json!("running")));
    assert!(entry(site, &build)["started"].as_i64() > Some(0));
    assert_eq!(cancel(site, &build)["status"], json!("killed"));
    // A later report of the runner changes nothing.
    stage["status"] = json!("success");
    let late = runner.update(&stage).status;
    assert!(late >= 400, "{late}");
    assert_eq!(entry(site, &build)["status"], json!("killed"));
    Ok(())
}

fn a_cancel_of_a_missing_build_is_not_found(site: &Site) -> Outcome {
    site.bot.delete(&site.at("/builds/999999")).refuses(404, "");
    site.bot.get(&site.at("/builds/999999")).refuses(404, "");
    Ok(())
}

fn a_word_may_be_any_text(site: &Site) -> Outcome {
    let runner = site.runner();
    let words = "&RECIPE=a+b%26c%3Dd%25&SRC=owner%2Fname&STAGES=install%2Cupgrade&REF=%C3%A9";
    let build = site.build(&site.pipeline(&runner), words);
    let params = json!({"RECIPE": "a b&c=d%", "SRC": "owner/name", "STAGES": "install,upgrade", "REF": "é"});
    assert_eq!((&entry(site, &build)["params"], &build["params"]), (&params, &params));
    cancel(site, &build);
    Ok(())
}

/// So a build that a user restarts looks like a duplicate, while the first one has not ended.
fn a_restart_carries_the_same_trigger(site: &Site) -> Outcome {
    let runner = site.runner();
    let build = site.build(&site.pipeline(&runner), "&TRIGGER=12");
    let again = site.bot.post(&site.at(&format!("/builds/{}", build["number"]))).is(200).json();
    assert_eq!((&again["params"]["TRIGGER"], &again["parent"]), (&json!("12"), &Value::Null));
    cancel(site, &build);
    cancel(site, &again);
    Ok(())
}

/// So the bridge believes a 404 of a build only if the list of builds was answered.
fn a_hidden_repository_is_not_found(site: &Site) -> Outcome {
    site.bot.get("/api/repos/no/where/builds").refuses(404, "");
    site.bot.get("/api/repos/no/where/builds/1").refuses(404, "");
    site.bot.delete("/api/repos/no/where/builds/1").refuses(404, "");
    Ok(())
}

/// Deleted by the purge, the API's only way. Runs last, since other tests read earlier builds.
fn deleted_builds_are_gone_and_their_numbers_with_them(site: &Site) -> Outcome {
    site.is_ours()?;
    let runner = site.runner();
    let branch = site.pipeline(&runner);
    let [first, second, third] = [(); 3].map(|()| site.build(&branch, ""));
    cancel(site, &first);
    cancel(site, &second);
    let path = site.at(&format!("/builds?before={}", third["number"]));
    // The edition without a licence has no such call.
    if site.bot.delete(&path).status == 405 {
        return Err("this edition deletes no builds".to_owned());
    }
    let list = site.bot.get(&site.at("/builds?page=1&per_page=100")).is(200).list();
    let numbers: Vec<&Value> = list.iter().map(|it| &it["number"]).collect();
    assert_eq!(numbers, [&third["number"]]);
    for gone in [&first, &second] {
        site.bot.get(&site.at(&format!("/builds/{}", gone["number"]))).refuses(404, "no rows");
        site.bot.delete(&site.at(&format!("/builds/{}", gone["number"]))).refuses(404, "no rows");
    }
    let next = site.build(&branch, "");
    assert_eq!(next["number"].as_i64(), third["number"].as_i64().map(|number| number + 1));
    cancel(site, &third);
    cancel(site, &next);
    Ok(())
}

fn of_trigger(site: &Site, trigger: &str) -> Vec<Value> {
    let list = site.bot.get(&site.at("/builds?page=1&per_page=100")).is(200).list();
    list.into_iter().filter(|it| it["params"]["TRIGGER"] == json!(trigger)).collect()
}

fn a_lost_answer_leaves_a_build(site: &Site) -> Outcome {
    if site.which != Which::StandIn {
        return Err("only the stand-in takes orders".to_owned());
    }
    let own = site.own()?;
    let branch = site.pipeline(&site.runner());
    let path = format!("/api/repos/{}/builds", site.slug);
    for (trigger, what) in [("31", "{\"status\": 500}"), ("32", "{\"status\": 502}"), ("33", "\"html\"")] {
        let order = format!(
            "[{{\"method\": \"POST\", \"path\": \"{path}\", \"what\": {what}, \"times\": 1, \"after\": true}}]"
        );
        own.drone.order(&order).unwrap();
        let seen = site.bot.post(&site.at(&format!("/builds?branch={branch}&TRIGGER={trigger}")));
        assert!(seen.status >= 500 || seen.header("content-type").starts_with("text/html"), "{seen:?}");
        own.drone.order_none().unwrap();
        let made = of_trigger(site, trigger);
        assert_eq!(made.len(), 1, "{made:?}");
        cancel(site, &made[0]);
    }
    Ok(())
}

fn a_build_may_come_after_its_answer_was_given_up(site: &Site) -> Outcome {
    if site.which != Which::StandIn {
        return Err("only the stand-in takes orders".to_owned());
    }
    let own = site.own()?;
    let branch = site.pipeline(&site.runner());
    let path = format!("/api/repos/{}/builds", site.slug);
    let order = format!("[{{\"method\": \"POST\", \"path\": \"{path}\", \"what\": {{\"late\": 0.3}}, \"times\": 1}}]");
    own.drone.order(&order).unwrap();
    // 504: the client did not wait for the answer.
    site.bot.post(&site.at(&format!("/builds?branch={branch}&TRIGGER=41"))).is(504);
    assert!(of_trigger(site, "41").is_empty());
    own.drone.order_none().unwrap();
    until("the late build", || of_trigger(site, "41").len() == 1);
    cancel(site, &of_trigger(site, "41")[0]);
    Ok(())
}
