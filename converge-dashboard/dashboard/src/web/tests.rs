use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::Path;

use daemon::listen::{self, Listener};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::*;
use crate::pages::encoded;
use crate::store::Directories;

/// The server on a directory of runs.
struct Scene {
    directory: TempDir,
    address: SocketAddr,
    store: Arc<Store>,
    _shutdown: watch::Sender<bool>,
}

impl Scene {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_owned();
        let directories = Directories { runs: path.clone(), reports: path.clone(), bridge: path.clone(), index: path };
        let store = Arc::new(Store::new(directories));
        let (shutdown, ending) = watch::channel(false);
        let app = AppState {
            settings: Arc::new(Settings { address: "https://ci.example.org".into(), gitea: None }),
            store: store.clone(),
            health: Arc::new(Health::new(&[])),
            cache: Arc::default(),
            streams: EventStreams::new(2, ending.clone()),
            downloads: Arc::new(Semaphore::new(2)),
        };
        let (listener, address) = free_port().await;
        tokio::spawn(listen::serve(listener, router(app), ending));
        Self { directory, address, store, _shutdown: shutdown }
    }

    /// Writes a file of a run.
    fn write(&self, run: &str, file: &str, content: &str) {
        let directory = self.directory.path().join(run);
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(file), content).unwrap();
        self.store.refresh();
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    async fn connect(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
        stream
    }

    /// The whole answer, with its head.
    async fn get(&self, path: &str) -> String {
        let mut text = Vec::new();
        self.connect(path).await.read_to_end(&mut text).await.unwrap();
        String::from_utf8_lossy(&text).into_owned()
    }
}

async fn free_port() -> (Listener, SocketAddr) {
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    (Listener::Tcp(tcp), address)
}

const HOSTILE: &str = r#"{"schema": 3, "run_id": "7", "recipe": "<script>alert(1)</script>", "state": "done", "verdict": "fail",
    "version": "\"onmouseover=alert(1)", "finished": "2026-11-28T00:00:00Z", "rungs": {"install": {"status": "fail", "reason": "<img src=x>"}},
    "tests": [{"rung": "install", "name": "</pre><script>", "status": "fail", "output_tail": "\u001b[31m<b>\u202e"}],
    "artefacts": [{"name": "card.svg"}, {"name": "../x.png"}, {"name": "\"><script>.png"}],
    "error": {"message": "<iframe>", "causes": ["<b>"], "hint": "<i>"}}"#;

#[tokio::test]
async fn hostile_content_is_shown_harmless_on_every_page() {
    let scene = Scene::new().await;
    scene.write("7", "results.json", HOSTILE);
    scene.write("7", "run.log", "\u{1b}[1m<script>alert(2)</script>\u{202e}\n");
    let recipe = encoded("<script>alert(1)</script>");
    for path in ["/", "/?q=script", "/runs/7", &format!("/recipe/{recipe}"), "/host"] {
        let page = scene.get(path).await;
        assert!(page.starts_with("HTTP/1.1 200 OK"), "{page}");
        assert!(page.contains("content-security-policy: default-src 'none'; script-src 'self'"), "{page}");
        assert!(page.contains("x-content-type-options: nosniff"), "{page}");
        let body = page.split_once("\r\n\r\n").unwrap().1;
        for harm in ["<script>", "<img src=x", "<iframe", "<b>", "\"onmouseover", "\u{1b}", "\u{202e}", "../x"] {
            assert!(!body.contains(harm), "{path}: {harm} in {body}");
        }
    }
    let page = scene.get("/runs/7").await;
    assert!(page.contains("Failed at install") || page.contains("No verdict"), "{page}");
    assert!(page.contains("href=\"/runs/7/card.svg\""), "{page}");
}

