use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};
use tempfile::TempDir;

use super::*;

/// 2026-11-26.
const NOW: Timestamp = 1_795_651_200.0;
/// 2030-01-01.
const END: Timestamp = 1_893_456_000.0;

struct Files {
    folder: TempDir,
}

impl Files {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate from `issuer` and its key, for 2020 to 2030.
fn certificate(issuer: &CertifiedIssuer<'_, KeyPair>, usage: ExtendedKeyUsagePurpose) -> (String, String) {
    let mut params = CertificateParams::new(["box.example".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "box.example");
    params.extended_key_usages = vec![usage];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2030, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    (certificate.pem(), key.serialize_pem())
}

fn settings(cert_file: PathBuf, key_file: Option<PathBuf>, ca_file: Option<PathBuf>) -> config::Certificate {
    config::Certificate {
        cert_file,
        key_file,
        ca_file,
    }
}

#[test]
fn a_certificate_its_key_and_its_authority_fit() {
    let files = Files::new();
    let ca = authority("ours");
    for usage in [
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ] {
        let (certificate, key) = certificate(&ca, usage);
        let settings = settings(
            files.write("box.crt", &certificate),
            Some(files.write("box.key", &key)),
            Some(files.write("ca.crt", &ca.pem())),
        );
        let chain = read(&settings, NOW).chain.unwrap().unwrap();
        assert_eq!((chain.trusted, chain.key), (Fit::Fits, Fit::Fits));
        assert_eq!((chain.not_before, chain.not_after), (1_577_836_800.0, END));
        assert!(chain.subject.contains("CN=box.example"), "{}", chain.subject);
    }
}

#[test]
fn another_authority_is_seen() {
    let files = Files::new();
    let (certificate, _) = certificate(&authority("ours"), ExtendedKeyUsagePurpose::ServerAuth);
    let other = files.write("ca.crt", &authority("theirs").pem());
    let settings = settings(files.write("box.crt", &certificate), None, Some(other.clone()));
    let chain = read(&settings, NOW).chain.unwrap().unwrap();
    let expected = format!(
        "it does not lead to {}: invalid peer certificate: UnknownIssuer",
        other.display()
    );
    assert_eq!((chain.trusted, chain.key), (Fit::Wrong(expected), Fit::None));
}

#[test]
fn an_end_is_no_matter_of_trust() {
    let files = Files::new();
    let ca = authority("ours");
    let (certificate, _) = certificate(&ca, ExtendedKeyUsagePurpose::ServerAuth);
    let settings = settings(
        files.write("box.crt", &certificate),
        None,
        Some(files.write("ca.crt", &ca.pem())),
    );
    let chain = read(&settings, END + 86_400.0).chain.unwrap().unwrap();
    assert_eq!(chain.trusted, Fit::Fits);
}

#[test]
fn another_key_is_seen_and_so_is_none() {
    let files = Files::new();
    let ca = authority("ours");
    let (certificate, _) = certificate(&ca, ExtendedKeyUsagePurpose::ServerAuth);
    let with = |key: &Path| {
        let settings = settings(files.write("box.crt", &certificate), Some(key.to_owned()), None);
        read(&settings, NOW).chain.unwrap().unwrap().key
    };
    let other = files.write("other.key", &KeyPair::generate().unwrap().serialize_pem());
    assert_eq!(
        with(&other),
        Fit::Wrong(format!("{} is the key of another certificate", other.display()))
    );
    let none = files.write("none.key", "nothing\n");
    assert_eq!(
        with(&none),
        Fit::Wrong(format!("{} holds no private key in PEM", none.display()))
    );
    let gone = files.folder.path().join("gone.key");
    assert_eq!(
        with(&gone),
        Fit::Wrong(format!(
            "{} cannot be read: No such file or directory (os error 2)",
            gone.display()
        ))
    );
}

#[test]
fn a_chain_ends_with_its_first_end() {
    let files = Files::new();
    let ca = authority("ours");
    let (certificate, _) = certificate(&ca, ExtendedKeyUsagePurpose::ServerAuth);
    let both = files.write("box.crt", &format!("{certificate}{}", ca.pem()));
    let chain = read(&settings(both, None, None), NOW).chain.unwrap().unwrap();
    assert_eq!((chain.not_after, chain.trusted), (END, Fit::None));
}

#[test]
fn says_what_is_no_certificate() {
    let files = Files::new();
    let nothing = files.write("box.crt", "nothing\n");
    assert_eq!(
        read(&settings(nothing.clone(), None, None), NOW)
            .chain
            .unwrap_err(),
        format!("{} holds no certificate in PEM", nothing.display())
    );
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let broken = files.write("broken.crt", broken);
    let error = read(&settings(broken, None, None), NOW).chain.unwrap_err();
    assert!(error.contains("broken.crt cannot be understood: "), "{error}");
}
