//! A bridge whose two servers are one scripted server.

use std::sync::Arc;

use base::clock::Clock;
use http::testing::{Fake, at};
use serde_json::json;

use crate::Bridge;
use crate::ledger::Ledger;
use crate::secrets::Tokens;
use crate::settings::Settings;

pub fn bridge(fake: &Arc<Fake>, settings: Settings) -> Arc<Bridge> {
    let ledger = Ledger::of(rusqlite::Connection::open_in_memory().unwrap()).unwrap();
    let tokens = Tokens { gitea: "token".into(), drone: "token".into() };
    let clock = Clock::from_fn(|| at(0));
    Bridge::new(settings, ledger, &tokens, "/nowhere".into(), clock, &fake.connect()).unwrap()
}

pub fn settings() -> Settings {
    serde_json::from_value(json!({
        "gitea": "http://git.example.org", "bot": "ci-bot", "drone": "http://drone.example.org",
        "repository": "recipes/ci", "organisations": [{"name": "recipes", "include": ["*"], "exclude": ["old-*"]}],
        "allow": ["ada"], "poll_seconds": 5, "catch_up_hours": 24, "give_up_hours": 24,
    }))
    .unwrap()
}
