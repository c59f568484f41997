//! The locks of the collector's doors: encryption and tokens. They can be changed while it runs.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::{HeaderMap, header};
use service::tls::Tls;
use subtle::{Choice, ConstantTimeEq};

use super::Refusal;
use crate::config;

/// The locks of the collector's doors. Clones are handles to one.
#[derive(Debug, Clone)]
pub(crate) struct Security(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    otlp: Tls,
    data: Tls,
    tokens: RwLock<Option<Tokens>>,
}

impl Security {
    pub(crate) fn new(config: &config::Security) -> Self {
        let security = Self(Arc::new(Inner {
            otlp: Tls::off(),
            data: Tls::off(),
            tokens: RwLock::new(None),
        }));
        security.reload(config);
        security
    }

    /// Takes other files over: certificates for new connections, tokens for new requests.
    pub(crate) fn reload(&self, config: &config::Security) {
        let Inner { otlp, data, tokens } = &*self.0;
        otlp.replace(config.identity.clone());
        data.replace(config.identity.clone().filter(|_| config.data));
        tokens
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&config.tokens);
    }

    /// How the ports of OTLP are encrypted.
    pub(crate) fn otlp(&self) -> Tls {
        self.0.otlp.clone()
    }

    /// How scrapes are encrypted.
    pub(crate) fn data(&self) -> Tls {
        self.0.data.clone()
    }

    /// Whether a request may come in: it shows a token that is known, or none is needed.
    pub(super) fn authenticate(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let tokens = self.0.tokens.read().unwrap_or_else(PoisonError::into_inner);
        let Some(tokens) = &*tokens else {
            return Ok(());
        };
        let Some(shown) = headers.get(header::AUTHORIZATION) else {
            return Err(Refusal::NoToken);
        };
        if bearer(shown.as_bytes()).is_some_and(|token| tokens.know(token)) {
            Ok(())
        } else {
            Err(Refusal::WrongToken)
        }
    }
}

/// The token of an `authorization` header (RFC 6750, section 2.1).
fn bearer(header: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = header.split_at_checked("Bearer ".len())?;
    scheme
        .eq_ignore_ascii_case(b"Bearer ")
        .then_some(token.trim_ascii())
}

/// What senders may show. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Tokens(Arc<[Box<[u8]>]>);

/// Why a text holds no tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokensError {
    #[error("holds no token; write one per line, such as from `openssl rand -hex 32`")]
    Empty,
    #[error("line {0} is no token: letters, digits and -._~+/= without spaces between them, nothing else")]
    Characters(usize),
}

impl Tokens {
    /// Tokens, one per line. Empty lines, and those that begin with `#`, are none.
    pub(crate) fn parse(text: &str) -> Result<Self, TokensError> {
        let lines = text.lines().map(str::trim).enumerate();
        let mut tokens = Vec::new();
        for (index, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
            if !line.bytes().all(is_token) {
                return Err(TokensError::Characters(index + 1));
            }
            tokens.push(line.as_bytes().into());
        }
        if tokens.is_empty() {
            return Err(TokensError::Empty);
        }
        Ok(Self(tokens.into()))
    }

    /// Whether the token is one of these. How long that takes tells nothing but its length.
    fn know(&self, token: &[u8]) -> bool {
        let known = self
            .0
            .iter()
            .fold(Choice::from(0), |known, one| known | one.ct_eq(token));
        known.into()
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn security(tokens: Option<&str>) -> config::Security {
        config::Security {
            identity: None,
            data: false,
            certified_clients: false,
            tokens: tokens.map(|tokens| Tokens::parse(tokens).expect("tokens")),
        }
    }

    #[test]
    fn a_token_opens_until_it_is_taken_from_the_list() {
        let lock = Security::new(&security(Some("# of the shop\none\n\n two=\n")));
        let shows = |value: &'static str| {
            let value = (header::AUTHORIZATION, HeaderValue::from_static(value));
            lock.authenticate(&HeaderMap::from_iter([value]))
        };
        assert_eq!(shows("Bearer one"), Ok(()));
        assert_eq!(shows("bearer   two="), Ok(()));
        for wrong in [
            "Bearer on",
            "Bearer one1",
            "Bearer ",
            "Bearer",
            "one",
            "Basic one",
            "Bearer # of the shop",
        ] {
            assert_eq!(shows(wrong), Err(Refusal::WrongToken), "{wrong}");
        }
        assert_eq!(lock.authenticate(&HeaderMap::new()), Err(Refusal::NoToken));

        lock.reload(&security(Some("three")));
        assert_eq!(shows("Bearer one"), Err(Refusal::WrongToken));
        assert_eq!(shows("Bearer three"), Ok(()));
        lock.reload(&security(None));
        assert_eq!(lock.authenticate(&HeaderMap::new()), Ok(()));
    }

    #[test]
    fn what_is_no_token_is_told_without_telling_it() {
        assert_eq!(Tokens::parse("\n# one\n"), Err(TokensError::Empty));
        assert_eq!(Tokens::parse("one\nse cret\n"), Err(TokensError::Characters(2)));
        assert_eq!(Tokens::parse("ключ"), Err(TokensError::Characters(1)));
        let tokens = Tokens::parse("secret\nother").expect("tokens");
        assert_eq!(format!("{tokens:?}"), "Tokens(2)");
    }
}
