//! Tests of the client.

use jiff::Timestamp;

#[test]
fn the_date_of_an_answer_is_a_moment() {
    let date = jiff::fmt::rfc2822::parse("Sat, 21 Nov 2026 11:53:19 GMT").unwrap().timestamp();
    assert_eq!(date, "2026-11-21T11:53:19Z".parse::<Timestamp>().unwrap());
    assert_eq!(super::changed::moment(date), "2026-11-21T11:53:19Z");
}
