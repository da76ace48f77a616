//! The figures of the design, measured side by side with the same checks as shell.
//!
//! `make bench` prints them; the exit code is 1 when one is not reached.

mod measure;
mod world;

use std::error::Error;
use std::process::{Command, ExitCode};
use std::time::Duration;

use measure::{Took, side_by_side};
use world::World;

const TIMES: usize = 30;
const CROWD: (usize, usize) = (200, 500);

fn main() -> ExitCode {
    match figures() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn figures() -> Result<bool, Box<dyn Error>> {
    eprintln!("bringing a private Docker daemon to the declared state …");
    let world = World::converged()?;
    eprintln!("measuring: medians of {TIMES} runs, each beside the same checks as a shell script …");
    let alone = measured(&world)?;
    eprintln!("creating {} services and {} secrets that are nobody's business …", CROWD.0, CROWD.1);
    world.crowd(CROWD.0, CROWD.1)?;
    let crowded = measured(&world)?;

    let mut reached = true;
    let mut figure = |what: &str, value: String, limit: &str, ok: bool| {
        reached &= ok;
        println!("{} {what:<48} {value:>12}   {limit}", if ok { "✓" } else { "✗" });
    };
    println!("\nnothing to do");
    let [swarm, swarm_shell, traefik, traefik_shell, drone, drone_shell] = alone;
    figure("converge-swarm, wall", ms(swarm.wall), "at most 20 ms", swarm.wall <= Duration::from_millis(20));
    figure("  the same as shell, wall", ms(swarm_shell.wall), "", true);
    let share = swarm_shell.cpu.as_secs_f64() / swarm.cpu.as_secs_f64().max(1e-6);
    figure("converge-swarm, CPU", ms(swarm.cpu), "at most 1/5 of the shell's", share >= 5.0);
    figure("  the same as shell, CPU", ms(swarm_shell.cpu), &format!("{share:.1} times as much"), true);
    figure(
        "converge-traefik with its probes, wall",
        ms(traefik.wall),
        "at most 60 ms",
        traefik.wall <= Duration::from_millis(60),
    );
    figure("  the same as shell, wall", ms(traefik_shell.wall), "", true);
    figure("converge-traefik, CPU", ms(traefik.cpu), "", true);
    figure("  the same as shell, CPU", ms(traefik_shell.cpu), "", true);
    figure(
        "converge-drone, asking Gitea and Drone, wall",
        ms(drone.wall),
        "at most 60 ms",
        drone.wall <= Duration::from_millis(60),
    );
    figure("  the same as shell, wall", ms(drone_shell.wall), "", true);
    figure("converge-drone, CPU", ms(drone.cpu), "", true);
    figure("  the same as shell, CPU", ms(drone_shell.cpu), "", true);
    let all = swarm.wall + traefik.wall + drone.wall;
    figure(
        "the three one after the other, wall",
        ms(all),
        "at most 150 ms, all five",
        all <= Duration::from_millis(150),
    );
    println!("\nwith {} unrelated services and {} unrelated secrets", CROWD.0, CROWD.1);
    for (name, which) in [("converge-swarm", 0), ("converge-traefik", 2), ("converge-drone", 4)] {
        let (before, after): (Took, Took) = (alone[which], crowded[which]);
        let times = after.wall.as_secs_f64() / before.wall.as_secs_f64();
        figure(&format!("{name}, wall"), ms(after.wall), &format!("{times:.1} times as long; at most 2"), times <= 2.0);
    }
    Ok(reached)
}

/// swarm, its script, traefik, its script, drone, its script.
fn measured(world: &World) -> Result<[Took; 6], Box<dyn Error>> {
    let pair = |piece: &str| [world.piece(piece), world.script(piece)];
    let mut commands: Vec<Command> = ["swarm", "traefik", "drone"].into_iter().flat_map(pair).collect();
    let taken = side_by_side(TIMES, &mut commands)?;
    taken.try_into().map_err(|_| "a measurement is missing".into())
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
