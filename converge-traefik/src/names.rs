//! The names abra and the recipe give to things.

/// Names are cut to this length by abra.
const LONGEST_STACK: usize = 45;

/// The secret with the certificate and its chain.
pub const CERTIFICATE: &str = "ssl_cert";
/// The secret with the key.
pub const KEY: &str = "ssl_key";

/// The domain of the app itself: `traefik.<domain>`.
pub fn app_domain(domain: &str) -> String {
    format!("traefik.{domain}")
}

/// The name of the app's stack: its domain as abra writes it for Swarm.
pub fn stack(domain: &str) -> String {
    let name = app_domain(domain).replace('.', "_");
    // ASCII: a domain with anything else was refused.
    name.get(..LONGEST_STACK).unwrap_or(&name).to_owned()
}

/// The name of the service that answers requests.
pub fn app_service(domain: &str) -> String {
    format!("{}_app", stack(domain))
}

/// `<stack>_<secret>_v<n>`.
pub fn secret(stack: &str, secret: &str, number: u32) -> String {
    format!("{stack}_{secret}_v{number}")
}

/// The number in the name of a secret of ours.
pub fn secret_number(stack: &str, secret: &str, name: &str) -> Option<u32> {
    name.strip_prefix(stack)?.strip_prefix('_')?.strip_prefix(secret)?.strip_prefix("_v")?.parse().ok()
}

/// `<stack>_rejected_<tag>`: the config that remembers a version being tried. Swarm's names have no `+`.
pub fn rejected(stack: &str, tag: &str) -> String {
    let tag: String =
        tag.chars().map(|c| if c.is_ascii_alphanumeric() || "-.".contains(c) { c } else { '_' }).collect();
    let name = format!("{stack}_rejected_{tag}");
    // Swarm takes 64 characters; the label has the whole tag.
    name.get(..64).unwrap_or(&name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_abras() {
        assert_eq!(stack("ci.example.org"), "traefik_ci_example_org");
        assert_eq!(stack(&"a".repeat(60)).len(), 45);
        assert_eq!(secret("s", CERTIFICATE, 3), "s_ssl_cert_v3");
        assert_eq!(secret_number("s", CERTIFICATE, "s_ssl_cert_v3"), Some(3));
        assert_eq!(secret_number("s", CERTIFICATE, "s_ssl_key_v3"), None);
        assert_eq!(secret_number("s", CERTIFICATE, "s_ssl_cert_v3x"), None);
        assert_eq!(rejected("s", "3.9.1+v3.7.15"), "s_rejected_3.9.1_v3.7.15");
    }
}
