//! Assignment of stages to runners.

use std::thread;

use serde_json::{Value, json};

use crate::site::{Site, Which};
use contract::Outcome;

crate::assertions![
    runners_prove_themselves,
    a_runner_that_waits_gets_the_stage_of_a_new_build,
    an_empty_queue_answers_no_content,
    a_stage_is_only_for_runners_that_fit,
    stages_come_in_order,
    only_one_runner_gets_a_stage,
    an_accepted_stage_is_not_handed_out_again,
    the_details_say_everything,
    the_details_are_there_before_the_acceptance,
    a_private_repository_comes_with_a_password,
    a_paused_queue_hands_out_nothing,
    a_watched_build_that_is_cancelled_is_told,
    an_earlier_cancel_is_not_reported,
    a_build_that_ends_well_is_not_told,
];

fn runners_prove_themselves(site: &Site) -> Outcome {
    let right = site.anonymous.with_secret(&site.secret);
    right.post("/rpc/v2/ping").is(200);
    site.anonymous.post("/rpc/v2/ping").is(401);
    site.anonymous.with_secret("wrong").post("/rpc/v2/ping").is(401);
    site.bot.post("/rpc/v2/stage").is(401);
    Ok(())
}

fn a_runner_that_waits_gets_the_stage_of_a_new_build(site: &Site) -> Outcome {
    let runner = site.runner();
    let branch = site.pipeline(&runner);
    let waiting = runner.clone();
    let asking = thread::spawn(move || {
        // The stand-in's long poll is shorter than the creation of the build.
        let mut seen = waiting.request();
        while seen.status == 204 {
            seen = waiting.request();
        }
        seen.is(200).json()
    });
    let build = site.build(&branch, "");
    let stage = asking.join().unwrap();
    assert_eq!((&stage["build_id"], &stage["number"]), (&build["id"], &json!(1)));
    assert_eq!(
        (&stage["name"], &stage["kind"], &stage["type"]),
        (&json!("recipe"), &json!("pipeline"), &json!("exec"))
    );
    assert_eq!((&stage["status"], &stage["os"], &stage["arch"]), (&json!("pending"), &json!("linux"), &json!("amd64")));
    let taken = runner.accept(&stage, "here").is(200).json();
    assert_eq!((&taken["machine"], &taken["status"]), (&json!("here"), &json!("pending")));
    assert_eq!(taken["version"].as_i64(), stage["version"].as_i64().map(|version| version + 1));
    assert!(taken["updated"].as_i64() > Some(0));
    // An accepted stage is still pending.
    assert_eq!(site.look(&build)["status"], json!("pending"));
    Ok(())
}

fn an_empty_queue_answers_no_content(site: &Site) -> Outcome {
    let began = std::time::Instant::now();
    site.runner().request().is(204);
    let took = began.elapsed().as_secs_f32();
    let expected = match site.which {
        Which::StandIn | Which::Double => 0.9..5.0,
        Which::Real(_) => 25.0..40.0,
        Which::Given => 0.9..60.0,
    };
    assert!(expected.contains(&took), "{took} s");
    Ok(())
}

fn a_stage_is_only_for_runners_that_fit(site: &Site) -> Outcome {
    let runner = site.runner();
    let build = site.build(&site.pipeline(&runner), "");
    let ask = |key: &str, value: Value| {
        let mut filter = runner.filter();
        filter[key] = value;
        runner.client.ask("POST", "/rpc/v2/stage", Some(&filter)).status
    };
    let others = [("type", json!("docker")), ("arch", json!("arm64")), ("labels", json!({"contract": "another"}))];
    // Each takes 30 s on the real server.
    let many = if site.which == Which::StandIn { 3 } else { 1 };
    let waits: Vec<u16> = others.into_iter().take(many).map(|(key, value)| ask(key, value)).collect();
    assert!(waits.iter().all(|status| *status == 204), "{waits:?}");
    assert_eq!(runner.take()["build_id"], build["id"]);
    Ok(())
}

fn stages_come_in_order(site: &Site) -> Outcome {
    let runner = site.runner();
    let branch = site.pipeline(&runner);
    let builds: Vec<Value> = (0..3).map(|_| site.build(&branch, "")["id"].clone()).collect();
    let taken: Vec<Value> = (0..3).map(|_| runner.take()["build_id"].clone()).collect();
    assert_eq!(taken, builds);
    Ok(())
}

fn only_one_runner_gets_a_stage(site: &Site) -> Outcome {
    let runner = site.runner();
    site.build(&site.pipeline(&runner), "");
    // The stage is offered to every runner until one accepts it.
    let (one, other) = (runner.request().is(200).json(), runner.request().is(200).json());
    assert_eq!(one["id"], other["id"]);
    let accepting: Vec<_> = (0..4)
        .map(|at| {
            let (runner, stage) = (runner.clone(), one.clone());
            thread::spawn(move || runner.accept(&stage, &format!("runner-{at}")).status)
        })
        .collect();
    let mut answers: Vec<u16> = accepting.into_iter().map(|thread| thread.join().unwrap()).collect();
    answers.sort_unstable();
    assert_eq!(answers, [200, 409, 409, 409]);
    runner.accept(&one, "late").says(409, "Optimistic Lock Error");
    Ok(())
}

fn an_accepted_stage_is_not_handed_out_again(site: &Site) -> Outcome {
    let runner = site.runner();
    site.build(&site.pipeline(&runner), "");
    runner.take();
    runner.request().is(204);
    Ok(())
}

