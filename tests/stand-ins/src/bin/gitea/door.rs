//! HTTP in front of the handlers.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;

use crate::answer::{Refusal, Reply, broken};
use crate::call::Call;
use crate::server::Server;
use crate::turn::Turn;
use crate::{api, smart, web, who};

pub fn router(server: Arc<Server>) -> Router {
    Router::new().fallback(answer).layer(DefaultBodyLimit::disable()).with_state(server)
}

async fn answer(
    State(server): State<Arc<Server>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().to_owned();
    let query = uri.query().unwrap_or_default().to_owned();
    let call = Call::new(method.as_str().to_owned(), path, query, headers, body.to_vec());
    // Handlers wait for git, so they run outside the runtime's own threads.
    let reply = tokio::task::spawn_blocking(move || whole(&server, &call)).await;
    wire(reply.unwrap_or_else(|error| broken(error).reply("")))
}

fn whole(server: &Server, call: &Call) -> Reply {
    if let Some(wanted) = smart::wanted(call) {
        return smart::answer(server, call, &wanted);
    }
    let answered = server.with(|state| {
        let mut turn = Turn { server, state, call, caller: None };
        let answered = if call.segments.first().is_some_and(|first| first == "api") {
            who::of(turn.state, call).and_then(|caller| {
                turn.caller = caller;
                api::answer(&mut turn)
            })
        } else {
            web::answer(&mut turn)
        };
        if call.method != "GET" {
            server.save(turn.state);
        }
        answered
    });
    answered.unwrap_or_else(|refusal| match refusal {
        Refusal::Said(..) if call.path.starts_with("/api/") => refusal.reply(&server.settings.address),
        Refusal::Said(status, message) => web::page::plain(status, &message),
        other => other.reply(&server.settings.address),
    })
}

fn wire(reply: Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<axum::http::HeaderName>(), value.parse()) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
