//! Pagination of lists.

use serde_json::json;

use crate::browser::query;
use crate::site::Site;

crate::assertions![
    a_page_tells_the_total_and_its_neighbours,
    thirty_without_a_limit_and_fifty_at_most,
    a_page_past_the_end_is_empty,
];

/// The URL in a `Link` header.
fn link(header: &str, relation: &str) -> Option<String> {
    let entry = header.split(',').find(|entry| entry.contains(&format!("rel=\"{relation}\"")))?;
    Some(entry[entry.find('<')? + 1..entry.find('>')?].to_owned())
}

fn a_page_tells_the_total_and_its_neighbours(site: &Site) {
    let repository = site.repository("paged");
    for number in 1..=5 {
        site.pull_request(&repository, &format!("change{number}"));
    }
    let path = format!("/repos/{repository}/pulls?state=open&limit=2");
    let middle = site.bot().get(&format!("{path}&page=2")).is(200);
    assert_eq!((middle.list().len(), middle.header("x-total-count")), (2, "5"));
    let header = middle.header("link");
    for (relation, page) in [("next", "3"), ("last", "3"), ("first", "1"), ("prev", "1")] {
        let to = link(header, relation).unwrap_or_else(|| panic!("no {relation} in {header}"));
        assert!(to.starts_with(&site.called) && to.contains("state=open"), "{to}");
        assert_eq!(query(&to, "page").as_deref(), Some(page), "{relation}");
    }
    let last = site.bot().get(&format!("{path}&page=3")).is(200);
    assert_eq!(last.list().len(), 1);
    assert_eq!((link(last.header("link"), "next"), link(last.header("link"), "last")), (None, None));
}

fn thirty_without_a_limit_and_fifty_at_most(site: &Site) {
    let repository = site.repository("paged");
    let sha = site.bot().get(&format!("/repos/{repository}/branches/main")).is(200).text("/commit/id");
    let path = format!("/repos/{repository}/statuses/{sha}");
    for number in 1..=51 {
        let status = json!({"state": "pending", "context": number.to_string()});
        site.mara().post(&path, &status).is(201);
    }
    assert_eq!(site.bot().get(&path).is(200).list().len(), 30);
    let most = site.bot().get(&format!("{path}?limit=100")).is(200);
    assert_eq!((most.list().len(), most.header("x-total-count")), (50, "51"));
}

fn a_page_past_the_end_is_empty(site: &Site) {
    let repository = site.repository("paged");
    site.pull_request(&repository, "change");
    let past = site.bot().get(&format!("/repos/{repository}/pulls?page=9&limit=50")).is(200);
    assert_eq!((past.0.body.trim(), past.header("x-total-count")), ("[]", "1"));
}
