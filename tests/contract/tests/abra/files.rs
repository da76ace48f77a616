//! Files of recipes and apps, and abra's changes to them. Without Docker.

use crate::bench::{Bench, is_real};

#[test]
fn the_version_says_what_it_is() {
    let said = Bench::new(&[]).run(&["--version"]).ok().stdout;
    let version = said.trim().strip_prefix("abra version ").unwrap();
    let mut numbers = version.split(['.', '-']);
    assert_eq!(numbers.next(), Some("0"));
    assert!(numbers.next().unwrap().parse::<u32>().unwrap() >= 11, "{version}");
}

#[test]
fn a_new_app_is_the_sample_with_its_domain_and_version() {
    let bench = Bench::new(&["hello"]);
    bench.new_hello("hello.ci.localhost");
    let env = bench.env("hello.ci.localhost");
    assert!(env.starts_with("TYPE=hello:1.0.0+1.0.0\n"), "{env}");
    assert!(env.contains("\nDOMAIN=hello.ci.localhost\n"));
    assert!(env.contains("\nSECRET_TOKEN_VERSION=v1 # length=32\n"), "modifiers stay");
    let again = ["app", "new", "hello", "-n", "-o", "-s", "default", "-D", "hello.ci.localhost"];
    bench.run(&again).fatal("already exists");
}

#[test]
fn a_new_app_takes_the_latest_version_unless_told() {
    let bench = Bench::new(&["hello"]);
    bench.run(&["app", "new", "hello", "-n", "-o", "-s", "default", "-D", "a.ci.localhost"]).ok();
    assert!(bench.env("a.ci.localhost").starts_with("TYPE=hello:1.1.0+1.1.0\n"));
    assert_eq!(bench.git_in("hello", &["describe", "--exact-match"]), "1.1.0+1.1.0");
}

#[test]
fn a_missing_file_is_fatal() {
    let bench = Bench::new(&["hello"]);
    bench.run(&["app", "deploy", "nobody.ci.localhost", "-n", "-o"]).fatal("nobody.ci.localhost");
    bench.run(&["app", "new", "hello", "-n", "-o", "-s", "elsewhere", "-D", "a.ci.localhost"]).fatal("elsewhere");
    bench.new_hello("a.ci.localhost");
    bench.run(&["app", "deploy", "a.ci.localhost", "9.9.9+9", "-n", "-o"]).fatal("9.9.9+9");
}

#[test]
fn wrong_usage_ends_with_one() {
    assert_eq!(Bench::new(&[]).run(&["app", "deploy", "--no-such-flag"]).code, Some(1));
}

#[test]
fn a_tree_with_changes_is_refused() {
    let bench = Bench::new(&["hello"]);
    bench.new_hello("a.ci.localhost");
    bench.write("hello", "compose.ccci.yml", "version: \"3.8\"\n");
    bench.run(&["app", "deploy", "a.ci.localhost", "-n", "-o"]).fatal("has locally unstaged changes");
    assert!(bench.recipe("hello").join("compose.ccci.yml").exists(), "and nothing is cleaned away");
}

#[test]
fn a_configuration_is_not_edited_without_an_editor() {
    let bench = Bench::new(&["hello"]);
    bench.new_hello("a.ci.localhost");
    assert_ne!(bench.run(&["app", "config", "a.ci.localhost", "-n"]).code, Some(0));
}

#[test]
fn recipes_are_fetched_into_the_directory() {
    if is_real() {
        return println!("skipped: recipes_are_fetched_into_the_directory: the real abra has a forge of its own");
    }
    let bench = Bench::new(&[]);
    stand_ins::catalogue::publish("hello", &bench.forge()).unwrap();
    bench.run(&["recipe", "fetch", "hello", "-n"]).ok();
    assert!(bench.recipe("hello").join("compose.yml").is_file());
    bench.run(&["recipe", "fetch", "hello", "-n"]).ok();
    bench.run(&["recipe", "fetch", "nothing", "-n"]).fatal("nothing");
}

#[test]
fn versions_are_one_row_a_service() {
    if is_real() {
        return println!("skipped: versions_are_one_row_a_service: the real abra has a catalogue of its own");
    }
    let bench = Bench::new(&["traefik"]);
    let rows = bench.run(&["recipe", "versions", "traefik", "-n", "-o", "-m"]).ok().json();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 6);
    assert_eq!(rows[0]["version"], "4.0.0+v3.7.15");
    assert_eq!(rows[0]["service"], "app");
    assert_eq!(rows[5]["tag"], "v3.6.15");
}

#[test]
fn servers_are_folders() {
    let bench = Bench::new(&[]);
    let rows = bench.run(&["server", "ls", "-m", "-n"]).ok().json();
    assert_eq!(rows[0]["name"], "default");
}
