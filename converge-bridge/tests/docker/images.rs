//! Images with a program in place of comment-bridge that does the least the service needs.

use std::path::Path;

use dockerd::image::{Content, Image};

/// The script of a program that serves `/healthz`, and checks it with `health`.
const HEALTHY: &str = "\
#!/bin/sh
case \"$1\" in
health) exec wget -q -O /dev/null http://127.0.0.1:8080/healthz ;;
esac
[ -r /run/secrets/gitea_token ] && [ -r /run/secrets/drone_token ] && touch /ledger/was-here || exit 4
trap 'exit 0' TERM INT
httpd -f -p 8080 -h /srv & wait
";

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

/// Writes the archive of an image that serves `page`.
pub fn healthy(path: &Path, page: &str) {
    script(path, "/bin/comment-bridge", HEALTHY, page);
}

/// Writes the archive of an image whose program is a script.
pub fn script(path: &Path, program: &str, script: &str, page: &str) {
    let busybox = lab::root_file_system().join("usr/bin/busybox");
    let link = || Content::Link("/bin/busybox".to_owned());
    let applets = ["sh", "wget", "httpd", "touch", "sleep"];
    let image = Image::new("localhost/comment-bridge:archive")
        .with_file("/bin/busybox", &busybox, 0o755)
        .with_bytes("/srv/healthz", page.as_bytes(), 0o644)
        .with_bytes(program, script.as_bytes(), 0o755)
        .entrypoint(&[program]);
    let image = applets.iter().fold(image, |image, applet| image.with(&format!("/bin/{applet}"), link(), 0o777));
    image.write(path).unwrap();
}
