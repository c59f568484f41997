//! What a service tells systemd (`sd_notify(3)`). Without systemd, all of it is silent.

use sd_notify::NotifyState;

/// Says how the service is: readiness, stopping, one line of status.
pub(crate) fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(error = %error, "could not notify systemd");
    }
}

/// Starts a reload. systemd wants the time with it, to tell this reload's READY from an earlier one.
pub(crate) fn notify_reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(error = %error, "could not read the monotonic clock"),
    }
}
