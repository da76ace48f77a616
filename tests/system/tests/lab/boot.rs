//! Boot, switch, reboot: the machine becomes as declared, and correct objects stay unchanged.

use system::{PIECES, TRAEFIK, report, status, swarm_indices};

use crate::{expect, machine_with_hello, restart, run_again, sh, switch_with};

#[test]
fn from_bare_to_https_and_then_nothing_changes() {
    let Some((lab, hello, web)) = machine_with_hello("system-boot") else { return };
    assert!(lab.failed_units().unwrap().is_empty());
    assert!((300..400).contains(&web.open_plain("hello").unwrap().status), "plain HTTP redirects");

    // The dashboard has the bare domain and sees the directories of the host.
    let page = web.open(lab::DASHBOARD).unwrap();
    assert!(page.status == 200 && page.text.contains("No run yet."), "{page:?}");
    let inside = "docker inspect --format '{{range .Mounts}}{{.Source}}:{{.Destination}}:{{.RW}} {{end}}' \
                  $(docker ps --quiet --filter name=dashboard)";
    let mut mounts: Vec<String> = sh(&lab, inside).split_whitespace().map(str::to_owned).collect();
    mounts.sort();
    let expected = [
        "/run/comment-bridge:/bridge:false",
        "/run/converge:/reports:false",
        "/var/lib/dashboard:/index:true",
        "/var/lib/recipe-ci/runs:/runs:false",
    ];
    assert_eq!(mounts, expected);

    let before = swarm_indices(&lab).unwrap();
    let switched = switch_with(&lab, "{ }");
    assert_eq!((switched.files.len(), switched.failed.len()), (0, 0), "{switched:?}");
    expect(&lab, "unchanged");
    assert_eq!(swarm_indices(&lab).unwrap(), before, "no version index moves");
    assert!(status(&lab, "traefik").unwrap().starts_with("unchanged · "), "{}", status(&lab, "traefik").unwrap());

    // By hand, with the unit's credentials and sandbox.
    for piece in PIECES {
        let plan = lab.exec(&["converge", piece, "--plan"]).unwrap();
        assert_eq!(plan.code, 0, "{plan:?}");
        assert!(plan.stdout.contains(&format!("{piece}: nothing to do")), "{plan:?}");
    }

    // Two runs at once: the second waits for the first.
    let both = "converge traefik & first=$!; systemctl restart converge-traefik.service; second=$?; wait $first && exit $second";
    assert!(lab.exec(&["sh", "-c", both]).unwrap().ok());
    assert_eq!(swarm_indices(&lab).unwrap(), before);

    // The configuration of one piece changed: its report changes, and the others stay.
    let switched =
        switch_with(&lab, "{ lib, ... }: { services.converge.swarm.settings.task_history = lib.mkForce 3; }");
    assert!(switched.failed.is_empty(), "{switched:?}");
    assert_eq!(report(&lab, "swarm").unwrap().changes(), ["set the swarm's task history to 3"]);
    assert_eq!(report(&lab, "traefik").unwrap().outcome(), "unchanged");

    // A reboot: everything runs again and finds no drift, although Docker starts every task again.
    lab.reboot().unwrap();
    assert!(lab.failed_units().unwrap().is_empty());
    expect(&lab, "unchanged");
    hello.page(&web).unwrap();

    assert_eq!(web.open(lab::DASHBOARD).unwrap().status, 200);

    // Docker restarted: the pieces check again.
    run_again(&lab, || assert!(restart(&lab, "docker.service")));
    expect(&lab, "unchanged");
    assert_eq!(sh(&lab, &format!("docker service ls --quiet --filter name={TRAEFIK} | wc -l")), "1");
    lab.down().unwrap();
}
