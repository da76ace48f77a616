//! The goal of a piece for its service, and the spec for Docker.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use bollard::models::{
    EndpointSpec, EndpointSpecModeEnum, HealthConfig, Limit, Mount as DockerMount, MountType, NetworkAttachmentConfig,
    ResourceObject, ServiceSpec, ServiceSpecMode, ServiceSpecModeReplicated, ServiceSpecRollbackConfig,
    ServiceSpecRollbackConfigFailureActionEnum, ServiceSpecRollbackConfigOrderEnum, ServiceSpecUpdateConfig,
    ServiceSpecUpdateConfigFailureActionEnum, ServiceSpecUpdateConfigOrderEnum, TaskSpec, TaskSpecContainerSpec,
    TaskSpecContainerSpecFile, TaskSpecContainerSpecPrivileges, TaskSpecContainerSpecSecrets, TaskSpecLogDriver,
    TaskSpecResources, TaskSpecRestartPolicy, TaskSpecRestartPolicyConditionEnum,
};
use serde::{Deserialize, Serialize};

use crate::{Api, MANAGED};

/// The prefix of the labels of a container with the digest of each mounted file: another digest is another task.
const CONTENT: &str = "converge.content.";
/// A second, in Docker's nanoseconds.
const SECOND: i64 = 1_000_000_000;
/// A mebibyte.
const MEBIBYTE: i64 = 1024 * 1024;
/// The largest number of processes and threads; our programs have a handful.
const MOST_PROCESSES: i64 = 64;
/// The first API version with `no-new-privileges` for services.
const NO_NEW_PRIVILEGES: Api = Api(1, 46);
/// The first API version with a health check interval for the start.
const START_INTERVAL: Api = Api(1, 44);

/// The goal of a piece for its service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceGoal {
    /// The program, which is the service's name too.
    pub program: &'static str,
    /// The piece: the value of the label on what is created.
    pub piece: &'static str,
    /// The archive of its image.
    pub archive: PathBuf,
    /// The domain.
    pub domain: String,
    /// Traefik's rule for its requests.
    pub rule: String,
    /// The port it listens on.
    pub port: u16,
    /// The network it shares with Traefik.
    pub network: &'static str,
    /// The environment. Every user of Docker can read it.
    pub env: BTreeMap<String, String>,
    /// The secrets, each a kind and the file's name in `/run/secrets`.
    pub secrets: Vec<&'static str>,
    /// The files and directories of the host to mount.
    pub mounts: Vec<Mount>,
    /// `uid:gid`, as numbers.
    pub user: String,
    /// The memory it may use.
    pub memory_mib: u32,
    /// The health check command.
    pub health: Vec<String>,
}

/// A file or directory of the host in a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// The path on the host.
    pub source: PathBuf,
    /// The path in the container.
    pub target: String,
    /// The kind.
    pub kind: MountKind,
}

/// The kind of a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MountKind {
    /// The service's own directory, writable, of mode 700.
    OwnDirectory,
    /// A directory that the service alone writes and every user of the host reads, of mode 755.
    PublicDirectory,
    /// A read-only directory.
    Directory,
    /// A read-only file.
    File,
}

/// The complete spec of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The name.
    pub name: String,
    /// The id of its image.
    pub image: String,
    /// The labels.
    pub labels: BTreeMap<String, String>,
    /// The environment.
    pub env: BTreeMap<String, String>,
    /// The secrets.
    pub secrets: Vec<SecretFile>,
    /// The files and directories of the host to mount.
    pub mounts: Vec<Mount>,
    /// The digests of the mounted files, by their path in the container.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub contents: BTreeMap<String, String>,
    /// The network.
    pub network: Network,
    /// `uid:gid`.
    pub user: String,
    /// The memory it may use.
    pub memory_mib: u32,
    /// The health check command.
    pub health: Vec<String>,
    /// The API version that is used.
    pub api: Api,
}

/// A secret as a file in the container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretFile {
    /// The file's name in `/run/secrets`.
    pub file: String,
    /// The secret's name.
    pub name: String,
    /// The id.
    pub id: String,
}

/// A network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// The name.
    pub name: String,
    /// The id.
    pub id: String,
}

impl ServiceGoal {
    /// The whole of it, with this image, these secrets and this network.
    pub fn spec(&self, image: &str, secrets: Vec<SecretFile>, network: &str, api: Api) -> Spec {
        Spec {
            name: self.program.to_owned(),
            image: image.to_owned(),
            labels: self.labels(),
            env: self.env.clone(),
            secrets,
            mounts: self.mounts.clone(),
            contents: BTreeMap::new(),
            network: Network { name: self.network.to_owned(), id: network.to_owned() },
            user: self.user.clone(),
            memory_mib: self.memory_mib,
            health: self.health.clone(),
            api,
        }
    }

    /// Our labels and those for Traefik.
    fn labels(&self) -> BTreeMap<String, String> {
        let name = self.program;
        let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let router = |key: &str, value: &str| (format!("traefik.http.routers.{name}.{key}"), value.to_owned());
        BTreeMap::from([
            label(MANAGED, self.piece),
            label("traefik.enable", "true"),
            label("traefik.swarm.network", self.network),
            (format!("traefik.http.services.{name}.loadbalancer.server.port"), self.port.to_string()),
            router("rule", &self.rule),
            router("entrypoints", "web-secure"),
            router("tls", "true"),
        ])
    }
}

