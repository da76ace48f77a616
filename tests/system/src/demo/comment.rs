//! A member comments `!testme`; the reader of the demo sees the effects.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use lab::Lab;
use system::{Drone, Error, Pull, Result, Web};

/// Timeout for a reaction or a comment of the bridge.
const SOON: Duration = Duration::from_secs(20);

/// Number of the pipeline's step that tests; the first step fetches the pipeline's own files.
const TEST: usize = 2;

/// Shows the way from the comment to the verdict. Returns the URLs to open.
pub fn show(machine: &Lab, web: &Web) -> Result<[String; 2]> {
    let pull = Pull::of_hello(machine)?;
    let drone = Drone::new(machine, web)?;
    println!("\nA member of the organisation comments on a pull request that changes the recipe's page.");
    println!("  {}", pull.address());
    println!("  mara: !testme");
    let began = Instant::now();
    let comment = pull.comment_as_member("!testme")?;
    let build = drone.build_of(comment, SOON)?;
    let number = build["number"].as_u64().unwrap_or_default();
    let page = drone.page(number);
    println!("  {:.1} s later there is a build of that commit, {page}", began.elapsed().as_secs_f64());
    let link = format!("/recipes/ci/{number}");
    let first = pull.answer("where to look", SOON, |said| said.contains(&link))?;
    println!("  and an answer:\n");
    quote(&first.body);
    println!("\n  Its log, live:");
    drone.until_step(number, 1, TEST)?;
    let mut followed = 0;
    drone.follow(number, 1, TEST, |line| {
        print!("  | {line}");
        followed += 1;
        false
    })?;
    let build = drone.ended(number)?;
    let last = pull.answer("the verdict", SOON, |said| said.contains("**Passed**"))?;
    println!("\n  {:.0} s after the comment, the answer has become:\n", began.elapsed().as_secs_f64());
    quote(&last.body);
    if build["status"] != "success" || followed == 0 || last.id != first.id || drone.builds_of(comment)?.len() != 1 {
        return Err(Error::NotSo(format!("the test did not go as it should: {build}")));
    }
    for link in links(&last.body) {
        let opened = web.open_link(link)?;
        if opened.status != 200 {
            return Err(Error::NotSo(format!("the answer links to {link}, which answers {}", opened.status)));
        }
        println!("\n  {link} opens, as the answer has it");
    }
    Ok([pull.address(), page])
}

/// The targets of a Markdown text's links, each once; the picture of the level is no link.
fn links(text: &str) -> BTreeSet<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| target.starts_with("http") && !target.ends_with("/badge.svg")).collect()
}

fn quote(text: &str) {
    for line in text.lines() {
        println!("  > {line}");
    }
}
