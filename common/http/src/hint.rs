//! The class and the hint of each failure.

use base::error::{Class, Explain};

use super::error::{AuthMethod, Call, Error, Refusal, Service};

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Address { .. } => Class::Configuration,
            Self::Unreachable { .. }
            | Self::Deadline { .. }
            | Self::Synchronising { .. }
            | Self::NotServed { .. }
            | Self::Failing { .. }
            | Self::CutOff { .. } => Class::Transient,
            Self::Client { .. }
            | Self::Tls { .. }
            | Self::Redirected { .. }
            | Self::RedirectLoop { .. }
            | Self::Elsewhere { .. }
            | Self::WebPage { .. }
            | Self::Refused { .. } => Class::Blocked,
            Self::NotFound { .. } | Self::Rejected { .. } | Self::NotUnderstood { .. } | Self::TooLarge { .. } => {
                Class::Failed
            }
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Address { service: Service::Gitea, .. } => "set gitea.address to Gitea's own ROOT_URL".into(),
            Self::Address { service: Service::Drone, .. } => {
                "set domain to the name Drone is to be served under".into()
            }
            Self::Address { service: Service::Own(_), .. } => "set domain to the name it is to be served under".into(),
            Self::Client { .. } => {
                "check that the system's certificate authorities can be read (SSL_CERT_FILE, /etc/ssl/certs)".into()
            }
            Self::Unreachable { call, .. }
            | Self::Deadline { call, .. }
            | Self::Failing { call, .. }
            | Self::NotServed { call } => running(call),
            Self::Synchronising { .. } => {
                "run this again when Drone is done; see the log of Drone's service if it never is".into()
            }
            Self::Tls { call, .. } => match call.service {
                Service::Gitea => "check Gitea's certificate: this host must trust who signed it, and it must name \
                                   Gitea's host and be in date"
                    .into(),
                Service::Drone | Service::Own(_) => {
                    "check what Traefik serves (converge traefik --plan) and that this host trusts who \
                                   signed its certificate"
                        .into()
                }
            },
            Self::Redirected { call, to } => match call.service {
                Service::Gitea => format!("set gitea.address to Gitea's own ROOT_URL; it sends callers to {to}"),
                Service::Drone | Service::Own(_) => running(call),
            },
            Self::RedirectLoop { .. } => {
                "check the proxies before Gitea and Drone, and that Gitea's ROOT_URL is gitea.address".into()
            }
            Self::Elsewhere { to, .. } => {
                format!("make gitea.address the same as Gitea's ROOT_URL if {to} is Gitea's other name")
            }
            Self::WebPage { call, .. } => {
                format!(
                    "check that {} itself answers under {}, not a login or maintenance page",
                    call.service, call.address
                )
            }
            Self::Refused { call, because, by, .. } => refused(call, *because, *by),
            Self::CutOff { call, .. } => format!("check the proxy before {} and its log", call.service),
            Self::NotFound { call, .. } => match call.service {
                Service::Gitea => "check that it exists in Gitea and that the bot may see it".into(),
                Service::Drone => {
                    "check that it exists in Gitea, that the bot may see it there, and that Drone has asked \
                                   for it since"
                        .into()
                }
                Service::Own(name) => format!("check that the version of {name} is the one that is declared"),
            },
            Self::Rejected { call, .. } | Self::NotUnderstood { call, .. } | Self::TooLarge { call, .. } => {
                format!("check that the version of {} is one that is supported", call.service)
            }
        };
        Some(hint)
    }
}

/// The hint for a server that does not answer as it should.
fn running(call: &Call) -> String {
    match call.service {
        Service::Gitea => format!("check that Gitea runs and that this host reaches it: curl {}", call.address),
        Service::Drone => "see Drone's service and its log (docker service ls, docker service logs) and \
                           converge-traefik.service"
            .into(),
        Service::Own(name) => format!("see its log (docker service logs {name}) and converge-traefik.service"),
    }
}

fn refused(call: &Call, because: Refusal, by: AuthMethod) -> String {
    match (call.service, because) {
        (Service::Gitea, Refusal::Credentials) if by == AuthMethod::Token => {
            "make a token for the bot in Gitea and put it into the credential `gitea-token`".into()
        }
        (Service::Gitea, Refusal::Credentials) => {
            "check gitea.bot and the credential `gitea-password`; the bot must have no two-factor login".into()
        }
        (_, Refusal::TwoFactor) => "turn two-factor login off for the bot; a program cannot do it".into(),
        (_, Refusal::MustChangePassword) if by == AuthMethod::Token => {
            "sign in as the bot once by hand and change its password; its tokens stay".into()
        }
        (_, Refusal::MustChangePassword) => {
            "sign in as the bot once by hand, change its password, and put the new one into the credential \
             `gitea-password`"
                .into()
        }
        (_, Refusal::Prohibited) => "let an administrator of Gitea allow the bot to sign in".into(),
        (Service::Gitea, Refusal::Scope) => {
            "make a token for the bot with the scopes read:repository, write:issue, read:organization and read:user, \
             and put it into the credential `gitea-token`"
                .into()
        }
        (Service::Gitea, Refusal::Rights) if by == AuthMethod::Token => {
            "give the bot the right to do this in Gitea, and its token the scope".into()
        }
        (Service::Gitea, Refusal::Rights) => "give the bot the right to do this in Gitea".into(),
        (Service::Own(_), _) => "see its log (docker service logs)".into(),
        (Service::Drone, _) => "Drone does not accept the token; without one it is renewed by a login".into(),
    }
}
