//! A step's environment, its limits, and its output in Drone.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::drone::{Build, SECRET};
use crate::machine::{Machine, memory};

const SOON: Duration = Duration::from_secs(20);

fn pipeline(steps: &str) -> Build {
    Build::of(&format!("kind: pipeline\ntype: exec\nname: default\nclone: {{disable: true}}\nsteps:\n{steps}"))
}

#[test]
fn a_pipeline_runs_as_it_is_written() {
    let Some(machine) = Machine::up("runner-steps") else { return };
    machine.start("ci", |_| ());

    // Order, environment, folders.
    let mut build = pipeline(
        r#"
- name: one
  environment: { GREETING: "it's $HOME", EMPTY: }
  commands:
  - echo "$GREETING|$RECIPE|$ABRA_DIR|$PATH|$DRONE_STEP_NAME"
  - pwd; echo $HOME; echo $TMPDIR; ls -A $HOME | wc -l; echo kept > kept; touch $TMPDIR/x
  - if test -t 0; then echo terminal; else cat; fi
- name: two
  commands: [cat kept, "echo to-stderr >&2"]
"#,
    );
    build.params.insert("RECIPE".into(), "$(touch /tmp/owned) `id`\nsecond line".into());
    build.params.insert("PATH".into(), "/tmp/evil".into());
    build.params.insert("LD_PRELOAD".into(), "/tmp/evil.so".into());
    build.params.insert("ABRA_DIR".into(), "/tmp/evil".into());
    build.params.insert("DRONE_BUILD_NUMBER".into(), "7777".into());
    let id = machine.drone.create(build);
    let build = machine.drone.wait_over(id, SOON);
    assert_eq!(build.status, "success", "{build:#?}\n{}", machine.journal());
    let log = build.log_of(1);
    assert!(
        log.contains("it's $HOME|$(touch /tmp/owned) `id`\nsecond line|/var/lib/abra|/usr/local/bin:/usr/bin"),
        "{log}"
    );
    assert!(log.contains("/var/lib/ci/stages/1/src\n/var/lib/ci/stages/1/home\n"), "{log}");
    for refused in ["PATH", "LD_PRELOAD", "ABRA_DIR", "DRONE_BUILD_NUMBER"] {
        assert!(log.contains(&format!("parameter {refused} was not passed on")), "{log}");
    }
    assert!(build.log_of(2).ends_with("+ cat kept\nkept\n+ echo to-stderr >&2\nto-stderr\n"), "{}", build.log_of(2));
    assert!(!machine.lab.exec(&["test", "-e", "/tmp/owned"]).unwrap().ok());

    // Failures.
    let id = machine.drone.create(pipeline(
        "- {name: ignored, commands: [exit 3], failure: ignore}\n- {name: fails, commands: [exit 7]}\n- {name: skipped, \
         commands: [echo no]}\n- {name: notify, commands: ['echo $DRONE_BUILD_STATUS'], when: {status: [failure]}}\n",
    ));
    let build = machine.drone.wait_over(id, SOON);
    let statuses: Vec<_> = build
        .steps
        .iter()
        .map(|step| (step["status"].as_str().unwrap(), step["exit_code"].as_i64().unwrap()))
        .collect();
    assert_eq!(statuses, [("failure", 3), ("failure", 7), ("skipped", 0), ("success", 0)]);
    assert_eq!((build.status.as_str(), build.stage["exit_code"].as_i64()), ("failure", Some(7)));
    assert!(build.log_of(4).contains("failure\n"));

    // In parallel, and one beside the others.
    let id = machine.drone.create(pipeline(
        "- {name: beside, commands: ['sleep 300'], detach: true}\n- {name: a, commands: ['touch a; until test -e b; do \
         sleep 0.01; done'], depends_on: [beside]}\n- {name: b, commands: ['touch b; until test -e a; do sleep 0.01; \
         done'], depends_on: [beside]}\n",
    ));
    let build = machine.drone.wait_over(id, SOON);
    assert_eq!(build.status, "success", "{build:#?}");
    machine.nothing_left(SOON);

    // Refused, with a reason that Drone shows.
    let mut other = pipeline("- {name: a, commands: [id]}\n");
    other.slug = "recipes/other".into();
    let mut event = pipeline("- {name: a, commands: [id]}\n");
    event.event = "pull_request".into();
    let mut missing = pipeline("- {name: a, commands: [id], environment: {T: {from_secret: absent}}}\n");
    missing.secrets = vec![("other".into(), "x".into())];
    let refused = [
        (other, "takes builds of recipes/ci only, not of recipes/other"),
        (event, "takes the event custom only, not pull_request"),
        (missing, "asks for the secret `absent`"),
        (pipeline("- {name: a, image: alpine, commands: [id]}\n"), "unknown field `image`"),
        (Build::of("kind: pipeline\ntype: docker\nname: default\nsteps: []\n"), "type is `docker`"),
    ];
    for (build, why) in refused {
        let id = machine.drone.create(build);
        let build = machine.drone.wait_over(id, SOON);
        assert_eq!(build.status, "error");
        assert!(build.error().contains(why), "{why}: {}", build.error());
    }
    machine.nothing_left(SOON);
    machine.lab.down().unwrap();
}

