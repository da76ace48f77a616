//! A server that answers what a test says, never, or nothing but trouble.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use jiff::Timestamp;

/// A received request.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub authorization: String,
}

/// An answer.
pub enum Reply {
    Json(u16, String),
    Never,
}

/// A server that lives as long as the process of the test.
pub struct Server {
    listen: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub fn start(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (listen, seen, reply) = (listener.local_addr().unwrap(), Arc::default(), Arc::new(reply));
        let kept: Arc<Mutex<Vec<Request>>> = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (reply, seen) = (Arc::clone(&reply), Arc::clone(&kept));
                thread::spawn(move || answer(stream, &*reply, &seen));
            }
        });
        Self { listen, seen }
    }

    /// A Gitea in which nothing ever happens, where `recipes` is an organisation.
    pub fn quiet() -> Self {
        Self::start(|request| {
            let is_listing = request.path.starts_with("/api/v1/repos/issues/search");
            if is_listing {
                Reply::Json(200, "[]".into())
            } else {
                Reply::Json(404, r#"{"message":"not found"}"#.into())
            }
        })
    }

    /// One that takes every request and answers none.
    pub fn hanging() -> Self {
        Self::start(|_| Reply::Never)
    }

    /// A Gitea as [`Server::quiet`], whose comments are never answered.
    pub fn quiet_but_slow() -> Self {
        Self::start(|request| {
            let is_listing = request.path.starts_with("/api/v1/repos/issues/search");
            if is_listing { Reply::Json(200, "[]".into()) } else { Reply::Never }
        })
    }

    pub fn address(&self) -> String {
        format!("http://{}", self.listen)
    }

    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

fn answer(stream: TcpStream, reply: &dyn Fn(&Request) -> Reply, seen: &Mutex<Vec<Request>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut line, mut length, mut authorization) = (String::new(), 0, String::new());
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let mut words = line.split_whitespace().map(str::to_owned);
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut header = String::new();
        while reader.read_line(&mut header).is_ok_and(|read| read > 2) {
            let (name, value) = header.trim_end().split_once(": ").unwrap_or_default();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap_or(0),
                "authorization" => value.clone_into(&mut authorization),
                _ => {}
            }
            header.clear();
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let request = Request { method, path, authorization };
        seen.lock().unwrap().push(request.clone());
        let Reply::Json(status, body) = reply(&request) else {
            // Until the other side gives up.
            let _ = reader.read_line(&mut String::new());
            return;
        };
        let date = jiff::fmt::rfc2822::to_string(&Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC)).unwrap();
        let head = format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nX-Total-Count: 0\r\nDate: {date}");
        let text = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        if reader.get_mut().write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}
