//! Makes exactly one build of each order in Drone, follows it, cancels.

use std::sync::Arc;
use std::time::Duration;

use super::Bridge;

/// Works until the bridge is to end.
pub async fn run(bridge: &Arc<Bridge>) {
    while bridge.wait(None, Duration::from_secs(1)).await {}
}
