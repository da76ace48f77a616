//! The commands in comments.

use super::trigger::Command;

/// The first word of every command. Phones write a capital letter at the beginning of a text.
const WORDS: [&str; 2] = ["!testme", "!Testme"];

/// Returns the command of a comment; `None` for every other comment.
///
/// The whole body must be the command, apart from invisible characters around it: a command within prose or a quotation
/// does not count.
pub fn command(body: &str) -> Option<Command> {
    let body = body.trim_start_matches(is_unseen);
    let rest = WORDS.iter().find_map(|word| body.strip_prefix(word))?.trim_end_matches(is_unseen);
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

/// True for white space and for characters without width, which phones, word processors and web forms leave around text:
/// Unicode's `Default_Ignorable_Code_Point`, except for the two overrides, which turn the text after them around.
fn is_unseen(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\0' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}')
        || matches!(c, '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202c}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}')
        || matches!(c, '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}')
        || matches!(c, '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests;
