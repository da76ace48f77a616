//! Chaos: a deploy of the checked-out files, in any state.

use serde_json::json;

use crate::swarm::Swarm;

const DOMAIN: &str = "hello.ci.localhost";
const APP: &str = "hello_ci_localhost_app";

#[test]
fn chaos_deploys_what_is_checked_out() {
    let test = "chaos_deploys_what_is_checked_out";
    let Some(swarm) = Swarm::start(test, &["hello"], &["hello:1.0.0", "hello:1.1.0"]) else { return };
    swarm.new_hello(DOMAIN);
    let label = |name: &str| swarm.label(APP, &format!("coop-cloud.hello_ci_localhost.{name}"));
    // The `.env` names the first version; the second one is checked out.
    swarm.bench.git_in("hello", &["checkout", "--quiet", "1.1.0+1.1.0"]);
    let head = swarm.bench.git_in("hello", &["rev-parse", "HEAD"]);
    swarm.abra(&["app", "deploy", DOMAIN, "-n", "-o", "-c", "-C"]).ok();
    assert_eq!(label("chaos"), json!("true"));
    assert_eq!(label("version"), json!("1.1.0+1.1.0"), "the recipe's own label stays");
    let version = label("chaos-version").as_str().unwrap().to_owned();
    assert!(version.len() >= 7 && head.starts_with(&version), "{version} of {head}");

    // No `-f`: a chaos deploy replaces a running app. A dirty tree gets a suffix and stays dirty.
    swarm.bench.edit("hello", ".env.sample", "GREETING=\"hello\"", "GREETING=\"hi\"");
    swarm.bench.write("hello", "compose.ccci.yml", "version: \"3.8\"\n");
    swarm.abra(&["app", "deploy", DOMAIN, "-n", "-o", "-c", "-C"]).ok();
    let dirty = label("chaos-version").as_str().unwrap().to_owned();
    assert!(dirty.ends_with('U') && dirty.starts_with(&version), "{dirty}");
    assert!(swarm.bench.recipe("hello").join("compose.ccci.yml").exists());
    assert_eq!(swarm.bench.git_in("hello", &["rev-parse", "HEAD"]), head);
}

#[test]
fn a_version_and_chaos_exclude_each_other() {
    let bench = crate::bench::Bench::new(&["hello"]);
    bench.new_hello(DOMAIN);
    assert_eq!(bench.run(&["app", "deploy", DOMAIN, "1.0.0+1.0.0", "-n", "-o", "-C"]).code, Some(1));
}
