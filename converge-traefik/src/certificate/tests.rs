use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P384_SHA384, PKCS_ED25519, date_time_ymd,
};

use super::*;

const DOMAIN: &str = "ci.example.org";
const RSA_KEY: &str = include_str!("tests/rsa-2048.pem");

fn now() -> Timestamp {
    "2026-11-21T00:00:00Z".parse().unwrap()
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "An authority");
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

struct Made {
    chain: String,
    key: String,
    issuer: String,
}

fn make(names: &[&str], key: &KeyPair, change: impl FnOnce(&mut CertificateParams)) -> Made {
    let authority = authority();
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "A leaf");
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 2, 11);
    change(&mut params);
    let leaf = params.signed_by(key, &authority).unwrap();
    Made { chain: leaf.pem(), key: key.serialize_pem(), issuer: authority.pem() }
}

fn good() -> Made {
    make(&[DOMAIN, "*.ci.example.org"], &KeyPair::generate().unwrap(), |_| ())
}

fn read(chain: &str, key: &str) -> Result<Certificate, Error> {
    Certificate::read(&SecretString::from(chain), &SecretString::from(key), DOMAIN, now())
}

#[test]
fn a_good_pair_is_read() {
    let made = good();
    let certificate = read(&made.chain, &made.key).unwrap();
    assert_eq!(certificate.valid_until.to_string(), "2027-02-11T00:00:00Z");
    assert!(certificate.fingerprint().starts_with("sha256:"));
    assert!(read(&format!("{}{}", made.chain, made.issuer), &made.key).is_ok(), "with its issuer");
    assert!(read(&made.chain.replace('\n', "\r\n"), &made.key.replace('\n', "\r\n")).is_ok(), "with CRLF");
    assert!(read(&format!("issued for us\n{}", made.chain), &made.key).is_ok(), "with words around it");
}

#[test]
fn rsa_and_both_curves_are_read() {
    let keys = [
        KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap(),
        KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap(),
        KeyPair::generate_for(&PKCS_ED25519).unwrap(),
        KeyPair::from_pem(RSA_KEY).unwrap(),
    ];
    for key in keys {
        let made = make(&[DOMAIN, "*.ci.example.org"], &key, |_| ());
        read(&made.chain, &made.key).unwrap();
    }
}

#[test]
fn a_parents_wildcard_covers_the_domain_itself() {
    let made = make(&["*.example.org", "*.ci.example.org"], &KeyPair::generate().unwrap(), |_| ());
    read(&made.chain, &made.key).unwrap();
}

#[test]
fn what_is_wrong_is_told_apart() {
    let made = good();
    let other = good();
    let named = |names: &[&str]| make(names, &KeyPair::generate().unwrap(), |_| ());
    let expired = make(&[DOMAIN, "*.ci.example.org"], &KeyPair::generate().unwrap(), |params| {
        params.not_after = date_time_ymd(2026, 11, 20);
    });
    let early = make(&[DOMAIN, "*.ci.example.org"], &KeyPair::generate().unwrap(), |params| {
        params.not_before = date_time_ymd(2026, 12, 1);
    });
    let (bare, deep) = (named(&[DOMAIN]), named(&[DOMAIN, "*.a.ci.example.org"]));
    let truncated = &made.chain[..made.chain.len() / 2];
    let flipped = made.chain.replacen("MII", "AII", 1);
    let reversed = format!("{}{}", made.issuer, made.chain);
    let stray = format!("{}{}", made.chain, other.chain);
    let both = format!("{}{}", made.chain, made.key);
    let table: Vec<(&str, &str, &str)> = vec![
        ("", &made.key, "contains no certificate"),
        ("no certificate", &made.key, "contains no certificate"),
        (truncated, &made.key, "damaged PEM"),
        (&flipped, &made.key, "certificate 1 in credential `fullchain` is damaged"),
        (&both, &made.key, "contains a private key"),
        (&made.chain, "", "contains no private key"),
        (&made.chain, &made.chain, "contains no private key"),
        (&made.chain, &made.key[..made.key.len() / 2], "damaged PEM"),
        (&made.chain, &other.key, "does not belong to the certificate"),
        (&reversed, &made.key, "is number 2 in credential `fullchain`, and must be the first"),
        (&stray, &made.key, "did not issue the one before it"),
        (&bare.chain, &bare.key, "does not cover *.ci.example.org; it names ci.example.org"),
        (&deep.chain, &deep.key, "does not cover *.ci.example.org"),
        (&expired.chain, &expired.key, "expired on 2026-11-20"),
        (&early.chain, &early.key, "is not valid before 2026-12-01"),
        (
            &made.chain,
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "passphrase",
        ),
        (&made.chain, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "cannot be used"),
    ];
    for (chain, key, expected) in table {
        use base::error::Explain;
        let error = read(chain, key).unwrap_err();
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        assert!(error.hint().is_some(), "{error}");
    }
}

#[test]
fn nothing_of_the_key_is_ever_shown() {
    let made = good();
    let body: String = made.key.lines().nth(1).unwrap().to_owned();
    let shown = format!("{:?}", read(&made.chain, &made.key).unwrap());
    assert!(!shown.contains(&body[..16]));
    let damaged = made.key.replace(&body, &format!("{body}!"));
    let error = read(&made.chain, &damaged).unwrap_err();
    let shown = base::error::Explained::new(&error).to_string();
    assert!(!shown.contains(&body[..16]), "{shown}");
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(chain in ".{0,400}", key in ".{0,400}") {
        drop(read(&chain, &key));
    }

    #[test]
    fn arbitrary_damage_never_panics(at in 0..600_usize, byte in any::<u8>()) {
        let made = good();
        let mut chain = made.chain.into_bytes();
        let place = at % chain.len();
        chain[place] = byte;
        if let Ok(chain) = String::from_utf8(chain) {
            drop(read(&chain, &made.key));
        }
    }
}
