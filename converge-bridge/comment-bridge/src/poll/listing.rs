//! Reads the pull requests of a source that changed, page by page, and finds out if the list is complete.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use http::gitea::{self, Changed, Entry};
use http::{Begin, Error};
use jiff::Timestamp;
use tokio::time::Instant;

use super::source::Source;
use crate::Bridge;
use crate::stop::Stop;
use http::names::{Pull, Repository};

/// The number of reads, while pull requests appear or disappear between the pages.
const READINGS: usize = 4;
/// The greatest number of pages of one read.
const PAGES: usize = 400;
/// Entries of a page.
const LIMIT: usize = 50;
/// Entries of a page where an answer of the usual length is too large to be read.
const FEW: usize = 5;

/// The pull requests that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Gitea's time at the begin of the read.
    pub date: Timestamp,
    /// The time of Gitea's first answer.
    pub took: Duration,
    /// The changed pull requests.
    pub entries: BTreeMap<Pull, Entry>,
    /// The entries that cannot be understood, each with the reason.
    pub left_out: BTreeSet<String>,
    /// True if no changed pull request is missing.
    pub is_complete: bool,
}

/// One read of all pages.
#[derive(Debug, Default)]
pub struct Pages {
    date: Option<Timestamp>,
    /// The time of the first answer.
    took: Option<Duration>,
    total: Option<usize>,
    entries: BTreeMap<Pull, Entry>,
    /// The entries that cannot be understood, each with the reason.
    left_out: Vec<String>,
    read: usize,
    /// True if the pages disagree about the total number of entries.
    unsteady: bool,
}

impl Pages {
    /// Adds a page. Returns true if there are more.
    pub fn take(&mut self, page: Changed, took: Duration) -> bool {
        self.took.get_or_insert(took);
        self.date.get_or_insert(page.date);
        self.unsteady |= *self.total.get_or_insert(page.total) != page.total;
        let is_empty = page.entries.is_empty() && page.left_out.is_empty();
        self.left_out.extend(page.left_out);
        self.entries.extend(page.entries.into_iter().map(|entry| (entry.pull.clone(), entry)));
        self.read += 1;
        !is_empty && self.shown() < page.total
    }

    /// Counts an entry that is too large to be read, the nth of the list.
    fn skip(&mut self, nth: usize, largest: usize, begin: &Begin) {
        let name = gitea::first_pull(begin).map_or(format!("pull request {nth} of the list"), |pull| pull.to_string());
        self.left_out.push(format!("{name}: it is larger than {largest} bytes"));
        self.read += 1;
    }

    fn shown(&self) -> usize {
        self.entries.len() + self.left_out.len()
    }

    /// True if no entry is missing, as far as one read can tell.
    pub fn is_complete(&self) -> bool {
        !self.unsteady && self.total == Some(self.shown())
    }
}

/// Reads everything that changed; `None` if no read began with a page. With `thorough`, a list of several pages is read
/// until a read finds nothing that an earlier one missed: when an entry goes, another one moves to a page already read.
pub async fn read(bridge: &Bridge, source: &Source, since: Timestamp, thorough: bool) -> Result<Option<Listing>, Stop> {
    let mut listing: Option<Listing> = None;
    for _ in 0..READINGS {
        let pages = read_once(bridge, source, since).await?;
        let is_complete = pages.is_complete();
        let is_one_page = pages.read <= 1;
        let Some(date) = pages.date else { continue };
        let mut entries = pages.entries;
        if let Source::Repository(repository) = source {
            entries = entries.into_values().map(|entry| renamed(entry, repository)).collect();
        }
        let is_first = listing.is_none();
        let all = listing.get_or_insert_with(|| Listing {
            date,
            took: pages.took.unwrap_or_default(),
            entries: BTreeMap::new(),
            left_out: BTreeSet::new(),
            is_complete: false,
        });
        let missed = |entry: &Entry| entry.updated <= all.date && !all.entries.contains_key(&entry.pull);
        let has_missed = entries.values().any(missed);
        all.entries.extend(entries);
        all.left_out.extend(pages.left_out);
        all.is_complete = is_complete && (is_one_page || !thorough || (!is_first && !has_missed));
        if all.is_complete {
            break;
        }
    }
    if let Some(listing) = &mut listing {
        listing.entries.retain(|_, entry| entry.is_pull);
    }
    Ok(listing)
}

/// A repository that is watched under its old name keeps that name.
fn renamed(mut entry: Entry, repository: &Repository) -> (Pull, Entry) {
    if !entry.pull.repository.to_string().eq_ignore_ascii_case(&repository.to_string()) {
        entry.pull.repository = repository.clone();
    }
    (entry.pull.clone(), entry)
}

async fn read_once(bridge: &Bridge, source: &Source, since: Timestamp) -> Result<Pages, Stop> {
    match read_pages(bridge, source, since, LIMIT).await {
        Err(Stop::Gitea(Error::TooLarge { .. })) => read_pages(bridge, source, since, FEW).await,
        settled => settled,
    }
}

async fn read_pages(bridge: &Bridge, source: &Source, since: Timestamp, limit: usize) -> Result<Pages, Stop> {
    let mut pages = Pages::default();
    for page in 1..=PAGES {
        bridge.check_running()?;
        let asked = Instant::now();
        let has_more = match bridge.gitea.changed(source.scope(), since, page, limit).await {
            Ok(changed) => pages.take(changed, asked.elapsed()),
            Err(Error::TooLarge { .. }) if limit == FEW => read_singly(bridge, source, since, page, &mut pages).await?,
            Err(error) => return Err(error.into()),
        };
        if !has_more {
            break;
        }
    }
    Ok(pages)
}

/// Reads the entries of a short page one by one. An entry that is too large by itself is left out, or no other one would
/// ever be read. Returns true if there are more.
async fn read_singly(
    bridge: &Bridge,
    source: &Source,
    since: Timestamp,
    page: usize,
    pages: &mut Pages,
) -> Result<bool, Stop> {
    let mut has_more = true;
    for one in (page - 1) * FEW + 1..=page * FEW {
        bridge.check_running()?;
        let asked = Instant::now();
        match bridge.gitea.changed(source.scope(), since, one, 1).await {
            Ok(changed) => has_more = pages.take(changed, asked.elapsed()),
            Err(Error::TooLarge { largest, begin, .. }) => pages.skip(one, largest, &begin),
            Err(error) => return Err(error.into()),
        }
        if !has_more {
            break;
        }
    }
    // A server whose every answer is too large says no total.
    Ok(has_more && pages.total.is_some())
}
