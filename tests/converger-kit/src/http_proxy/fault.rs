//! Faults of an HTTP service.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, StatusCode, header};
use dockerd::Victim;

use super::{HttpProxy, bad_gateway};

/// The fault in the answers to a converger's calls. Mutating calls are counted from one.
#[derive(Debug, Clone)]
pub enum HttpFault {
    /// SIGKILL to this process after the effect of the nth mutating call, which is never answered.
    KillAfter(usize, Victim),
    /// The nth mutating call takes effect, and its answer is lost.
    LoseAnswer(usize),
    /// Status 500.
    Failing,
    /// A web page with status 200, as a proxy on the way would send it.
    Page,
    /// A redirect to the same address.
    Loop,
    /// No answer.
    Silence,
    /// The right answer, this much later.
    Slow(Duration),
}

impl HttpFault {
    /// The answer to the call with this number.
    pub(super) async fn answer(self, proxy: &HttpProxy, number: usize, request: Request) -> Response<Body> {
        match self {
            Self::KillAfter(nth, victim) => {
                let answer = proxy.pass_on(request).await;
                if number == nth {
                    victim.kill();
                    std::future::pending::<()>().await;
                }
                answer
            }
            Self::LoseAnswer(nth) => {
                let answer = proxy.pass_on(request).await;
                if number == nth {
                    proxy.clear_fault();
                    return bad_gateway("the answer was lost");
                }
                answer
            }
            Self::Failing => answer(Response::builder().status(StatusCode::INTERNAL_SERVER_ERROR), "made up"),
            Self::Page => {
                let page = Response::builder().header(header::CONTENT_TYPE, "text/html");
                answer(page, "<!doctype html><title>Maintenance</title><p>Back soon")
            }
            Self::Loop => {
                let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
                answer(Response::builder().status(StatusCode::FOUND).header(header::LOCATION, path), "")
            }
            Self::Silence => std::future::pending().await,
            Self::Slow(delay) => {
                tokio::time::sleep(delay).await;
                proxy.pass_on(request).await
            }
        }
    }
}

fn answer(response: axum::http::response::Builder, text: &'static str) -> Response<Body> {
    response.body(Body::from(text)).unwrap()
}
