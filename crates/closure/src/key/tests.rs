use super::*;

/// Written by `nix-store --generate-binary-cache-key box-1`, Nix 2.8.
const SECRET: &str =
    "box-1:KLeFhdxqZ9cCyktgOUxBPRhMXZvokuluM+vec10L5Z0jjNpGijskLhKBONklcaCmU+fF3Oc/ILTOeSbNvXcUUg==";
const PUBLIC: &str = "box-1:I4zaRoo7JC4SgTjZJXGgplPnxdznPyC0znkmzb13FFI=";

/// What `nix store sign` made of it for a path whose fingerprint is this.
const SIGNATURE: &str =
    "box-1:4182/AF7JrQeawEIM1UcaWCOs9yXxl2DGkAycavpk3pp9FWVc2PY0PhkBHtrEggfb+HwaPwxME0jXapGcKJACg==";
const FINGERPRINT: &str = "1;/nix/store/a1ps36f9hgswz9k0s9hxkywj2vbz7ibx-hi;\
    sha256:1xmr8jicvzszfzpz46g37mlpvbzjl2wpwvl2b05psipssyp1sm8h;120;";

fn secret() -> SecretKey {
    SECRET.parse().expect("a secret key")
}

fn public() -> PublicKey {
    PUBLIC.parse().expect("a public key")
}

#[test]
fn keys_and_signatures_are_those_of_nix() {
    assert_eq!(secret().public(), public());
    assert_eq!(secret().expose(), SECRET);
    assert_eq!(public().to_string(), PUBLIC);
    let signature: Signature = SIGNATURE.parse().expect("a signature");
    assert_eq!(secret().sign(FINGERPRINT.as_bytes()), signature);
    assert_eq!(signature.to_string(), SIGNATURE);
    assert!(public().signed(FINGERPRINT.as_bytes(), &signature));
}

#[test]
fn a_signature_fits_one_message_and_one_key() {
    let signature = secret().sign(b"this");
    assert!(public().signed(b"this", &signature));
    assert!(!public().signed(b"that", &signature));

    let other = SecretKey::generate("box-1").expect("a key");
    assert!(
        !other.public().signed(b"this", &signature),
        "a key of the same name"
    );
    assert!(!public().signed(b"this", &other.sign(b"this")));

    let renamed: PublicKey = PUBLIC.replace("box-1", "box-2").parse().expect("a public key");
    assert!(
        !renamed.signed(b"this", &signature),
        "the same key of another name"
    );
}

#[test]
fn a_generated_key_is_read_again() {
    let key = SecretKey::generate("box-2").expect("a key");
    let again: SecretKey = format!("{}\n", key.expose()).parse().expect("the same key");
    assert_eq!(again.public(), key.public());
    assert!(key.public().signed(b"this", &again.sign(b"this")));
    assert_ne!(
        SecretKey::generate("box-2").expect("a key").public(),
        key.public()
    );
}

#[test]
fn what_is_no_key_is_refused_and_not_repeated() {
    let (_, secret_digits) = SECRET.split_once(':').expect("a colon");
    let (_, public_digits) = PUBLIC.split_once(':').expect("a colon");
    for text in [
        "",
        "box-1",
        "box-1:",
        PUBLIC,
        secret_digits,
        &format!(":{secret_digits}"),
        &format!("box 1:{secret_digits}"),
        &SECRET[..SECRET.len() - 4],
        &format!("{SECRET}AAAA"),
    ] {
        let error = text.parse::<SecretKey>().expect_err(text).to_string();
        assert_eq!(
            error,
            "not a secret key, which is a name, a colon and 64 bytes in base-64"
        );
    }
    // another public half
    let halves = SECRET
        .replace("I4zaRoo7", "I4zaRoo8")
        .replace("jjNpGijsk", "jjNpGijsl");
    assert_ne!(halves, SECRET);
    assert_eq!(
        halves.parse::<SecretKey>().expect_err("no key"),
        InvalidKey::Halves
    );

    assert!(SECRET.parse::<PublicKey>().is_err());
    assert!(format!("box:1:{public_digits}").parse::<PublicKey>().is_err());
    assert!(SIGNATURE.parse::<PublicKey>().is_err());
    assert!(SIGNATURE[..40].parse::<Signature>().is_err());
    assert!(SecretKey::generate("a b").is_err());
    assert!(SecretKey::generate("").is_err());
}

#[test]
fn a_secret_is_not_debugged() {
    assert_eq!(format!("{:?}", secret()), "SecretKey(box-1:…)");
}
