//! The log as events.

use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::Event;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::{FILE, Part, read};
use crate::store::{RunId, Store, open_file};

/// The interval at which a log is read while it does not grow.
const LOOK: Duration = Duration::from_millis(300);

/// The state of a follower.
struct Follower {
    store: Arc<Store>,
    run: RunId,
    position: u64,
    has_ended: bool,
}

/// The log of a run from a position on: an event `lines` for each part, with its end as the id, and an event `end` once the
/// run has ended and its log is read. A log that does not exist yet is waited for.
pub fn follow(store: Arc<Store>, run: RunId, position: u64) -> impl Stream<Item = Event> + Send + 'static {
    unfold(Follower { store, run, position, has_ended: false }, next)
}

async fn next(mut follower: Follower) -> Option<(Event, Follower)> {
    if follower.has_ended {
        return None;
    }
    loop {
        // Before the read: lines that are written until the run has ended are in it.
        let is_ended = follower.store.snapshot().run(&follower.run).is_none_or(|run| run.is_done);
        match follower.part(is_ended).await {
            Some(part) => {
                follower.position = part.end;
                return Some((Event::default().event("lines").id(part.end.to_string()).data(part.text), follower));
            }
            None if is_ended => {
                follower.has_ended = true;
                return Some((Event::default().event("end").data(""), follower));
            }
            None => sleep(LOOK).await,
        }
    }
}

impl Follower {
    /// The next part; `None` if there is none yet or the log cannot be read.
    async fn part(&self, is_ended: bool) -> Option<Part> {
        let (store, run, position) = (self.store.clone(), self.run.clone(), self.position);
        let reading = spawn_blocking(move || {
            let file = open_file(&store.directories().runs, &run, FILE)?;
            file.map_or(Ok(None), |mut file| read(&mut file, position, is_ended))
        });
        match reading.await {
            Ok(Ok(part)) => part,
            Ok(Err(error)) => {
                tracing::debug!(run = %self.run, "the log cannot be read: {error}");
                None
            }
            Err(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::path::Path;

    use futures_util::StreamExt as _;

    use super::*;
    use crate::store::Directories;

    fn results(runs: &Path, state: &str) {
        let text = format!(r#"{{"schema": 3, "run_id": "7", "recipe": "hello", "state": "{state}", "verdict": null}}"#);
        fs::write(runs.join("7/results.json"), text).unwrap();
    }

    fn shown(event: Option<Event>) -> String {
        format!("{:?}", event.expect("an event"))
    }

    #[tokio::test]
    async fn lines_come_as_they_are_written_until_the_run_has_ended() {
        let directory = tempfile::tempdir().unwrap();
        let runs = directory.path();
        fs::create_dir(runs.join("7")).unwrap();
        results(runs, "running");
        let directories =
            Directories { runs: runs.into(), reports: runs.into(), bridge: runs.into(), index: runs.into() };
        let store = Arc::new(Store::new(directories));
        store.refresh();
        let mut events = Box::pin(follow(store.clone(), RunId::new("7").unwrap(), 0));

        let mut log = fs::File::create(runs.join("7").join(FILE)).unwrap();
        log.write_all(b"one\ntw").unwrap();
        let first = shown(events.next().await);
        assert!(first.contains("one") && !first.contains("tw\\"), "{first}");
        log.write_all(b"o\nend without its line's end").unwrap();
        assert!(shown(events.next().await).contains("two"));
        results(runs, "done");
        store.refresh();
        assert!(shown(events.next().await).contains("end without"));
        assert!(shown(events.next().await).contains("event: end"));
        assert!(events.next().await.is_none());
    }
}
