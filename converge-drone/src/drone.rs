//! What converge-drone asks of Drone.
