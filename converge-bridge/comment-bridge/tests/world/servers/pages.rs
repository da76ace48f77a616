//! Lists in pages, as Gitea makes them.

use serde_json::Value;

use super::{Call, GITEA, Reply};

pub fn page<T>(call: &Call, all: &[T], show: impl Fn(&T) -> String) -> Reply {
    let number = |name: &str| call.asked(name).parse::<usize>().ok().filter(|number| *number > 0);
    let (page, limit) = (number("page").unwrap_or(1), number("limit").unwrap_or(30).min(50));
    let entries: Vec<String> = all.iter().skip((page - 1) * limit).take(limit).map(show).collect();
    let mut reply = Reply::json(200, &Value::Null).header("x-total-count", all.len().to_string());
    reply.body = format!("[{}]", entries.join(","));
    let last = all.len().div_ceil(limit).max(1);
    let to = |page: usize, relation: &str| {
        format!("<{GITEA}/{}?page={page}&limit={limit}>; rel=\"{relation}\"", call.path.join("/"))
    };
    let mut links = Vec::new();
    if page < last {
        links.extend([to(page + 1, "next"), to(last, "last")]);
    }
    if page > 1 {
        links.extend([to(1, "first"), to(page - 1, "prev")]);
    }
    if links.is_empty() { reply } else { reply.header("link", links.join(",")) }
}

pub fn whole(entries: Vec<Value>) -> Reply {
    let count = entries.len().to_string();
    Reply::json(200, &Value::Array(entries)).header("x-total-count", count)
}
