//! Pagination of lists.

use serde_json::Value;

use crate::answer::{Answer, Reply, with};
use crate::call::escaped;
use crate::turn::Turn;

/// Entries of a page: the default, and the maximum.
const USUAL: usize = 30;
const MOST: usize = 50;

/// One page of the list, with the headers for the other pages.
#[allow(clippy::needless_pass_by_value)] // Lists are made for this.
pub fn page<T>(turn: &Turn, all: Vec<T>, show: impl Fn(&T) -> Value) -> Answer {
    let number = |name: &str| turn.call.asked(name).parse::<usize>().ok().filter(|number| *number > 0);
    let (page, limit) = (number("page").unwrap_or(1), number("limit").unwrap_or(USUAL).min(MOST));
    let entries = all.iter().skip((page - 1) * limit).take(limit).map(show).collect();
    let mut reply = with(200, &Value::Array(entries)).header("X-Total-Count", all.len().to_string());
    let last = all.len().div_ceil(limit).max(1);
    let links = links(turn, page, last);
    if !links.is_empty() {
        reply = reply.header("Link", links);
    }
    Ok(reply)
}

/// A list without pages.
pub fn whole(entries: Vec<Value>) -> Reply {
    let count = entries.len().to_string();
    with(200, &Value::Array(entries)).header("X-Total-Count", count)
}

fn links(turn: &Turn, page: usize, last: usize) -> String {
    let kept = turn.call.query.iter().filter(|(key, _)| key != "page");
    let mut pairs: Vec<String> = kept.map(|(key, value)| format!("{}={}", escaped(key), escaped(value))).collect();
    let to = |page: usize, relation: &str, pairs: &mut Vec<String>| {
        pairs.push(format!("page={page}"));
        let address = turn.url(&format!("{}?{}", turn.call.path, pairs.join("&")));
        pairs.pop();
        format!("<{address}>; rel=\"{relation}\"")
    };
    let mut links = Vec::new();
    if page < last {
        links.push(to(page + 1, "next", &mut pairs));
        links.push(to(last, "last", &mut pairs));
    }
    if page > 1 {
        links.push(to(1, "first", &mut pairs));
        links.push(to(page - 1, "prev", &mut pairs));
    }
    links.join(",")
}
