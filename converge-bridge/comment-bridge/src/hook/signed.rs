//! A delivery whose signature is right. There is no other way to have one, so no handler sees any other.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequest, Request};
use axum::http::header::{CONTENT_LENGTH, RETRY_AFTER, TRANSFER_ENCODING};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use futures_util::StreamExt;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use tokio::time::timeout;

use crate::metrics::DeliveryResult;
use crate::web::Web;
use daemon::limit::Sender;

/// The largest delivery; Gitea's are a few kilobytes around the comment.
pub const LARGEST: usize = 1024 * 1024;
/// What all deliveries under way may have in memory.
const LARGEST_IN_ALL: usize = 16 * LARGEST;
/// How long a delivery may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(5);

/// The event, which is not signed and only saves parsing: what is done comes from the body.
const EVENT: &str = "x-gitea-event";
const SIGNATURE: &str = "x-gitea-signature";

/// A delivery whose signature is right.
#[derive(Debug)]
pub struct Signed {
    event: String,
    body: Vec<u8>,
}

impl Signed {
    /// What it tells of, by its header.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// What it tells.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

impl FromRequest<Web> for Signed {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        let received = receive(request, web).await;
        received.map_err(|refused| {
            web.bridge.metrics.delivery(refused.verdict);
            let retry = refused.retry.map(|after| (RETRY_AFTER, after.as_secs_f64().ceil().to_string()));
            (refused.status, AppendHeaders(retry)).into_response()
        })
    }
}

/// Why it is not let in.
struct Refused {
    status: StatusCode,
    verdict: DeliveryResult,
    retry: Option<Duration>,
}

impl Refused {
    fn by(status: StatusCode, verdict: DeliveryResult) -> Self {
        Self { status, verdict, retry: None }
    }

    fn later(status: StatusCode, after: Duration) -> Self {
        Self { status, verdict: DeliveryResult::RateLimited, retry: Some(after) }
    }
}

/// Cheapest things first; nothing is computed for who sends too much.
async fn receive(request: Request, web: &Web) -> Result<Signed, Refused> {
    let unreadable = |status| Refused::by(status, DeliveryResult::Unreadable);
    let Some(hook) = &web.hook else { return Err(unreadable(StatusCode::NOT_FOUND)) };
    let (parts, body) = request.into_parts();
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let sender = sender(peer.unwrap_or(IpAddr::from([0, 0, 0, 0])), &parts.headers);
    let admitted = hook.limit.admit(sender);
    let _under_way = admitted.map_err(|after| Refused::later(StatusCode::TOO_MANY_REQUESTS, after))?;

    if !parts.headers.contains_key(SIGNATURE) {
        return Err(Refused::by(StatusCode::UNAUTHORIZED, DeliveryResult::MissingSignature));
    }
    let length = length(&parts.headers).map_err(unreadable)?;
    let body = timeout(ARRIVAL, read(body, length, &hook.room)).await;
    let body = body.map_err(|_| unreadable(StatusCode::REQUEST_TIMEOUT))??;
    if !is_right(&hook.secret, &parts.headers, &body) {
        return Err(Refused::by(StatusCode::FORBIDDEN, DeliveryResult::InvalidSignature));
    }
    let event = parts.headers.get(EVENT).and_then(|event| event.to_str().ok()).unwrap_or_default().to_owned();
    Ok(Signed { event, body })
}

fn sender(peer: IpAddr, headers: &HeaderMap) -> Sender {
    // Traefik appends to the header there is; of several lines the last is its own.
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
    Sender::new(peer, forwarded.and_then(|value| value.to_str().ok()))
}

/// How long it says it is. Gitea and Traefik always do; without, or in chunks, two readers might see two ends of it.
fn length(headers: &HeaderMap) -> Result<usize, StatusCode> {
    let said = headers.get(CONTENT_LENGTH).filter(|_| !headers.contains_key(TRANSFER_ENCODING));
    let said = said.and_then(|said| said.to_str().ok()?.parse::<usize>().ok()).ok_or(StatusCode::LENGTH_REQUIRED)?;
    if said > LARGEST { Err(StatusCode::PAYLOAD_TOO_LARGE) } else { Ok(said) }
}

/// Reads all of it, taking no more memory than what has arrived.
async fn read(body: Body, length: usize, room: &Arc<Room>) -> Result<Vec<u8>, Refused> {
    let mut taken = Taken { room: room.clone(), bytes: 0 };
    let mut chunks = body.into_data_stream();
    let mut whole = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refused::by(StatusCode::BAD_REQUEST, DeliveryResult::Unreadable))?;
        if whole.len() + chunk.len() > length {
            return Err(Refused::by(StatusCode::BAD_REQUEST, DeliveryResult::Unreadable));
        }
        if !taken.more(chunk.len()) {
            return Err(Refused::later(StatusCode::SERVICE_UNAVAILABLE, Duration::from_secs(1)));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole)
}

/// Whether exactly one signature is there and it is that of the body; compared in the same time whatever it is.
pub(super) fn is_right(secret: &SecretString, headers: &HeaderMap, body: &[u8]) -> bool {
    let mut all = headers.get_all(SIGNATURE).iter();
    let (Some(one), None) = (all.next(), all.next()) else { return false };
    let Some(signature) = bytes(one.as_bytes()) else { return false };
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else { return false };
    mac.update(body);
    mac.verify_slice(&signature).is_ok()
}

/// 64 small hexadecimal digits, as Gitea writes them.
fn bytes(digits: &[u8]) -> Option<[u8; 32]> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

/// The bytes of all deliveries that are arriving.
#[derive(Debug, Default)]
pub struct Room {
    taken: AtomicUsize,
}

struct Taken {
    room: Arc<Room>,
    bytes: usize,
}

impl Taken {
    fn more(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        self.room.taken.fetch_add(bytes, Ordering::Relaxed) + bytes <= LARGEST_IN_ALL
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.room.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
