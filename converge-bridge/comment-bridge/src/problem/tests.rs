//! What is stored is read again, and nothing but the words of this module is shown.

use super::{DroneProblem, GiteaProblem, Problem};

#[test]
fn a_problem_is_read_as_it_was_written() {
    for (problem, written, shown) in [
        (DroneProblem::Unreachable.into(), r#"{"drone":"unreachable"}"#, "Drone cannot be reached"),
        (DroneProblem::Failing(503).into(), r#"{"drone":{"failing":503}}"#, "Drone answers with error 503"),
        (GiteaProblem::Failing(500).into(), r#"{"gitea":{"failing":500}}"#, "Gitea answers with error 500"),
        (GiteaProblem::Refused.into(), r#"{"gitea":"refused"}"#, "Gitea refuses the bot's token"),
        (Problem::Late, r#""late""#, "no build could be made in time"),
    ] {
        assert_eq!(serde_json::to_string(&problem).unwrap(), written);
        assert_eq!(serde_json::from_str::<Problem>(written).unwrap(), problem);
        assert_eq!(problem.to_string(), shown);
    }
}

#[test]
fn a_text_of_another_version_is_not_shown() {
    for text in [
        r#""Gitea fails (GET http://10.0.0.7:3000/api/v1/repos/recipes/hello: 500: sql: no rows)""#,
        r#"{"drone":"of a later version"}"#,
        r#"{"gitea":{"failing":"x"}}"#,
        "{}",
        "null",
        "7",
    ] {
        assert_eq!(serde_json::from_str::<Problem>(text).unwrap(), Problem::Unknown, "{text}");
    }
    assert_eq!(Problem::Unknown.to_string(), "the bridge met a problem");
}
