//! Runs that end because of the server, not of the recipe.

use insta::assert_snapshot;

use crate::story::slow_story;

#[test]
fn a_run_whose_end_is_never_told_hinders_no_new_one() {
    slow_story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.network().drone.lasts = (10_000_000, 10_000_000);
        alice.comments(&pr, "!testme");
        world.pass(74 * 60).await;
        assert_eq!(world.became(&pr), ["building"]);
        world.until_quiet().await;
        assert_eq!(world.builds(), ["1 killed hello@1111111 for 2"]);
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ⚠️ **Could not be tested** · `11111111` · [log](http://drone.test/recipes/ci/1)

          Drone told no end of the run within its timeout, so the bot ended it.
        "###);
        world.network().drone.lasts = (60, 60);
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["reported", "reported"]);
        assert_eq!(world.builds()[1..], ["2 success hello@1111111 for 4"]);
    });
}
