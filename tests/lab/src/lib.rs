//! The lab: a disposable machine with real systemd, D-Bus, Docker and Swarm.
