//! Brings one machine to a single-node Docker Swarm with its networks.
