//! `/host`: the state of the host, problems first.

use askama::Template;

use crate::host::Host;

/// `/host`.
#[derive(Debug, Template)]
#[template(path = "host.html")]
pub struct HostPage {
    host: Host,
}

impl HostPage {
    /// The page of a model, with the private parts that the model has.
    pub fn new(host: Host) -> Self {
        Self { host }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::host::Sources;
    use crate::host::source::Source;

    fn page(is_private: bool) -> String {
        let report = json!({
            "schema": 1, "converger": "swarm", "outcome": "drifted", "status": "<script>alert(1)</script>",
            "started": "2026-11-28T02:54:58Z", "finished": "2026-11-28T02:55:00Z", "seconds": 2,
            "drift": [{ "object": "network/proxy", "reason": "\"><img src=x onerror=alert(1)>",
                "commands": ["docker network rm 'proxy' && echo <b>"] }],
        });
        let mut sources = Sources::default();
        sources.reports.insert("swarm", Source::Bytes(report.to_string().into_bytes()));
        let host = Host::new(&sources, "2026-11-28T03:00:00Z".parse().unwrap());
        HostPage::new(if is_private { host } else { host.for_everybody() }).render().unwrap()
    }

    #[test]
    fn the_page_escapes_what_a_file_says() {
        let page = page(true);
        assert!(page.contains("onerror") && page.contains("docker network rm"), "{page}");
        for raw in ["<script>", "<img", "<b>", "'proxy'"] {
            assert!(!page.contains(raw), "{raw}");
        }
        assert!(!page.contains("style=") && !page.contains("alert(1)>"), "{page}");
        assert!(page.contains(r#"<time datetime="2026-11-28T02:55:00Z">5 min ago</time>"#), "{page}");
    }

    #[test]
    fn the_public_page_says_where_to_look_instead() {
        let page = page(false);
        assert!(!page.contains("onerror") && !page.contains("docker network rm"), "{page}");
        assert!(page.contains("1 difference that converge-swarm does not repair by itself"), "{page}");
        assert!(page.contains("/run/converge/swarm.json"), "{page}");
    }

    #[test]
    fn every_attribute_is_quoted() {
        let page = page(true);
        for tag in page.split('<').skip(1).filter_map(|tag| tag.split('>').next()) {
            for outside in tag.split('"').step_by(2) {
                assert!(outside.find('=').is_none_or(|at| at + 1 == outside.len()), "<{tag}>");
            }
        }
    }
}
