//! The private key: its shape, and whether it can be used. No error holds a byte of it, nor a parser's words.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::sign::SigningKey;
use rustls_pki_types::PrivateKeyDer;
use secrecy::SecretString;

use super::der::{self, BIT_STRING, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, Value};
use super::error::Error;
use super::pem::{self, Content, Flaw, Pem};

/// rsaEncryption.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// id-ecPublicKey.
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// prime256v1.
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// secp384r1.
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
/// secp521r1.
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
/// The usual public exponent.
const EXPONENT: u64 = 65537;

/// A key that can be used.
#[derive(Debug)]
pub struct Key {
    /// The key, encoded anew.
    pub text: SecretString,
    /// The flaws of the file.
    pub flaws: Vec<Flaw>,
    signing: Arc<dyn SigningKey>,
}

impl Key {
    /// Reads credential `privkey`: its first private key.
    pub fn read(text: &str) -> Result<Self, Error> {
        let Pem { entries, flaws } = Pem::read(text);
        let is_key = |label: &str| label == "PRIVATE KEY" || label.ends_with(" PRIVATE KEY");
        let Some(entry) = entries.iter().find(|entry| is_key(&entry.label)) else {
            let is_damaged = entries.iter().any(|entry| entry.label.is_empty());
            return Err(if is_damaged { Error::KeyText } else { Error::NoKey });
        };
        let der = match &entry.content {
            Content::Der(der) => der,
            Content::Encrypted => return Err(Error::EncryptedKey),
            Content::Damaged => return Err(Error::KeyText),
        };
        let Some((form, kind)) = form_and_kind(der) else { return Err(Error::KeyKind { kind: Kind::Other }) };
        let loaded = match form {
            Form::Pkcs1 => PrivateKeyDer::Pkcs1(der.clone().into()),
            Form::Sec1 => PrivateKeyDer::Sec1(der.clone().into()),
            Form::Pkcs8 => PrivateKeyDer::Pkcs8(der.clone().into()),
        };
        // The library's own words may quote the key.
        let signing = default_provider().key_provider.load_private_key(loaded).map_err(|_| Error::KeyKind { kind })?;
        Ok(Self { text: SecretString::from(pem::write(form.label(), der)), flaws, signing })
    }

    /// True if `public`, the encoded public key of a certificate, belongs to the key.
    pub fn belongs_to(&self, public: &[u8]) -> bool {
        self.signing.public_key().is_some_and(|own| own.as_ref() == public)
    }
}

/// The encoding of a key. The label in the file may be another: Go does not look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Pkcs1,
    Sec1,
    Pkcs8,
}

impl Form {
    fn label(self) -> &'static str {
        match self {
            Self::Pkcs1 => "RSA PRIVATE KEY",
            Self::Sec1 => "EC PRIVATE KEY",
            Self::Pkcs8 => "PRIVATE KEY",
        }
    }
}

/// The kind of a key, as far as it decides if the key can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// RSA.
    Rsa {
        /// The length of the modulus.
        bits: usize,
        /// The public exponent; `None` if it is longer than 64 bits.
        exponent: Option<u64>,
        /// The number of primes.
        primes: usize,
    },
    /// A key on an elliptic curve.
    Ec {
        /// The curve's usual name.
        curve: Option<&'static str>,
        /// True if the public part is in the file.
        has_public: bool,
    },
    /// Another kind, or damaged content.
    Other,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { primes, .. } if *primes > 2 => write!(f, "an RSA key of {primes} primes"),
            Self::Rsa { exponent: Some(exponent), bits, .. } if *exponent < EXPONENT => {
                write!(f, "an RSA key of {bits} bits with the exponent {exponent}")
            }
            Self::Rsa { bits, .. } => write!(f, "an RSA key of {bits} bits"),
            Self::Ec { has_public: false, curve: Some("P-256" | "P-384") } => {
                f.write_str("an EC key without its public part")
            }
            Self::Ec { curve: Some("P-521"), .. } => f.write_str("an EC key on P-521"),
            Self::Ec { curve: Some(_), .. } => f.write_str("an EC key with damaged content"),
            Self::Ec { curve: None, .. } => f.write_str("an EC key on another curve than P-256 and P-384"),
            Self::Other => f.write_str("of another kind, or damaged"),
        }
    }
}

impl Kind {
    /// True if a command can make a usable file of it.
    pub fn lacks_public(&self) -> bool {
        matches!(self, Self::Ec { has_public: false, curve: Some("P-256" | "P-384") })
    }
}

fn form_and_kind(der: &[u8]) -> Option<(Form, Kind)> {
    let parts = der::sequence(der)?;
    let [Value { tag: INTEGER, .. }, second, ..] = parts.as_slice() else { return None };
    match second.tag {
        INTEGER => Some((Form::Pkcs1, rsa(&parts)?)),
        OCTET_STRING => Some((Form::Sec1, ec(None, &parts))),
        SEQUENCE => Some((Form::Pkcs8, of_pkcs8(&parts).unwrap_or(Kind::Other))),
        _ => None,
    }
}

fn of_pkcs8(parts: &[Value]) -> Option<Kind> {
    let algorithm = der::values(parts.get(1)?.content)?;
    let inner = der::sequence(parts.get(2).filter(|inner| inner.tag == OCTET_STRING)?.content);
    match algorithm.first()?.content {
        RSA => rsa(&inner?),
        EC => Some(ec(algorithm.get(1).copied(), &inner?)),
        _ => None,
    }
}

/// `RSAPrivateKey`: version, modulus, exponent and six more; then the further primes.
fn rsa(parts: &[Value]) -> Option<Kind> {
    let numbers = parts.iter().take_while(|part| part.tag == INTEGER).count();
    let (modulus, exponent) = (parts.get(1)?.content, parts.get(2)?.content);
    if numbers < 9 {
        // DSA has six.
        return None;
    }
    let more = parts.get(9).and_then(|more| der::values(more.content)).map_or(0, |more| more.len());
    let exponent = (der::bits(exponent) <= 64)
        .then(|| exponent.iter().fold(0, |number: u64, byte| number.wrapping_shl(8) | u64::from(*byte)));
    Some(Kind::Rsa { bits: der::bits(modulus), exponent, primes: 2 + more })
}

/// `ECPrivateKey`: version, number, `[0]` curve, `[1]` public part.
fn ec(curve: Option<Value>, parts: &[Value]) -> Kind {
    let tagged = |tag: u8| parts.iter().find(|part| part.tag == tag).and_then(|part| der::values(part.content));
    let first =
        |values: Option<Vec<Value<'_>>>, tag: u8| values.is_some_and(|all| all.iter().any(|one| one.tag == tag));
    let own = tagged(0xa0).and_then(|values| values.first().map(|value| (value.tag, value.content.to_vec())));
    let curve = curve.map(|curve| (curve.tag, curve.content.to_vec())).or(own);
    let curve = match curve.as_ref().map(|(tag, content)| (*tag, content.as_slice())) {
        Some((OBJECT_IDENTIFIER, P256)) => Some("P-256"),
        Some((OBJECT_IDENTIFIER, P384)) => Some("P-384"),
        Some((OBJECT_IDENTIFIER, P521)) => Some("P-521"),
        _ => None,
    };
    Kind::Ec { curve, has_public: first(tagged(0xa1), BIT_STRING) }
}
