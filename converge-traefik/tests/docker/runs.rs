//! First run, second run, every drift.

use std::fs;

use converger_kit::Piece;

use crate::World;
use crate::world::SERVICE;

#[test]
fn the_second_run_writes_nothing() {
    let Some(world) = World::bare("the_second_run_writes_nothing") else { return };
    let first = world.run();
    first.assert_outcome(0, "changed");
    world.assert_converged();
    println!("first run: {} mutating calls; second run: 0", first.all_writes().len());
}

#[test]
fn every_drift_is_repaired_by_one_run() {
    let Some(world) = World::converged("every_drift_is_repaired_by_one_run") else { return };
    let env = world.path("abra/servers/default/traefik.ci.localhost.env");
    let docker = |arguments: &[&str]| drop(world.daemon.docker(arguments));
    let drifts: [(&str, &dyn Fn()); 6] = [
        ("the service is deleted", &|| docker(&["service", "rm", SERVICE])),
        ("the service is scaled to 0", &|| docker(&["service", "scale", "--detach", &format!("{SERVICE}=0")])),
        ("the service's environment is changed", &|| {
            docker(&["service", "update", "--detach", "--env-add", "DOMAIN=other.localhost", SERVICE]);
        }),
        ("a secret is removed from the service", &|| {
            docker(&["service", "update", "--detach", "--secret-rm", "traefik_ci_localhost_ssl_key_v1", SERVICE]);
        }),
        ("the .env is edited", &|| {
            let text = fs::read_to_string(&env).unwrap();
            fs::write(&env, text.replace("LETS_ENCRYPT_ENV=", "LETS_ENCRYPT_ENV=production") + "# mine\nOWN=1\n")
                .unwrap();
        }),
        ("the clone is deleted", &|| fs::remove_dir_all(world.path("abra/recipes")).unwrap()),
    ];
    for (what, make) in &drifts {
        make();
        let run = world.run();
        assert_eq!(
            (run.exit_code, run.report["outcome"].as_str()),
            (Some(0), Some("changed")),
            "{what}: {}",
            run.stderr
        );
        world.assert_converged();
    }
    let text = fs::read_to_string(&env).unwrap();
    assert!(text.ends_with("# mine\nOWN=1\n") && !text.contains("ENV=production"), "{text}");
    println!("{} of {} drifts repaired, each by one run", drifts.len(), drifts.len());
}
