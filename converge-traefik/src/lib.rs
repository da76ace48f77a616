//! Deploys the Traefik recipe with a wildcard certificate and keeps it that way.

pub mod certificate;