#[test]
fn a_variable_that_systemd_or_execve_refuses_ends_no_step() {
    let Some(machine) = Machine::up("runner-variables") else { return };
    machine.start("ci", |_| ());
    let mut build = pipeline(
        r#"
- name: a
  environment: { MODE: 0755, PHONE: +49, TOKEN: { from_secret: TOKEN }, PIN: { from_secret: pin } }
  commands:
  - printf '<%s>' "$BODY" | od -An -c; echo "${#EDGE} $MODE $PHONE [$NONCHARACTER][$LARGE]"
  - set -x; echo "$TOKEN"; printf '%s' "$TOKEN$TOKEN$TOKEN" | base64 --wrap=20
"#,
    );
    build.secrets = vec![("token".into(), "it's a secret".into()), ("pin".into(), "1234".into())];
    // The largest variable that execve takes: its name, `=`, its value and a NUL are 128 KiB.
    build.params.insert("EDGE".into(), "x".repeat(131_072 - "EDGE=".len() - 1));
    build.params.insert("LARGE".into(), "x".repeat(131_072 - "LARGE=".len()));
    build.params.insert("BODY".into(), "one\r\ntwo".into());
    build.params.insert("NONCHARACTER".into(), "a\u{fdd0}b".into());
    let id = machine.drone.create(build);
    let build = machine.drone.wait_over(id, SOON);
    let log = build.log_of(1);
    assert_eq!(build.status, "success", "{log:.4000}\n{}", machine.journal());
    assert!(log.contains("<   o   n   e  \\r  \\n   t   w   o   >"), "{log:.4000}");
    assert!(log.contains("131066 0755 +49 [][]"), "{log:.4000}");
    for (name, why) in [("NONCHARACTER", "holds U+FDD0"), ("LARGE", "has more than 131071 bytes")] {
        let note = format!("variable {name} was not passed on: it ");
        assert!(log.lines().any(|line| line.starts_with(&note) && line.contains(why)), "{name}: {log:.4000}");
    }
    assert!(log.contains("secret pin is not masked in this log"), "{log:.4000}");
    assert!(!log.contains("secret\n") && !log.contains("aXQncyBh") && log.contains("+ echo "), "{log:.4000}");

    let mut build = pipeline("- {name: a, commands: [\"/usr/bin/env | grep -c '^P[0-9]='\"]}\n");
    for number in 1..10 {
        build.params.insert(format!("P{number}"), "x".repeat(130_000 + number));
    }
    let id = machine.drone.create(build);
    let build = machine.drone.wait_over(id, SOON);
    let log = build.log_of(1);
    assert_eq!(build.status, "success", "{log:.4000}\n{}", machine.journal());
    assert!(
        log.starts_with("variable P9 was not passed on: it is one of the largest") && log.ends_with("\n8\n"),
        "{log:.4000}"
    );
    machine.nothing_left(SOON);
    machine.lab.down().unwrap();
}

