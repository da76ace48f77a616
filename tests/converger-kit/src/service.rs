//! A service of ours behind a real Traefik, from an image whose program is a script.

use std::fs;
use std::path::Path;

use dockerd::ADDRESS;
use dockerd::image::{Content, Image};
use lab::{Authority, Validity};

use crate::{World, skip};

/// The image of Traefik that the set-up builds.
pub const TRAEFIK: &str = "traefik:v3.6.15";

/// The script of a program that ends at once.
pub const ENDS: &str = "\
#!/bin/sh
echo 'error: the ledger is made of cheese' >&2
exit 3
";

/// The script of a program that is never healthy.
pub const UNHEALTHY: &str = "\
#!/bin/sh
[ \"$1\" = health ] && exit 1
trap 'exit 0' TERM INT
sleep 1000 & wait
";

/// Programs of busybox that scripts use.
const APPLETS: [&str; 5] = ["sh", "wget", "httpd", "touch", "sleep"];

/// Returns the script of a program that serves `/healthz` and checks it with `health`, if `condition` holds at its start.
pub fn healthy_if(condition: &str) -> String {
    format!(
        "\
#!/bin/sh
case \"$1\" in
health) exec wget -q -O /dev/null http://127.0.0.1:8080/healthz ;;
esac
{condition} || exit 4
trap 'exit 0' TERM INT
httpd -f -p 8080 -h /srv & wait
"
    )
}

/// Writes the archive of an image whose program `/bin/<program>` is a script; `/healthz` is `page`.
#[track_caller]
pub fn write_image(path: &Path, program: &str, script: &str, page: &str) {
    let busybox = lab::root_file_system().join("usr/bin/busybox");
    let at = format!("/bin/{program}");
    let image = Image::new(&format!("localhost/{program}:archive"))
        .with_file("/bin/busybox", &busybox, 0o755)
        .with_bytes("/srv/healthz", page.as_bytes(), 0o644)
        .with_bytes(&at, script.as_bytes(), 0o755)
        .entrypoint(&[&at]);
    let link = || Content::Link("/bin/busybox".to_owned());
    let image = APPLETS.iter().fold(image, |image, applet| image.with(&format!("/bin/{applet}"), link(), 0o777));
    image.write(path).unwrap();
}

impl World {
    /// A swarm whose Traefik serves `domain` with a certificate of a new authority, `authority.pem`.
    pub fn start_behind_traefik(test: &str, program: &'static str, domain: &str) -> Option<Self> {
        let traefik = lab::images().join(format!("{TRAEFIK}.tar"));
        if !traefik.is_file() {
            return skip(test, "there are no images; `make setup` makes them");
        }
        let mut world = Self::start_swarm(test, program)?;
        let authority = world.path("authority.pem");
        world.set_environment("SSL_CERT_FILE", authority);
        world.daemon.load(&traefik);
        world.start_traefik(domain);
        Some(world)
    }

    fn start_traefik(&self, domain: &str) {
        let authority = Authority::new().unwrap();
        let pair = authority.issue(&[domain], Validity::default()).unwrap();
        fs::write(self.path("authority.pem"), authority.certificate()).unwrap();
        fs::create_dir_all(self.path("tls")).unwrap();
        fs::write(self.path("tls/leaf.pem"), pair.fullchain).unwrap();
        fs::write(self.path("tls/key.pem"), pair.privkey).unwrap();
        let file = "tls: { certificates: [{ certFile: /tls/leaf.pem, keyFile: /tls/key.pem }] }\n";
        fs::write(self.path("tls/file.yml"), file).unwrap();
        let tls = format!("{}:/tls:ro", self.path("tls").display());
        self.daemon.docker(&[
            "create",
            "--name=traefik",
            "--network=proxy",
            "--publish=443:443",
            "--volume=/run/docker.sock:/var/run/docker.sock",
            "--volume",
            &tls,
            TRAEFIK,
            "traefik",
            "--providers.swarm.endpoint=unix:///var/run/docker.sock",
            "--providers.swarm.exposedByDefault=false",
            "--providers.swarm.network=proxy",
            "--providers.swarm.refreshSeconds=1",
            "--providers.file.filename=/tls/file.yml",
            "--entrypoints.web-secure.address=:443",
        ]);
        self.start_container("traefik");
    }

    /// Removes all services, their secrets, the images of `program`, and our files.
    pub fn wipe_service(&self, program: &str) {
        self.sh(&format!(
            "docker service ls --quiet | xargs --no-run-if-empty docker service rm; \
             while docker ps --quiet --filter label=com.docker.swarm.service.name | grep -q .; do :; done; \
             docker ps --quiet --all --filter label=com.docker.swarm.service.name | xargs --no-run-if-empty docker rm --force; \
             docker secret ls --quiet | xargs --no-run-if-empty docker secret rm; \
             docker images --format '{{{{.Repository}}}}:{{{{.Tag}}}}' localhost/{program} | \
             xargs --no-run-if-empty docker rmi --force"
        ));
        self.remove_folders(&["run", "state"]);
    }

    /// The answer of `/healthz` through Traefik.
    #[track_caller]
    pub fn page(&self, domain: &str) -> String {
        let mut curl = self.daemon.command("curl");
        curl.args(["--silent", "--show-error", "--fail", "--cacert"]).arg(self.path("authority.pem"));
        curl.args(["--resolve", &format!("{domain}:443:{ADDRESS}"), &format!("https://{domain}/healthz")]);
        let output = curl.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The tags and ids of the images of `program`, sorted.
    #[track_caller]
    pub fn images_of(&self, program: &str) -> Vec<String> {
        self.list(&["images", "--format", "{{.Tag}} {{.ID}}", &format!("localhost/{program}")])
    }
}
