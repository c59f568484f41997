//! Sockets that systemd has opened for the service (`sd_listen_fds(3)`): those of a .socket unit, in its order. They stay
//! open in systemd while the service restarts, so connections that come meanwhile wait in the kernel's queue.

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use figment::value::{Dict, Value};
use rustix::net::{AddressFamily, SocketType, sockopt};

use crate::problems::Problems;

/// The sockets themselves; none where systemd has opened none.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    listeners: Vec<TcpListener>,
    handed: Handed,
}

/// Where they listen, and which unit opened them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Handed {
    unit: String,
    addresses: Vec<SocketAddr>,
}

impl Sockets {
    /// Takes them over, and forgets that they were there, so that no child of this process takes them for its own. Once, and
    /// before there is another thread.
    #[expect(
        unsafe_code,
        reason = "the environment is changed before anything else could look at it"
    )]
    pub(crate) fn take() -> Result<Self, String> {
        // SAFETY: the process has one thread yet
        let handed = unsafe { sd_notify::listen_fds_with_names_and_unset_env() };
        let mut sockets = Self::default();
        for (fd, unit) in handed.map_err(|error| format!("sockets cannot be taken from systemd: {error}"))? {
            let (listener, address) = listener(fd).map_err(|what| format!("socket {fd} of {unit} {what}"))?;
            if !sockets.listeners.is_empty() && sockets.handed.unit != unit {
                return Err(format!(
                    "sockets come from {} and from {unit}, in no order: list all addresses in one .socket",
                    sockets.handed.unit
                ));
            }
            sockets.handed.unit = unit;
            sockets.listeners.push(listener);
            sockets.handed.addresses.push(address);
        }
        Ok(sockets)
    }

    pub(crate) fn handed(&self) -> Handed {
        self.handed.clone()
    }

    pub(crate) fn into_listeners(self) -> Vec<TcpListener> {
        self.listeners
    }
}

/// The socket with this number, or why it is none to listen on.
fn listener(fd: RawFd) -> Result<(TcpListener, SocketAddr), String> {
    #[expect(unsafe_code, reason = "a number from systemd becomes a socket")]
    // SAFETY: systemd has opened it for this process, under a number that nothing else has, and it is taken once
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    let is_tcp = matches!(
        sockopt::socket_domain(&socket),
        Ok(AddressFamily::INET | AddressFamily::INET6)
    ) && matches!(sockopt::socket_type(&socket), Ok(SocketType::STREAM));
    if !is_tcp || !sockopt::socket_acceptconn(&socket).unwrap_or(false) {
        return Err(
            "takes no TCP connections: ListenStream= must be an address and a port, with Accept=no"
                .to_owned(),
        );
    }
    let listener = TcpListener::from(socket);
    let address = listener
        .local_addr()
        .map_err(|error| format!("has no address: {error}"))?;
    listener
        .set_nonblocking(true)
        .map_err(|error| format!("cannot be used: {error}"))?;
    Ok((listener, address))
}

impl Handed {
    /// Puts the sockets' addresses in place of the defaults of `keys`, of which there is one for each socket, in their order.
    /// An address that is set must be that of its socket.
    pub(crate) fn stand_in(&self, keys: &[&str], merged: &mut Dict, problems: &mut Problems) {
        let Self { unit, addresses } = self;
        if addresses.is_empty() {
            return;
        }
        if addresses.len() != keys.len() {
            problems.add_unkeyed(self.other_number(keys));
            return;
        }
        let defaults: Vec<Option<u16>> = keys.iter().map(|key| port(merged, key)).collect();
        for ((index, key), address) in keys.iter().enumerate().zip(addresses) {
            if problems.is_set(key) {
                if text(merged, key).and_then(|set| set.parse().ok()) != Some(*address) {
                    let set = text(merged, key).unwrap_or_default();
                    problems.add(
                        key,
                        format!(
                            "is `{set}`, but {unit} listens on {address}: make both the same, or leave out {key}"
                        ),
                    );
                }
                continue;
            }
            // in another order, every port would still be open, and nothing would work
            let other = (0..keys.len()).find(|other| {
                *other != index && !problems.is_set(keys[*other]) && defaults[*other] == Some(address.port())
            });
            if let Some(other) = other {
                problems.add(
                    key,
                    format!(
                        "{unit} lists {address} for it, whose port is that of {}: its addresses are, in this order, {}",
                        keys[other],
                        keys.join(", ")
                    ),
                );
            }
            set(merged, key, &address.to_string());
        }
    }

    fn other_number(&self, keys: &[&str]) -> String {
        if keys.is_empty() {
            return format!("{self}, but this service takes none: it opens its ports itself");
        }
        format!(
            "{self}, but there must be {}, in this order: {}",
            keys.len(),
            keys.join(", ")
        )
    }
}

/// As a sentence's beginning.
impl fmt::Display for Handed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses: Vec<String> = self.addresses.iter().map(SocketAddr::to_string).collect();
        write!(f, "{} hands over {}", self.unit, addresses.join(", "))
    }
}

fn text(dict: &Dict, key: &str) -> Option<String> {
    Value::from(dict.clone()).find(key)?.into_string()
}

fn port(dict: &Dict, key: &str) -> Option<u16> {
    let address: SocketAddr = text(dict, key)?.parse().ok()?;
    Some(address.port())
}

fn set(dict: &mut Dict, key: &str, value: &str) {
    match key.split_once('.') {
        None => {
            dict.insert(key.to_owned(), Value::from(value));
        }
        Some((first, rest)) => {
            if let Some(Value::Dict(_, inner)) = dict.get_mut(first) {
                set(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
