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
    leaf: String,
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
    let (leaf, issuer) = (leaf.pem(), authority.pem());
    Made { chain: format!("{leaf}{issuer}"), key: key.serialize_pem(), leaf, issuer }
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
    assert_eq!(certificate.warnings, []);
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
fn every_fault_of_the_files_has_its_own_error() {
    use base::error::Explain;
    let (made, other) = (good(), good());
    let truncated = &made.chain[..made.leaf.len() / 2];
    let csr = made.chain.replace(" CERTIFICATE", " CERTIFICATE REQUEST");
    let bundle = made.chain.replace(" CERTIFICATE", " PKCS7");
    let reversed = format!("{}{}", made.issuer, made.leaf);
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let old_encrypted = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n\
                         -----END RSA PRIVATE KEY-----\n";
    let zeros = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let table: Vec<(&str, &str, &str, &str)> = vec![
        ("", &made.key, "contains no certificate", "as PEM into credential `fullchain`"),
        ("no certificate", &made.key, "contains no certificate", "as PEM into credential `fullchain`"),
        (truncated, &made.key, "certificate 1 in credential `fullchain` is damaged", "copy the file again"),
        (&csr, &made.key, "contains no certificate, but a CERTIFICATE REQUEST", "as PEM"),
        (&bundle, &made.key, "contains no certificate, but a PKCS7", "openssl pkcs7"),
        (&made.chain, "", "contains no private key", "as PEM into credential `privkey`"),
        (&made.chain, &made.chain, "contains no private key", "as PEM into credential `privkey`"),
        (&made.chain, &made.key[..made.key.len() / 2], "damaged PEM", "copy the file again"),
        (&made.chain, &other.key, "does not belong to the certificate", "of one issuance"),
        (&reversed, &made.key, "is number 2 in credential `fullchain`, and must be the first", "order the file"),
        (&made.chain, encrypted, "passphrase", "openssl pkey"),
        (&made.chain, old_encrypted, "passphrase", "openssl pkey"),
        (&made.chain, zeros, "cannot be used: it is of another kind, or damaged", "openssl genpkey"),
    ];
    for (chain, key, expected, hint) in table {
        let error = read(chain, key).unwrap_err();
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        assert!(error.hint().unwrap().contains(hint), "{error}: {:?}", error.hint());
    }
}

#[test]
fn a_key_of_another_form_than_its_label_is_read_and_gets_the_right_one() {
    let made = make(&[DOMAIN, "*.ci.example.org"], &KeyPair::from_pem(RSA_KEY).unwrap(), |_| ());
    assert!(RSA_KEY.contains("BEGIN PRIVATE KEY"), "PKCS#8");
    let mislabelled = RSA_KEY.replace("PRIVATE KEY", "RSA PRIVATE KEY");
    let certificate = read(&made.chain, &mislabelled).unwrap();
    assert_eq!(certificate.privkey.expose_secret(), RSA_KEY);
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
