use std::net::Ipv4Addr;

use super::*;

/// Nothing listens there: the probe tells it, within its deadline.
#[tokio::test]
async fn a_router_is_asked_only_if_there_is_one() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let nowhere = IpAddr::V4(Ipv4Addr::new(127, 9, 9, 9));
    assert_eq!(any_answers(nowhere, &[]).await, None);
    let router = |host: &str| Router { host: host.to_owned(), path: "/" };
    let seen = any_answers(nowhere, &[router("traefik.ci.example.org"), router("b.ci.example.org")]).await;
    let seen = seen.unwrap().unwrap_err();
    assert!(seen.starts_with("https://traefik.ci.example.org/: "), "the first is told: {seen}");
}
