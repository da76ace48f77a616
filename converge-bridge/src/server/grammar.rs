//! What a comment says, as far as it is for us.

use super::trigger::Command;

/// What a comment asks for; nothing, when it is not for us.
pub fn command(body: &str) -> Option<Command> {
    (body.trim() == "!testme").then_some(Command::Test { quick: false })
}
