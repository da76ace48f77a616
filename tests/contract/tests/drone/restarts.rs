//! State that survives a restart of the server.

use serde_json::json;

use crate::browser;
use crate::client::Client;
use crate::runner::Runner;
use crate::site::{FILTER, Site, TOKEN, create, until};
use contract::Outcome;

crate::assertions![all_but_live_logs_outlive_a_restart];

fn all_but_live_logs_outlive_a_restart(site: &Site) -> Outcome {
    let bot = &site.own()?.world.bot;
    let account = create(bot, &format!("machine:false,admin:true,token:{TOKEN}"));
    let (mut drone, _) = site.another(&[("DRONE_USER_CREATE", &account), FILTER])?;
    let anonymous = Client::anonymous(&drone.address());
    let client = anonymous.with_token(TOKEN);
    let cookie = browser::login(&drone.address(), bot).is(303).cookie("_session_").unwrap();
    until("the synchronisation", || client.get("/api/user").is(200).number("/synced") > 0);
    let path = "/api/repos/recipes/ci";
    client.post(path).is(200);
    client.ask("PATCH", path, Some(&json!({"timeout": 75, "trusted": true}))).is(200);
    let runner = Runner::new(anonymous.with_secret(drone.rpc_secret()), &site.word());
    let branch = site.pipeline(&runner);
    let build = |query: &str| client.post(&format!("{path}/builds?branch={branch}{query}")).is(200).json();
    let (running, waiting) = (build("&A=1"), build("&A=2"));
    let mut stage = runner.begin(&runner.take(), &["say"]);
    runner.begin_step(&mut stage, 0);
    runner.upload(&stage["steps"][0], b"[]").is(200);
    drone.start_again(&[]).unwrap();

    let session = anonymous.with_cookie(&format!("_session_={cookie}"));
    assert_eq!(session.get("/api/user").is(200).text("/login"), bot.name);
    client.get("/api/user/remote/repos/recipes/ci").is(200);
    let repository = client.get(path).is(200).json();
    assert_eq!((&repository["timeout"], &repository["trusted"]), (&json!(75), &json!(true)));
    assert_eq!(client.get("/api/queue").is(200).list().len(), 2);
    // The live log is lost, and lines for it are refused; the stage goes on without a change.
    runner.batch(&stage["steps"][0], &json!([{"pos": 0, "out": "x", "time": 0}])).says(500, "stream: not found");
    runner.end_step(&mut stage, 0, "success");
    runner.end(&stage, "success");
    let ended = client.get(&format!("{path}/builds/{}", running["number"])).is(200).json();
    assert_eq!((&ended["status"], &ended["params"]), (&json!("success"), &json!({"A": "1"})));
    client.get(&format!("{path}/builds/{}/logs/1/1", running["number"])).is(200);
    assert_eq!(runner.take()["build_id"], waiting["id"]);
    Ok(())
}
