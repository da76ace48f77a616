//! Everything of a source that changed since a moment, page by page, and whether that is really everything.

use std::collections::BTreeMap;

use http::Error;
use jiff::Timestamp;

use super::Trouble;
use crate::Bridge;
use crate::poll::source::Source;
use http::gitea::{Changed, Entry, Gitea};
use http::names::{Pull, Repository};

/// How often it is read anew when pull requests come and go meanwhile.
const READINGS: usize = 4;
/// How many pages one reading has at most.
const PAGES: usize = 400;
/// How many entries a page has; fewer when they are so large that the answer is not read.
const LIMITS: [usize; 3] = [50, 5, 1];

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Gitea's time when the reading began.
    pub date: Timestamp,
    /// What was found, each once.
    pub entries: BTreeMap<Pull, Entry>,
    /// Whether that is everything.
    pub whole: bool,
}

/// One reading of all pages.
#[derive(Debug, Default)]
pub struct Pages {
    date: Option<Timestamp>,
    total: Option<usize>,
    entries: BTreeMap<Pull, Entry>,
    /// Entries too large to be read.
    skipped: usize,
    read: usize,
    /// Whether every page tells of another number of entries than the one before.
    unsteady: bool,
}

impl Pages {
    /// Takes a page; true when there are more.
    pub fn take(&mut self, page: Changed) -> bool {
        self.date.get_or_insert(page.date);
        self.unsteady |= *self.total.get_or_insert(page.total) != page.total;
        let is_empty = page.entries.is_empty();
        self.entries.extend(page.entries.into_iter().map(|entry| (entry.pull.clone(), entry)));
        self.read += 1;
        !is_empty && self.entries.len() + self.skipped < page.total
    }

    /// Takes note of an entry that is too large.
    pub fn skip(&mut self) {
        self.skipped += 1;
        self.read += 1;
    }

    /// Whether it has everything, as far as one reading can tell.
    pub fn is_whole(&self) -> bool {
        !self.unsteady && self.total == Some(self.entries.len() + self.skipped)
    }
}

/// Reads everything that changed. Where `thorough`, what takes more than one page is read until a reading finds nothing
/// that one before has missed: an entry moves to a page that was read already when another one goes.
pub async fn read(bridge: &Bridge, source: &Source, since: Timestamp, thorough: bool) -> Result<Listing, Trouble> {
    let mut listing: Option<Listing> = None;
    for _ in 0..READINGS {
        let pages = read_once(bridge, source, since).await?;
        let whole = pages.is_whole();
        let is_one_page = pages.read <= 1;
        let Some(date) = pages.date else { continue };
        let mut entries = pages.entries;
        if let Source::Repository(repository) = source {
            entries = entries.into_values().map(|entry| renamed(entry, repository)).collect();
        }
        let is_first = listing.is_none();
        let all = listing.get_or_insert_with(|| Listing { date, entries: BTreeMap::new(), whole: false });
        let missed = |entry: &Entry| entry.updated <= all.date && !all.entries.contains_key(&entry.pull);
        let has_missed = entries.values().any(missed);
        all.entries.extend(entries);
        all.whole = whole && (is_one_page || !thorough || (!is_first && !has_missed));
        if all.whole {
            break;
        }
    }
    let mut listing = listing.ok_or(Trouble::Unsteady)?;
    listing.entries.retain(|_, entry| entry.is_pull);
    Ok(listing)
}

/// A repository that is watched by its old name keeps that.
fn renamed(mut entry: Entry, repository: &Repository) -> (Pull, Entry) {
    if !entry.pull.repository.to_string().eq_ignore_ascii_case(&repository.to_string()) {
        entry.pull.repository = repository.clone();
    }
    (entry.pull.clone(), entry)
}

async fn read_once(bridge: &Bridge, source: &Source, since: Timestamp) -> Result<Pages, Trouble> {
    let mut settled = Err(Trouble::Unsteady);
    for limit in LIMITS {
        settled = read_pages(bridge, source, since, limit).await;
        if !matches!(settled, Err(Trouble::Gitea(Error::TooLarge { .. }))) {
            break;
        }
    }
    settled
}

async fn read_pages(bridge: &Bridge, source: &Source, since: Timestamp, limit: usize) -> Result<Pages, Trouble> {
    let gitea: &Gitea = &bridge.gitea;
    let mut pages = Pages::default();
    for page in 1..=PAGES {
        if bridge.is_stopping() {
            return Err(Trouble::Stopping);
        }
        match gitea.changed(source.scope(), since, page, limit).await {
            Ok(changed) => {
                if !pages.take(changed) {
                    break;
                }
            }
            // One that is too large by itself is let go, or it would keep all the others waiting.
            Err(Error::TooLarge { .. }) if limit == 1 => pages.skip(),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(pages)
}
