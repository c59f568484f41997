//! Single values, out of text.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use service::Problems;

/// The value, or `None` and one more problem.
pub(super) fn keep<T>(problems: &mut Problems, key: &str, outcome: Result<T, String>) -> Option<T> {
    outcome.map_err(|problem| problems.add(key, problem)).ok()
}

pub(super) fn keep_url(problems: &mut Problems, key: &str, text: &str) -> Option<Url> {
    keep(problems, key, url(text))
}

/// `wanted` fits behind "must be".
pub(super) fn keep_name(problems: &mut Problems, key: &str, wanted: &str, text: String) -> Option<String> {
    let name = if text.trim().is_empty() {
        Err(format!("must be {wanted}, is {text:?}"))
    } else {
        Ok(text)
    };
    keep(problems, key, name)
}

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("must be an address and a port such as 127.0.0.1:8870, is {text:?}"))
}

pub(super) fn duration(text: &str, allowed: RangeInclusive<Duration>) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .ok()
        .filter(|time| allowed.contains(time))
        .ok_or_else(|| {
            format!(
                "must be between {} and {}, is {text:?}",
                humantime::format_duration(*allowed.start()),
                humantime::format_duration(*allowed.end())
            )
        })
}

/// `""` names none.
pub(super) fn path(text: String) -> Option<PathBuf> {
    (!text.is_empty()).then(|| PathBuf::from(text))
}

fn url(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        // evidence names who was asked
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            Err("must not hold a user name or a password: it is shown".to_owned())
        }
        // paths are put behind it
        Ok(url) if url.query().is_some() || url.fragment().is_some() => Err(format!(
            "must be a URL without `?` and `#`, such as http://127.0.0.1:9090, is {text:?}"
        )),
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err(format!(
            "must be a URL such as http://127.0.0.1:9090, is {text:?}"
        )),
    }
}
