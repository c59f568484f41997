//! Sockets that take TCP connections, and whose they are.

use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use crate::facts::Answer;
use crate::facts::security::{Listener, Process};

/// The state LISTEN.
const LISTEN: &str = "0A";

/// `proc` is `/proc`.
pub(super) fn read(proc: &Path) -> Answer<Vec<Listener>> {
    let path = proc.join("net/tcp");
    let mut found = parse(
        &fs::read_to_string(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?,
    );
    // a kernel can be without IPv6
    found.extend(parse(
        &fs::read_to_string(proc.join("net/tcp6")).unwrap_or_default(),
    ));
    let mut owners = owners(proc);
    let mut listeners: Vec<_> = found
        .into_iter()
        .map(|(address, inode)| Listener {
            address,
            process: owners.remove(&inode),
        })
        .collect();
    // several sockets can share an address
    listeners.sort_by_key(|listener| (listener.address, listener.process.is_none()));
    listeners.dedup_by_key(|listener| listener.address);
    Ok(listeners)
}

/// Total: a line that cannot be understood is left out. Address and inode of each socket that listens.
fn parse(text: &str) -> Vec<(SocketAddr, u64)> {
    text.lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let local = fields.next()?;
            let state = fields.nth(1)?;
            let inode = fields.nth(5)?.parse().ok()?;
            (state == LISTEN).then_some((address(local)?, inode))
        })
        .collect()
}

/// `0100007F:1F90` is 127.0.0.1:8080 on a little-endian machine: words in its own order.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let mut bytes = [0; 16];
    if ip.len() != 8 && ip.len() != 32 {
        return None;
    }
    for (index, word) in bytes.chunks_exact_mut(4).take(ip.len() / 8).enumerate() {
        let digits = ip.get(index * 8..index * 8 + 8)?;
        word.copy_from_slice(&u32::from_str_radix(digits, 16).ok()?.to_ne_bytes());
    }
    let ip = if ip.len() == 8 {
        let [a, b, c, d, ..] = bytes;
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    } else {
        // a socket for both families that is bound to an address of the older one
        Ipv6Addr::from(bytes).to_canonical()
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

/// Processes by their sockets' inodes; of others' processes nothing is seen, except by root.
fn owners(proc: &Path) -> HashMap<u64, Process> {
    let mut owners = HashMap::new();
    let processes = fs::read_dir(proc).into_iter().flatten().flatten();
    for process in processes {
        let Some(id) = process.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let files = fs::read_dir(process.path().join("fd"))
            .into_iter()
            .flatten()
            .flatten();
        let sockets: Vec<u64> = files
            .filter_map(|file| {
                let target = fs::read_link(file.path()).ok()?;
                let inode = target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
                inode.parse().ok()
            })
            .collect();
        if sockets.is_empty() {
            continue;
        }
        let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
        for socket in sockets {
            owners.insert(
                socket,
                Process {
                    name: name.trim_end().to_owned(),
                    id,
                },
            );
        }
    }
    owners
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    const TCP: &str = "  \
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 100 0 0 10 0
   2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000000000000000 100 0 0 10 0
   3: nonsense
";
    const TCP6: &str = "
   0: 00000000000000000000000000000000:0BB8 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4714 1
   1: 00000000000000000000000001000000:0BB9 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4715 1
   2: 0000000000000000FFFF00000100000A:0BBA 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4716 1
";

    #[test]
    #[cfg(target_endian = "little")]
    fn reads_those_that_listen() {
        let addresses = |text: &str| -> Vec<_> {
            parse(text)
                .into_iter()
                .map(|(address, inode)| (address.to_string(), inode))
                .collect()
        };
        let at = |address: &str, inode: u64| (address.to_owned(), inode);
        assert_eq!(
            addresses(TCP),
            [at("127.0.0.1:8080", 4711), at("0.0.0.0:22", 4712)]
        );
        assert_eq!(
            addresses(TCP6),
            [
                at("[::]:3000", 4714),
                at("[::1]:3001", 4715),
                at("10.0.0.1:3002", 4716)
            ]
        );
    }

    #[test]
    fn finds_a_socket_of_its_own_and_whose_it_is() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let found = read(Path::new("/proc")).unwrap();
        let own = found
            .into_iter()
            .find(|listener| listener.address == address)
            .unwrap();
        assert_eq!(own.process.unwrap().id, std::process::id());
    }
}
