//! Routes of the server.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::{any, delete, get, post, put};

use crate::server::Server;
use crate::{accounts, builds, events, faults, login, pages, queue, repositories, rpc, secrets};

pub fn all(server: Arc<Server>) -> Router {
    Router::new()
        .nest("/api", api().layer(map_response(uncached)))
        .nest("/rpc/v2", runners().layer(from_fn_with_state(Arc::clone(&server), rpc::guard)))
        .route("/healthz", get(pages::health))
        .route("/version", get(pages::version))
        .route("/hook", post(async || StatusCode::OK))
        .route("/login", any(login::login))
        .route("/login/error", get(pages::login_error))
        .route("/logout", any(login::logout))
        .route("/{owner}/{name}", get(pages::repository))
        .route("/{owner}/{name}/{number}", get(pages::build))
        .fallback(pages::index)
        // A complete log is one body without a limit.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(Arc::clone(&server), faults::watch))
        .with_state(server)
}

async fn uncached(mut answer: Response) -> Response {
    let value =
        axum::http::HeaderValue::from_static("no-cache, no-store, no-transform, must-revalidate, private, max-age=0");
    answer.headers_mut().entry("cache-control").or_insert(value);
    answer
}

fn api() -> Router<Arc<Server>> {
    let repository = "/repos/{owner}/{name}";
    let at = |rest: &str| format!("{repository}{rest}");
    Router::new()
        .route("/user", get(accounts::find).patch(accounts::update))
        .route("/user/token", post(accounts::token))
        .route("/user/repos", get(accounts::repositories).post(accounts::synchronise))
        .route("/user/remote/repos", get(accounts::remote))
        .route("/user/remote/repos/{owner}/{name}", get(repositories::remote))
        .route("/users", get(accounts::list))
        .route("/repos", get(repositories::all))
        .route(
            repository,
            get(repositories::find)
                .post(repositories::enable)
                .patch(repositories::update)
                .delete(repositories::disable),
        )
        .route(&at("/chown"), post(repositories::take_over))
        .route(&at("/repair"), post(repositories::repair))
        .route(&at("/builds"), get(builds::list).post(builds::create).delete(builds::purge))
        .route(&at("/builds/latest"), get(builds::latest))
        .route(&at("/builds/{number}"), get(builds::find).post(builds::restart).delete(builds::cancel))
        .route(&at("/builds/{number}/logs/{stage}/{step}"), get(builds::log))
        .route(&at("/secrets"), get(secrets::list).post(secrets::create))
        .route(&at("/secrets/{secret}"), get(secrets::find).patch(secrets::update).delete(secrets::delete))
        .route("/queue", get(queue::list).post(queue::resume).delete(queue::pause))
        .route("/builds/incomplete", get(builds::incomplete))
        .route("/stream", get(events::all))
        .route("/stream/{owner}/{name}", get(events::one))
        .route("/stream/{owner}/{name}/{number}/{stage}/{step}", get(builds::live_log))
        // A route, not a fallback: with a fallback the routes of the pages would match first.
        .route("/{*rest}", any(async || (StatusCode::NOT_FOUND, "404 page not found\n")))
}

fn runners() -> Router<Arc<Server>> {
    Router::new()
        .route("/nodes/{machine}", post(rpc::ping).merge(delete(rpc::ping)))
        .route("/ping", post(rpc::ping))
        .route("/stage", post(rpc::request))
        .route("/stage/{stage}", post(rpc::accept).get(rpc::details).put(rpc::update_stage))
        .route("/step/{step}", put(rpc::update_step))
        .route("/build/{build}/watch", post(rpc::watch))
        .route("/step/{step}/logs/batch", post(rpc::log_batch))
        .route("/step/{step}/logs/upload", post(rpc::log_upload))
}
