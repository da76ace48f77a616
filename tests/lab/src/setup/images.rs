//! The images of the lab's recipes, built from local binaries: without a registry.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use dockerd::image::{Content, Image};

use super::{Part, traefik};
use crate::command;
use crate::error::Result;
use crate::layout;

/// To be changed when the images are built in another way.
const RECIPE: &str = "2";

/// Versions of the small web app that tests deploy.
const HELLO: [&str; 2] = ["1.0.0", "1.1.0"];

/// Entrypoint of upstream's image.
const TRAEFIK_ENTRYPOINT: &str = "\
#!/bin/sh
set -e
if [ \"${1#-}\" != \"$1\" ] || traefik \"$1\" --help >/dev/null 2>&1; then
  set -- traefik \"$@\"
fi
exec \"$@\"
";

/// An image's tag, its archive, and its sources.
struct Planned {
    tag: String,
    build: fn(tag: &str, version: &str) -> Result<Image>,
    version: &'static str,
}

impl Planned {
    /// Path of the archive: the tag, with `%` for `/`.
    fn archive(&self) -> PathBuf {
        layout::images().join(format!("{}.tar", self.tag.replace('/', "%")))
    }
}

fn all() -> Vec<Planned> {
    let traefik = traefik::VERSIONS.into_iter();
    let traefik = traefik.map(|version| Planned { tag: format!("traefik:v{version}"), build: build_traefik, version });
    let hello = HELLO.into_iter();
    let hello = hello.map(|version| Planned { tag: format!("hello:{version}"), build: build_hello, version });
    traefik.chain(hello).collect()
}

pub(super) fn missing() -> Result<Option<Part>> {
    let note = layout::cache().join("images.recipe");
    let is_current = fs::read_to_string(&note).is_ok_and(|made| made == RECIPE);
    let missing: Vec<Planned> =
        all().into_iter().filter(|planned| !is_current || !planned.archive().is_file()).collect();
    if missing.is_empty() {
        return Ok(None);
    }
    layout::make(&layout::images())?;
    let tags: Vec<&str> = missing.iter().map(|planned| planned.tag.as_str()).collect();
    Ok(Some(Part {
        what: format!("images from local binaries: {}", tags.join(" ")),
        step: "building images".to_owned(),
        make: Box::new(move || {
            for planned in &missing {
                crate::progress::tell(&planned.tag);
                (planned.build)(&planned.tag, planned.version)?.write(&planned.archive())?;
            }
            layout::write(&note, RECIPE.as_bytes(), 0o644)
        }),
    }))
}

/// An image with a shell and its small tools, like upstream's images on Alpine.
pub(crate) fn with_busybox(tag: &str) -> Result<Image> {
    let busybox = layout::root_file_system().join("usr/bin/busybox");
    let applets = command::text(Command::new(&busybox).arg("--list"))?;
    let image = Image::new(tag)
        .with_file("/bin/busybox", &busybox, 0o755)
        .with("/tmp", Content::Directory, 0o1777)
        .with_bytes("/etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n", 0o644)
        .with_bytes("/etc/group", b"root:x:0:\nnobody:x:65534:\n", 0o644);
    let links = applets.lines().filter(|applet| *applet != "busybox");
    Ok(links.fold(image, |image, applet| {
        image.with(&format!("/bin/{applet}"), Content::Link("/bin/busybox".to_owned()), 0o777)
    }))
}

fn build_traefik(tag: &str, version: &str) -> Result<Image> {
    let authorities = layout::root_file_system().join("etc/ssl/certs/ca-certificates.crt");
    Ok(with_busybox(tag)?
        .with_file("/usr/local/bin/traefik", &layout::traefik(version), 0o755)
        .with_bytes("/entrypoint.sh", TRAEFIK_ENTRYPOINT.as_bytes(), 0o755)
        .with_file("/etc/ssl/certs/ca-certificates.crt", &authorities, 0o644)
        .exposes(80)
        .entrypoint(&["/entrypoint.sh"])
        .cmd(&["traefik"]))
}

fn build_hello(tag: &str, version: &str) -> Result<Image> {
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>hello</title>\n<h1>hello {version}</h1>\n"
    );
    Ok(with_busybox(tag)?
        .with_bytes("/srv/index.html", page.as_bytes(), 0o644)
        .exposes(80)
        // Process 1 must end on SIGTERM: httpd alone would be killed after 10 s.
        .cmd(&["sh", "-c", "trap 'exit 0' TERM INT; httpd -f -p 80 -h /srv & wait"]))
}
