//! abra's names for the objects of an app.

use docker::secret;

/// Names are cut to this length by abra.
const LONGEST_STACK: usize = 45;
/// Swarm takes names of configs up to this length.
const LONGEST_CONFIG: usize = 64;

/// The names of an app's objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The app's domain.
    pub domain: String,
    /// The stack's name: the domain as abra writes it for Swarm.
    pub stack: String,
}

impl Names {
    /// Those of the app under `domain`.
    pub fn new(domain: &str) -> Self {
        let name = domain.replace('.', "_");
        // ASCII: a domain with anything else was refused.
        let stack = name.get(..LONGEST_STACK).unwrap_or(&name).to_owned();
        Self { domain: domain.to_owned(), stack }
    }

    /// The service that answers requests.
    pub fn app_service(&self) -> String {
        format!("{}_app", self.stack)
    }

    /// True if the service belongs to the app.
    pub fn is_ours(&self, service: &str) -> bool {
        self.in_recipe(service).is_some()
    }

    /// The name that the recipe gives to a service of the app.
    pub fn in_recipe<'a>(&self, service: &'a str) -> Option<&'a str> {
        service.strip_prefix(&self.stack)?.strip_prefix('_')
    }

    /// `<stack>_<kind>_v<n>`.
    pub fn secret(&self, kind: &str, number: u32) -> String {
        secret::name(&self.stack, kind, number)
    }

    /// The kind and the number in the name of a secret of the app.
    pub fn of_secret<'a>(&self, name: &'a str) -> Option<(&'a str, u32)> {
        secret::kind_and_number(&self.stack, name)
    }

    /// The number in the name of a secret of this kind.
    pub fn secret_number(&self, kind: &str, name: &str) -> Option<u32> {
        self.of_secret(name).filter(|(of, _)| *of == kind).map(|(_, number)| number)
    }

    /// `<stack>_rejected_<tag>`: the config that records the attempt of a version. Swarm's names have no `+`.
    pub fn attempt(&self, tag: &str) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-.".contains(c) { c } else { '_' };
        let name = format!("{}_rejected_{}", self.stack, tag.chars().map(plain).collect::<String>());
        // The label has the whole tag.
        name.get(..LONGEST_CONFIG).unwrap_or(&name).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_abras() {
        let names = Names::new("traefik.ci.example.org");
        assert_eq!(names.stack, "traefik_ci_example_org");
        assert_eq!(Names::new(&"a".repeat(60)).stack.len(), 45);
        assert_eq!(names.secret("ssl_cert", 3), "traefik_ci_example_org_ssl_cert_v3");
        assert_eq!(names.secret_number("ssl_cert", "traefik_ci_example_org_ssl_cert_v3"), Some(3));
        assert_eq!(names.secret_number("ssl_key", "traefik_ci_example_org_ssl_cert_v3"), None);
        assert_eq!(names.secret_number("ssl_cert", "traefik_ci_example_org_ssl_cert_v3x"), None);
        assert_eq!(names.of_secret("traefik_ci_example_org_rpc_secret_v12"), Some(("rpc_secret", 12)));
        assert_eq!(names.of_secret("another_rpc_secret_v1"), None);
        assert_eq!(names.attempt("3.9.1+v3.7.15"), "traefik_ci_example_org_rejected_3.9.1_v3.7.15");
        assert!(names.is_ours("traefik_ci_example_org_app") && !names.is_ours("traefik_ci_example_organ_app"));
    }
}
