//! The mistakes in a certificate or its key, each with a hint. None holds a byte of the key, or a parser's words.

use base::error::{Class, Explain};

use super::fault::Fault;
use super::key::Kind;

/// The number of a certificate's names that are shown.
const SHOWN: usize = 5;

/// The reason why a certificate and its key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The chain holds a key.
    #[error("credential `fullchain` contains a private key")]
    KeyInChain,
    /// The chain has no certificate.
    #[error("credential `fullchain` contains no certificate{}", instead.as_ref().map(|label| format!(", but a {label}")).unwrap_or_default())]
    NoCertificate {
        /// The label of the first other entry.
        instead: Option<String>,
    },
    /// A certificate that the chain needs is damaged.
    #[error("certificate {number} in credential `fullchain` is damaged")]
    Damaged {
        /// The position in the file, from 1.
        number: usize,
    },
    /// The key is not well-formed PEM.
    #[error("credential `privkey` is damaged PEM text")]
    KeyText,
    /// There is no key.
    #[error("credential `privkey` contains no private key")]
    NoKey,
    /// The key needs a passphrase.
    #[error("the key in credential `privkey` is encrypted with a passphrase")]
    EncryptedKey,
    /// The key is of a kind that cannot be used, or its content is damaged.
    #[error("the key in credential `privkey` cannot be used: it is {kind}")]
    KeyKind {
        /// The kind.
        kind: Kind,
    },
    /// The key belongs to another certificate.
    #[error("the key in credential `privkey` does not belong to the certificate in credential `fullchain`")]
    OtherKey,
    /// The certificate is not the first of the chain.
    #[error("the certificate of this key is number {number} in credential `fullchain`, and must be the first")]
    LeafNotFirst {
        /// The position in the file, from 1.
        number: usize,
    },
    /// The issuer of the certificate is not in the chain.
    #[error("credential `fullchain` does not contain the issuer of the certificate ({issuer}){}", damaged.map(|number| format!("; its entry {number} is damaged")).unwrap_or_default())]
    NoIssuer {
        /// The issuer.
        issuer: String,
        /// The position of a damaged entry, from 1.
        damaged: Option<usize>,
    },
    /// Clients refuse a certificate of the chain.
    #[error("{} {fault}", if *is_leaf { "the certificate".to_owned() } else { format!("certificate {number} in credential `fullchain` ({subject})") })]
    Faulty {
        /// The position in the file, from 1.
        number: usize,
        /// The subject.
        subject: String,
        /// The fault.
        fault: Fault,
        /// True for the certificate itself, false for an issuer.
        is_leaf: bool,
    },
    /// Names are missing.
    #[error("the certificate does not cover {}; it names {}", missing.join(" and "), some(names))]
    Names {
        /// The names that are missing.
        missing: Vec<String>,
        /// The names it has.
        names: Vec<String>,
    },
}

/// The first names of a list that may be long or empty.
fn some(names: &[String]) -> String {
    let first = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => "nothing".into(),
        length if length > SHOWN => format!("{first} and {} more", length - SHOWN),
        _ => first,
    }
}

impl Explain for Error {
    fn class(&self) -> Class {
        Class::Blocked
    }

    fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::Damaged { .. } => {
                    "copy the file again from where it was issued; `openssl x509 -in fullchain.pem -noout -text` must \
                     read it"
                }
                Self::KeyText => {
                    "copy the file again from where it was made; `openssl pkey -in privkey.pem -noout` must read it"
                }
                Self::KeyInChain => {
                    "put the key into credential `privkey` alone, and issue a new one if others read it"
                }
                Self::NoCertificate { instead: Some(label) } if label == "PKCS7" => {
                    "convert it: `openssl pkcs7 -in fullchain.p7b -print_certs -out fullchain.pem`"
                }
                Self::NoCertificate { .. } => {
                    "put the certificate, then its intermediates, as PEM into credential `fullchain`"
                }
                Self::NoKey => "put the certificate's private key as PEM into credential `privkey`",
                Self::EncryptedKey => "take the passphrase off: `openssl pkey -in privkey.pem -out plain.pem`",
                Self::KeyKind { kind } if kind.lacks_public() => {
                    "add it: `openssl ec -in privkey.pem -out complete.pem`"
                }
                Self::KeyKind { .. } => {
                    "issue the certificate for another key, RSA of 2048 to 4096 bits or EC on P-256 or P-384: `openssl \
                     genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out privkey.pem`"
                }
                Self::OtherKey => "give both files of one issuance; they may have been renewed separately",
                Self::LeafNotFirst { .. } => {
                    "order the file: the certificate, then its issuer, then the issuer of that"
                }
                Self::NoIssuer { .. } => {
                    "append the issuer's certificate to the file: an ACME client writes both into `fullchain.pem`, an \
                     authority of your own has it as its root or intermediate"
                }
                Self::Faulty { fault, is_leaf, .. } => fault.hint(*is_leaf),
                Self::Names { .. } => "issue it for the domain and for its wildcard, both",
            }
            .into(),
        )
    }
}