fn the_details_say_everything(site: &Site) -> Outcome {
    let runner = site.runner();
    let branch = site.pipeline(&runner);
    let build = site.build(&branch, "&RECIPE=hello");
    let stage = runner.take();
    let details = runner.details(&stage);
    assert_eq!((&details["stage"]["id"], &details["stage"]["version"]), (&stage["id"], &stage["version"]));
    assert_eq!(details["build"]["number"], build["number"]);
    assert_eq!(details["build"]["params"], json!({"RECIPE": "hello"}));
    assert_eq!(details["build"]["stages"][0]["name"], json!("recipe"));
    assert_eq!(details["repository"]["slug"], json!(site.slug));
    assert!(details["repository"]["timeout"].as_i64() > Some(0), "{details}");
    assert!(details["repository"]["secret"].as_str().is_some_and(|it| !it.is_empty()), "{details}");
    if site.which != Which::Given {
        // The repository is public: it needs no password.
        assert_eq!((&details["netrc"], &details["secrets"]), (&Value::Null, &Value::Null));
    }
    assert!(details["system"]["link"].as_str().is_some_and(|it| it.starts_with("http")), "{details}");
    let data = details["config"]["Data"].as_str().expect("the file");
    let text = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, data).unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), crate::site::pipeline(&runner.label));
    Ok(())
}

fn the_details_are_there_before_the_acceptance(site: &Site) -> Outcome {
    let runner = site.runner();
    site.build(&site.pipeline(&runner), "&RECIPE=hello");
    let offered = runner.request().is(200).json();
    let early = runner.details(&offered);
    runner.accept(&offered, "here").is(200);
    let late = runner.details(&offered);
    for key in ["build", "config", "netrc", "repository", "secrets", "system"] {
        let without_stages = |details: &Value| {
            let mut of_key = details[key].clone();
            // The build lists its stages, which the acceptance changes.
            of_key.as_object_mut().map(|fields| fields.remove("stages"));
            of_key
        };
        assert_eq!(without_stages(&early), without_stages(&late), "{key}");
    }
    assert_eq!(
        (early["stage"]["machine"].as_str().unwrap_or_default(), &late["stage"]["machine"]),
        ("", &json!("here"))
    );
    Ok(())
}

fn a_private_repository_comes_with_a_password(site: &Site) -> Outcome {
    let own = site.own()?;
    let (runner, name) = (site.runner(), site.word());
    let wanted = json!({"name": name, "auto_init": true, "default_branch": "main", "private": true});
    site.gitea().post("/orgs/recipes/repos", &wanted).unwrap();
    let member = format!("/repos/recipes/{name}/collaborators/{}", own.world.bot.name);
    site.gitea().put(&member, &json!({"permission": "admin"})).unwrap();
    let slug = format!("recipes/{name}");
    own.forge.write_file(&slug, ".drone.yml", &crate::site::pipeline(&runner.label)).unwrap();
    site.bot.post("/api/user/repos").is(200);
    assert_eq!(site.bot.post(&format!("/api/repos/{slug}")).is(200).at("/visibility"), json!("private"));
    site.anonymous.get(&format!("/api/repos/{slug}")).refuses(401, "Unauthorized");
    site.bot.post(&format!("/api/repos/{slug}/builds")).is(200);
    let netrc = runner.details(&runner.take())["netrc"].clone();
    assert_eq!((&netrc["machine"], &netrc["password"]), (&json!("127.0.0.1"), &json!("x-oauth-basic")));
    let token = netrc["login"].as_str().unwrap();
    let read = own.forge.api().with_token(token).get(&format!("/repos/{slug}")).unwrap();
    assert_eq!(read.text("/full_name").unwrap(), slug);
    Ok(())
}

fn a_paused_queue_hands_out_nothing(site: &Site) -> Outcome {
    site.own()?;
    let runner = site.runner();
    site.build(&site.pipeline(&runner), "");
    site.bot.delete("/api/queue").is(204);
    let seen = runner.request();
    site.bot.post("/api/queue").is(204);
    seen.is(204);
    runner.take();
    Ok(())
}

#[track_caller]
fn cancel(site: &Site, build: &Value) {
    site.bot.delete(&site.at(&format!("/builds/{}", build["number"]))).is(200);
}

/// Only a running request is told of a cancel, and a test cannot see whether its request has arrived: on a miss it
/// tries again with another build.
fn a_watched_build_that_is_cancelled_is_told(site: &Site) -> Outcome {
    let runner = site.runner();
    let branch = site.pipeline(&runner);
    let is_told = || {
        let build = site.build(&branch, "");
        runner.begin(&runner.take(), &["say"]);
        let (watching, id) = (runner.clone(), build["id"].clone());
        let watch = thread::spawn(move || watching.watch(&id).status);
        (0..5).for_each(|_| drop(site.look(&build)));
        cancel(site, &build);
        watch.join().unwrap() == 200
    };
    assert!((0..5).any(|_| is_told()));
    Ok(())
}

fn an_earlier_cancel_is_not_reported(site: &Site) -> Outcome {
    let runner = site.runner();
    let build = site.build(&site.pipeline(&runner), "");
    let stage = runner.take();
    cancel(site, &build);
    runner.watch(&build["id"]).is(204);
    // The details contain the cancel.
    let details = runner.details(&stage);
    assert_eq!((&details["build"]["status"], &details["stage"]["status"]), (&json!("killed"), &json!("skipped")));
    Ok(())
}

fn a_build_that_ends_well_is_not_told(site: &Site) -> Outcome {
    let runner = site.runner();
    let build = site.build(&site.pipeline(&runner), "");
    let stage = runner.begin(&runner.take(), &[]);
    runner.end(&stage, "success");
    runner.watch(&build["id"]).is(204);
    Ok(())
}
