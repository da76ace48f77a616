//! Faults between a caller and the servers.

/// A fault of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No connection: the server does not get the request.
    Refused,
    /// The server does it; the answer is lost.
    AnswerLost,
    /// The server does it; the answer breaks off.
    AnswerCut,
    /// No answer, and nothing is done.
    Hangs,
    /// The server does it so many seconds later; no answer.
    Late(u64),
    /// A status from the server or the proxy before it; nothing is done.
    Says(u16),
    /// The same with this body, without headers.
    SaysBody(u16, &'static str),
    /// The server does it, and answers this status.
    DoesAndSays(u16),
    /// The same with this body, without headers.
    DoesAndSaysBody(u16, &'static str),
    /// The server does it; the body is `null`.
    DoesAndSaysNull,
    /// The server does it; the body is half of the answer.
    DoesAndSaysHalf,
    /// The server does it; the answer is a page.
    DoesAndSaysPage,
    /// The caller is killed before the server gets the request.
    DiesBefore,
    /// The caller is killed after the server has done it.
    DiesAfter,
}

/// A fault for the calls whose line (`gitea GET /api/v1/…?…`) contains all of these words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultRule {
    /// The words, separated by spaces.
    pub what: &'static str,
    /// The number of such calls that succeed first.
    pub after: u32,
    /// The number of such calls that fail then.
    pub times: u32,
    /// Their fault.
    pub fault: Fault,
}

impl FaultRule {
    /// True if a call's line contains all words.
    pub fn matches(what: &str, line: &str) -> bool {
        what.split(' ').all(|word| line.contains(word))
    }
}