#[tokio::test]
async fn an_artefact_has_no_origin_and_nothing_else_is_served() {
    let scene = Scene::new().await;
    scene.write("7", "results.json", HOSTILE);
    scene.write("7", "card.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>");
    scene.write("7", ".env", "SECRET=1");
    scene.write("7", "tool.js", "alert(1)");
    fs::write(scene.path().join("secret.txt"), "secret").unwrap();
    symlink("../secret.txt", scene.path().join("7/link.txt")).unwrap();
    symlink("7", scene.path().join("8")).unwrap();
    let svg = scene.get("/runs/7/card.svg").await;
    assert!(svg.contains("content-type: image/svg+xml") && svg.contains("content-security-policy: sandbox;"), "{svg}");
    assert!(svg.ends_with("</svg>"), "{svg}");
    for path in [
        "/runs/7/.env",
        "/runs/7/tool.js",
        "/runs/7/link.txt",
        "/runs/8/card.svg",
        "/runs/7/../secret.txt",
        "/runs/7/..%2fsecret.txt",
        "/runs/7/%2e%2e%2fsecret.txt",
        "/runs/..%2f/secret.txt",
        "/runs/7/card.svg%00.txt",
        "/runs/7%00/card.svg",
        "/runs/7/missing.png",
        "/runs/9",
        "/runs/%ff/card.svg",
        "/assets/..%2fstyle.css",
        "/nowhere",
    ] {
        let answer = scene.get(path).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
        assert!(!answer.contains("secret\n") && !answer.contains("SECRET"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_large_file_is_sent_whole() {
    let scene = Scene::new().await;
    scene.write("7", "results.json", HOSTILE);
    scene.write("7", "run.log", &"x".repeat(3_000_001));
    let answer = scene.get("/runs/7/run.log").await;
    assert!(answer.contains("content-length: 3000001"));
    assert_eq!(answer.split_once("\r\n\r\n").unwrap().1.len(), 3_000_001);
}

/// Reads until a text has come.
async fn until(stream: &mut TcpStream, text: &str) -> String {
    let mut seen = String::new();
    while !seen.contains(text) {
        let mut some = [0; 4096];
        let count = stream.read(&mut some).await.unwrap();
        assert!(count > 0, "the stream ended: {seen}");
        seen.push_str(&String::from_utf8_lossy(&some[..count]));
    }
    seen
}

#[tokio::test]
async fn streams_tell_new_generations_and_lines() {
    let scene = Scene::new().await;
    scene.write("7", "results.json", &HOSTILE.replace("\"done\"", "\"running\""));
    let mut generations = scene.connect("/events?seen=0").await;
    let id = |scene: &Scene| format!("id: {}\n", scene.store.snapshot().generation);
    let head = until(&mut generations, &id(&scene)).await;
    assert!(head.contains("text/event-stream") && head.contains("cache-control: no-store"), "{head}");
    let mut log = scene.connect("/runs/7/events?from=4").await;
    until(&mut log, "\r\n\r\n").await;
    let refused = scene.get("/events").await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after"), "{refused}");
    scene.write("7", "run.log", "one\ntwo\n");
    let seen = until(&mut log, "data: two").await;
    assert!(!seen.contains("one") && seen.contains("id: 8"), "{seen}");
    scene.write("8", "results.json", HOSTILE);
    until(&mut generations, &id(&scene)).await;
    // A client that leaves frees its place.
    drop(log);
    while !until(&mut scene.connect("/runs/7/events").await, "\r\n\r\n").await.starts_with("HTTP/1.1 200") {}
}

#[tokio::test]
async fn a_recipe_has_a_page_a_badge_a_feed_and_a_newest_run() {
    let scene = Scene::new().await;
    let results = |id: &str, verdict: &str| {
        format!(
            r#"{{"schema": 3, "run_id": "{id}", "recipe": "hedgedoc", "kind": "branch", "mode": "full", "state": "done",
            "verdict": "{verdict}", "level": 1, "started": "{now}", "finished": "{now}",
            "rungs": {{"install": {{"status": "{verdict}"}}}}}}"#,
            now = Timestamp::now()
        )
    };
    scene.write("7", "results.json", &results("7", "pass"));
    let page = scene.get("/recipe/hedgedoc").await;
    assert!(page.contains("Passing at level 1") && page.contains("href=\"/runs/7#install\""), "{page}");
    let badge = scene.get("/badge/hedgedoc.svg").await;
    assert!(badge.contains("cross-origin-resource-policy: cross-origin") && badge.contains("cache-control: no-cache"));
    assert!(badge.contains("recipe ci: level 1"), "{badge}");
    assert!(scene.get("/badge/hedgedoc.json").await.contains("\"schemaVersion\":1"));
    assert!(scene.get("/badge/unknown.svg").await.contains("untested"));
    let of_run = scene.get("/runs/7/badge.svg").await;
    assert!(of_run.contains("recipe ci: level 1") && of_run.contains("cross-origin"), "{of_run}");
    let metrics = scene.get("/metrics").await;
    assert!(
        metrics.contains("text/plain; version=0.0.4")
            && metrics.contains("dashboard_recipes{standing=\"passing\"} 1\n")
    );
    assert!(scene.get("/runs/9/badge.svg").await.starts_with("HTTP/1.1 404"));
    let latest = scene.get("/latest/hedgedoc").await;
    assert!(latest.starts_with("HTTP/1.1 307") && latest.contains("location: /runs/7"), "{latest}");
    for path in ["/feed.xml", "/feed/hedgedoc.xml"] {
        let feed = scene.get(path).await;
        assert!(feed.contains("application/atom+xml") && feed.contains("<title>hedgedoc passed</title>"), "{feed}");
    }
    scene.write("8", "results.json", &results("8", "fail"));
    assert!(scene.get("/badge/hedgedoc.svg").await.contains("recipe ci: broken"));
    for path in ["/recipe/unknown", "/latest/unknown", "/feed/unknown.xml", "/badge/hedgedoc.png", "/badge/hedgedoc"] {
        assert!(scene.get(path).await.starts_with("HTTP/1.1 404"), "{path}");
    }
}

#[tokio::test]
async fn a_page_is_compressed_shared_for_a_second_and_never_older_than_a_change() {
    let scene = Scene::new().await;
    scene.write("7", "results.json", HOSTILE);
    let mut stream = TcpStream::connect(scene.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: br, gzip\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    assert!(head.contains("content-encoding: gzip") && head.contains("vary: accept-encoding"), "{head}");
    let mut page = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&answer[end + 4..]), &mut page).unwrap();
    let plain = scene.get("/").await;
    assert!(plain.ends_with(&page) && !plain.contains("content-encoding"), "{plain}");
    scene.write("8", "results.json", &HOSTILE.replace("<script>alert(1)</script>", "another"));
    assert!(scene.get("/").await.contains(">another<"));
}

/// The parts of a schema that hold of a value: its type, its required and its known fields.
fn assert_fits(value: &serde_json::Value, schema: &serde_json::Value, all: &serde_json::Value) {
    if let Some(name) = schema["$ref"].as_str() {
        return assert_fits(value, all.pointer(name.trim_start_matches('#')).expect(name), all);
    }
    let kinds: Vec<&str> = match &schema["type"] {
        serde_json::Value::String(kind) => vec![kind],
        kinds => kinds.as_array().into_iter().flatten().filter_map(|kind| kind.as_str()).collect(),
    };
    let kind = match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "boolean",
        serde_json::Value::Number(_) => "integer",
        serde_json::Value::String(_) => "string",
        serde_json::Value::Array(_) => "array",
        serde_json::Value::Object(_) => "object",
    };
    assert!(kinds.contains(&kind), "{value} is no {kinds:?}");
    for entry in value.as_array().into_iter().flatten() {
        assert_fits(entry, &schema["items"], all);
    }
    let Some(fields) = value.as_object() else { return };
    for (name, field) in fields {
        assert_fits(field, &schema["properties"][name], all);
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(fields.contains_key(name.as_str().unwrap()), "{name} is missing in {value}");
    }
}

#[tokio::test]
async fn the_api_is_what_its_description_says() {
    let scene = Scene::new().await;
    scene.write("7", "results.json", &HOSTILE.replace("<script>alert(1)</script>", "hedgedoc"));
    scene.write("8", "results.json", r#"{"schema": 3, "run_id": "8", "recipe": "other", "state": "running"}"#);
    let json = |answer: String| {
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("application/json"), "{answer}");
        serde_json::from_str::<serde_json::Value>(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    };
    let described = json(scene.get("/api/openapi.json").await);
    let paths = described["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 4);
    for (path, operations) in paths {
        let asked = path.replace("{recipe}", "hedgedoc").replace("{run}", "7");
        let value = json(scene.get(&asked).await);
        let schema = &operations["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        assert_fits(&value, schema, &described);
    }
    assert_eq!(json(scene.get("/api/recipes/hedgedoc").await)["runs"][0]["id"], "7");
    assert!(scene.get("/api/runs/9").await.starts_with("HTTP/1.1 404"));
}
