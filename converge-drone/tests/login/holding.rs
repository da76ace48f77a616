//! A proxy before Gitea that can hold back the answer about an account's repositories.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Response, StatusCode, header};
use axum::{Router, routing};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The question that is held back.
const HELD: &str = "/api/v1/user/repos";

/// The proxy. It ends with this value.
#[derive(Debug)]
pub struct Holding {
    /// The address, which is Gitea's `ROOT_URL`.
    pub address: String,
    lever: watch::Sender<bool>,
    asked: watch::Receiver<bool>,
    serving: JoinHandle<()>,
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Holding {
    /// One before the Gitea that listens there, or will.
    pub async fn before(gitea: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (lever, held) = watch::channel(true);
        let (tell, asked) = watch::channel(false);
        let tell = Arc::new(tell);
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        let app = Router::new().fallback(routing::any(move |request: Request| {
            let (client, mut held, tell) = (client.clone(), held.clone(), Arc::clone(&tell));
            async move {
                if request.uri().path() == HELD {
                    tell.send_replace(true);
                    held.wait_for(|held| !held).await.unwrap();
                }
                forward(&client, gitea, request).await
            }
        }));
        let serving = tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        Self { address, lever, asked, serving }
    }

    /// Waits for a request that is held back.
    pub async fn asked(&mut self) {
        self.asked.wait_for(|asked| *asked).await.unwrap();
    }

    /// Holds nothing back any more.
    pub fn release(&self) {
        self.lever.send_replace(false);
    }
}

async fn forward(client: &reqwest::Client, to: SocketAddr, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let url = format!("http://{to}{}", head.uri);
    let asked = client.request(head.method, url).headers(head.headers).body(to_bytes(body, 1 << 20).await.unwrap());
    let Ok(answer) = asked.send().await else {
        return Response::builder().status(StatusCode::BAD_GATEWAY).body(Body::empty()).unwrap();
    };
    let mut back = Response::builder().status(answer.status());
    for (name, value) in answer.headers().iter().filter(|(name, _)| **name != header::TRANSFER_ENCODING) {
        back = back.header(name, value);
    }
    back.body(Body::from(answer.bytes().await.unwrap())).unwrap()
}
