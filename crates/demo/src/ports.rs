//! Makes sure that every port of the box is free, and names who holds the ones that are not.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener};

use crate::part::{Part, Port};

/// A port that a part will need and cannot have.
#[derive(Debug)]
pub(crate) struct Conflict {
    part: String,
    port: Port,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    Taken(Option<Holder>),
    Other(io::Error),
}

#[derive(Debug)]
struct Holder {
    pid: u32,
    command: String,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { part, port, reason } = self;
        write!(f, "{part} cannot listen on {} ({}): ", port.address, port.what)?;
        match reason {
            Reason::Taken(Some(Holder { pid, command })) => {
                write!(
                    f,
                    "process {pid} has that port ({command}); stop it, or choose other addresses with --network"
                )
            }
            Reason::Taken(None) => {
                write!(
                    f,
                    "a process of another user has that port; choose other addresses with --network"
                )
            }
            Reason::Other(error) => write!(f, "{error}"),
        }
    }
}

/// Every port of `parts` that is not free.
pub(crate) fn conflicts(parts: &[Part]) -> Vec<Conflict> {
    let ports = parts
        .iter()
        .flat_map(|part| part.ports.iter().map(move |port| (part, *port)));
    ports
        .filter_map(|(part, port)| {
            let reason = match TcpListener::bind(port.address) {
                Ok(_) => return None,
                Err(error) if error.kind() == ErrorKind::AddrInUse => Reason::Taken(holder(port.address)),
                Err(error) => Reason::Other(error),
            };
            Some(Conflict {
                part: part.name.clone(),
                port,
                reason,
            })
        })
        .collect()
}

fn holder(address: SocketAddrV4) -> Option<Holder> {
    let listener = listeners::get_all().ok()?.into_iter().find(|listener| {
        listener.protocol == listeners::Protocol::TCP
            && listener.state == listeners::SocketState::Listen
            && covers(listener.socket, address)
    })?;
    let pid = listener.process.pid;
    let command = command_of(pid).unwrap_or(listener.process.name);
    Some(Holder { pid, command })
}

/// Whether a listener on `bound` keeps `wanted` from being bound: the same address, or all addresses.
fn covers(bound: SocketAddr, wanted: SocketAddrV4) -> bool {
    let same_address = match bound.ip() {
        IpAddr::V4(ip) => ip == *wanted.ip() || ip == Ipv4Addr::UNSPECIFIED,
        IpAddr::V6(ip) => ip.is_unspecified() || ip.to_ipv4_mapped() == Some(*wanted.ip()),
    };
    same_address && bound.port() == wanted.port()
}

/// The command line of a process, cut to what fits in a sentence.
fn command_of(pid: u32) -> Option<String> {
    const LONGEST: usize = 120;
    let raw = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words: Vec<_> = raw
        .split(|byte| *byte == 0)
        .map(String::from_utf8_lossy)
        .filter(|word| !word.is_empty())
        .collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        None if line.is_empty() => None,
        None => Some(line),
        Some((end, _)) => Some(format!("{}…", &line[..end])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::{Probe, Stage};
    use crate::programs::Program;

    fn part_on(address: SocketAddrV4) -> Part {
        Part {
            name: "prometheus".to_owned(),
            place: "a".to_owned(),
            program: Program::Prometheus,
            arguments: vec![],
            environment: vec![],
            folder: "/".into(),
            files: vec![],
            ports: vec![Port {
                what: "HTTP",
                address,
            }],
            probe: Probe::Running,
            needs: vec![],
            stage: Stage::Store,
            grace: std::time::Duration::ZERO,
        }
    }

    fn v4(address: SocketAddr) -> SocketAddrV4 {
        match address {
            SocketAddr::V4(address) => address,
            SocketAddr::V6(_) => unreachable!("bound to IPv4"),
        }
    }

    #[test]
    fn names_port_part_and_holder() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = v4(taken.local_addr().unwrap());
        let conflicts = conflicts(&[part_on(address)]);
        assert_eq!(conflicts.len(), 1);
        let told = conflicts[0].to_string();
        let me = std::process::id();
        assert!(
            told.starts_with(&format!(
                "prometheus cannot listen on {address} (HTTP): process {me} has that port (/"
            )),
            "{told}"
        );
        assert!(
            told.ends_with("); stop it, or choose other addresses with --network"),
            "{told}"
        );
    }

    #[test]
    fn a_listener_on_all_addresses_counts() {
        let taken = TcpListener::bind("0.0.0.0:0").unwrap();
        let address = SocketAddrV4::new(Ipv4Addr::new(127, 9, 9, 9), taken.local_addr().unwrap().port());
        let told = conflicts(&[part_on(address)])[0].to_string();
        assert!(
            told.contains(&format!("process {} has that port", std::process::id())),
            "{told}"
        );
    }

    #[test]
    fn a_free_port_is_no_conflict() {
        let address = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            v4(listener.local_addr().unwrap())
        };
        assert!(conflicts(&[part_on(address)]).is_empty());
    }

    #[test]
    fn an_address_that_is_not_ours_is_told_as_it_is() {
        // a documentation address (RFC 5737): no machine has it
        let address = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 9090);
        let told = conflicts(&[part_on(address)])[0].to_string();
        assert!(
            told.starts_with(
                "prometheus cannot listen on 192.0.2.1:9090 (HTTP): Cannot assign requested address"
            ),
            "{told}"
        );
    }
}
