//! Lint: the results are in a table only, not in the exit code. Without Docker.

use std::fs;

use crate::bench::{Bench, is_real};

/// The rows of the table with a broken rule.
fn red(table: &str) -> Vec<String> {
    let rows = table.lines().filter(|line| line.contains("❌"));
    rows.filter_map(|row| row.split(['│', '|', '┃']).map(str::trim).find(|cell| cell.starts_with("R0")))
        .map(str::to_owned)
        .collect()
}

#[test]
fn lint_dies_without_a_terminal() {
    let bench = Bench::new(&["hello"]);
    bench.run(&["recipe", "lint", "hello", "-n", "-o"]).fatal("inappropriate ioctl for device");
}

#[test]
fn lint_always_exits_with_zero() {
    let bench = Bench::new(&["hello"]);
    let clean = bench.run_in_terminal(&["recipe", "lint", "hello", "-n", "-o"]).ok();
    for rule in 1..=15 {
        assert!(clean.stdout.contains(&format!("R{rule:03}")), "{}", clean.stdout);
    }
    assert!(!red(&clean.stdout).contains(&"R009".to_owned()), "{}", clean.stdout);
    bench.edit("hello", "compose.yml", "  app:\n", "  web:\n");
    bench.edit("hello", "compose.yml", "healthcheck:", "x-healthcheck:");
    bench.git_in("hello", &["tag", "1.2.0+1.2.0"]);
    let broken = bench.run_in_terminal(&["recipe", "lint", "hello", "-n", "-o", "-C"]).ok();
    let red = red(&broken.stdout);
    for rule in ["R002", "R009", "R014"] {
        assert!(red.contains(&rule.to_owned()), "{rule} in {red:?}\n{}", broken.stdout);
    }
    let row = broken.stdout.lines().find(|line| line.contains("R009")).unwrap();
    assert!(row.contains("error"), "{row}");
}

#[test]
fn the_recipes_of_the_catalogue_keep_every_rule() {
    if is_real() {
        return println!(
            "skipped: the_recipes_of_the_catalogue_keep_every_rule: it asks forges that have none of them"
        );
    }
    for recipe in ["hello", "traefik"] {
        let table = Bench::new(&[recipe]).run_in_terminal(&["recipe", "lint", recipe, "-n", "-o"]).ok().stdout;
        assert_eq!(red(&table), Vec::<String>::new(), "{table}");
    }
}

#[test]
fn a_folder_that_is_no_recipe_cannot_be_linted() {
    let bench = Bench::new(&["hello"]);
    fs::remove_file(bench.recipe("hello").join(".env.sample")).unwrap();
    bench.run_in_terminal(&["recipe", "lint", "hello", "-n", "-o", "-C"]).fatal("unable to validate recipe");
}

#[test]
fn an_error_row_blocks_a_normal_deploy() {
    let bench = Bench::new(&["hello"]);
    bench.new_hello("a.ci.localhost");
    bench.git_in("hello", &["tag", "1.2.0+1.2.0", "1.0.0+1.0.0^{commit}"]);
    let refused = bench.run(&["app", "deploy", "a.ci.localhost", "1.0.0+1.0.0", "-n", "-o"]);
    assert_eq!(refused.code, Some(1), "{}", refused.all);
    assert!(refused.all.contains("lint"), "{}", refused.all);
}
