//! The lab's smallest app, deployed with abra, as an operator does.

use std::time::Duration;

use lab::{Lab, Seen, wait_until};

use crate::error::Result;
use crate::web::{Page, Web};

/// The operator's `ABRA_DIR`, shared with the convergers.
const ABRA_DIR: &str = "/var/lib/converge/abra";

/// Timeout until the app answers.
const ANSWERS: Duration = Duration::from_mins(1);

/// The `hello` recipe under a domain.
#[derive(Debug)]
pub struct Hello {
    app: String,
}

impl Hello {
    /// Deploys the app as `<app>.<domain>`.
    pub fn deploy(lab: &Lab, app: &str) -> Result<Self> {
        let domain = format!("{app}.{}", lab.domain());
        let abra = |words: &[&str]| lab.exec(&[&["abra"], words].concat()).and_then(lab::Output::done);
        abra(&["recipe", "fetch", "hello", "-n"])?;
        abra(&["app", "new", "hello", "--server", "default", "--domain", &domain, "-n", "-o"])?;
        // The wildcard certificate serves the app; the recipe's sample would ask an ACME resolver for another one.
        let env = format!("{ABRA_DIR}/servers/default/{domain}.env");
        lab.exec(&["sed", "-i", "s/^LETS_ENCRYPT_ENV=.*/LETS_ENCRYPT_ENV=/", &env])?.text()?;
        abra(&["app", "secret", "generate", &domain, "--all", "-n", "-o"])?;
        abra(&["app", "deploy", &domain, "-n", "-o"])?;
        Ok(Self { app: app.to_owned() })
    }

    /// The app's page, as soon as it answers.
    pub fn page(&self, web: &Web) -> Result<Page> {
        Ok(wait_until(&format!("{} to answer", self.app), ANSWERS, || {
            Ok(match web.open(&self.app) {
                Ok(page) if page.status == 200 => Seen::Yes(page),
                Ok(page) => Seen::NotYet(format!("status {}", page.status)),
                Err(error) => Seen::NotYet(format!("{error:?}")),
            })
        })?)
    }
}
