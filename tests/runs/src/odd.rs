//! Hostile and damaged runs, each with what a reader must make of it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use serde_json::{Value, json};

/// What a reader must make of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It is shown.
    Readable,
    /// It is shown as damaged.
    Damaged,
    /// It is no run.
    Absent,
}

/// An odd run.
#[derive(Debug, Clone, Copy)]
pub struct Odd {
    /// The name of its directory.
    pub id: &'static str,
    /// What a reader must make of it.
    pub expected: Expected,
}

/// Markup that must stay text wherever it is shown.
pub const MARKUP: &str = r#"<script>alert(1)</script>"'><img src=x onerror=alert(2)>&amp;{{7*7}}"#;
/// Colours, a cursor move, a title and a link of a terminal.
pub const ESCAPES: &str = "\u{1b}[31mred\u{1b}[0m\u{1b}[2K\u{1b}]0;title\u{7}\u{1b}]8;;javascript:alert(3)\u{7}link\u{1b}]8;;\u{7}\rover\u{8}\u{8}";
/// Text that is shown in another order than it is stored, and characters that are not seen.
pub const BIDIRECTIONAL: &str = "user\u{202e}gnp.exe\u{2066}\u{200b}\u{feff}\u{0}end";

/// Makes the odd runs below a directory and tells what each of them is.
pub fn fill(directory: &Path) -> io::Result<Vec<Odd>> {
    let mut made = Vec::new();
    for (id, expected, text) in documents() {
        fs::create_dir_all(directory.join(id))?;
        fs::write(directory.join(id).join("results.json"), text)?;
        made.push(Odd { id, expected });
    }
    let file = |id: &str| {
        fs::create_dir_all(directory.join(id))?;
        io::Result::Ok(directory.join(id).join("results.json"))
    };
    File::create(file("odd-50-megabytes")?)?.set_len(50 * 1024 * 1024)?;
    fs::create_dir_all(file("odd-directory")?)?;
    nix::unistd::mkfifo(&file("odd-pipe")?, nix::sys::stat::Mode::S_IRWXU)?;
    symlink("/etc/passwd", file("odd-linked-file")?)?;
    symlink("odd-markup", directory.join("odd-linked-run"))?;
    symlink("odd-circle-2", directory.join("odd-circle-1"))?;
    symlink("odd-circle-1", directory.join("odd-circle-2"))?;
    let damaged = [
        "odd-50-megabytes",
        "odd-directory",
        "odd-pipe",
        "odd-linked-file",
        "odd-linked-run",
        "odd-circle-1",
        "odd-circle-2",
    ];
    made.extend(damaged.map(|id| Odd { id, expected: Expected::Damaged }));
    // Root reads it all the same.
    let secret = file("odd-permission")?;
    fs::write(&secret, json(&document("odd-permission")))?;
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000))?;
    let expected = if File::open(&secret).is_ok() { Expected::Readable } else { Expected::Damaged };
    made.push(Odd { id: "odd-permission", expected });
    fs::write(directory.join("odd-file"), "no directory")?;
    fs::create_dir_all(directory.join("odd-without-results"))?;
    made.extend(["odd-file", "odd-without-results"].map(|id| Odd { id, expected: Expected::Absent }));
    Ok(made)
}

/// A run that passed, of a recipe of the odd ones.
fn document(id: &str) -> Value {
    json!({
        "schema": 3, "run_id": id, "recipe": "odd", "version": "1.0.0+1.0.0", "src": "recipes/odd", "kind": "branch",
        "mode": "full", "state": "done", "phase": "teardown", "verdict": "pass", "level": 1,
        "started": "2026-11-27T12:00:00Z", "finished": "2026-11-27T12:03:00Z",
        "rungs": {"install": {"status": "pass", "seconds": 10}}, "tests": [], "findings": [], "artefacts": [],
    })
}

