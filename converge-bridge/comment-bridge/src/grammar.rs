//! What a comment says, as far as it is for us.

use super::trigger::Command;

/// What a comment asks for; nothing, when it is not for us.
///
/// The whole body counts, whatever surrounds it that nobody sees: a command within prose or a quotation is none.
pub fn command(body: &str) -> Option<Command> {
    let rest = body.trim_start_matches(is_unseen).strip_prefix("!testme")?.trim_end_matches(is_unseen);
    let argument = rest.trim_start_matches(is_unseen);
    let gap = &rest[..rest.len() - argument.len()];
    // `!testmexyz` is another word.
    if !argument.is_empty() && !gap.contains(char::is_whitespace) {
        return None;
    }
    // Only one line is a command: what stands below it is prose.
    Some(match argument {
        "" => Command::Test { quick: false },
        _ if gap.contains(['\n', '\r']) => Command::Unknown,
        "--quick" => Command::Test { quick: true },
        "cancel" => Command::Cancel,
        "help" => Command::Help,
        _ => Command::Unknown,
    })
}

/// White space of any kind, and what has no width: a phone, a word processor or a web form leaves it around a text.
fn is_unseen(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}' | '\0')
}

#[cfg(test)]
mod tests;
