//! Plain text from terminal output.

/// The greatest number of combining marks of one character.
const MARKS: usize = 3;

/// The longest line that [`visible`] returns, in characters.
const LONGEST_LINE: usize = 10_000;

/// Returns the visible text of whole lines, as a terminal shows it at last: without escape sequences, hidden characters, and
/// what a carriage return has overwritten.
pub fn visible(lines: &str) -> String {
    lines.split_inclusive('\n').map(visible_line).collect()
}

fn visible_line(raw: &str) -> String {
    let (raw, end) = raw.strip_suffix('\n').map_or((raw, ""), |raw| (raw, "\n"));
    let raw = raw.trim_end_matches('\r');
    let raw = raw.rsplit('\r').next().unwrap_or(raw);
    let mut line: String =
        seen(raw).take(LONGEST_LINE).map(|c| if c.is_whitespace() && c != '\t' { ' ' } else { c }).collect();
    if line.chars().count() == LONGEST_LINE {
        line.push('…');
    }
    line + end
}

/// Returns the visible text as one line of at most `most` characters; white space becomes one space.
pub fn line(text: &str, most: usize) -> String {
    let mut line = String::new();
    let mut count = 0;
    let mut gap = false;
    // Text far beyond the limit is not read.
    for c in seen(text).take(most.saturating_mul(64)) {
        if c.is_whitespace() {
            gap = count > 0;
            continue;
        }
        if count + usize::from(gap) >= most {
            // The last character makes room for the ellipsis.
            line.pop();
            line.push('…');
            return line;
        }
        if gap {
            line.push(' ');
            count += 1;
            gap = false;
        }
        line.push(c);
        count += 1;
    }
    line
}

/// Returns the last `lines` lines without blank ones at the end, at most `columns` characters of each.
pub fn tail(log: &str, lines: usize, columns: usize) -> Vec<String> {
    let mut last: Vec<String> = Vec::new();
    // A log of blank lines is not searched to its beginning.
    for raw in log.trim_end().rsplit('\n').take(lines) {
        // A line with carriage returns shows its last state.
        let raw = raw.trim_end_matches('\r');
        let raw = raw.rsplit('\r').next().unwrap_or(raw);
        let mut whole: Vec<char> =
            seen(raw).take(columns + 1).map(|c| if c.is_whitespace() && c != '\t' { ' ' } else { c }).collect();
        if whole.len() > columns {
            whole.truncate(columns.saturating_sub(1));
            whole.push('…');
        }
        last.push(whole.into_iter().collect::<String>().trim_end().to_owned());
    }
    last.reverse();
    last
}

/// The visible characters and white space, without escape sequences.
fn seen(text: &str) -> impl Iterator<Item = char> {
    let mut marks = 0;
    Printed { rest: text.chars() }.filter(move |c| {
        marks = if is_mark(*c) { marks + 1 } else { 0 };
        marks <= MARKS && !is_hidden(*c)
    })
}

/// The characters that a terminal prints.
struct Printed<'a> {
    rest: std::str::Chars<'a>,
}

impl Iterator for Printed<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        loop {
            match self.rest.next()? {
                '\u{1b}' => self.escape(),
                '\u{9b}' => self.control(),
                c => return Some(c),
            }
        }
    }
}

impl Printed<'_> {
    /// Skips the sequence that an escape begins.
    fn escape(&mut self) {
        let mut ahead = self.rest.clone();
        match ahead.next() {
            Some('[') => {
                self.rest = ahead;
                self.control();
            }
            // Titles and links end at a bell or the next escape.
            Some(']' | 'P' | 'X' | '^' | '_') => {
                self.rest = ahead;
                while let Some(c) = self.rest.clone().next() {
                    if c == '\n' {
                        return;
                    }
                    self.rest.next();
                    if c == '\u{7}' || c == '\u{9c}' {
                        return;
                    }
                    if c == '\u{1b}' {
                        self.skip(|c| c == '\\', 1);
                        return;
                    }
                }
            }
            Some(' '..='/') => {
                self.skip(|c| matches!(c, ' '..='/'), 4);
                self.skip(|c| matches!(c, '0'..='~'), 1);
            }
            _ => self.skip(|c| matches!(c, '0'..='~'), 1),
        }
    }

    /// Skips the rest of a control sequence: parameters and one letter.
    fn control(&mut self) {
        self.skip(|c| matches!(c, ' '..='?'), 64);
        self.skip(|c| matches!(c, '@'..='~'), 1);
    }

    fn skip(&mut self, these: impl Fn(char) -> bool, most: usize) {
        for _ in 0..most {
            let mut ahead = self.rest.clone();
            match ahead.next() {
                Some(c) if these(c) => self.rest = ahead,
                _ => return,
            }
        }
    }
}

/// True for characters without a glyph, and for those that change the text direction.
fn is_hidden(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// True for a combining mark.
fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_shown_as_a_terminal_shows_them_at_last() {
        for (raw, shown) in [
            ("a\nb", "a\nb"),
            ("10 %\r100 %\r\nnext\n", "100 %\nnext\n"),
            ("\u{1b}[31mred\u{1b}[0m\u{202e}\n", "red\n"),
            ("\u{1b}]8;;javascript:alert(1)\u{7}link\u{1b}]8;;\u{7}\n", "link\n"),
            ("a\u{8}\u{7}\0b\n", "ab\n"),
            ("", ""),
        ] {
            assert_eq!(visible(raw), shown, "{raw:?}");
        }
        let long = visible(&("x".repeat(10_000_000) + "\nend\n"));
        assert_eq!(long.lines().map(|line| line.chars().count()).collect::<Vec<_>>(), [LONGEST_LINE + 1, 3]);
    }
}
