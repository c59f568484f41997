//! Where Thanos keeps the blocks: MinIO or Garage in the box, or an S3 service elsewhere.
//!
//! Thanos is told of it in one form: a file that says where, and the keys in a file of their own.

use std::fmt::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Context;
use serde_json::json;

use crate::part::{Content, File, Part, Stage};
use crate::programs::Program;
use crate::topology::port;
use crate::topology::site::{A, Site, http, option, port as open, variable};

const BUCKET: &str = "thanos";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ObjectStore {
    Minio,
    Garage,
    /// An S3 service elsewhere, described as Thanos reads it, keys included.
    External(PathBuf),
}

impl fmt::Display for ObjectStore {
    /// As it is given on the command line; of one in the box, its part's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minio => f.write_str("minio"),
            Self::Garage => f.write_str("garage"),
            Self::External(file) => file.display().fmt(f),
        }
    }
}

impl FromStr for ObjectStore {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "minio" => Ok(Self::Minio),
            "garage" => Ok(Self::Garage),
            file if file.contains(['/', '.']) => Ok(Self::External(file.into())),
            _ => Err("must be minio, garage, or a file as Thanos reads it, as in ./s3.yml"),
        }
    }
}

impl ObjectStore {
    /// The same, wherever it is read from; an error if the file is not there.
    pub(crate) fn absolute(self) -> anyhow::Result<Self> {
        let Self::External(file) = self else {
            return Ok(self);
        };
        let file = file
            .canonicalize()
            .with_context(|| format!("cannot find {}, the object store's description", file.display()))?;
        Ok(Self::External(file))
    }
}

/// A bucket of the box.
pub(super) struct Bucket {
    pub(super) name: &'static str,
    pub(super) region: &'static str,
    /// Where S3 is spoken.
    pub(super) address: SocketAddrV4,
    /// The file with its keys.
    pub(super) credentials: PathBuf,
}

/// Where Thanos keeps the blocks, or the file that describes where that is elsewhere.
pub(super) fn bucket<'a>(site: &Site<'_>, store: &'a ObjectStore) -> Result<Bucket, &'a Path> {
    let region = match store {
        ObjectStore::Minio => "us-east-1",
        ObjectStore::Garage => "garage",
        ObjectStore::External(description) => return Err(description),
    };
    Ok(Bucket {
        name: BUCKET,
        region,
        address: s3(site, store),
        credentials: secret(site, "s3-credentials"),
    })
}

/// What Thanos' parts need to reach the store.
pub(super) struct Access {
    pub(super) configuration: PathBuf,
    pub(super) environment: Vec<(String, String)>,
    pub(super) files: Vec<File>,
    /// The part that must be ready before, if the store is one of the box.
    pub(super) needs: Vec<String>,
}

pub(super) fn access(site: &Site<'_>, store: &ObjectStore) -> Access {
    let bucket = match bucket(site, store) {
        Ok(bucket) => bucket,
        Err(description) => {
            return Access {
                configuration: description.to_owned(),
                environment: vec![],
                files: vec![],
                needs: vec![],
            };
        }
    };
    let configuration = site.config("thanos/objstore.yml");
    let text = json!({
        "type": "S3",
        "config": { "bucket": bucket.name, "endpoint": bucket.address, "insecure": true, "region": bucket.region }
    });
    let keys = &site.plan.keys;
    Access {
        environment: vec![variable(
            "AWS_SHARED_CREDENTIALS_FILE",
            bucket.credentials.display(),
        )],
        files: vec![
            File {
                path: configuration.clone(),
                // JSON is YAML
                content: Content::Text(format!("{text:#}\n")),
            },
            File {
                path: bucket.credentials,
                content: Content::Secret(format!(
                    "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
                    keys.id, keys.secret
                )),
            },
        ],
        configuration,
        needs: vec![store.to_string()],
    }
}

/// The store as a part of the box, if it is one.
pub(super) fn part(site: &Site<'_>, store: &ObjectStore) -> Option<Part> {
    match store {
        ObjectStore::Minio => Some(minio(site)),
        ObjectStore::Garage => Some(garage(site)),
        ObjectStore::External(_) => None,
    }
}

/// Where its own metrics are, if it is a part of the box: address and path.
pub(super) fn metrics(site: &Site<'_>, store: &ObjectStore) -> Option<(SocketAddrV4, &'static str)> {
    match store {
        ObjectStore::Minio => Some((s3(site, store), "/minio/v2/metrics/cluster")),
        ObjectStore::Garage => Some((site.on(A, port::GARAGE_ADMIN), "/metrics")),
        ObjectStore::External(_) => None,
    }
}

