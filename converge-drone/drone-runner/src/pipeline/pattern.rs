//! Patterns of conditions, as Drone matches them (doublestar 1.1): `*` and `?` within a part of a path, `**` for parts,
//! classes, and alternatives in braces. The cost is linear in pattern and text: a repository writes the patterns.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::Chars;

/// True if the pattern matches the whole text. A malformed pattern matches nothing.
pub fn matches(pattern: &str, text: &str) -> bool {
    let parts: Vec<Vec<char>> = text.split('/').map(|part| part.chars().collect()).collect();
    let mut patterns = pattern.split('/').peekable();
    // The numbers of parts that the pattern up to here may have matched.
    let mut reached = BTreeSet::from([0]);
    while let Some(part) = patterns.next() {
        if part == "**" {
            let Some(first) = reached.first().filter(|first| **first < parts.len()) else { return false };
            if patterns.peek().is_none() {
                return true;
            }
            reached = (*first..parts.len()).collect();
            continue;
        }
        let Some(tokens) = read(&mut part.chars().peekable(), false) else { return false };
        let fits = |index: &&usize| parts.get(**index).is_some_and(|part| fits(&tokens, part));
        reached = reached.iter().filter(fits).map(|index| index + 1).collect();
    }
    reached.contains(&parts.len())
}

enum Token {
    Text,
    Character,
    Literal(char),
    Class { is_negated: bool, ranges: Vec<(char, char)> },
    Alternatives(Vec<Vec<Token>>),
}

/// Reads the tokens of a part; within braces up to the end of an alternative. `None` if the part is malformed.
fn read(chars: &mut Peekable<Chars<'_>>, in_braces: bool) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    while let Some(next) = chars.peek() {
        if in_braces && matches!(next, ',' | '}') {
            break;
        }
        tokens.push(match chars.next()? {
            '*' => Token::Text,
            '?' => Token::Character,
            '\\' => Token::Literal(chars.next()?),
            '[' => class(chars)?,
            '{' if in_braces => return None,
            '{' => alternatives(chars)?,
            literal => Token::Literal(literal),
        });
    }
    Some(tokens)
}

fn alternatives(chars: &mut Peekable<Chars<'_>>) -> Option<Token> {
    let mut found = Vec::new();
    loop {
        found.push(read(chars, true)?);
        if chars.next()? == '}' {
            return Some(Token::Alternatives(found));
        }
    }
}

fn class(chars: &mut Peekable<Chars<'_>>) -> Option<Token> {
    let is_negated = chars.next_if(|c| matches!(c, '^' | '!')).is_some();
    let mut ranges = Vec::new();
    loop {
        let first = match chars.next()? {
            ']' if ranges.is_empty() => return None,
            ']' => return Some(Token::Class { is_negated, ranges }),
            '\\' => chars.next()?,
            first => first,
        };
        let last = if chars.next_if_eq(&'-').is_some() {
            match chars.next()? {
                ']' => return None,
                '\\' => chars.next()?,
                last => last,
            }
        } else {
            first
        };
        ranges.push((first, last));
    }
}

fn fits(tokens: &[Token], part: &[char]) -> bool {
    advance(tokens, part, BTreeSet::from([0])).contains(&part.len())
}

/// The positions in `part` that the tokens reach from these.
fn advance(tokens: &[Token], part: &[char], from: BTreeSet<usize>) -> BTreeSet<usize> {
    tokens.iter().fold(from, |reached, token| {
        let step = |is: &dyn Fn(char) -> bool| {
            reached.iter().filter(|at| part.get(**at).is_some_and(|c| is(*c))).map(|at| at + 1).collect()
        };
        match token {
            Token::Text => reached.first().map_or_else(BTreeSet::new, |first| (*first..=part.len()).collect()),
            Token::Character => step(&|_| true),
            Token::Literal(literal) => step(&|c| c == *literal),
            Token::Class { is_negated, ranges } => {
                step(&|c| ranges.iter().any(|(first, last)| (*first..=*last).contains(&c)) != *is_negated)
            }
            Token::Alternatives(alternatives) => {
                alternatives.iter().flat_map(|tokens| advance(tokens, part, reached.clone())).collect()
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_those_of_drone() {
        let table = [
            ("custom", "custom", true),
            ("custom", "customs", false),
            ("", "", true),
            ("*", "", true),
            ("*", "main", true),
            ("*", "feature/login", false),
            ("feature/*", "feature/login", true),
            ("feature/*", "feature/login/form", false),
            ("feature/**", "feature/login/form", true),
            ("feature/**", "feature", false),
            ("**", "feature/login", true),
            ("**/form", "feature/login/form", true),
            ("**/form", "form", true),
            ("a/**/z", "a/z", true),
            ("a/**/z", "a/b/c/z", true),
            ("a/**/z", "a/b/c", false),
            ("feature-**", "feature-login", true),
            ("refs/tags/v?.*", "refs/tags/v1.0", true),
            ("v[0-9].[!0]", "v1.2", true),
            ("v[0-9].[^0]", "v1.0", false),
            ("{main,release-*}", "release-7", true),
            ("{main,release-*}", "develop", false),
            ("{main}s", "mains", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("über?", "über1", true),
            ("[", "[", false),
            ("a[b", "ab", false),
            ("[]a]", "a", false),
            ("[a-]", "a", false),
            ("{a,b", "a", false),
            ("{a,{b}}", "b", false),
            ("a\\", "a", false),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn the_cost_of_a_pattern_has_a_limit() {
        let begin = std::time::Instant::now();
        assert!(!matches(&"*a".repeat(200), &"a".repeat(199)));
        assert!(!matches(&"**/a/".repeat(200), &"a/".repeat(199)));
        assert!(!matches(&"{*,*a,a*}".repeat(200), &format!("{}/", "a".repeat(200))));
        assert!(begin.elapsed().as_secs() < 10);
    }
}
