//! A rate limit for each sender, so that one sender's flood keeps no other sender out.
//!
//! A sender is the address of the connection together with the last hop of its `X-Forwarded-For`: Traefik writes that
//! hop, and the port is published only on the overlay network. Another container on that network may write any hop, but
//! has an address of its own, so it takes nothing from Traefik's allowance.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The requests that a sender may make at once after a silence: a busy minute of a large organisation.
const BURST: f64 = 600.0;
/// The requests a second that a sender may make in the long run.
const RATE: f64 = 20.0;
/// The most requests of one sender in flight.
const IN_FLIGHT: usize = 8;
/// The most requests of all senders in flight.
const IN_FLIGHT_IN_ALL: usize = 64;
/// The most senders that are remembered.
const SENDERS: usize = 1024;

/// The sender of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sender {
    peer: IpAddr,
    behind: Option<IpAddr>,
}

impl Sender {
    /// The sender behind `peer` with this `X-Forwarded-For`.
    pub fn new(peer: IpAddr, forwarded_for: Option<&str>) -> Self {
        let last = forwarded_for.and_then(|list| list.rsplit(',').next());
        Self { peer: network(peer), behind: last.and_then(|last| last.trim().parse().ok()).map(network) }
    }
}

/// An IPv6 host has 2^64 addresses, so the /64 network stands for it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The allowances of all senders.
#[derive(Debug, Default)]
pub struct Limit {
    senders: Mutex<BTreeMap<Sender, Allowance>>,
}

#[derive(Debug)]
struct Allowance {
    left: f64,
    at: Instant,
    in_flight: usize,
}

impl Allowance {
    fn left(&self, now: Instant) -> f64 {
        (self.left + now.duration_since(self.at).as_secs_f64() * RATE).min(BURST)
    }
}

/// An admitted request; it is in flight until this is dropped.
#[derive(Debug)]
pub struct Admission {
    limit: Arc<Limit>,
    sender: Sender,
}

impl Limit {
    /// Admits a request, or returns the time after which to try again.
    pub fn admit(self: &Arc<Self>, sender: Sender) -> Result<Admission, Duration> {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let mut senders = self.senders();
        if senders.values().map(|allowance| allowance.in_flight).sum::<usize>() >= IN_FLIGHT_IN_ALL {
            return Err(second);
        }
        if !senders.contains_key(&sender) && senders.len() >= SENDERS {
            forget(&mut senders, now);
        }
        let allowance = senders.entry(sender).or_insert(Allowance { left: BURST, at: now, in_flight: 0 });
        (allowance.left, allowance.at) = (allowance.left(now), now);
        if allowance.in_flight >= IN_FLIGHT {
            return Err(second);
        }
        if allowance.left < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - allowance.left) / RATE).max(second));
        }
        allowance.left -= 1.0;
        allowance.in_flight += 1;
        Ok(Admission { limit: self.clone(), sender })
    }

    fn senders(&self) -> MutexGuard<'_, BTreeMap<Sender, Allowance>> {
        self.senders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes room for a new sender: forgets those with a full allowance, else the one with the longest silence, and of
/// several the one with the largest allowance.
fn forget(senders: &mut BTreeMap<Sender, Allowance>, now: Instant) {
    senders.retain(|_, allowance| allowance.in_flight > 0 || allowance.left(now) < BURST);
    if senders.len() < SENDERS {
        return;
    }
    let idle = senders.iter().filter(|(_, allowance)| allowance.in_flight == 0);
    let first = |one: &Allowance, other: &Allowance| one.at.cmp(&other.at).then(other.left.total_cmp(&one.left));
    if let Some(sender) = idle.min_by(|(_, one), (_, other)| first(one, other)).map(|(sender, _)| *sender) {
        senders.remove(&sender);
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if let Some(allowance) = self.limit.senders().get_mut(&self.sender) {
            allowance.in_flight = allowance.in_flight.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(forwarded_for: &str) -> Sender {
        Sender::new("10.10.0.2".parse().unwrap(), Some(forwarded_for))
    }

    #[test]
    fn only_the_last_hop_counts_and_only_beside_the_connection() {
        assert_eq!(sender("203.0.113.9, 198.51.100.7"), sender("198.51.100.7"));
        assert_ne!(sender("198.51.100.7"), Sender::new("10.10.0.3".parse().unwrap(), Some("198.51.100.7")));
        assert_eq!(sender("2001:db8::1"), sender("2001:db8::ffff:2"));
        assert_ne!(sender("2001:db8::1"), sender("2001:db8:0:1::1"));
        assert_eq!(sender("::ffff:198.51.100.7"), sender("198.51.100.7"));
        assert_eq!(sender("nobody\u{7f}"), Sender::new("10.10.0.2".parse().unwrap(), None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_one_sender_stops_no_other() {
        let limit = Arc::new(Limit::default());
        let (stranger, gitea) = (sender("203.0.113.9"), sender("198.51.100.7"));
        let admitted = (0..10_000).filter(|_| limit.admit(stranger).is_ok()).count();
        assert_eq!(admitted, 600);
        assert!(limit.admit(gitea).is_ok());
        assert_eq!(limit.admit(stranger).unwrap_err(), Duration::from_secs(1));
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!((0..100).filter(|_| limit.admit(stranger).is_ok()).count(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn slow_requests_are_few_of_one_and_few_of_all() {
        let limit = Arc::new(Limit::default());
        let of_one: Vec<Admission> = (0..20).filter_map(|_| limit.admit(sender("203.0.113.9")).ok()).collect();
        assert_eq!(of_one.len(), IN_FLIGHT);
        let of_all: Vec<Admission> =
            (0..200).filter_map(|number| limit.admit(sender(&format!("203.0.112.{number}"))).ok()).collect();
        assert_eq!(of_all.len(), IN_FLIGHT_IN_ALL - IN_FLIGHT);
        drop((of_one, of_all));
        assert!(limit.admit(sender("203.0.113.9")).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn few_senders_are_remembered_and_a_limited_one_stays_limited() {
        let limit = Arc::new(Limit::default());
        let stranger = sender("203.0.113.9");
        for number in 0..5_000_u32 {
            drop(limit.admit(sender(&Ipv6Addr::from(u128::from(number) << 64).to_string())));
            drop(limit.admit(stranger));
        }
        assert!(limit.senders().len() <= SENDERS);
        assert!(limit.admit(stranger).is_err());
    }
}
