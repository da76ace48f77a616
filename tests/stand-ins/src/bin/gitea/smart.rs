//! Git over HTTP, by `git http-backend`.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::answer::{Reply, broken};
use crate::call::Call;
use crate::model::{Level, Repository};
use crate::push;
use crate::server::Server;
use crate::{access, who};

/// A request of git to a repository.
#[derive(Debug)]
pub struct Wanted {
    owner: String,
    name: String,
    /// Path after the repository.
    rest: String,
    pushes: bool,
}

/// The request as one of git, if it is one.
pub fn wanted(call: &Call) -> Option<Wanted> {
    let [owner, name, rest @ ..] = call.segments.as_slice() else { return None };
    let rest = rest.join("/");
    let service = match rest.as_str() {
        "info/refs" => call.asked("service"),
        "git-upload-pack" | "git-receive-pack" => &rest,
        _ => return None,
    };
    let pushes = service == "git-receive-pack";
    let name = name.strip_suffix(".git").unwrap_or(name).to_owned();
    Some(Wanted { owner: owner.clone(), name, pushes, rest })
}

pub fn answer(server: &Server, call: &Call, wanted: &Wanted) -> Reply {
    let allowed = server.with(|state| {
        let caller = who::of(state, call).map_err(|_| unauthorized())?;
        let account = caller.as_ref().map(|caller| caller.account);
        let missing = || if account.is_some() { said(404, "Not found.\n") } else { unauthorized() };
        let Some(repository) = state.repository_named(&wanted.owner, &wanted.name) else {
            let now = state.renamed_from(&wanted.owner, &wanted.name).ok_or_else(missing)?;
            let to = format!("/{}.git/{}?{}", state.full_name(now), wanted.rest, call.raw_query);
            return Err(said(301, "").header("Location", to));
        };
        let level = access::level(state, repository, account);
        if level == Level::None {
            return Err(missing());
        }
        if !wanted.pushes {
            return Ok((repository.clone(), account));
        }
        let Some(account) = account else { return Err(unauthorized()) };
        if level < Level::Write || repository.archived {
            return Err(said(403, "User permission denied for writing.\n"));
        }
        Ok((repository.clone(), Some(account)))
    });
    let (repository, account) = match allowed {
        Ok(allowed) => allowed,
        Err(reply) => return reply,
    };
    let git = server.git(repository.id);
    let before = git.refs();
    let reply = backend(server, call, wanted, &repository, account).unwrap_or_else(|error| broken(error).reply(""));
    if let (true, "POST", Some(account)) = (wanted.pushes, call.method.as_str(), account) {
        server.with(|state| {
            push::took_place(server, state, repository.id, account, &before);
            server.save(state);
        });
    }
    reply
}

fn said(status: u16, words: &str) -> Reply {
    Reply::new(status, "text/plain", words)
}

fn unauthorized() -> Reply {
    said(401, "Unauthorized\n").header("WWW-Authenticate", "Basic realm=\"Gitea\"")
}

fn backend(
    server: &Server,
    call: &Call,
    wanted: &Wanted,
    repository: &Repository,
    account: Option<i64>,
) -> std::io::Result<Reply> {
    let mut command = Command::new("git");
    command.arg("http-backend").stdin(Stdio::piped()).stdout(Stdio::piped());
    command.env("GIT_PROJECT_ROOT", server.repositories()).env("GIT_HTTP_EXPORT_ALL", "1");
    command.env("PATH_INFO", format!("/{}.git/{}", repository.id, wanted.rest));
    command.env("REQUEST_METHOD", &call.method).env("QUERY_STRING", &call.raw_query);
    command.env("CONTENT_TYPE", call.header("content-type")).env("CONTENT_LENGTH", call.body.len().to_string());
    command.env("HTTP_CONTENT_ENCODING", call.header("content-encoding"));
    command.env("GIT_PROTOCOL", call.header("git-protocol")).env("GIT_CONFIG_NOSYSTEM", "1");
    command.env("REMOTE_ADDR", "127.0.0.1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    if let Some(account) = account {
        command.env("REMOTE_USER", account.to_string());
    }
    let mut child = command.spawn()?;
    let mut stdin = child.stdin.take();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.take().map(|mut stdin| stdin.write_all(&call.body)));
        child.wait_with_output()
    })?;
    Ok(read(&output.stdout))
}

/// Parses a CGI answer: headers, an empty line, the body.
fn read(output: &[u8]) -> Reply {
    let end = output.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(output.len());
    let mut reply = Reply { status: 200, headers: Vec::new(), body: Vec::new() };
    reply.body = output.get(end + 4..).unwrap_or_default().to_vec();
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        match line.split_once(": ") {
            Some(("Status", status)) => {
                reply.status = status.split(' ').next().and_then(|code| code.parse().ok()).unwrap_or(500);
            }
            Some((name, value)) => reply.headers.push((name.to_owned(), value.to_owned())),
            None => {}
        }
    }
    reply
}
