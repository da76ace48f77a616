//! The mistakes in a certificate or its key, each with a hint.

use base::error::{Class, Explain};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustls_pki_types::pem;

/// The reason why a certificate and its key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The chain is no well-formed PEM.
    #[error("credential `fullchain` is damaged PEM text")]
    ChainText {
        /// The cause.
        source: pem::Error,
    },
    /// The chain holds a key.
    #[error("credential `fullchain` contains a private key")]
    KeyInChain,
    /// The chain has no certificate.
    #[error("credential `fullchain` contains no certificate")]
    NoCertificate,
    /// A certificate in the chain cannot be parsed.
    #[error("certificate {number} in credential `fullchain` is damaged: {why}")]
    Damaged {
        /// The position in the chain, from 1.
        number: usize,
        /// The cause.
        why: String,
    },
    /// The key is not well-formed PEM. The parser's message is left out: it may quote the key.
    #[error("credential `privkey` is damaged PEM text")]
    KeyText,
    /// There is no key.
    #[error("credential `privkey` contains no private key")]
    NoKey,
    /// The key needs a passphrase.
    #[error("the key in credential `privkey` is encrypted with a passphrase")]
    EncryptedKey,
    /// The key is of a kind that cannot be used, or its content is damaged.
    #[error("the key in credential `privkey` cannot be used")]
    KeyKind {
        /// The cause.
        source: rustls::Error,
    },
    /// The key belongs to another certificate.
    #[error("the key in credential `privkey` does not belong to the certificate in credential `fullchain`")]
    OtherKey,
    /// The certificate is not the first of the chain.
    #[error("the certificate of this key is number {number} in credential `fullchain`, and must be the first")]
    LeafNotFirst {
        /// The position in the chain, from 1.
        number: usize,
    },
    /// The chain is not in order.
    #[error("certificate {number} in credential `fullchain` ({subject}) did not issue the one before it, {wanted} did")]
    OutOfOrder {
        /// The position in the chain, from 1.
        number: usize,
        /// The subject of the certificate there.
        subject: String,
        /// The subject of the certificate that should be there.
        wanted: String,
    },
    /// Names are missing.
    #[error("the certificate does not cover {}; it names {}", missing.join(" and "), or_nothing(names))]
    Names {
        /// The names that are missing.
        missing: Vec<String>,
        /// The names it has.
        names: Vec<String>,
    },
    /// The certificate is not valid yet.
    #[error("the certificate is not valid before {}", day(*from))]
    NotYetValid {
        /// The start of its validity.
        from: Timestamp,
    },
    /// The certificate has expired.
    #[error("the certificate expired on {}", day(*until))]
    Expired {
        /// The end of its validity.
        until: Timestamp,
    },
}

fn or_nothing(names: &[String]) -> String {
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}

fn day(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string()
}

impl Explain for Error {
    fn class(&self) -> Class {
        Class::Blocked
    }

    fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::ChainText { .. } | Self::Damaged { .. } | Self::KeyText => {
                    "copy the file again from where it was issued; `openssl x509 -in fullchain.pem -noout -text` must \
                     read it"
                }
                Self::KeyInChain => {
                    "put the key into credential `privkey` alone, and issue a new one if others read it"
                }
                Self::NoCertificate => {
                    "put the certificate, then its intermediates, as PEM into credential `fullchain`"
                }
                Self::NoKey => "put the certificate's private key as PEM into credential `privkey`",
                Self::EncryptedKey => "take the passphrase off: `openssl pkey -in privkey.pem -out plain.pem`",
                Self::KeyKind { .. } => "use an RSA key of 2048 bits or more, or an EC key on P-256 or P-384",
                Self::OtherKey => "give both files of one issuance; they may have been renewed separately",
                Self::LeafNotFirst { .. } | Self::OutOfOrder { .. } => {
                    "order the file: the certificate, then who issued it, then who issued that"
                }
                Self::Names { .. } => "issue it for the domain and for its wildcard, both",
                Self::NotYetValid { .. } => "check this machine's clock, or wait until then",
                Self::Expired { .. } => {
                    "renew it, replace both credentials, `systemctl restart converge-traefik.service`"
                }
            }
            .into(),
        )
    }
}
