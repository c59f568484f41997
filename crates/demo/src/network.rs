//! The loopback network that a box lives on.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// The first three numbers of every address, `127.0.0`: a box on another network does not meet this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network([u8; 3]);

impl Network {
    /// The address of a host, by its last number.
    pub(crate) fn host(self, host: u8) -> Ipv4Addr {
        let [a, b, c] = self.0;
        Ipv4Addr::new(a, b, c, host)
    }

    /// The second and the third number as one.
    pub(crate) fn number(self) -> u16 {
        let [_, b, c] = self.0;
        u16::from_be_bytes([b, c])
    }
}

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<_> = text.split('.').map(u8::from_str).collect();
        match parts[..] {
            [Ok(127), Ok(b), Ok(c)] => Ok(Self([127, b, c])),
            _ => Err("must be the first three numbers of a loopback address, as in 127.0.0"),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c] = self.0;
        write!(f, "{a}.{b}.{c}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_loopback_prefixes() {
        assert_eq!("127.77.3".parse::<Network>().unwrap().to_string(), "127.77.3");
        for wrong in ["127.0", "127.0.0.1", "10.0.0", "127.0.256", "127.0.x", ""] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
