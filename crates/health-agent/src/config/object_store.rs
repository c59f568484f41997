use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use service::Problems;

use super::Parts;

/// Where a system keeps the authorities that it believes.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The object store.
#[derive(Clone, Debug)]
pub struct ObjectStore {
    /// The bucket in which Thanos keeps blocks. `None`: nothing is tried there.
    pub bucket: Option<Bucket>,
    /// The authorities of one that encrypts, PEM.
    pub ca_file: PathBuf,
}

/// A bucket of the object store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// The region that it is in.
    pub region: String,
    /// The file with its keys, as the tools of AWS keep them.
    pub credentials_file: PathBuf,
}

/// What a small object is put into, read from and taken out of every few minutes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawObjectStore {
    bucket: String,
    region: String,
    /// `""`: nothing is tried.
    credentials_file: String,
    /// The authorities of one that encrypts, PEM.
    ca_file: PathBuf,
}

impl Default for RawObjectStore {
    fn default() -> Self {
        Self {
            bucket: "thanos".to_owned(),
            region: "us-east-1".to_owned(),
            credentials_file: String::new(),
            ca_file: PathBuf::from(AUTHORITIES),
        }
    }
}

impl RawObjectStore {
    pub(super) fn validate(self, parts: &Parts, problems: &mut Problems) -> Option<ObjectStore> {
        if self.credentials_file.is_empty() {
            return Some(ObjectStore {
                bucket: None,
                ca_file: self.ca_file,
            });
        }
        if parts.object_store.is_none() {
            problems.add("parts.object_store", "must say where the bucket is");
        }
        if self.bucket.is_empty() {
            problems.add("object_store.bucket", "must be the name of a bucket");
            return None;
        }
        Some(ObjectStore {
            bucket: Some(Bucket {
                name: self.bucket,
                region: self.region,
                credentials_file: PathBuf::from(self.credentials_file),
            }),
            ca_file: self.ca_file,
        })
    }
}
