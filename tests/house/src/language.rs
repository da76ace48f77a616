//! Counts words in comments that a reader with English as a second language stumbles over.

use crate::tree::File;

/// Pronouns that hide the actor of a sentence.
const RIDDLES: [&str; 8] = ["nobody", "Nobody", "somebody", "Somebody", "whoever", "Whoever", "anybody", "Anybody"];

/// First words of a doc line that make a question or a riddle of it.
const QUESTIONS: [&str; 6] = ["What", "Whether", "It", "Its", "Who", "Why"];

/// Counts of one file, or of the whole tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Count {
    /// Comment lines with one of `RIDDLES`.
    pub riddles: usize,
    /// Doc lines (`///`) in all.
    pub doc_lines: usize,
    /// Doc lines whose first word is one of `QUESTIONS`.
    pub questions: usize,
}

impl Count {
    /// Counts one file.
    pub fn of(text: &str) -> Self {
        let mut count = Self::default();
        for line in text.lines().map(str::trim_start).filter(|line| line.starts_with("//")) {
            count.riddles += usize::from(is_riddle(line));
            let Some(doc) = line.strip_prefix("///").filter(|doc| doc.starts_with(char::is_whitespace)) else {
                continue;
            };
            count.doc_lines += 1;
            let first = doc.split_whitespace().next().unwrap_or_default();
            count.questions += usize::from(QUESTIONS.contains(&first));
        }
        count
    }

    /// Adds the counts of another file.
    pub fn add(&mut self, other: &Self) {
        self.riddles += other.riddles;
        self.doc_lines += other.doc_lines;
        self.questions += other.questions;
    }

    /// Share of questions among the doc lines, in per mille, rounded up.
    pub fn questions_per_mille(&self) -> usize {
        (1000 * self.questions).div_ceil(self.doc_lines.max(1))
    }
}

fn is_riddle(line: &str) -> bool {
    // Most lines have none of these, and need not be split.
    if !line.contains("body") && !line.contains("hoever") {
        return false;
    }
    line.split(|char: char| !char.is_alphanumeric() && char != '_').any(|word| RIDDLES.contains(&word))
}

/// Returns the `number` files with the most of something, one a line, the worst first.
pub fn worst(files: &[File], number: usize, of: impl Fn(&Count) -> usize) -> String {
    let mut counted: Vec<_> = files.iter().map(|file| (of(&Count::of(&file.text)), &file.path)).collect();
    counted.retain(|(count, _)| *count > 0);
    counted.sort_by(|a, b| b.cmp(a));
    counted.iter().take(number).map(|(count, path)| format!("{count:5}  {path}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MAX_QUESTIONS_PER_MILLE, MAX_RIDDLES, tree};

    fn counted() -> (Vec<File>, Count) {
        let files = tree::files(&["*.rs"]).unwrap();
        let mut all = Count::default();
        for file in &files {
            all.add(&Count::of(&file.text));
        }
        (files, all)
    }

    #[test]
    fn comments_name_the_actor() {
        let (files, all) = counted();
        let worst = worst(&files, 20, |count| count.riddles);
        assert!(
            all.riddles <= MAX_RIDDLES,
            "{} comments with nobody, somebody, whoever or anybody, {MAX_RIDDLES} at most (docs/style.md); the most in:\n{worst}",
            all.riddles
        );
    }

    #[test]
    fn doc_comments_begin_with_a_noun_or_a_verb() {
        let (files, all) = counted();
        let worst = worst(&files, 20, |count| count.questions);
        let share = all.questions_per_mille();
        assert!(
            share <= MAX_QUESTIONS_PER_MILLE,
            "{} of {} doc lines ({share} per mille) begin with What, Whether, It, Its, Who or Why, \
             {MAX_QUESTIONS_PER_MILLE} per mille at most (docs/style.md); the most in:\n{worst}",
            all.questions,
            all.doc_lines
        );
    }

    #[test]
    fn only_comments_are_counted() {
        let text = "    // Whoever asks\n/// Its name.\n///\n/// Itself.\n//! Nobody\nlet nobody = \"// somebody\";\n// anybody_else\n";
        assert_eq!(Count::of(text), Count { riddles: 2, doc_lines: 2, questions: 1 });
    }
}
