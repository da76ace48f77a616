//! The convergers without drift, beside the same checks as shell scripts.

use std::error::Error;
use std::process::Command;
use std::time::Duration;

use crate::figure::{Figures, ms};
use crate::measure::{Took, side_by_side};
use crate::world::{PIECES, World};

const TIMES: usize = 30;
const CROWD: (usize, usize) = (200, 500);

/// All figures of the convergers.
pub fn figures(figures: &mut Figures) -> Result<(), Box<dyn Error>> {
    eprintln!("bringing a private Docker daemon to the declared state …");
    let world = World::converged()?;
    eprintln!("measuring: medians of {TIMES} runs, each beside the same checks as a shell script …");
    let alone = measured(&world)?;
    eprintln!("creating {} services and {} secrets of other stacks …", CROWD.0, CROWD.1);
    world.crowd(CROWD.0, CROWD.1)?;
    let crowded = measured(&world)?;

    Figures::about("nothing to do");
    for (piece, [own, shell]) in PIECES.iter().zip(&alone) {
        show(figures, piece, *own, *shell);
    }
    let all: Duration = alone.iter().map(|[own, _]| own.wall).sum();
    figures.show("all five one after the other, wall", &ms(all), "at most 110 ms", all <= Duration::from_millis(110));
    Figures::about(&format!("with {} unrelated services and {} unrelated secrets", CROWD.0, CROWD.1));
    for (piece, ([before, _], [after, _])) in PIECES.iter().zip(alone.iter().zip(&crowded)) {
        let times = after.wall.as_secs_f64() / before.wall.as_secs_f64();
        let limit = format!("{times:.1} times as long; at most 2");
        figures.show(&format!("converge-{piece}, wall"), &ms(after.wall), &limit, times <= 2.0);
    }
    Ok(())
}

fn show(figures: &mut Figures, piece: &str, own: Took, shell: Took) {
    // Dependencies other than Docker.
    let (also, most) = match piece {
        "swarm" => ("", 20),
        "traefik" => (" with its probes", 60),
        "drone" => (", asking Gitea and Drone", 35),
        _ => (" with its probe", 60),
    };
    let limit = Duration::from_millis(most);
    figures.show(
        &format!("converge-{piece}{also}, wall"),
        &ms(own.wall),
        &format!("at most {most} ms"),
        own.wall <= limit,
    );
    figures.tell("  the same as shell, wall", &ms(shell.wall), "");
    let share = shell.cpu.as_secs_f64() / own.cpu.as_secs_f64().max(1e-6);
    // The others create their TLS clients in their own processes.
    let (limit, ok) = if piece == "swarm" { ("at most 1/5 of the shell's", share >= 5.0) } else { ("", true) };
    figures.show(&format!("converge-{piece}, CPU"), &ms(own.cpu), limit, ok);
    figures.tell("  the same as shell, CPU", &ms(shell.cpu), &format!("{share:.1} times as much"));
}

/// For each piece: its own time, and the script's.
fn measured(world: &World) -> Result<Vec<[Took; 2]>, Box<dyn Error>> {
    let pair = |piece: &&str| [world.piece(piece), world.script(piece)];
    let mut commands: Vec<Command> = PIECES.iter().flat_map(pair).collect();
    let taken = side_by_side(TIMES, &mut commands)?;
    Ok(taken.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect())
}
