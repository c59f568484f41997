//! The object store: does it answer, is its clock ours, does a small object come back.

use std::fs;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::Full;
use jiff::fmt::rfc2822;
use reqwest::header::{CONTENT_LENGTH, DATE, HeaderMap};
use reqwest::{Method, StatusCode, Url};
use rusty_s3::actions::{ListObjectsV2, S3Action};
use rusty_s3::{Credentials, UrlStyle};

use crate::config::{Bucket, Config};
use crate::facts::Answer;
use crate::facts::thanos::{Failure, ObjectStore, Trial};
use crate::probe::http::Client;
use crate::probe::unix_time;
use crate::probe::wire::{self, Trust};

/// A trial that went well is good for so long: stores elsewhere charge for requests. One that did not is repeated at once.
const EVERY: Duration = Duration::from_mins(5);

/// For how long a signature is valid.
const VALID: Duration = Duration::from_mins(5);

/// Signatures are refused when clocks differ by a quarter of an hour, seconds.
const SIGNED_ELSEWHEN: f64 = 14.0 * 60.0;

/// The last trial that went well, and where.
static LAST: Mutex<Option<(Instant, Tried, Trial)>> = Mutex::new(None);

type Tried = (Url, Bucket);

/// How the store is spoken to.
struct Way<'a> {
    client: &'a Client,
    /// Who is believed, if it encrypts.
    trust: Option<Trust>,
    timeout: Duration,
}

impl Way<'_> {
    async fn send(&self, method: Method, url: Url, body: String) -> Answer<(StatusCode, HeaderMap, Vec<u8>)> {
        if self.trust.is_none() {
            let request = self.client.request(method, url).body(body);
            return self.client.exchange(request).await;
        }
        let request = wire::begin(method, &url)
            .header(CONTENT_LENGTH, body.len())
            .body(Full::from(body))
            .map_err(|error| format!("was not asked: {error}"))?;
        wire::send(&url, self.trust.as_ref(), request, self.timeout).await
    }
}

pub(super) async fn look(client: &Client, base: &Url, config: &Config) -> ObjectStore {
    let trust = (base.scheme() == "https").then(|| Trust::of_many(&config.object_store.ca_file));
    let (clock_ahead, way) = match trust.transpose() {
        Ok(trust) => {
            let way = Way {
                client,
                trust,
                timeout: config.timeout,
            };
            (clock_ahead(&way, base).await, Some(way))
        }
        Err(why) => (Err(format!("was not asked: {why}")), None),
    };
    let trial = match (&config.object_store.bucket, way) {
        (Some(bucket), Some(way)) => Some(match obstacle(&clock_ahead) {
            None => trial(&way, base, bucket, &config.box_name).await,
            Some(why) => Err(Failure::NotTried(why)),
        }),
        (Some(_), None) => Some(Err(Failure::NotTried("it cannot be spoken to".to_owned()))),
        (None, _) => None,
    };
    let host = base.host_str().unwrap_or_default();
    ObjectStore {
        address: match base.port_or_known_default() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        },
        is_local: is_local(base),
        clock_ahead,
        trial,
    }
}

/// Why there is nothing to be learned from a trial: what cannot be reached is not tried four times more.
fn obstacle(clock_ahead: &Answer<Option<f64>>) -> Option<String> {
    match clock_ahead {
        Err(_) => Some("it does not answer".to_owned()),
        Ok(Some(ahead)) if ahead.abs() > SIGNED_ELSEWHEN => Some(format!(
            "its clock and ours differ by {:.0} min, so it would refuse every signature",
            ahead.abs() / 60.0
        )),
        Ok(_) => None,
    }
}

/// Whether that is this machine.
pub(crate) fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Any answer will do: without keys, it is a refusal.
async fn clock_ahead(way: &Way<'_>, base: &Url) -> Answer<Option<f64>> {
    let (status, headers, _) = way.send(Method::GET, base.clone(), String::new()).await?;
    if status.is_server_error() {
        return Err(format!("answered {status}"));
    }
    Ok(date(&headers).map(|theirs| theirs - unix_time()))
}

/// Whole seconds, in the middle of the second.
fn date(headers: &HeaderMap) -> Option<f64> {
    let date = rfc2822::parse(headers.get(DATE)?.to_str().ok()?).ok()?;
    Some(date.timestamp().as_second() as f64 + 0.5)
}

async fn trial(way: &Way<'_>, base: &Url, bucket: &Bucket, box_name: &str) -> Result<Trial, Failure> {
    let tried = (base.clone(), bucket.clone());
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some((at, what, trial)) = last
        && what == tried
        && at.elapsed() < EVERY
    {
        return Ok(Trial {
            age: at.elapsed(),
            ..trial
        });
    }
    let credentials = credentials(bucket, way.client.role())?;
    let trial = attempt(way, base, bucket, &credentials, box_name)
        .await
        .map_err(Failure::Failed)?;
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), tried, trial));
    Ok(trial)
}