/// The text in every place of a run that takes text.
fn everywhere(id: &str, text: &str) -> Value {
    let mut run = document(id);
    for key in ["version", "src", "phase", "ref"] {
        run[key] = json!(text);
    }
    run["verdict"] = json!("fail");
    run["rungs"]["install"] = json!({"status": "fail", "reason": text, "seconds": 1});
    run["tests"] = json!([{"rung": "install", "name": text, "status": "fail", "seconds": 1, "output_tail": text}]);
    run["findings"] = json!([{"check": text, "severity": text, "where": text, "text": text, "hint": text}]);
    run["upgrade_diff"] =
        json!({"images": [text], "env_keys": [text], "configs": [text], "services": [text], "notes": [text]});
    run["customisation"] = json!({"overlay": true, "install_steps": true, "hooks": [text], "untestable": [text]});
    run["base"] = json!({"version": text, "why": text});
    run["timings"] = json!({text: 3});
    run["artefacts"] =
        json!([{"name": text, "bytes": 3, "media_type": text}, {"name": "../../etc/passwd", "bytes": 1}]);
    run["error"] = json!({"message": text, "causes": [text], "hint": text});
    run
}

fn json(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn documents() -> Vec<(&'static str, Expected, Vec<u8>)> {
    use Expected::{Damaged, Readable};
    let of = |id: &'static str, text: &str| (id, Readable, json(&everywhere(id, text)));
    let named = |id: &'static str, recipe: &str| {
        let mut run = document(id);
        run["recipe"] = json!(recipe);
        (id, Readable, json(&run))
    };
    let mut line = document("odd-long-line");
    line["error"] = json!({"message": "x".repeat(3_000_000)});
    let mut types = document("odd-types");
    for key in ["version", "src", "kind", "mode", "phase", "started", "finished", "rungs", "tests", "findings"] {
        types[key] = json!({"a": [1, null]});
    }
    let mut entries = document("odd-entries");
    entries["tests"] = json!([null, 7, [], {"name": 3}, {"name": "kept", "status": "fail", "rung": "install"}]);
    let mut many = document("odd-many-tests");
    many["tests"] = json!(vec![json!({"name": "test", "status": "pass", "rung": "custom"}); 50_000]);
    let whole = json(&document("odd-half"));
    let mut later = document("odd-schema-99");
    later["schema"] = json!(99);
    let mut clock = document("odd-clock");
    (clock["started"], clock["finished"]) = (json!("2036-01-01T00:00:00Z"), json!("1999-01-01T00:00:00Z"));
    let deep = format!(
        r#"{{"schema":3,"run_id":"odd-deep","recipe":"odd","later":{}{}}}"#,
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    vec![
        of("odd-markup", MARKUP),
        of("odd-escapes", ESCAPES),
        of("odd-bidirectional", BIDIRECTIONAL),
        named("odd-name-markup", MARKUP),
        named("odd-name-path", "../../etc/passwd"),
        named("odd-name-bidirectional", BIDIRECTIONAL),
        named("odd-name-query", "a b/c?d#e%2f\u{e4}"),
        ("odd-long-line", Readable, json(&line)),
        ("odd-types", Readable, json(&types)),
        ("odd-entries", Readable, json(&entries)),
        ("odd-many-tests", Readable, json(&many)),
        ("odd-clock", Readable, json(&clock)),
        ("odd-deep", Readable, deep.into_bytes()),
        ("odd-schema-1", Readable, br#"{"schema": 1, "run_id": "1", "recipe": "odd", "level": 4, "finished": 1763726400}"#.to_vec()),
        (
            "odd-schema-2",
            Readable,
            br#"{"schema": 2, "run_id": 2, "recipe": "odd", "pr": 7, "finished": 1763726400.5, "level": 3,
                "rungs": {"install": "pass", "upgrade": "fail"}, "stages": [{"stage": "upgrade", "status": "failed"}]}"#
                .to_vec(),
        ),
        ("odd-schema-99", Damaged, json(&later)),
        ("odd-empty", Damaged, Vec::new()),
        ("odd-half", Damaged, whole[..whole.len() / 2].to_vec()),
        ("odd-binary", Damaged, vec![0xff, 0xfe, 0x00, 0x80]),
        ("odd-10-megabytes", Damaged, vec![b'x'; 10 * 1024 * 1024]),
    ]
}
