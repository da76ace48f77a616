//! Lists in pages.

use reqwest::Url;

use super::Gitea;
use crate::{Reply, Request};

/// Entries of a page where no limit is asked for, and at most.
const USUAL: usize = 30;
const MOST: usize = 50;

impl Gitea {
    /// A page of a list, with its total and the addresses of the other pages.
    pub(super) fn page<T>(&self, request: &Request, all: &[T], show: impl Fn(&T) -> String) -> Reply {
        let number = |name: &str| request.parameter(name).parse::<usize>().ok().filter(|number| *number > 0);
        let (page, limit) = (number("page").unwrap_or(1), number("limit").unwrap_or(USUAL).min(MOST));
        let entries: Vec<String> = all.iter().skip((page - 1) * limit).take(limit).map(show).collect();
        let reply = Reply::json_text(200, format!("[{}]", entries.join(",")));
        let reply = reply.header("x-total-count", all.len().to_string());
        let last = all.len().div_ceil(limit).max(1);
        let mut links = Vec::new();
        if page < last {
            links.extend([self.link(request, page + 1, "next"), self.link(request, last, "last")]);
        }
        if page > 1 {
            links.extend([self.link(request, 1, "first"), self.link(request, page - 1, "prev")]);
        }
        if links.is_empty() { reply } else { reply.header("link", links.join(",")) }
    }

    fn link(&self, request: &Request, page: usize, relation: &str) -> String {
        let mut url = Url::parse(&format!("{}/{}", self.address, request.path.join("/"))).unwrap();
        let others = request.query.iter().filter(|(key, _)| key != "page");
        url.query_pairs_mut().extend_pairs(others).append_pair("page", &page.to_string());
        format!("<{url}>; rel=\"{relation}\"")
    }
}
