//! Tests of what is chosen.

use proptest::prelude::*;

use super::*;
use crate::tests::fake::settings;
use crate::trigger::Command;
use http::testing::at;

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn pull() -> Pull {
    Pull { repository: "recipes/hello".parse().unwrap(), number: 7 }
}

fn entry(updated: i64, comments: i64) -> Entry {
    Entry { pull: pull(), updated: at(updated), comments, is_pull: true }
}

fn comment(id: i64, author: &str, body: &str, created: i64) -> Comment {
    let (author, body) = (author.to_owned(), body.to_owned());
    Comment { id, author, body, created: at(created), updated: at(created), pull: Some(7) }
}

#[test]
fn a_pull_request_is_read_when_it_changed_or_may_have_within_a_second() {
    let read = |reading: (i64, i64, i64), of: (i64, i64)| {
        let (updated, comments, read) = reading;
        is_unread(&entry(of.0, of.1), Some(Reading { updated: at(updated), comments, read: at(read) }))
    };
    assert!(is_unread(&entry(0, 0), None));
    assert!(!read((100, 2, 105), (100, 2)));
    assert!(read((100, 2, 105), (101, 2)), "changed");
    assert!(read((100, 2, 105), (99, 2)), "the clock was set back");
    assert!(read((100, 2, 105), (100, 3)), "another comment");
    assert!(read((100, 2, 105), (100, 1)), "one comment less");
    assert!(read((100, 2, 100), (100, 2)), "in the same second");
    assert!(read((100, 2, 101), (100, 2)), "in the next one");
    assert!(!read((100, 2, 102), (100, 2)));
    assert!(read((100, 2, 98), (100, 2)), "clocks that differ a little");
    assert!(!read((8000, 2, 100), (8000, 2)), "by a clock that was far ahead: not at every poll");
}

#[test]
fn only_new_commands_of_others_count() {
    let found = |comment: Comment, date: i64| {
        let new = New { baseline: at(0), meanwhile: (at(date - 60), at(date)) };
        commands(&pull(), vec![comment], &settings(), new).pop()
    };
    let good = found(comment(5, "mara", " !testme \r\n", 0), 10).unwrap();
    assert_eq!((good.comment, good.author.as_str(), good.command), (5, "mara", Command::Test { quick: false }));
    assert_eq!(found(comment(5, "mara", "!testme", -1), 10), None, "older than the beginning");
    assert_eq!(found(comment(5, "ci-bot", "!testme", 1), 10), None, "ours");
    assert_eq!(found(comment(5, "CI-Bot", "!testme", 1), 10), None, "ours");
    assert_eq!(found(comment(5, "", "!testme", 1), 10), None, "nobody's");
    assert_eq!(found(comment(5, "mara", "please !testme", 1), 10), None, "prose");
    assert_eq!(found(Comment { updated: at(2), ..comment(5, "mara", "!testme", 1) }, 10), None, "edited");
    // Gitea's clock is set to before the beginning.
    assert!(found(comment(5, "mara", "!testme", -7210), -7200).is_some());
    assert_eq!(found(comment(5, "mara", "!testme", -500), -7200), None, "from before the clock was set");
    assert_eq!(found(comment(5, "mara", "!testme", -7300), -7200), None, "from long before");
}

#[test]
fn the_cursor_stays_before_unread_changes() {
    let cursor = Cursor { baseline: at(0), read: at(100) };
    let read = |date: i64, held: Option<i64>| moved(cursor, at(date), held.map(at), DAY).read;
    assert_eq!(read(105, None), at(105));
    assert_eq!(read(105, Some(103)), at(103));
    assert_eq!(read(105, Some(50)), at(100), "never further back than it is looked anyway");
    assert_eq!(read(105, Some(500)), at(105), "never ahead of time");
    assert_eq!(read(40, None), at(40), "the clock was set back");
    assert_eq!(read(100 + 86_400 * 2, Some(150)), at(100 + 86_400), "not longer than it could fire");
    let forever = moved(cursor, at(1), Some(at(0)), SignedDuration::MAX);
    assert_eq!((forever.read, forever.baseline), (at(0), at(0)));
    assert_eq!(
        moved(Cursor { baseline: Timestamp::MIN, read: Timestamp::MIN }, Timestamp::MIN, None, DAY).read,
        Timestamp::MIN
    );
}

proptest! {
    /// Whatever was written after the last whole reading is within the next one, wherever Gitea's clock was set before it.
    #[test]
    fn the_next_comment_is_read(read in -100_000_i64..100_000, date in -100_000_i64..100_000, ago in 0_i64..60) {
        let cursor = moved(Cursor { baseline: at(-200_000), read: at(read) }, at(date), None, DAY);
        // Something changes after the reading began, or was on its way to the disk then.
        prop_assert!(before(cursor.read, OVERLAP) <= at(date - ago));
    }

    /// No moment is too strange to be reckoned with.
    #[test]
    fn no_moment_is_out_of_bounds(read in any::<i64>(), date in any::<i64>(), held in any::<Option<i64>>(), catch_up in any::<u32>()) {
        let moment = |second: i64| Timestamp::from_second(second % 253_000_000_000).unwrap_or(Timestamp::MAX);
        let cursor = Cursor { baseline: moment(date), read: moment(read) };
        let next = moved(cursor, moment(date), held.map(moment), SignedDuration::from_hours(catch_up.into()));
        prop_assert!(before(next.read, WIDE_OVERLAP) >= Timestamp::UNIX_EPOCH);
        let reading = Reading { updated: moment(date), comments: 1, read: moment(read) };
        let _any = is_unread(&Entry { pull: pull(), updated: moment(date), comments: 1, is_pull: true }, Some(reading));
    }
}
