//! Keys and signatures as Nix has them: `name:` and base-64, Ed25519.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

/// A key that signs, as `nix-store --generate-binary-cache-key` writes it: `name:` and base-64 of the seed and the
/// public key.
pub struct SecretKey {
    name: Box<str>,
    seed: [u8; 32],
    pair: Ed25519KeyPair,
}

/// A key that signatures are checked with: `name:` and base-64 of 32 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    name: Box<str>,
    bytes: [u8; 32],
}

/// A signature and whose it is: `name:` and base-64 of 64 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    name: Box<str>,
    bytes: [u8; 64],
}

/// Text that is no key, or no signature. It does not repeat the text, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Not `name:base64` with the right number of bytes.
    #[error("not a {what}, which is a name, a colon and {bytes} bytes in base-64")]
    Form {
        /// What it should have been.
        what: &'static str,
        /// How many bytes that has.
        bytes: usize,
    },
    /// The two halves of a secret key do not belong together.
    #[error("the two halves of the secret key do not belong together")]
    Halves,
}

impl SecretKey {
    /// A new key of this name, from the system's source of random numbers.
    pub fn generate(name: &str) -> Result<Self, InvalidKey> {
        let form = InvalidKey::Form {
            what: "secret key",
            bytes: 64,
        };
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).map_err(|_| form.clone())?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| form.clone())?;
        Ok(Self {
            name: valid_name(name).ok_or(form)?.into(),
            seed,
            pair,
        })
    }

    /// Its name, which signatures carry.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What others check its signatures with.
    pub fn public(&self) -> PublicKey {
        PublicKey {
            name: self.name.clone(),
            bytes: self.public_bytes(),
        }
    }

    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> Signature {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(self.pair.sign(message).as_ref());
        Signature {
            name: self.name.clone(),
            bytes,
        }
    }

    /// What stands in its file. This is the secret itself: write it to nothing that others can read.
    pub fn expose(&self) -> String {
        let bytes = [self.seed, self.public_bytes()].concat();
        format!("{}:{}", self.name, BASE64_STANDARD.encode(bytes))
    }

    fn public_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        bytes
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({}:…)", self.name)
    }
}

impl FromStr for SecretKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let (name, bytes) = named::<64>("secret key", text.trim_end())?;
        let (seed, public) = bytes.split_at(32);
        let pair = Ed25519KeyPair::from_seed_and_public_key(seed, public).map_err(|_| InvalidKey::Halves)?;
        let mut half = [0; 32];
        half.copy_from_slice(seed);
        Ok(Self {
            name,
            seed: half,
            pair,
        })
    }
}

impl PublicKey {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the signature is by this key, and of this message.
    pub fn signed(&self, message: &[u8], signature: &Signature) -> bool {
        signature.name == self.name
            && UnparsedPublicKey::new(&ED25519, &self.bytes)
                .verify(message, &signature.bytes)
                .is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, BASE64_STANDARD.encode(self.bytes))
    }
}

impl FromStr for PublicKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let (name, bytes) = named("public key", text.trim_end())?;
        Ok(Self { name, bytes })
    }
}

impl Signature {
    /// The name of the key that it says it is by.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, BASE64_STANDARD.encode(self.bytes))
    }
}

impl FromStr for Signature {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let (name, bytes) = named("signature", text)?;
        Ok(Self { name, bytes })
    }
}

/// `name:base64` of N bytes.
fn named<const N: usize>(what: &'static str, text: &str) -> Result<(Box<str>, [u8; N]), InvalidKey> {
    text.split_once(':')
        .and_then(|(name, digits)| {
            let bytes = BASE64_STANDARD.decode(digits).ok()?;
            Some((valid_name(name)?.into(), bytes.try_into().ok()?))
        })
        .ok_or(InvalidKey::Form { what, bytes: N })
}

/// A name without what would break a line apart.
fn valid_name(name: &str) -> Option<&str> {
    let valid = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
    valid.then_some(name)
}

#[cfg(test)]
mod tests;
