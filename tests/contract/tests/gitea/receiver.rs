//! A receiver of webhooks.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver as Channel, Sender};
use std::thread;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// Timeout of a delivery.
const PATIENCE: Duration = Duration::from_secs(20);

/// A received request.
#[derive(Debug)]
pub struct Delivery {
    /// Path of the request.
    pub path: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Delivery {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The signature with this secret: HMAC-SHA256 of the received body, in lower-case hexadecimal digits.
    pub fn signed_with(&self, secret: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(&self.body);
        let bytes = mac.finalize().into_bytes();
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        digits.map(|digit| char::from_digit(u32::from(digit), 16).unwrap()).collect()
    }
}

/// A server that accepts every request.
pub struct Receiver {
    pub address: String,
    deliveries: Channel<Delivery>,
}

impl Receiver {
    /// Starts on the loopback, or on the address in `GITEA_CONTRACT_RECEIVER` for a given Gitea.
    pub fn start() -> Self {
        let listen = env::var("GITEA_CONTRACT_RECEIVER").unwrap_or_else(|_| "127.0.0.1:0".to_owned());
        let listener = TcpListener::bind(listen).unwrap();
        let address = format!("http://{}/hook", listener.local_addr().unwrap());
        let (sender, deliveries) = mpsc::channel();
        thread::spawn(move || {
            // Ends with the first delivery after the receiver is dropped, else with the process.
            for stream in listener.incoming().flatten() {
                if take(stream, &sender).is_none() {
                    return;
                }
            }
        });
        Self { address, deliveries }
    }

    /// The next delivery that fits; drops others.
    #[track_caller]
    pub fn wait(&self, what: &str, fits: impl Fn(&Delivery) -> bool) -> Delivery {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.deliveries.recv_timeout(left) {
                Ok(delivery) if fits(&delivery) => return delivery,
                Ok(_) => {}
                Err(error) => panic!("no delivery of {what} within {PATIENCE:?}: {error}"),
            }
        }
    }

    /// The next delivery of an event with this action.
    #[track_caller]
    pub fn wait_for(&self, event: &str, action: &str) -> Delivery {
        let fits = |delivery: &Delivery| {
            delivery.header("x-gitea-event") == event && delivery.json()["action"].as_str() == Some(action)
        };
        self.wait(&format!("{event} {action}"), fits)
    }
}

/// Reads one request and answers 200. `None` after the receiver is dropped.
fn take(stream: TcpStream, to: &Sender<Delivery>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut headers = Vec::new();
    let mut line = String::new();
    let _ = reader.read_line(&mut line);
    let path = line.split_whitespace().nth(1).unwrap_or_default().to_owned();
    line.clear();
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        if let Some((name, value)) = line.trim_end().split_once(": ") {
            headers.push((name.to_owned(), value.to_owned()));
        }
        line.clear();
    }
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let mut body = vec![0; length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0)];
    if reader.read_exact(&mut body).is_err() {
        return Some(());
    }
    let _ = reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    to.send(Delivery { path, headers, body }).ok()
}
