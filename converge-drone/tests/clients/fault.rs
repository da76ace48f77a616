//! The ways a server can be wrong.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, StatusCode, header};
use futures_util::{StreamExt, stream};

/// How a server is wrong, once its connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Takes the request and never answers.
    Silent,
    /// Answers its head and never its body.
    HeadOnly,
    /// Answers one byte now and then.
    Drip,
    /// Breaks off within the body it announced.
    Half,
    /// Ends well, within its JSON.
    CutJson,
    /// Success, and nothing in it.
    Empty,
    /// JSON of another shape, with a secret where something else is expected.
    OtherJson,
    /// A page with this status.
    Page(u16),
    /// A message in JSON, as Gitea and Drone say it, with this status.
    Message(u16),
    /// Plain text with this status, as proxies say it.
    Plain(u16),
    /// All it was sent, back in a message, with this status.
    Echo(u16),
    /// Leads to itself.
    Circle,
    /// Leads to another server.
    Elsewhere,
    /// Leads to another server, and wants the form sent there again.
    ElsewhereAgain,
    /// Leads to no address.
    Nowhere,
    /// Says how much will come: far too much.
    HugeAnnounced,
    /// Never ends.
    Endless,
}

impl Fault {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Silent,
        Self::HeadOnly,
        Self::Drip,
        Self::Half,
        Self::CutJson,
        Self::Empty,
        Self::OtherJson,
        Self::Page(200),
        Self::Page(403),
        Self::Page(404),
        Self::Page(500),
        Self::Page(503),
        Self::Message(400),
        Self::Message(401),
        Self::Message(403),
        Self::Message(404),
        Self::Message(409),
        Self::Message(422),
        Self::Message(429),
        Self::Message(500),
        Self::Plain(401),
        Self::Plain(404),
        Self::Plain(500),
        Self::Plain(502),
        Self::Echo(400),
        Self::Echo(401),
        Self::Echo(403),
        Self::Echo(404),
        Self::Echo(500),
        Self::Circle,
        Self::Elsewhere,
        Self::ElsewhereAgain,
        Self::Nowhere,
        Self::HugeAnnounced,
        Self::Endless,
    ];

    /// True if the call ends only by the deadline.
    pub fn is_slow(self) -> bool {
        matches!(self, Self::Silent | Self::HeadOnly | Self::Drip)
    }

    /// The answer to a request `sent`, by a server that knows another one at `elsewhere`.
    pub async fn answer(self, sent: &str, path: &str, elsewhere: &str) -> Response<Body> {
        let page = |text: &str| format!("<!DOCTYPE html><html><head><title>{text}</title></head><body>…</body></html>");
        match self {
            Self::Silent => std::future::pending().await,
            Self::HeadOnly => whole(200, "application/json", Body::from_stream(stream::pending::<Part>())),
            Self::Drip => {
                let drops = stream::repeat(()).then(|()| async {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    Part::Ok(Bytes::from_static(b" "))
                });
                whole(200, "application/json", Body::from_stream(drops))
            }
            Self::Half => {
                // The pause lets the first part go out.
                let broken = stream::once(async {
                    tokio::task::yield_now().await;
                    Err(io::Error::other("the cable is cut"))
                });
                let parts = Body::from_stream(stream::iter([Ok(Bytes::from_static(b"{\"login\":"))]).chain(broken));
                let mut answer = whole(200, "application/json", parts);
                answer.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("400"));
                answer
            }
            Self::CutJson => whole(200, "application/json", "{\"id\": 1, \"login\": \"ci-b"),
            Self::Empty => whole(200, "application/json", ""),
            Self::OtherJson => {
                whole(200, "application/json", format!("{{\"id\": \"{0}\", \"slug\": 4}}", crate::CANARY))
            }
            Self::Page(status) => whole(status, "text/html; charset=utf-8", page("Back soon")),
            Self::Message(status) => whole(status, "application/json", "{\"message\": \"it says no\"}"),
            Self::Plain(status) => whole(status, "text/plain; charset=utf-8", format!("{status} it says no\n")),
            Self::Echo(status) => whole(status, "application/json", serde_json::json!({"message": sent}).to_string()),
            Self::Circle => leads(302, path),
            Self::Elsewhere => leads(302, elsewhere),
            Self::ElsewhereAgain => leads(307, elsewhere),
            Self::Nowhere => leads(302, "http://["),
            Self::HugeAnnounced => {
                let mut answer = whole(200, "application/json", Body::from_stream(endless()));
                answer.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("99999999999"));
                answer
            }
            Self::Endless => whole(200, "application/json", Body::from_stream(endless())),
        }
    }
}

type Part = Result<Bytes, Infallible>;

fn endless() -> impl futures_util::Stream<Item = Part> + Send {
    stream::repeat(Bytes::from_static(&[b' '; 16384])).map(Ok)
}

/// An answer with a status, a kind and a body.
pub fn whole(status: u16, kind: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

/// An answer that leads somewhere.
pub fn leads(status: u16, to: &str) -> Response<Body> {
    let mut answer = whole(status, "text/html; charset=utf-8", "<a href=\"\">See other</a>");
    answer.headers_mut().insert(header::LOCATION, HeaderValue::from_str(to).unwrap());
    answer
}
