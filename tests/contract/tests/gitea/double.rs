//! The assertions that the double of tests/doubles is held to: those about the calls that it supports.

use doubles::{Front, Network, Server, lock};
use forge::Account;

/// By module and function.
pub const HELD: &[&str] = &[
    "bridge::every_answer_says_what_time_it_is",
    "bridge::pull_requests_of_one_repository_are_found",
    "bridge::those_of_one_repository_come_in_pages",
    "bridge::a_moment_counts_for_one_repository_too",
    "bridge::an_unknown_repository_has_no_list",
    "bridge::a_deleted_comment_is_gone_from_its_pull_request",
    "bridge::a_pull_request_without_comments_has_an_empty_list",
    "bridge::an_edit_counts_no_comment",
    "bridge::a_missing_comment_is_404_with_a_message",
    "bridge::a_login_outside_the_organisation_is_404_with_a_message",
    "bridge::a_user_has_no_members",
    "bridge::a_pull_request_tells_whether_its_repository_is_archived",
    "bridge::a_pull_request_of_a_renamed_repository_is_found_by_the_old_name",
    "bridge::a_work_in_progress_is_open",
    "bridge::a_closed_pull_request_may_be_commented_on",
    "comments::a_comment_is_made_and_read",
    "comments::a_comment_is_edited_by_its_author",
    "comments::another_s_comment_is_edited_by_writers_only",
    "comments::a_comment_is_deleted",
    "comments::readers_and_strangers_may_comment",
    "comments::a_locked_conversation_is_403_for_readers",
    "comments::an_empty_comment_is_422",
    "comments::a_comment_keeps_its_text_as_it_is",
    "comments::a_comment_on_nothing_is_404",
    "comments::comments_of_one_pull_request_are_listed",
    "comments::comments_of_a_repository_are_listed_in_pages",
    "comments::comments_since_a_moment_include_that_moment",
    "comments::an_edited_comment_comes_again",
    "comments::a_malformed_moment_is_422",
    "comments::a_comment_says_whether_it_is_on_a_pull_request",
    "comments::a_comment_counts_in_its_pull_request",
    "errors::a_body_that_is_no_json_is_refused",
    "errors::a_wrong_type_is_refused",
    "errors::the_api_answers_json",
    "organisations::membership_is_204_or_404",
    "organisations::a_caller_outside_is_sent_to_the_public_members",
    "organisations::a_public_membership_is_seen_from_outside",
    "organisations::membership_follows_its_team_at_once",
    "paging::a_page_tells_the_total_and_its_neighbours",
    "paging::thirty_without_a_limit_and_fifty_at_most",
    "paging::a_page_past_the_end_is_empty",
    "pulls::a_pull_request_is_read",
    "pulls::the_head_follows_the_branch",
    "pulls::the_head_is_a_reference_of_the_base_repository",
    "pulls::pushes_are_in_the_timeline",
    "pulls::pull_requests_are_listed_by_state",
    "pulls::a_second_one_from_the_same_branch_is_409",
    "pulls::one_without_a_change_or_a_branch_is_refused",
    "pulls::a_pull_request_is_an_issue_as_well",
    "pulls::an_unknown_one_is_404",
    "rights::a_repository_states_the_permissions_of_its_reader",
    "search::pull_requests_of_an_organisation_are_found",
    "search::closed_ones_are_found_and_issues_are_left_out",
    "search::a_comment_brings_its_pull_request_back",
    "search::older_changes_are_left_out",
    "search::an_edited_comment_does_not_bring_it_back",
    "search::private_ones_are_found_by_members_only",
    "search::results_come_in_pages_newest_first",
    "search::an_unknown_owner_is_refused",
    "statuses::a_writer_sets_a_status",
    "statuses::a_reader_may_not",
    "statuses::every_state_is_taken",
    "statuses::an_unknown_commit_is_refused",
    "tokens::a_token_may_not_read_what_its_account_may_not",
    "tokens::a_token_travels_in_three_headers",
];

/// Starts a double on a port. Returns its address and its administrator.
pub fn start() -> (String, Account) {
    let network = Network::new(0).shared();
    let administrator = Account {
        name: "root".to_owned(),
        password: "the administrator's".to_owned(),
        token: "the administrator's token".to_owned(),
    };
    {
        let gitea = &mut lock(&network).gitea;
        let account = gitea.add_account(&administrator.name);
        (account.is_admin, account.password) = (true, administrator.password.clone());
        gitea.tokens.insert(administrator.token.clone(), administrator.name.clone());
    }
    (Front::start(&network, Server::Gitea).address(), administrator)
}
