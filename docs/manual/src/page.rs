//! One man page: the flags as clap describes them, then files, exit codes and related pages.

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use converge::Converger;

use crate::SECTION;

/// A page.
pub struct Page {
    /// The program's command line.
    pub command: Command,
    files: Vec<(String, &'static str)>,
    exit_codes: &'static [(&'static str, &'static str)],
    see_also: Vec<String>,
}

impl Page {
    /// Page of a converger.
    pub fn converger<C: Converger>() -> Self {
        let name = C::NAME;
        Self {
            command: converge::command::<C>(),
            files: vec![
                (format!("/etc/converge/{name}.json"), "The configuration; --schema prints its JSON Schema."),
                (format!("/run/converge/{name}.json"), "The report of the last run; never an input."),
                (format!("/var/lib/converge/{name}"), "Generated secrets, mode 0700."),
            ],
            exit_codes: &[
                ("0", "The desired state holds."),
                ("1", "The run failed, is blocked, or found drift."),
                ("2", "The configuration, a credential or a flag is wrong."),
                ("3", "--plan found changes."),
            ],
            see_also: vec![format!("converge-{name}.service"), "systemctl(1)".into(), "journalctl(1)".into()],
        }
    }

    /// Page of a program that keeps running, and that this converger deploys.
    pub fn server(command: Command, file: &str, deployed_by: &str) -> Self {
        Self {
            command,
            files: vec![(file.to_owned(), "The default path.")],
            exit_codes: &[
                ("0", "Shut down as requested."),
                ("1", "Failed."),
                ("2", "The settings or a flag are wrong."),
            ],
            see_also: vec![format!("{deployed_by}({SECTION})")],
        }
    }

    /// Renders the page as roff. The date is left out, so that the same flags give the same page.
    pub fn render(&self) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        let man = Man::new(self.command.clone()).section(SECTION).manual("converge-ci");
        man.render(&mut out)?;
        let mut more = Roff::new();
        more.control("SH", ["FILES"]);
        for (path, text) in &self.files {
            more.control("TP", []).text([bold(path.as_str())]).text([roman(*text)]);
        }
        more.control("SH", ["EXIT STATUS"]);
        for (code, text) in self.exit_codes {
            more.control("TP", []).text([bold(*code)]).text([roman(*text)]);
        }
        more.control("SH", ["SEE ALSO"]).text([roman(self.see_also.join(", "))]);
        more.to_writer(&mut out)?;
        Ok(out)
    }
}
