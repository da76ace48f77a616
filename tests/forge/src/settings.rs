//! The real Gitea's app.ini: without requests to other servers, and without timed jobs.

use std::net::SocketAddr;
use std::path::Path;

/// Folders of Gitea, as Gitea sees them.
#[derive(Debug, Clone, Copy)]
pub struct Folders<'a> {
    /// Folder of its data.
    pub work: &'a Path,
    /// Folder of templates, options and public files.
    pub files: &'a Path,
}

/// The settings for a listen address and a public URL (`http://git.ci.localhost:3000`).
///
/// The keys protect only a test's own database; without them Gitea would write its own into the file.
pub fn app_ini(folders: Folders<'_>, listen: SocketAddr, address: &str, may_be_root: bool) -> String {
    let (work, files) = (folders.work.display(), folders.files.display());
    let (ip, port) = (listen.ip(), listen.port());
    let address = address.trim_end_matches('/');
    format!(
        "\
APP_NAME = Recipes
RUN_MODE = prod
WORK_PATH = {work}
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = {may_be_root}

[server]
PROTOCOL = http
HTTP_ADDR = {ip}
HTTP_PORT = {port}
ROOT_URL = {address}/
LOCAL_ROOT_URL = http://{local}:{port}/
STATIC_ROOT_PATH = {files}
DISABLE_SSH = true
OFFLINE_MODE = true
LFS_START_SERVER = false

[database]
DB_TYPE = sqlite3
PATH = {work}/gitea.db

[security]
INSTALL_LOCK = true
SECRET_KEY = 8Zc1lqHkJ2yF5nVw3rTb7mXp9sQd4gUe
INTERNAL_TOKEN = eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJuYmYiOjE3NjcyMjU2MDB9.YwRvD4kX0rQvJcYQ8cSPHx8m0b6kq6ZWJt0iQ2pZ1lE
PASSWORD_COMPLEXITY = off

[oauth2]
JWT_SECRET = kq3WmZt8yB1nC6xV9sD2fG5hJ7lP0oQ4eR8uT3iY6wA

[service]
DISABLE_REGISTRATION = true
ENABLE_NOTIFY_MAIL = false

[repository]
ROOT = {work}/repositories
DEFAULT_BRANCH = main

[webhook]
ALLOWED_HOST_LIST = *

[log]
MODE = console
LEVEL = Warn

[picture]
DISABLE_GRAVATAR = true

[indexer]
ISSUE_INDEXER_TYPE = db

[queue]
TYPE = channel

[cron]
ENABLED = false

[cron.update_checker]
ENABLED = false

[actions]
ENABLED = false
",
        local = if ip.is_unspecified() { "127.0.0.1".to_owned() } else { ip.to_string() },
    )
}
