//! Keys of all kinds, made by openssl, each with a certificate that it has signed itself. Without openssl there are none.

use std::process::Command;

use crate::pairs::{DOMAIN, Pair, Verdict};

use Verdict::{Clean, Stricter};

/// One pair for each kind of key.
pub fn pairs() -> Vec<Pair> {
    let generated: [(&str, &[&str], Verdict); 9] = [
        ("RSA 2048", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], Clean),
        ("RSA 3072", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"], Clean),
        (
            "RSA 2432",
            &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2432"],
            Stricter("it is an RSA key of 2432 bits"),
        ),
        (
            "RSA 4608",
            &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4608"],
            Stricter("it is an RSA key of 4608 bits"),
        ),
        (
            "exponent 3",
            &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", "rsa_keygen_pubexp:3"],
            Stricter("2048 bits with the exponent 3"),
        ),
        (
            "three primes",
            &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", "rsa_keygen_primes:3"],
            Stricter("an RSA key of 3 primes"),
        ),
        ("P-256", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], Clean),
        ("P-521", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"], Stricter("an EC key on P-521")),
        ("Ed25519", &["-algorithm", "ED25519"], Clean),
    ];
    let mut pairs = Vec::new();
    for (name, options, verdict) in generated {
        let Some(key) = openssl(&[&["genpkey"], options].concat(), "") else { return Vec::new() };
        if name.starts_with("RSA") || name.starts_with("P-") {
            let traditional = openssl(&["pkey", "-traditional"], &key).unwrap();
            pairs.push(pair(&format!("{name}, traditional"), &traditional, verdict.clone()));
        }
        pairs.push(pair(name, &key, verdict));
    }
    pairs.extend(without_public_part().map(|(missing, _)| missing));
    pairs
}

/// A pair whose key lacks its public part, and the same after the command of the hint.
pub fn without_public_part() -> Option<(Pair, Pair)> {
    let key = openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "")?;
    let whole = pair("whole", &key, Clean);
    let missing = openssl(&["ec", "-no_public"], &key).unwrap();
    let mended = openssl(&["ec"], &missing).unwrap();
    let with = |key: String, verdict| Pair { name: "no public part".to_owned(), key, verdict, ..whole.clone() };
    Some((with(missing, Stricter("an EC key without its public part")), with(mended, Clean)))
}

fn pair(name: &str, key: &str, verdict: Verdict) -> Pair {
    let names = format!("subjectAltName=DNS:{DOMAIN},DNS:*.{DOMAIN}");
    let own = ["req", "-x509", "-new", "-key", "/dev/stdin", "-subj", "/CN=own", "-addext", &names, "-days", "3650"];
    let chain = openssl(&own, key).unwrap();
    // The certificate is valid from now on.
    let now = jiff::Timestamp::now().to_string();
    Pair { name: name.to_owned(), roots: vec![chain.clone()], chain, key: key.to_owned(), now, verdict }
}

/// Output of openssl for this input. `None` if there is no openssl.
fn openssl(arguments: &[&str], input: &str) -> Option<String> {
    use std::io::Write;
    use std::process::Stdio;
    let mut openssl = Command::new("openssl");
    openssl.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = openssl.spawn().ok()?;
    running.stdin.take()?.write_all(input.as_bytes()).ok()?;
    let output = running.wait_with_output().ok()?;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).ok()
}
