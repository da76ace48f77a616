//! Clocks that go wrong, and seconds that are too long.

use std::time::Duration;

use crate::story::story;
use doubles::ClockOf;

/// Two commands after a clock was set; each gets a build.
fn asked_after(clock: ClockOf, seconds: i64) {
    story(async |world| {
        world.pass(60).await;
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.pass(10).await;
        world.step(clock, seconds);
        world.push(&pr);
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        world.push(&pr);
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        let builds = world.builds();
        assert_eq!(builds.len(), 3, "{builds:?}");
        assert!(builds.iter().all(|line| line.contains("success")), "{builds:?}");
        assert_eq!(world.became(&pr), ["reported"; 3]);
        assert_eq!(world.said(&pr).len(), 1);
    });
}

#[test]
fn giteas_clock_is_set_back_an_hour() {
    asked_after(ClockOf::Gitea, -3600);
}

#[test]
fn giteas_clock_is_set_forward_an_hour() {
    asked_after(ClockOf::Gitea, 3600);
}

#[test]
fn our_clock_is_set_back_an_hour() {
    asked_after(ClockOf::Caller, -3600);
}

#[test]
fn our_clock_is_set_forward_an_hour() {
    asked_after(ClockOf::Caller, 3600);
}

#[test]
fn drones_clock_is_set_back_an_hour() {
    asked_after(ClockOf::Drone, -3600);
}

#[test]
fn drones_clock_is_set_forward_an_hour() {
    asked_after(ClockOf::Drone, 3600);
}

/// One comment just before each poll and one just after it, within one second.
#[test]
fn two_comments_within_a_second_around_a_poll() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        let mut asked = 0;
        for step in 0..40_u64 {
            alice.comments(&pr, "!testme help");
            tokio::time::sleep(Duration::from_millis(130 + step * 7 % 200)).await;
            alice.comments(&pr, "!testme help");
            asked += 2;
            tokio::time::sleep(Duration::from_millis(1777)).await;
        }
        world.until_quiet().await;
        assert_eq!(world.became(&pr), vec!["answered"; asked]);
        assert_eq!(world.said(&pr).len(), 1);
    });
}
