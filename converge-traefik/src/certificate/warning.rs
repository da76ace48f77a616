//! The parts of a certificate's files that work, and that an operator should look at.

use super::pem::Flaw;

/// A part to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The text is no clean PEM.
    Flaws {
        /// The credential.
        credential: &'static str,
        /// The flaws.
        flaws: Vec<Flaw>,
    },
    /// An entry cannot be read.
    Damaged {
        /// The position in the file, from 1.
        number: usize,
    },
    /// An entry is something else than a certificate.
    NoCertificate {
        /// The position in the file, from 1.
        number: usize,
        /// The label.
        label: String,
    },
    /// The same certificate twice.
    Duplicate {
        /// The position in the file, from 1.
        number: usize,
        /// The position of the first one.
        first: usize,
    },
    /// A second certificate of an issuer on the path.
    Twin {
        /// The position in the file, from 1.
        number: usize,
        /// The subject.
        subject: String,
    },
    /// A certificate that no path needs.
    Stray {
        /// The position in the file, from 1.
        number: usize,
        /// The subject.
        subject: String,
    },
    /// A root beyond the leaf's own issuer.
    Root {
        /// The position in the file, from 1.
        number: usize,
        /// The subject.
        subject: String,
    },
    /// An issuer is spelled in another way than its certificate spells itself.
    OtherSpelling {
        /// The position in the file, from 1.
        number: usize,
        /// The position of the issuer.
        issuer: usize,
    },
}

impl Warning {
    /// The position in the file that the warning is about; 0 for the whole file.
    pub fn number(&self) -> usize {
        match self {
            Self::Flaws { .. } => 0,
            Self::Damaged { number }
            | Self::NoCertificate { number, .. }
            | Self::Duplicate { number, .. }
            | Self::Twin { number, .. }
            | Self::Stray { number, .. }
            | Self::Root { number, .. }
            | Self::OtherSpelling { number, .. } => *number,
        }
    }

    /// The state in words.
    pub fn message(&self) -> String {
        let of_chain = |number: &usize| format!("entry {number} of credential `fullchain`");
        match self {
            Self::Flaws { credential, flaws } => {
                let told: Vec<String> = flaws.iter().map(ToString::to_string).collect();
                format!("credential `{credential}` is no clean PEM ({}); it is encoded anew", told.join(", "))
            }
            Self::Damaged { number } => format!("{} is damaged and left out", of_chain(number)),
            Self::NoCertificate { number, label } => {
                format!("{} is a {label}, not a certificate, and left out", of_chain(number))
            }
            Self::Duplicate { number, first } => {
                format!("{} is the same as entry {first} and left out", of_chain(number))
            }
            Self::Twin { number, subject } => {
                format!("{} is a second certificate of {subject}; it is served at the end", of_chain(number))
            }
            Self::Stray { number, subject } => {
                format!("{} ({subject}) is not needed by the chain and left out", of_chain(number))
            }
            Self::Root { number, subject } => {
                format!("{} ({subject}) is a root; clients have their own and ignore it", of_chain(number))
            }
            Self::OtherSpelling { number, issuer } => format!(
                "{} spells its issuer in another way than entry {issuer} spells itself; some clients refuse that",
                of_chain(number)
            ),
        }
    }

    /// The remedy.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Flaws { .. } => {
                "write the file anew, for example with `openssl x509 -in fullchain.pem` or `openssl pkey -in privkey.pem`"
            }
            Self::Damaged { .. } => "copy the file again from where it was issued",
            Self::OtherSpelling { .. } => "ask the authority for a chain whose names agree",
            _ => "take it out of the file; the certificate, then its intermediates, are enough",
        }
    }
}