/// Writes, reads, finds and deletes. It is deleted whatever went wrong before: what seems not to have been written may have been. What a
/// process that was killed left behind, the next one overwrites.
async fn attempt(
    way: &Way<'_>,
    base: &Url,
    bucket: &Bucket,
    credentials: &Credentials,
    box_name: &str,
) -> Answer<Trial> {
    let bucket = rusty_s3::Bucket::new(
        base.clone(),
        UrlStyle::Path,
        bucket.name.clone(),
        bucket.region.clone(),
    )
    .map_err(|error| format!("cannot be asked: {error}"))?;
    // not the key of the other box's, nor of a doctor that runs meanwhile; Thanos looks at nothing whose name is not a block's
    let key = format!("signalbox-health/{box_name}-{}", way.client.role());
    let content = format!("written by signalbox-health at {:.3}", unix_time());

    let with = Some(credentials);
    let url = bucket.put_object(with, &key).sign(VALID);
    let put = timed(way, "PUT", Method::PUT, url, content.clone()).await;
    let come_back = async {
        let (put, _) = put?;
        let url = bucket.get_object(with, &key).sign(VALID);
        let (get, read) = timed(way, "GET", Method::GET, url, String::new()).await?;
        let mut list = bucket.list_objects_v2(with);
        list.with_prefix(key.clone());
        let (list, found) = timed(way, "LIST", Method::GET, list.sign(VALID), String::new()).await?;
        Ok::<_, String>((put, get, read, list, found))
    }
    .await;
    let url = bucket.delete_object(with, &key).sign(VALID);
    let deleted = timed(way, "DELETE", Method::DELETE, url, String::new()).await;
    let ((put, get, read, list, found), (delete, _)) = (come_back?, deleted?);
    if read != content.as_bytes() {
        return Err(format!(
            "gave back {} bytes that are not the {} written",
            read.len(),
            content.len()
        ));
    }
    let found = ListObjectsV2::parse_response(String::from_utf8_lossy(&found).as_ref())
        .map_err(|error| format!("LIST was answered with what cannot be read: {error}"))?;
    if !found.contents.iter().any(|object| object.key == key) {
        return Err("LIST does not show what was written".to_owned());
    }
    Ok(Trial {
        age: Duration::ZERO,
        put,
        get,
        list,
        delete,
    })
}

async fn timed(
    way: &Way<'_>,
    what: &str,
    method: Method,
    url: Url,
    body: String,
) -> Answer<(Duration, Vec<u8>)> {
    let began = Instant::now();
    let (status, _, body) = way
        .send(method, url, body)
        .await
        .map_err(|error| format!("{what} {error}"))?;
    if status.is_success() {
        return Ok((began.elapsed(), body));
    }
    // the rest of what is said may hold the signature
    let body = String::from_utf8_lossy(&body);
    let code = body
        .split_once("<Code>")
        .and_then(|(_, rest)| rest.split_once("</Code>"))
        .map_or("", |(code, _)| code);
    Err(format!("{what} was answered {status} {code}")
        .trim_end()
        .to_owned())
}

/// Of the profile `default`, as the tools of AWS keep them.
fn credentials(bucket: &Bucket, role: &str) -> Result<Credentials, Failure> {
    let file = &bucket.credentials_file;
    let text = fs::read_to_string(file).map_err(|error| unread(file, &error, role))?;
    parse(&text)
        .ok_or_else(|| Failure::NotTried(format!("{} has no keys in a section [default]", file.display())))
}

/// The doctor may be anybody's. An agent that may not read its own keys has been set up wrong.
fn unread(file: &Path, error: &io::Error, role: &str) -> Failure {
    if role == "doctor" && error.kind() == ErrorKind::PermissionDenied {
        Failure::Hidden
    } else {
        Failure::NotTried(format!("cannot read {}: {error}", file.display()))
    }
}

fn parse(text: &str) -> Option<Credentials> {
    let (mut id, mut secret, mut is_default) = (None, None, true);
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            is_default = line == "[default]";
        }
        let Some((key, value)) = line.split_once('=').filter(|_| is_default) else {
            continue;
        };
        match key.trim() {
            "aws_access_key_id" => id = Some(value.trim()),
            "aws_secret_access_key" => secret = Some(value.trim()),
            _ => {}
        }
    }
    Some(Credentials::new(id?, secret?))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn keys_are_those_of_the_default_profile() {
        let text = "\
[other]
aws_access_key_id = x
aws_secret_access_key = y
[default]
aws_access_key_id = AKIA
aws_secret_access_key = a/b+c=
";
        let credentials = parse(text).unwrap();
        assert_eq!((credentials.key(), credentials.secret()), ("AKIA", "a/b+c="));
        assert!(parse("[other]\naws_access_key_id = x\naws_secret_access_key = y").is_none());
        assert!(!format!("{credentials:?}").contains("a/b+c="));
    }

    #[test]
    fn keys_are_hidden_from_a_doctor_alone() {
        let file = Path::new("/etc/s3-credentials");
        let unread = |kind: ErrorKind, role| unread(file, &kind.into(), role);
        let not_tried = |why: &str| Failure::NotTried(format!("cannot read /etc/s3-credentials: {why}"));
        assert_eq!(unread(ErrorKind::PermissionDenied, "doctor"), Failure::Hidden);
        for role in ["agent", "gate"] {
            assert_eq!(
                unread(ErrorKind::PermissionDenied, role),
                not_tried("permission denied")
            );
        }
        assert_eq!(
            unread(ErrorKind::NotFound, "doctor"),
            not_tried("entity not found")
        );
    }

    #[test]
    fn a_date_is_seconds() {
        let mut headers = HeaderMap::new();
        assert_eq!(date(&headers), None);
        headers.insert(DATE, HeaderValue::from_static("Thu, 26 Nov 2026 16:37:41 GMT"));
        assert_eq!(date(&headers), Some(1_795_711_061.5));
        headers.insert(DATE, HeaderValue::from_static("yesterday"));
        assert_eq!(date(&headers), None);
    }

    #[test]
    fn what_is_here_is_known() {
        let local = |url: &str| is_local(&Url::parse(url).unwrap());
        assert!(
            local("http://127.90.0.1:9000") && local("http://[::1]:9000") && local("http://localhost:9000")
        );
        assert!(!local("http://10.0.0.10:9000") && !local("https://s3.example.org"));
    }
}