#[test]
fn no_secret_is_shown_anywhere() {
    let Some(machine) = Machine::up("runner-secrets") else { return };
    machine.lab.write_file("/run/secrets/token", b"canary-credential-file\n", 0o400).unwrap();
    machine.start("ci", |settings| settings["steps"]["credentials"]["token"] = "/run/secrets/token".into());
    let secret = "canary-drone/secret+value";
    let mut build = pipeline(
        r#"
- name: show
  environment: { TOKEN: { from_secret: token } }
  commands:
  - echo "plain $TOKEN"
  - for i in 1 2 3; do printf '%s' "$TOKEN" | cut -c1-5 | tr -d '\n'; sleep 0.05; printf '%s' "$TOKEN" | cut -c6- ; done
  - printf 'user:%s' "$TOKEN" | base64
  - cat "$CREDENTIALS_DIRECTORY/token"
  - systemctl show "drone-step.ci.$DRONE_BUILD_NUMBER-1.service"; cat /proc/self/cgroup
  - cat "$(dirname $HOME)"/steps/1.env; env
  - sleep 0.5
- name: after
  commands:
  - if cat "$(dirname $HOME)"/steps/1.env || env | grep TOKEN; then exit 1; fi
"#,
    );
    build.secrets = vec![("token".into(), secret.into())];
    let id = machine.drone.create(build);
    machine.drone.wait(id, "has begun", SOON, |build| build.live.values().any(|live| live.contains("plain")));
    let argv = machine.lab.exec(&["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' '\\n'"]).unwrap().stdout;
    let build = machine.drone.wait_over(id, SOON);
    assert_eq!(build.status, "success", "{build:#?}");
    let journal = machine.lab.exec(&["journalctl", "--no-pager", "--all", "--output=verbose"]).unwrap().stdout;
    let status = machine.lab.read_file("/run/ci/status.json").unwrap();
    let live: String = build.live.values().cloned().collect();
    assert!(live.contains("plain ******") && build.log_of(1).contains("plain ******"), "{live}");
    for canary in [secret, "canary-credential-file", "canary-netrc-password", SECRET, &STANDARD.encode(secret)[..20]] {
        for (place, text) in
            [("log", build.log_of(1)), ("live log", &live), ("journal", &journal), ("argv", &argv), ("status", &status)]
        {
            assert!(!text.contains(canary), "{canary} is in the {place}");
        }
    }
    machine.lab.down().unwrap();
}

#[test]
fn a_step_may_write_a_hundred_megabytes() {
    let Some(machine) = Machine::up("runner-output") else { return };
    machine.start("ci", |_| ());
    let pid = machine.pid("ci");
    let id = machine.drone.create(Build::commands(&[
        "yes 'a line of output that is about as long as lines of output are, all things considered' | head -c 100000000",
        "echo; echo the end",
    ]));
    let build = machine.drone.wait_over(id, Duration::from_mins(2));
    assert_eq!(build.status, "success", "{}", machine.journal());
    let (_, most) = memory(pid);
    println!(
        "100 MB of output: {} MB streamed live, {:.1} MB kept, the runner's memory at most {:.1} MiB",
        build.log_bytes / 1_000_000,
        build.log_of(1).len() as f64 / 1e6,
        most as f64 / 1024.0
    );
    assert!(build.log_of(1).ends_with("the end\n") && build.log_of(1).contains("are not kept"));
    assert!(build.log_bytes > 50_000_000, "{}", build.log_bytes);
    assert!(most < 64 * 1024, "{most} KiB");
    machine.lab.down().unwrap();
}