impl Spec {
    /// Returns the spec for Docker, with a value for every default of Docker that matters.
    pub fn to_docker(&self) -> ServiceSpec {
        let network = NetworkAttachmentConfig { target: Some(self.network.id.clone()), ..Default::default() };
        ServiceSpec {
            name: Some(self.name.clone()),
            labels: Some(self.labels.clone().into_iter().collect()),
            task_template: Some(TaskSpec {
                container_spec: Some(self.container()),
                resources: Some(self.resources()),
                restart_policy: Some(TaskSpecRestartPolicy {
                    condition: Some(TaskSpecRestartPolicyConditionEnum::ANY),
                    delay: Some(5 * SECOND),
                    ..Default::default()
                }),
                networks: Some(vec![network]),
                log_driver: Some(log_driver()),
                ..Default::default()
            }),
            mode: Some(ServiceSpecMode {
                replicated: Some(ServiceSpecModeReplicated { replicas: Some(1) }),
                ..Default::default()
            }),
            // One at a time: two would write to the same directory. Swarm rolls back an unhealthy update.
            update_config: Some(ServiceSpecUpdateConfig {
                parallelism: Some(1),
                failure_action: Some(ServiceSpecUpdateConfigFailureActionEnum::ROLLBACK),
                monitor: Some(5 * SECOND),
                order: Some(ServiceSpecUpdateConfigOrderEnum::STOP_FIRST),
                ..Default::default()
            }),
            rollback_config: Some(ServiceSpecRollbackConfig {
                parallelism: Some(1),
                failure_action: Some(ServiceSpecRollbackConfigFailureActionEnum::PAUSE),
                monitor: Some(5 * SECOND),
                order: Some(ServiceSpecRollbackConfigOrderEnum::STOP_FIRST),
                ..Default::default()
            }),
            // One task needs no virtual address, and `proxy` has none to spare.
            endpoint_spec: Some(EndpointSpec { mode: Some(EndpointSpecModeEnum::DNSRR), ports: None }),
            ..Default::default()
        }
    }

    fn container(&self) -> TaskSpecContainerSpec {
        TaskSpecContainerSpec {
            image: Some(self.image.clone()),
            labels: Some(self.contents.iter().map(|(at, digest)| (format!("{CONTENT}{at}"), digest.clone())).collect()),
            env: Some(self.env.iter().map(|(key, value)| format!("{key}={value}")).collect()),
            user: Some(self.user.clone()),
            secrets: Some(self.secrets.iter().map(|secret| self.secret(secret)).collect()),
            mounts: Some(self.mounts.iter().map(mount).collect()),
            read_only: Some(true),
            init: Some(true),
            capability_drop: Some(vec!["ALL".into()]),
            privileges: (self.api >= NO_NEW_PRIVILEGES)
                .then(|| TaskSpecContainerSpecPrivileges { no_new_privileges: Some(true), ..Default::default() }),
            health_check: Some(HealthConfig {
                test: Some(["CMD".to_owned()].into_iter().chain(self.health.clone()).collect()),
                interval: Some(5 * SECOND),
                timeout: Some(5 * SECOND),
                retries: Some(3),
                start_period: Some(20 * SECOND),
                start_interval: (self.api >= START_INTERVAL).then_some(SECOND),
            }),
            stop_grace_period: Some(10 * SECOND),
            ..Default::default()
        }
    }

    fn secret(&self, secret: &SecretFile) -> TaskSpecContainerSpecSecrets {
        let (user, group) = self.user.split_once(':').unwrap_or((&self.user, "0"));
        TaskSpecContainerSpecSecrets {
            file: Some(TaskSpecContainerSpecFile {
                name: Some(secret.file.clone()),
                uid: Some(user.to_owned()),
                gid: Some(group.to_owned()),
                mode: Some(0o400),
            }),
            secret_id: Some(secret.id.clone()),
            secret_name: Some(secret.name.clone()),
        }
    }

    fn resources(&self) -> TaskSpecResources {
        let memory = i64::from(self.memory_mib) * MEBIBYTE;
        TaskSpecResources {
            limits: Some(Limit { memory_bytes: Some(memory), pids: Some(MOST_PROCESSES), ..Default::default() }),
            // Memory that the service may need is reserved.
            reservations: Some(ResourceObject { memory_bytes: Some(memory / 2), ..Default::default() }),
            ..Default::default()
        }
    }
}

fn mount(mount: &Mount) -> DockerMount {
    DockerMount {
        target: Some(mount.target.clone()),
        source: Some(mount.source.display().to_string()),
        typ: Some(MountType::BIND),
        read_only: Some(!matches!(mount.kind, MountKind::OwnDirectory | MountKind::PublicDirectory)),
        ..Default::default()
    }
}

/// Logs of a bounded size, whatever the daemon's own default is.
fn log_driver() -> TaskSpecLogDriver {
    let option = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let options = HashMap::from([option("max-size", "10m"), option("max-file", "3")]);
    TaskSpecLogDriver { name: Some("json-file".into()), options: Some(options) }
}
