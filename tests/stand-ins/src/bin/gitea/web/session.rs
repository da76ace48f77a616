//! Sessions of browsers.

use crate::model::Session;
use crate::seal::random_hex;
use crate::turn::Turn;

pub const COOKIE: &str = "i_like_gitea";

/// The session of the request, a new one if necessary.
pub fn of(turn: &mut Turn) -> String {
    let known = turn.call.cookie(COOKIE).filter(|id| turn.state.sessions.contains_key(id));
    known.unwrap_or_else(|| {
        let id = random_hex(32);
        turn.state.sessions.insert(id.clone(), Session::default());
        id
    })
}
