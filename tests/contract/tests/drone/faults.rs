//! Faults that tests order. Only the stand-in has them.

use std::time::Instant;

use crate::client::Client;
use crate::site::{Site, TOKEN, Which, create};
use contract::Outcome;

crate::assertions![ordered_faults_happen, calls_are_counted, a_token_is_renewed_at_its_end];

fn ordered_faults_happen(site: &Site) -> Outcome {
    if site.which != Which::StandIn {
        return Err("only the stand-in takes orders".to_owned());
    }
    let account = create(&site.own()?.world.bot, &format!("machine:false,admin:true,token:{TOKEN}"));
    let (drone, _) = site.another(&[("DRONE_USER_CREATE", &account)])?;
    let bot = Client::anonymous(&drone.address()).with_token(TOKEN);
    let order =
        |what: &str| drone.order(&format!("[{{\"path\": \"/api/user\", \"what\": {what}, \"times\": 1}}]")).unwrap();
    order("{\"status\": 503}");
    bot.get("/api/user").refuses(503, "ordered");
    bot.get("/api/user").is(200);
    order("\"html\"");
    assert!(bot.get("/api/user").is(200).header("content-type").starts_with("text/html"));
    order("\"garbage\"");
    assert!(serde_json::from_str::<serde_json::Value>(&bot.get("/api/user").is(200).body).is_err());
    order("\"redirect-loop\"");
    assert_eq!(bot.get("/api/user").is(302).header("location"), "/api/user");
    order("{\"slow\": 0.3}");
    let began = Instant::now();
    bot.get("/api/user").is(200);
    assert!(began.elapsed().as_secs_f32() >= 0.3);
    // The call takes effect; only its answer is lost.
    drone.order(r#"[{"path": "/api/user/*", "method": "POST", "what": {"status": 500}, "after": true}]"#).unwrap();
    bot.post("/api/user/token?rotate=true").is(500);
    drone.order_none().unwrap();
    bot.get("/api/user").is(401);
    Ok(())
}

fn calls_are_counted(site: &Site) -> Outcome {
    if site.which != Which::StandIn {
        return Err("only the stand-in takes orders".to_owned());
    }
    let (drone, _) = site.another(&[])?;
    drone.forget_calls().unwrap();
    let anonymous = Client::anonymous(&drone.address());
    anonymous.get("/version").is(200);
    anonymous.post("/api/user/repos").is(401);
    let calls: serde_json::Value = serde_json::from_str(&drone.calls().unwrap()).unwrap();
    let call =
        |method: &str, path: &str, status: u16| serde_json::json!({"method": method, "path": path, "status": status});
    assert_eq!(calls, serde_json::json!([call("GET", "/version", 200), call("POST", "/api/user/repos", 401)]));
    Ok(())
}

fn a_token_is_renewed_at_its_end(site: &Site) -> Outcome {
    if site.which != Which::StandIn {
        return Err("only the stand-in takes orders".to_owned());
    }
    let own = site.own()?;
    own.drone.expire_token(&own.world.bot.name).unwrap();
    site.bot.get("/api/user/remote/repos/recipes/ci").is(200);
    own.drone.revoke_token(&own.world.bot.name).unwrap();
    site.bot.get("/api/user/remote/repos/recipes/ci").is(500);
    crate::browser::login(&own.drone.address(), &own.world.bot).is(303);
    site.bot.get("/api/user/remote/repos/recipes/ci").is(200);
    Ok(())
}
