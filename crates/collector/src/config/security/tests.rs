use std::io::Write;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tempfile::NamedTempFile;

use super::*;

fn file(content: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(content.as_bytes()).expect("written");
    file
}

fn path(file: &NamedTempFile) -> PathBuf {
    file.path().to_owned()
}

/// What is wrong with these settings.
fn problems(tls: RawTls, auth: RawAuth) -> Vec<String> {
    let mut problems = Problems::default();
    Security::of(tls, auth, &mut problems);
    problems.iter().map(str::to_owned).collect()
}

#[test]
fn nothing_is_asked_of_anybody_where_nothing_is_set() {
    let mut problems = Problems::default();
    let security = Security::of(RawTls::default(), RawAuth::default(), &mut problems);
    assert!(security.identity.is_none() && security.tokens.is_none() && !security.data);
    assert!(problems.is_empty());
}

#[test]
fn certificate_key_and_tokens_are_read() {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let (cert, key) = (file(&cert.pem()), file(&signing_key.serialize_pem()));
    let tls = RawTls {
        cert_file: Some(path(&cert)),
        key_file: Some(path(&key)),
        client_ca_file: Some(path(&cert)),
        data: true,
    };
    let tokens = file("secret\n");
    let auth = RawAuth {
        bearer_token_file: Some(path(&tokens)),
    };
    let mut problems = Problems::default();
    let security = Security::of(tls, auth, &mut problems);
    assert!(security.identity.is_some() && security.data);
    assert!(problems.is_empty());
    assert_eq!(security.tokens, Some(Tokens::parse("secret").expect("a token")));
}

#[test]
fn what_is_missing_or_cannot_be_read_is_named() {
    let nowhere = || Some(PathBuf::from("/nonexistent/file"));
    let half = |tls| problems(tls, RawAuth::default());
    assert_eq!(
        half(RawTls {
            cert_file: nowhere(),
            ..RawTls::default()
        }),
        ["tls.key_file: is missing; the certificate of tls.cert_file needs its private key"]
    );
    assert_eq!(
        half(RawTls {
            key_file: nowhere(),
            ..RawTls::default()
        }),
        ["tls.cert_file: is missing; the key of tls.key_file needs its certificate"]
    );
    assert_eq!(
        half(RawTls {
            client_ca_file: nowhere(),
            data: true,
            ..RawTls::default()
        }),
        [
            "tls.client_ca_file: has no effect without encryption; set tls.cert_file and tls.key_file too",
            "tls.data: has no effect without encryption; set tls.cert_file and tls.key_file too",
        ]
    );
    let unreadable = "/nonexistent/file: cannot be read: No such file or directory (os error 2)";
    assert_eq!(
        problems(
            RawTls {
                cert_file: nowhere(),
                key_file: nowhere(),
                client_ca_file: nowhere(),
                data: false,
            },
            RawAuth {
                bearer_token_file: nowhere(),
            },
        ),
        [
            format!("tls.cert_file: {unreadable}"),
            format!("tls.key_file: {unreadable}"),
            format!("tls.client_ca_file: {unreadable}"),
            format!("auth.bearer_token_file: {unreadable}; it must hold tokens, one per line"),
        ]
    );
    let empty = file("# none yet\n");
    let auth = RawAuth {
        bearer_token_file: Some(path(&empty)),
    };
    assert_eq!(
        problems(RawTls::default(), auth),
        [format!(
            "auth.bearer_token_file: {}: holds no token; write one per line, such as from `openssl rand -hex 32`",
            empty.path().display()
        )]
    );
}

#[test]
fn files_of_another_machine_are_not_read() {
    let nowhere = || Some(PathBuf::from("/nonexistent/file"));
    let auth = || RawAuth {
        bearer_token_file: nowhere(),
    };
    let mut problems = Problems::default().of_elsewhere(true);
    let tls = RawTls {
        cert_file: nowhere(),
        key_file: nowhere(),
        client_ca_file: nowhere(),
        data: true,
    };
    let security = Security::of(tls, auth(), &mut problems);
    assert!(problems.is_empty(), "{problems}");
    assert!(security.identity.is_none() && security.tokens.is_none());
    // what does not fit together does not fit there either
    let half = RawTls {
        cert_file: nowhere(),
        ..RawTls::default()
    };
    Security::of(half, auth(), &mut problems);
    assert_eq!(
        problems.iter().collect::<Vec<_>>(),
        ["tls.key_file: is missing; the certificate of tls.cert_file needs its private key"]
    );
}
