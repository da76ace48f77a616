//! A lab with a real Drone server, and both runners in it.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forge::World;
use http::Connect;
use http::drone::{Builds, Status};
use lab::{ADDRESS, DOMAIN, Lab};
use secrecy::SecretString;
use serde_json::json;
use tokio::runtime::Runtime;

use super::Result;

/// Branch of the pipeline for drone-runner.
pub const OURS: &str = "ours";
/// Branch of the pipeline for the exec runner.
pub const EXEC: &str = "exec";

/// Longest time of a build.
const PATIENCE: Duration = Duration::from_secs(30);

/// The lab, with both runners waiting for builds.
#[derive(Debug)]
pub struct Site<'a> {
    lab: &'a Lab,
    runtime: Runtime,
    builds: Builds,
}

impl<'a> Site<'a> {
    /// Starts the exec runner beside the lab's own runner.
    pub fn new(lab: &'a Lab, exec: &Path) -> Result<Self> {
        branch(lab, OURS, "")?;
        branch(lab, EXEC, &format!("node: {{runner: {EXEC}}}\n"))?;
        start_exec(lab, exec)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let repository = World::CI.parse().map_err(|_| format!("{} is not a repository", World::CI))?;
        let token = SecretString::from(lab.read_file("/var/lib/converge/drone/api-token")?.trim());
        let connect = Connect {
            at: Some(ADDRESS.into()),
            authority: Some(fs::read_to_string(lab.ca_file())?),
            ..Connect::within(PATIENCE)
        };
        let builds = Builds::new(&format!("https://drone.{DOMAIN}"), &repository, &token, &connect)?;
        Ok(Self { lab, runtime, builds })
    }

    /// Creates a build of this branch. Returns the time from before the request to the begin of the first command, after
    /// the end of the build.
    pub fn to_first_command(&self, branch: &str) -> Result<Duration> {
        let created = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let number = self.runtime.block_on(async {
            let build = self.builds.create(Some(branch), &[]).await?.ok_or("Drone made no build")?;
            let deadline = Instant::now() + PATIENCE;
            loop {
                // Rare, so that the requests do not compete with the build.
                tokio::time::sleep(Duration::from_millis(150)).await;
                let now = self.builds.build(build.number).await?.ok_or("the build is gone")?;
                if now.status == Status::Success {
                    return Result::Ok(build.number);
                }
                if now.status.is_over() || Instant::now() > deadline {
                    return Err(format!("a build of {branch} is {}", now.status.word()).into());
                }
            }
        })?;
        // The lab has the clock of this machine.
        let stamp = self.lab.read_file(&format!("/srv/builds/begun-{number}"))?;
        let first = Duration::from_nanos(stamp.trim().parse()?);
        Ok(first.checked_sub(created).ok_or("a command began before its build")?)
    }
}

/// Makes a branch of the CI repository, with a pipeline that writes the time of its first command.
fn branch(lab: &Lab, name: &str, node: &str) -> Result<()> {
    let api = lab.gitea()?.administrator();
    let path = format!("/repos/{}/contents/.drone.yml", World::CI);
    let text = format!(
        "kind: pipeline\ntype: exec\nname: default\nplatform: {{os: linux, arch: amd64}}\nclone: {{disable: true}}\n{node}\
         steps:\n- name: first\n  commands: ['date +%s%N > /srv/builds/begun-$DRONE_BUILD_NUMBER']\n"
    );
    let sha = api.get(&format!("{path}?ref=main"))?.text("/sha")?;
    let change = json!({
        "content": STANDARD.encode(text), "sha": sha, "message": name, "branch": "main", "new_branch": name,
    });
    api.put(&path, &change)?;
    Ok(())
}

/// Starts the exec runner, as a service and through Traefik like the lab's own runner.
fn start_exec(lab: &Lab, program: &Path) -> Result<()> {
    let secret = lab.read_file("/var/lib/converge/drone/rpc-secret")?;
    let environment = format!(
        "DRONE_RPC_PROTO=https\nDRONE_RPC_HOST=drone.{DOMAIN}\nDRONE_RPC_SECRET={}\nDRONE_RUNNER_NAME=exec\n\
         DRONE_RUNNER_CAPACITY=2\nDRONE_RUNNER_LABELS=runner:{EXEC}\nDRONE_UI_DISABLE=true\nDRONE_HTTP_BIND=:39000\n",
        secret.trim()
    );
    let unit = "[Service]\nExecStart=/usr/local/bin/drone-runner-exec\nEnvironmentFile=/etc/exec-runner.env\n\
                StateDirectory=exec-runner\nWorkingDirectory=/var/lib/exec-runner\n";
    lab.write_file("/usr/local/bin/drone-runner-exec", &fs::read(program)?, 0o755)?;
    lab.write_file("/etc/exec-runner.env", environment.as_bytes(), 0o400)?;
    lab.write_file("/etc/systemd/system/exec-runner.service", unit.as_bytes(), 0o644)?;
    lab.exec(&["mkdir", "-p", "/srv/builds"])?.done()?;
    lab.exec(&["systemctl", "daemon-reload"])?.done()?;
    lab.exec(&["systemctl", "start", "exec-runner"])?.done()?;
    Ok(())
}