/// Where S3 is spoken. MinIO listens on 127.0.0.1 as well, whatever it is told, and shares the port there with any other
/// MinIO: a box on another network has to have a port of its own.
fn s3(site: &Site<'_>, store: &ObjectStore) -> SocketAddrV4 {
    let port = match (store, site.plan.network.number()) {
        (ObjectStore::Minio, number @ 1..) => 12_000 + number % 20_000,
        _ => port::S3,
    };
    site.on(A, port)
}

fn secret(site: &Site<'_>, name: &str) -> PathBuf {
    site.plan.folders.state.join("secrets").join(name)
}

fn minio(site: &Site<'_>) -> Part {
    let address = s3(site, &ObjectStore::Minio);
    let also = SocketAddrV4::new(Ipv4Addr::LOCALHOST, address.port());
    let data = site.data("minio");
    let (user, password) = (
        secret(site, "minio-root-user"),
        secret(site, "minio-root-password"),
    );
    let keys = &site.plan.keys;
    Part {
        arguments: vec![
            "server".to_owned(),
            "--quiet".to_owned(),
            option("--address", address),
            // no certificates of the user's: the box speaks plain HTTP on loopback
            option("--certs-dir", site.config("minio/certificates").display()),
            data.display().to_string(),
        ],
        environment: vec![
            variable("MINIO_ROOT_USER_FILE", user.display()),
            variable("MINIO_ROOT_PASSWORD_FILE", password.display()),
            variable("MINIO_BROWSER", "off"),
            variable("MINIO_UPDATE", "off"),
            variable("MINIO_PROMETHEUS_AUTH_TYPE", "public"),
        ],
        files: vec![
            File {
                path: site.config("minio/certificates"),
                content: Content::Folder,
            },
            File {
                // a folder made beforehand is a bucket
                path: data.join(BUCKET),
                content: Content::Folder,
            },
            File {
                path: user,
                content: Content::Secret(keys.id.clone()),
            },
            File {
                path: password,
                content: Content::Secret(keys.secret.clone()),
            },
        ],
        ports: if also == address {
            vec![open("S3", address)]
        } else {
            vec![open("S3", address), open("S3, unasked", also)]
        },
        probe: http(address, "/minio/health/ready"),
        ..site.part(
            Program::Minio,
            Stage::Objects,
            &ObjectStore::Minio.to_string(),
            A.name,
        )
    }
}

fn garage(site: &Site<'_>) -> Part {
    let configuration = site.config("garage/garage.toml");
    let rpc_secret = secret(site, "garage-rpc-secret");
    let (s3, rpc, admin) = (
        s3(site, &ObjectStore::Garage),
        site.on(A, port::GARAGE_RPC),
        site.on(A, port::GARAGE_ADMIN),
    );
    let data = site.data("garage");
    let keys = &site.plan.keys;
    let mut text = String::new();
    // strings of TOML are written as those of JSON
    let mut set = |key: &str, value: serde_json::Value| {
        let _ = writeln!(text, "{key} = {value}");
    };
    set("metadata_dir", json!(data.join("meta")));
    set("data_dir", json!(data.join("data")));
    set("db_engine", json!("lmdb"));
    set("metadata_fsync", json!(true));
    set("data_fsync", json!(true));
    set("replication_factor", json!(1));
    set("rpc_bind_addr", json!(rpc));
    set("rpc_public_addr", json!(rpc));
    set("rpc_secret_file", json!(rpc_secret));
    set("s3_api.api_bind_addr", json!(s3));
    set("s3_api.s3_region", json!("garage"));
    set("admin.api_bind_addr", json!(admin));
    Part {
        arguments: vec![
            option("--config", configuration.display()),
            "server".to_owned(),
            // makes layout, key and bucket by itself, once
            "--single-node".to_owned(),
            "--default-bucket".to_owned(),
        ],
        environment: vec![
            variable("GARAGE_DEFAULT_ACCESS_KEY", &keys.id),
            variable("GARAGE_DEFAULT_SECRET_KEY", &keys.secret),
            variable("GARAGE_DEFAULT_BUCKET", BUCKET),
        ],
        files: vec![
            File {
                path: configuration,
                content: Content::Text(text),
            },
            File {
                path: rpc_secret,
                content: Content::Secret(keys.rpc.clone()),
            },
        ],
        ports: vec![
            open("S3", s3),
            open("Garage's own protocol", rpc),
            open("Garage's administration", admin),
        ],
        probe: http(admin, "/health"),
        ..site.part(
            Program::Garage,
            Stage::Objects,
            &ObjectStore::Garage.to_string(),
            A.name,
        )
    }
}
