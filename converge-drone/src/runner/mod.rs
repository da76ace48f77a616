//! Takes stages from Drone and runs each step as a transient systemd service.
