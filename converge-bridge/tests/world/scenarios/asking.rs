//! Somebody asks for a test.

use insta::assert_snapshot;

use crate::story::story;

#[test]
fn a_member_gets_one_build_and_one_comment() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_snapshot!(world.comments(&pr));
    });
}
