//! The last results of a recipe as one picture, newest left. Height and outline tell the result, and the colour repeats it.

/// Width of a cell with its gap, and height of the strip, in pixels.
const STEP: usize = 8;
const HEIGHT: usize = 16;

/// One result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// Passed: a full bar.
    Pass,
    /// Failed: half a bar.
    Fail,
    /// No verdict: an outline.
    Error,
    /// Not ended: a line.
    Running,
}

/// The picture; its label counts the results.
pub fn strip(cells: &[Cell]) -> String {
    let count = |cell| cells.iter().filter(|other| **other == cell).count();
    let words = [
        (count(Cell::Pass), "passed"),
        (count(Cell::Fail), "failed"),
        (count(Cell::Error), "without a verdict"),
        (count(Cell::Running), "running"),
    ];
    let words: Vec<String> =
        words.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let width = (cells.len() * STEP).max(STEP);
    let bars: String = cells.iter().enumerate().map(|(index, cell)| bar(index * STEP, *cell)).collect();
    format!(
        "<svg class=\"strip\" role=\"img\" width=\"{width}\" height=\"{HEIGHT}\" aria-label=\"Last {} runs, newest first: {}\">{bars}</svg>",
        cells.len(),
        words.join(", ")
    )
}

fn bar(x: usize, cell: Cell) -> String {
    match cell {
        Cell::Pass => format!("<rect class=\"pass\" x=\"{x}\" width=\"6\" height=\"16\"/>"),
        Cell::Fail => format!("<rect class=\"fail\" x=\"{x}\" y=\"8\" width=\"6\" height=\"8\"/>"),
        Cell::Error => format!("<rect class=\"none\" x=\"{x}.5\" y=\"0.5\" width=\"5\" height=\"15\"/>"),
        Cell::Running => format!("<rect class=\"idle\" x=\"{x}\" y=\"14\" width=\"6\" height=\"2\"/>"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_counts_its_results_in_words() {
        let svg = strip(&[Cell::Running, Cell::Pass, Cell::Pass, Cell::Fail, Cell::Error]);
        assert!(svg.contains("newest first: 2 passed, 1 failed, 1 without a verdict, 1 running"), "{svg}");
        assert_eq!(svg.matches("<rect").count(), 5);
        assert!(!svg.contains("style="));
    }
}
