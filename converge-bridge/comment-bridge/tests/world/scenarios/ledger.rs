//! The ledger, lost and found.

use crate::commits::CommitFault;
use crate::story::story;

#[test]
fn an_older_ledger_is_put_back() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.pass(10).await;
        let copy = world.disk().copy();
        alice.comments(&pr, "!testme");
        world.pass(30).await;
        world.dies().await;
        world.disk().restore(&copy);
        world.starts();
        world.until_quiet().await;
        assert_eq!(world.builds(), ["1 success hello@1111111 for 2"]);
        assert_eq!((world.became(&pr), world.said(&pr).len()), (vec!["reported"], 1));
    });
}

#[test]
fn an_older_ledger_is_put_back_after_the_end() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.pass(10).await;
        let copy = world.disk().copy();
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        world.dies().await;
        world.disk().restore(&copy);
        world.starts();
        world.until_quiet().await;
        assert_eq!(world.builds(), ["1 success hello@1111111 for 2"]);
        assert_eq!((world.became(&pr), world.said(&pr).len()), (vec!["reported"], 1));
    });
}

#[test]
fn a_ledger_from_between_the_intent_and_the_build() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.is_down("drone POST");
        alice.comments(&pr, "!testme");
        world.pass(20).await;
        let copy = world.disk().copy();
        world.is_up_again();
        world.pass(60).await;
        world.dies().await;
        world.disk().restore(&copy);
        world.starts();
        world.until_quiet().await;
        assert_eq!(world.builds(), ["1 success hello@1111111 for 2"]);
    });
}

#[test]
fn a_lost_ledger_fires_on_nothing_and_finds_its_comment_again() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        world.dies().await;
        world.forgets_everything();
        world.starts();
        world.until_quiet().await;
        assert_eq!(world.builds().len(), 1);
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_eq!((world.builds().len(), world.said(&pr).len()), (2, 1));
    });
}

#[test]
fn a_full_disk_stops_it_and_room_lets_it_go_on() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.disk_is_full(true);
        alice.comments(&pr, "!testme");
        world.pass(600).await;
        assert!(world.builds().is_empty() && world.said(&pr).is_empty());
        assert!(world.calls("POST").is_empty());
        assert!(!world.problems().is_empty());
        world.disk_is_full(false);
        world.until_quiet().await;
        assert_eq!((world.builds().len(), world.became(&pr)), (1, vec!["reported"]));
        assert!(world.problems().is_empty(), "{:?}", world.problems());
    });
}

#[test]
fn a_disk_that_fills_while_a_build_runs() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.pass(20).await;
        world.disk_is_full(true);
        world.pass(600).await;
        world.disk_is_full(false);
        world.until_quiet().await;
        assert_eq!((world.builds().len(), world.became(&pr)), (1, vec!["reported"]));
        assert!(world.said(&pr)[0].contains("Passed"));
    });
}

/// A life that ends at each of the writes in turn.
#[test]
fn a_death_at_every_write() {
    for fault in [CommitFault::DiesBefore, CommitFault::DiesAfter] {
        for after in 0..25 {
            story(async |world| {
                let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
                world.commit_fault(after, fault);
                alice.comments(&pr, "!testme");
                world.until_quiet().await;
                assert_eq!(world.builds(), ["1 success hello@1111111 for 2"], "{fault:?} after {after}");
                assert_eq!(
                    (world.became(&pr), world.said(&pr).len()),
                    (vec!["reported"], 1),
                    "{fault:?} after {after}"
                );
            });
        }
    }
}

#[test]
fn shutdown_at_any_moment_loses_no_trigger() {
    story(async |world| {
        let alice = world.member("alice");
        let prs: Vec<_> = (0..5).map(|_| world.pull("recipes/hello")).collect();
        for pr in &prs {
            alice.comments(pr, "!testme");
            world.pass(3).await;
            world.stops().await;
            world.starts();
        }
        world.until_quiet().await;
        assert!(prs.iter().all(|pr| world.became(pr) == ["reported"] && world.said(pr).len() == 1));
        assert_eq!(world.builds().len(), 5);
    });
}
