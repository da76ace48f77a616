//! The wait of abra for convergence: as long as the recipe's label says, unless a flag turns it off.

use std::time::{Duration, Instant};

use crate::swarm::Swarm;

const DOMAIN: &str = "hello.ci.localhost";
const APP: &str = "hello_ci_localhost_app";

#[test]
fn an_app_that_never_gets_healthy_times_out() {
    let test = "an_app_that_never_gets_healthy_times_out";
    let Some(swarm) = Swarm::start(test, &["hello"], &["hello:1.0.0"]) else { return };
    swarm.new_hello(DOMAIN);
    let env = swarm.bench.env(DOMAIN);
    swarm.bench.write_env(DOMAIN, &env.replace("TIMEOUT=60", "TIMEOUT=3"));
    // A long interval of the health check, so that the service stays neither healthy nor unhealthy.
    swarm.bench.edit("hello", "compose.yml", "http://127.0.0.1/", "http://127.0.0.1:81/");
    swarm.bench.edit("hello", "compose.yml", "interval: 2s", "interval: 60s");
    let began = Instant::now();
    let ran = swarm.abra(&["app", "deploy", DOMAIN, "-n", "-o", "-C"]);
    assert_eq!(ran.code, Some(1), "{}", ran.all);
    assert!(ran.all.contains("FATA"), "{}", ran.all);
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(3) && took < Duration::from_secs(30), "{took:?}");
    assert!(swarm.service(APP).is_object(), "it is left as it is");
    swarm.abra(&["app", "deploy", DOMAIN, "-n", "-o", "-C", "-c"]).ok();
}

#[test]
fn an_update_that_swarm_takes_back_fails() {
    let test = "an_update_that_swarm_takes_back_fails";
    let Some(swarm) = Swarm::start(test, &["hello"], &["hello:1.0.0"]) else { return };
    swarm.new_hello(DOMAIN);
    swarm.abra(&["app", "deploy", DOMAIN, "-n", "-o"]).ok();
    swarm.bench.edit("hello", "compose.yml", "    healthcheck:\n", "    command: [\"false\"]\n    healthcheck:\n");
    let ran = swarm.abra(&["app", "deploy", DOMAIN, "-n", "-o", "-C"]);
    assert_eq!(ran.code, Some(1), "{}", ran.all);
    assert!(ran.all.contains("FATA"), "{}", ran.all);
    swarm.wait("the old page is back", |swarm| swarm.service(APP)["UpdateStatus"]["State"] == "rollback_completed");
}
