//! Notifications of this process to systemd, as `sd_notify(3)` has them. Without systemd they do nothing.

use sd_notify::NotifyState;

/// Sets the line that `systemctl status` shows.
pub fn status(line: &str) {
    send(&[NotifyState::Status(line)]);
}

/// The start, or a reload, is complete.
pub fn ready() {
    send(&[NotifyState::Ready]);
}

/// A reload begins; [`ready`] ends it.
pub fn reloading() {
    if let Ok(time) = NotifyState::monotonic_usec_now() {
        send(&[NotifyState::Reloading, time]);
    }
}

/// The shutdown begins.
pub fn stopping() {
    send(&[NotifyState::Stopping]);
}

fn send(states: &[NotifyState<'_>]) {
    if std::env::var_os("NOTIFY_SOCKET").is_some()
        && let Err(error) = sd_notify::notify(states)
    {
        tracing::debug!("cannot notify systemd: {error}");
    }
}
