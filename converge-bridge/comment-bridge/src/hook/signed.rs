//! A delivery with a valid signature. The extractor is the only way to one, so no handler sees another.

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

use super::HookState;
use crate::metrics::DeliveryResult;
use daemon::limit::Sender;

/// The largest delivery, in bytes; Gitea's are a few kilobytes longer than the comment.
pub const LARGEST: usize = 1024 * 1024;
/// The memory of all deliveries in flight, in bytes.
const LARGEST_IN_ALL: usize = 16 * LARGEST;
/// The deadline for the arrival of a delivery.
const ARRIVAL: Duration = Duration::from_secs(5);

/// The header of the event. It is not signed and only saves parsing; the body decides.
const EVENT: &str = "x-gitea-event";
const SIGNATURE: &str = "x-gitea-signature";

/// A delivery with a valid signature.
#[derive(Debug)]
pub struct Signed {
    event: String,
    body: Vec<u8>,
}

impl Signed {
    /// The event, by the header.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// The JSON document.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

impl FromRequest<HookState> for Signed {
    type Rejection = Response;

    async fn from_request(request: Request, state: &HookState) -> Result<Self, Response> {
        let received = receive(request, state).await;
        received.map_err(|refused| {
            state.bridge.metrics.delivery(refused.result);
            let retry = refused.retry.map(|after| (RETRY_AFTER, after.as_secs_f64().ceil().to_string()));
            (refused.status, AppendHeaders(retry)).into_response()
        })
    }
}

/// The answer to a delivery that is not accepted.
struct Refused {
    status: StatusCode,
    result: DeliveryResult,
    retry: Option<Duration>,
}

impl Refused {
    fn by(status: StatusCode, result: DeliveryResult) -> Self {
        Self { status, result, retry: None }
    }

    fn later(status: StatusCode, after: Duration) -> Self {
        Self { status, result: DeliveryResult::RateLimited, retry: Some(after) }
    }
}

/// Cheapest checks first; nothing is computed for a sender over its limit.
async fn receive(request: Request, state: &HookState) -> Result<Signed, Refused> {
    let unreadable = |status| Refused::by(status, DeliveryResult::Unreadable);
    let hook = &state.hook;
    let (parts, body) = request.into_parts();
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let sender = sender(peer.unwrap_or(IpAddr::from([0, 0, 0, 0])), &parts.headers);
    let admitted = hook.limit.admit(sender);
    let _in_flight = admitted.map_err(|after| Refused::later(StatusCode::TOO_MANY_REQUESTS, after))?;

    if !parts.headers.contains_key(SIGNATURE) {
        return Err(Refused::by(StatusCode::UNAUTHORIZED, DeliveryResult::MissingSignature));
    }
    let length = length(&parts.headers).map_err(unreadable)?;
    let body = timeout(ARRIVAL, read(body, length, &hook.memory)).await;
    let body = body.map_err(|_| unreadable(StatusCode::REQUEST_TIMEOUT))??;
    if !is_right(&hook.secret, &parts.headers, &body) {
        return Err(Refused::by(StatusCode::FORBIDDEN, DeliveryResult::InvalidSignature));
    }
    let event = parts.headers.get(EVENT).and_then(|event| event.to_str().ok()).unwrap_or_default().to_owned();
    Ok(Signed { event, body })
}

fn sender(peer: IpAddr, headers: &HeaderMap) -> Sender {
    // Traefik appends to the existing header; the last of several lines is Traefik's.
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
    Sender::new(peer, forwarded.and_then(|value| value.to_str().ok()))
}

/// Returns the declared length. Gitea and Traefik always declare one; without it, or in chunks, two readers may find
/// two different ends.
fn length(headers: &HeaderMap) -> Result<usize, StatusCode> {
    let declared = headers.get(CONTENT_LENGTH).filter(|_| !headers.contains_key(TRANSFER_ENCODING));
    let declared = declared
        .and_then(|declared| declared.to_str().ok()?.parse::<usize>().ok())
        .ok_or(StatusCode::LENGTH_REQUIRED)?;
    if declared > LARGEST { Err(StatusCode::PAYLOAD_TOO_LARGE) } else { Ok(declared) }
}

/// Reads the body. Takes memory only for the part that has arrived.
async fn read(body: Body, length: usize, memory: &Arc<MemoryBudget>) -> Result<Vec<u8>, Refused> {
    let mut share = Share { memory: memory.clone(), bytes: 0 };
    let mut chunks = body.into_data_stream();
    let mut whole = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refused::by(StatusCode::BAD_REQUEST, DeliveryResult::Unreadable))?;
        if whole.len() + chunk.len() > length {
            return Err(Refused::by(StatusCode::BAD_REQUEST, DeliveryResult::Unreadable));
        }
        if !share.grow(chunk.len()) {
            return Err(Refused::later(StatusCode::SERVICE_UNAVAILABLE, Duration::from_secs(1)));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole)
}

/// True if there is exactly one signature and it is the body's. Compares in constant time.
pub(super) fn is_right(secret: &SecretString, headers: &HeaderMap, body: &[u8]) -> bool {
    let mut all = headers.get_all(SIGNATURE).iter();
    let (Some(one), None) = (all.next(), all.next()) else { return false };
    let Some(signature) = bytes(one.as_bytes()) else { return false };
    // HMAC accepts a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else { return false };
    mac.update(body);
    mac.verify_slice(&signature).is_ok()
}

/// Reads 64 lower-case hexadecimal digits, as Gitea writes them.
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

/// The memory of all deliveries in flight.
#[derive(Debug, Default)]
pub struct MemoryBudget {
    taken: AtomicUsize,
}

/// The memory of one delivery.
struct Share {
    memory: Arc<MemoryBudget>,
    bytes: usize,
}

impl Share {
    /// Takes more memory. Returns false if the budget is used up.
    fn grow(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        self.memory.taken.fetch_add(bytes, Ordering::Relaxed) + bytes <= LARGEST_IN_ALL
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.memory.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
