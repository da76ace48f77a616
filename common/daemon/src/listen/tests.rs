use axum::response::IntoResponse as _;
use axum::response::sse::Event;
use axum::routing::get;
use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::time::Instant;

use super::*;
use crate::event_stream::EventStreams;

/// The bytes that a client takes at once.
const TAKES: usize = 1024;

struct Scene {
    places: Arc<Semaphore>,
    router: Router,
    shutdown: watch::Sender<bool>,
}

impl Scene {
    fn new() -> Self {
        let (shutdown, ending) = watch::channel(false);
        let streams = EventStreams::new(10, ending);
        let (idle, flood) = (streams.clone(), streams);
        let router = Router::new()
            .route("/hangs", get(std::future::pending::<&str>))
            .route("/idle", get(move || async move { idle.respond(stream::pending()).into_response() }))
            .route("/flood", get(move || async move { flood.respond(events()).into_response() }));
        Self { places: Arc::new(Semaphore::new(1)), router, shutdown }
    }

    /// Sends a request; returns the client's end, and the connection's task.
    async fn ask(&self, path: &str) -> (DuplexStream, tokio::task::JoinHandle<()>) {
        let (mut client, other_end) = duplex(TAKES);
        let permit = self.places.clone().try_acquire_owned().expect("a place is free");
        let served = connection(Box::new(other_end), None, self.router.clone(), self.shutdown.subscribe(), permit);
        let served = tokio::spawn(served);
        client.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
        (client, served)
    }
}

fn events() -> impl futures_util::Stream<Item = Event> + Send + 'static {
    stream::repeat("x".repeat(100)).map(|text| Event::default().data(text))
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_given_up() {
    let scene = Scene::new();
    let began = Instant::now();
    let (_client, served) = scene.ask("/hangs").await;
    served.await.unwrap();
    assert_eq!(began.elapsed(), WHOLE);
}

#[tokio::test(start_paused = true)]
async fn a_stream_lasts_leaves_its_place_and_ends_at_the_shutdown() {
    let scene = Scene::new();
    let (mut client, served) = scene.ask("/idle").await;
    let reader = tokio::spawn(async move {
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        text
    });
    sleep(Duration::from_hours(1)).await;
    assert!(!served.is_finished());
    assert_eq!(scene.places.available_permits(), 1, "its place is free for others");
    scene.shutdown.send_replace(true);
    served.await.unwrap();
    let text = reader.await.unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK") && text.matches(":\n\n").count() >= 239, "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_is_dropped_and_a_slow_one_is_kept() {
    let scene = Scene::new();
    let began = Instant::now();
    let (_client, served) = scene.ask("/flood").await;
    served.await.unwrap();
    let took = began.elapsed();
    assert!((WRITE..WRITE + LOOK * 2).contains(&took), "{took:?}");

    let (mut slow, served) = scene.ask("/flood").await;
    for _ in 0..20 {
        sleep(WRITE / 2).await;
        let mut some = [0; TAKES];
        assert!(slow.read(&mut some).await.unwrap() > 0);
    }
    assert!(!served.is_finished());
}
