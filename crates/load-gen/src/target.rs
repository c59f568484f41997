use std::fmt;
use std::str::FromStr;

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

/// A service under load, written `http://127.0.0.11:8080` or, with its environment, `prod=http://127.0.0.11:8080`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) environment: Option<String>,
    authority: Authority,
}

/// The text names no target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InvalidTarget {
    /// The text as it was given.
    NoUrl(String),
    /// It holds an @. The text is not kept, so that no log repeats a password.
    Credentials,
}

impl fmt::Display for InvalidTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoUrl(text) => write!(
                f,
                "must be a URL such as http://127.0.0.11:8080 or, with its environment, prod=http://127.0.0.11:8080; is {text:?}"
            ),
            Self::Credentials => f.write_str(
                "must be without user name, password and @, because it is written to the log, and requests carry no credentials",
            ),
        }
    }
}

impl Target {
    /// Where the target takes connections: `127.0.0.11:8080`.
    pub(crate) fn address(&self) -> String {
        let port = self.authority.port_u16().unwrap_or(80);
        format!("{}:{port}", self.authority.host())
    }

    /// The whole URL of a path.
    pub(crate) fn url(&self, path: &Uri) -> Uri {
        let mut parts = path.clone().into_parts();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.authority.clone());
        parts.path_and_query.get_or_insert(PathAndQuery::from_static("/"));
        Uri::from_parts(parts).expect("scheme, authority and path make a URL")
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.authority)
    }
}

impl FromStr for Target {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        if text.contains('@') {
            return Err(InvalidTarget::Credentials);
        }
        let invalid = || InvalidTarget::NoUrl(text.to_owned());
        // before an equals sign within a URL there is always a colon
        let (environment, url) = match text.trim().split_once('=') {
            Some((name, url)) if !name.contains(':') => (Some(name.trim().to_owned()), url.trim()),
            _ => (None, text.trim()),
        };
        let parts = url.parse::<Uri>().map_err(|_| invalid())?.into_parts();
        let no_path = parts.path_and_query.is_none_or(|path| path == "/");
        if parts.scheme != Some(Scheme::HTTP) || !no_path || environment.as_deref() == Some("") {
            return Err(invalid());
        }
        Ok(Self {
            environment,
            authority: parts.authority.ok_or_else(invalid)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_url_with_or_without_an_environment() {
        let plain: Target = "http://127.0.0.11:8080/".parse().unwrap();
        assert_eq!(
            (plain.environment.as_deref(), plain.address().as_str()),
            (None, "127.0.0.11:8080")
        );
        let named: Target = " prod=http://shop.example".parse().unwrap();
        assert_eq!(
            (named.environment.as_deref(), named.address().as_str()),
            (Some("prod"), "shop.example:80")
        );
        assert_eq!(
            named.url(&Uri::from_static("/api/search?q=tea")),
            "http://shop.example/api/search?q=tea"
        );
        let v6: Target = "http://[::1]:8080".parse().unwrap();
        assert_eq!(
            (v6.address().as_str(), v6.to_string().as_str()),
            ("[::1]:8080", "http://[::1]:8080")
        );
        for text in [
            "",
            "prod",
            "127.0.0.1:8080",
            "https://shop.example",
            "=http://a",
            "http://a/path",
            "http://a/?b=c",
        ] {
            assert_eq!(text.parse::<Target>(), Err(InvalidTarget::NoUrl(text.to_owned())));
        }
    }

    #[test]
    fn credentials_are_refused_and_not_repeated() {
        for text in [
            "http://bob:hunter2@127.0.0.1:8080",
            "prod=http://bob:hunter2@shop.example",
            "https://bob:hunter2@shop.example",
            "http://bob:hun/ter2@shop.example",
            "bob=hunter2@shop.example",
            "http://hunter2@",
        ] {
            let refused = text.parse::<Target>().unwrap_err();
            assert_eq!(refused, InvalidTarget::Credentials, "{text}");
        }
        assert_eq!(
            InvalidTarget::Credentials.to_string(),
            "must be without user name, password and @, because it is written to the log, and requests carry no credentials"
        );
    }
}
