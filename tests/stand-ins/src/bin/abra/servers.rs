//! `server`: the folders in `$ABRA_DIR/servers`.

use std::fs;

use crate::directory;
use crate::fatal::{Fatal, info};
use crate::table;

pub fn add(name: Option<&str>, local: bool) -> Result<(), Fatal> {
    let name = match (name, local) {
        (None, true) => "default",
        (Some(_), true) => return Err(Fatal::new("cannot use [server] and --local together")),
        (Some(_), false) => return Err(Fatal::new("this stand-in knows no servers but the local one")),
        (None, false) => return Err(Fatal::new("missing argument or --local/-l flag")),
    };
    let folder = directory::servers().join(name);
    if folder.exists() {
        return Err(Fatal::new("local server already exists?"));
    }
    fs::create_dir_all(&folder).map_err(Fatal::when(folder.display()))?;
    info("local server successfully added");
    Ok(())
}

pub fn list(machine: bool) -> Result<(), Fatal> {
    let host = |name: &str| if name == "default" { "local" } else { "unknown" }.to_owned();
    let rows: Vec<Vec<String>> = directory::server_names()?
        .into_iter()
        .map(|name| vec![host(&name), name].into_iter().rev().collect())
        .collect();
    if machine {
        table::print_json(&["name", "host"], &rows);
    } else {
        table::print(&["NAME", "HOST"], &rows);
    }
    Ok(())
}
