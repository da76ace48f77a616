//! Errors of the API.

use forge::Request;
use serde_json::json;

use crate::client::Seen;
use crate::site::Site;

crate::assertions![
    a_refusal_is_json_with_a_message_and_an_address,
    an_unknown_path_is_404,
    a_body_that_is_no_json_is_refused,
    a_wrong_type_is_refused,
    the_api_answers_json,
    a_page_that_is_not_there_is_html,
];

fn a_refusal_is_json_with_a_message_and_an_address(site: &Site) {
    let repository = site.repository("refusing");
    let refusals = [
        site.anonymous().get("/user").is(401),
        site.bot().get(&format!("/repos/{repository}/hooks")).is(403),
        site.bot().get(&format!("/repos/{}/no-such-repository", site.organisation)).is(404),
        site.bot().get(&format!("/repos/{repository}/issues/comments?since=yesterday")).is(422),
    ];
    for refusal in refusals {
        assert!(refusal.header("content-type").starts_with("application/json"), "{}", refusal.0.url);
        assert!(!refusal.text("/message").is_empty(), "{}", refusal.0.url);
        assert_eq!(refusal.text("/url"), format!("{}/api/swagger", site.called), "{}", refusal.0.url);
    }
}

fn an_unknown_path_is_404(site: &Site) {
    site.bot().get("/no/such/thing").is(404);
    let repository = site.repository("refusing");
    site.bot().get(&format!("/repos/{repository}/no-such-thing")).is(404);
}

fn a_body_that_is_no_json_is_refused(site: &Site) {
    let repository = site.repository("refusing");
    let pull = site.pull_request(&repository, "change");
    let url = format!("{}/api/v1/repos/{repository}/issues/{pull}/comments", site.address);
    let mut request = Request::new("POST", url).header("Content-Type", "application/json");
    request = request.header("Authorization", format!("token {}", site.bot.token));
    request.body = b"{\"body\": ".to_vec();
    Seen(site.http.send(&request).unwrap()).refuses(422, "");
}

fn a_wrong_type_is_refused(site: &Site) {
    let repository = site.repository("refusing");
    let pull = site.pull_request(&repository, "change");
    site.bot().post(&format!("/repos/{repository}/issues/{pull}/comments"), &json!({"body": 5})).refuses(422, "");
}

fn the_api_answers_json(site: &Site) {
    let version = site.anonymous().get("/version").is(200);
    assert!(version.header("content-type").starts_with("application/json"), "{}", version.header("content-type"));
}

fn a_page_that_is_not_there_is_html(site: &Site) {
    let page = site.http.send(&Request::new("GET", format!("{}/no/such/page/at/all", site.address))).unwrap();
    assert_eq!(page.status, 404);
    assert!(page.header("content-type").unwrap().starts_with("text/"), "{:?}", page.header("content-type"));
}
