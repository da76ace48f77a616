//! The assertions that the double of tests/doubles is held to: those about the calls that it supports.

use doubles::{Front, Network, Pipeline, Server, Shared, lock};

use crate::site::TOKEN;

/// By module and function.
pub const HELD: &[&str] = &[
    "server::a_request_without_a_login_is_refused",
    "server::a_wrong_token_is_refused",
    "builds::a_build_takes_every_word_of_the_query",
    "builds::the_default_branch_is_built_unless_another_is_named",
    "builds::a_commit_can_be_named",
    "builds::a_commit_unknown_to_gitea_is_not_found",
    "builds::no_build_without_a_matching_pipeline",
    "builds::a_broken_file_is_a_build_without_its_parameters",
    "builds::a_missing_file_is_a_failure",
    "builds::builds_are_listed_from_the_newest_in_pages",
    "builds::a_restart_takes_the_parameters_along",
    "builds::an_unknown_build_is_not_found",
    "builds::anonymous_requests_may_only_read_public_repositories",
    "bridge::a_list_has_the_parameters_of_its_builds",
    "bridge::a_page_has_a_hundred_at_most_and_more_is_twenty_five",
    "bridge::numbers_and_times_are_there_from_the_beginning",
    "bridge::a_page_beyond_the_last_is_an_empty_list",
    "bridge::every_answer_says_what_time_it_is",
    "bridge::a_build_is_in_the_list_at_once",
    "bridge::a_list_tells_what_a_cancel_did",
    "bridge::a_cancel_of_a_missing_build_is_not_found",
    "bridge::a_word_may_be_any_text",
    "bridge::a_restart_carries_the_same_trigger",
    "bridge::a_hidden_repository_is_not_found",
    "bridge::deleted_builds_are_gone_and_their_numbers_with_them",
];

/// Starts a double on a port, in which builds wait. Returns its network and its address.
pub fn start() -> (Shared, String) {
    let mut network = Network::new(0);
    network.drone.capacity = 0;
    TOKEN.clone_into(&mut network.drone.token);
    let network = network.shared();
    let address = Front::start(&network, Server::Drone).address();
    (network, address)
}

/// Adds a branch with this text as its `.drone.yml`.
pub fn add_branch(network: &Shared, branch: &str, text: &str) {
    let count = |words: &str| text.matches(words).count();
    let pipeline = match (count("name: recipe\n"), count("custom")) {
        (0, _) => Pipeline::Broken("yaml: line 2: did not find expected node content"),
        (2.., _) => Pipeline::Broken("linter: duplicate pipeline names"),
        (_, 0) => Pipeline::NothingMatches,
        _ => Pipeline::Fine,
    };
    lock(network).drone.branches.insert(branch.to_owned(), pipeline);
}
