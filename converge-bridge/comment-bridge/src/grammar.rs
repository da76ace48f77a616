//! The commands in comments.

use super::trigger::Command;

/// Returns the command of a comment; `None` for every other comment.
///
/// The whole body must be the command, apart from invisible characters around it: a command within prose or a quotation
/// does not count.
pub fn command(body: &str) -> Option<Command> {
    let rest = body.trim_start_matches(is_unseen).strip_prefix("!testme")?.trim_end_matches(is_unseen);
    let argument = rest.trim_start_matches(is_unseen);
    let gap = &rest[..rest.len() - argument.len()];
    // `!testmexyz` is another word.
    if !argument.is_empty() && !gap.contains(char::is_whitespace) {
        return None;
    }
    // A command is one line; text below it is prose.
    Some(match argument {
        "" => Command::Test { quick: false },
        _ if gap.contains(['\n', '\r']) => Command::Unknown,
        "--quick" => Command::Test { quick: true },
        "cancel" => Command::Cancel,
        "help" => Command::Help,
        _ => Command::Unknown,
    })
}

/// True for white space and for characters without width, which phones, word processors and web forms leave around text.
fn is_unseen(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}' | '\0')
}

#[cfg(test)]
mod tests;
