//! Tables as abra prints them: with abra's borders, or as JSON with `-m`.

use serde_json::{Map, Value, json};

/// Prints rows under headers.
pub fn print(headers: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.max().unwrap_or(0).max(headers[column].chars().count())
    };
    let widths: Vec<usize> = (0..headers.len()).map(width).collect();
    let rule = |left: &str, middle: &str, right: &str| {
        let parts: Vec<String> = widths.iter().map(|width| "─".repeat(width + 2)).collect();
        println!("{left}{}{right}", parts.join(middle));
    };
    let line = |cells: &[String]| {
        let cells = cells.iter().zip(&widths);
        let cells: Vec<String> =
            cells.map(|(cell, width)| format!(" {cell}{} ", " ".repeat(width - cell.chars().count()))).collect();
        println!("│{}│", cells.join("│"));
    };
    rule("┌", "┬", "┐");
    line(&headers.iter().map(|header| (*header).to_owned()).collect::<Vec<_>>());
    rule("├", "┼", "┤");
    for row in rows {
        line(row);
    }
    rule("└", "┴", "┘");
}

/// Prints rows as a JSON list of objects with string values.
pub fn print_json(keys: &[&str], rows: &[Vec<String>]) {
    let object = |row: &Vec<String>| {
        let pairs = keys.iter().zip(row).map(|(key, cell)| ((*key).to_owned(), json!(cell)));
        Value::Object(pairs.collect::<Map<_, _>>())
    };
    println!("{}", Value::Array(rows.iter().map(object).collect()));
}
