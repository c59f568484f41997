//! A store is written down, damaged, and compared.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use closure::{SecretKey, nar};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::programs::{Agent, host};

const SYSTEM: &str = "0123456789abcdfghijklmnpqrsvwxyz-nixos-system-box";
const PART: &str = "zyxwvsrqpnmlkjihgfdcba9876543210-part-1.0";

struct Store {
    folder: TempDir,
    key: SecretKey,
}

impl Store {
    /// A system and a part that it refers to, registered as Nix would.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Self {
            key: SecretKey::generate("vendor-1").unwrap(),
            folder,
        };
        fs::create_dir_all(store.path(PART).join("bin")).unwrap();
        fs::write(store.path(PART).join("bin/part"), vec![7; 300_000]).unwrap();
        fs::create_dir_all(store.path(SYSTEM)).unwrap();
        fs::write(
            store.path(SYSTEM).join("part"),
            store.path(PART).to_str().unwrap(),
        )
        .unwrap();
        let mut registration = String::new();
        for (path, references) in [(PART, vec![]), (SYSTEM, vec![PART])] {
            let place = store.path(path);
            let hash = nar::hash(&place).unwrap();
            let _ = write!(
                registration,
                "{}\n{}\n{}\n\n{}\n",
                place.display(),
                hash.sha256,
                hash.size,
                references.len()
            );
            for reference in references {
                let _ = writeln!(registration, "{}", store.path(reference).display());
            }
        }
        fs::write(store.folder.path().join("registration"), registration).unwrap();
        fs::write(store.folder.path().join("key"), store.key.expose()).unwrap();
        store
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.store().join(name)
    }

    async fn manifest(&self, options: &[&str]) -> Output {
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        let root = text(self.path(SYSTEM));
        let store = text(self.store());
        let registration = text(self.folder.path().join("registration"));
        let out = text(self.folder.path().join("manifest"));
        let mut arguments = vec![
            "manifest",
            "--root",
            &root,
            "--store",
            &store,
            "--registration",
            &registration,
            "--out",
            &out,
        ];
        arguments.extend(options);
        run(&arguments).await
    }

    async fn verify(&self, options: &[&str]) -> Output {
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        let manifest = text(self.folder.path().join("manifest"));
        // by name: what runs on this machine is not this store's
        let store = text(self.store());
        let state = text(self.folder.path().join("state"));
        let mut arguments = vec![
            "verify",
            "--manifest",
            &manifest,
            "--store",
            &store,
            "--state",
            &state,
        ];
        arguments.extend(options);
        run(&arguments).await
    }

    async fn verify_as_vendor(&self) -> (Option<i32>, String) {
        let output = self
            .verify(&["--public-key", &self.key.public().to_string()])
            .await;
        (output.status.code(), said(&output))
    }

    fn record(&self) -> Value {
        let path = self.folder.path().join("state/last_verify.json");
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }
}

async fn run(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_signalbox-health"))
        .env_clear()
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    tokio::time::timeout(Duration::from_mins(1), output)
        .await
        .expect("it ends")
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn key_option(store: &Store) -> String {
    let key = store.folder.path().join("key");
    key.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_was_built_is_found_to_be_so() {
    let store = Store::new();
    let made = store
        .manifest(&["--secret-key", &key_option(&store), "--list-files"])
        .await;
    assert!(made.status.success(), "{made:?}");
    let told = String::from_utf8_lossy(&made.stderr);
    assert!(
        told.ends_with(&format!("signed; its public key is {}\n", store.key.public())),
        "{told}"
    );
    assert_eq!(
        store.verify_as_vendor().await,
        (
            Some(0),
            "all is as it was built: 2 of 2 store paths of nixos-system-box, signed by vendor-1\n".to_owned()
        )
    );
    let record = store.record();
    assert_eq!(record["outcome"], "sound");
    assert_eq!(record["unlisted_total"], 0);
    assert_eq!(record["paths"], 2);
    assert_eq!(record["error"], Value::Null);
}

#[tokio::test]
async fn what_was_added_is_told_and_is_no_finding() {
    let store = Store::new();
    store.manifest(&["--secret-key", &key_option(&store)]).await;
    let added = store.path("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz-added");
    fs::write(&added, "").unwrap();
    let key = store.key.public().to_string();
    let output = store.verify(&["--public-key", &key]).await;
    assert_eq!(output.status.code(), Some(0));
    let counted = "1 path is in the store and not in the manifest: of other systems, or added\n";
    assert!(said(&output).starts_with(counted), "{}", said(&output));
    let output = store.verify(&["--public-key", &key, "--verbose"]).await;
    let named = format!("{} is not in the manifest\n{counted}", added.display());
    assert!(said(&output).starts_with(&named), "{}", said(&output));
    assert_eq!(store.record()["unlisted"][0].as_str(), added.to_str());
}

#[tokio::test]
async fn a_flipped_bit_an_added_file_and_a_missing_path_are_named() {
    let store = Store::new();
    store
        .manifest(&["--secret-key", &key_option(&store), "--list-files"])
        .await;
    let file = store.path(PART).join("bin/part");
    let mut bytes = fs::read(&file).unwrap();
    bytes[123_456] ^= 1;
    fs::write(&file, bytes).unwrap();
    fs::write(store.path(PART).join("bin/added"), "").unwrap();
    fs::remove_dir_all(store.path(SYSTEM)).unwrap();

    let (code, text) = store.verify_as_vendor().await;
    assert_eq!(code, Some(2));
    for line in [
        format!("{} is missing", store.path(SYSTEM).display()),
        format!("    → nix-store --repair-path {}", store.path(SYSTEM).display()),
        "    bin/added: added".to_owned(),
        "    bin/part: other contents".to_owned(),
        format!("    → nix-store --repair-path {}", store.path(PART).display()),
    ] {
        assert!(
            text.lines().any(|said| said == line),
            "{line:?} is missing in:\n{text}"
        );
    }
    let record = store.record();
    assert_eq!(record["outcome"], "changed");
    assert_eq!(record["findings_total"], 2);
    assert_eq!(record["findings"][0]["kind"], "store_path");

    let output = store
        .verify(&["--public-key", &store.key.public().to_string(), "--json"])
        .await;
    assert_eq!(output.status.code(), Some(2));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["findings"][0]["what"], "is missing");
}

/// Until it is compared again: a manifest that is gone mends nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_outlives_a_comparison_that_fails() {
    let store = Store::new();
    store.manifest(&["--secret-key", &key_option(&store)]).await;
    let file = store.path(PART).join("bin/part");
    fs::write(&file, "other").unwrap();
    assert_eq!(store.verify_as_vendor().await.0, Some(2));
    let found = store.record();
    assert_eq!(found["outcome"], "changed");
    assert_eq!(found["findings_total"], 1);

    let manifest = store.folder.path().join("manifest");
    let gone = store.folder.path().join("gone");
    fs::rename(&manifest, &gone).unwrap();
    let (code, text) = store.verify_as_vendor().await;
    assert_eq!(code, Some(1));
    assert!(text.starts_with("could not compare: failed to read "), "{text}");
    let kept = store.record();
    assert!(
        kept["error"].as_str().unwrap().starts_with("failed to read "),
        "{kept}"
    );
    assert!(
        kept["failed_at"].as_f64().unwrap() > found["at"].as_f64().unwrap(),
        "{kept}"
    );
    for key in ["at", "outcome", "findings", "findings_total", "paths", "manifest"] {
        assert_eq!(kept[key], found[key], "{key}");
    }

    // an agent that has only just been started tells of it too
    let settings = format!(
        "interval = \"1s\"\nverify.state_dir = {:?}\nverify.manifest = {manifest:?}\nverify.public_keys = [\"{}\"]\n",
        store.folder.path().join("state"),
        store.key.public()
    );
    let agent = Agent::start(host(), &settings).await;
    agent.finds("closure-verified", "down").await;
    let (_, evidence) = agent.check("closure-verified").await.unwrap();
    for said in [
        PART,
        " has changed: it is ",
        " nothing could be compared: failed to read ",
    ] {
        assert!(evidence.contains(said), "{said:?} is missing in: {evidence}");
    }
    assert_eq!(agent.metric("signalbox_verify_sound ").await, Some(0.0));
    assert_eq!(agent.metric("signalbox_verify_findings ").await, Some(1.0));

    fs::rename(gone, manifest).unwrap();
    fs::write(file, vec![7; 300_000]).unwrap();
    assert_eq!(store.verify_as_vendor().await.0, Some(0));
    let record = store.record();
    assert_eq!(record["outcome"], "sound");
    assert_eq!(record["error"], Value::Null);
    assert_eq!(record["findings_total"], 0);
    agent.finds("closure-verified", "ok").await;
    assert_eq!(agent.metric("signalbox_verify_sound ").await, Some(1.0));
}

/// The box's own result is that of its own manifest, by whom it trusts, of its own store.
#[tokio::test]
async fn what_is_compared_by_hand_is_no_result_of_the_box() {
    let store = Store::new();
    store.manifest(&["--secret-key", &key_option(&store)]).await;
    let text = |path: PathBuf| path.to_str().unwrap().to_owned();
    let (state, manifest) = (
        store.folder.path().join("own"),
        text(store.folder.path().join("manifest")),
    );
    let (place, key) = (text(store.store()), store.key.public().to_string());
    let settings = [
        format!("verify.state_dir={state:?}"),
        format!("verify.manifest={manifest:?}"),
        format!("verify.public_keys=[\"{key}\"]"),
    ];
    let by_hand = async |options: &[&str]| {
        let mut arguments: Vec<_> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
        arguments.push("verify");
        arguments.extend(options);
        run(&arguments).await.status.code()
    };
    for (options, code) in [
        (vec!["--store", &place], 0),
        (vec!["--store", &place, "--manifest", &manifest], 0),
        (vec!["--store", &place, "--public-key", &key], 0),
        (vec!["--manifest", "/nowhere"], 1),
        (vec!["--public-key", "/nowhere"], 1),
    ] {
        assert_eq!(by_hand(&options).await, Some(code), "{options:?}");
        assert!(!state.exists(), "{options:?}");
    }
    // this machine does not run what the manifest is of
    assert_eq!(by_hand(&["--verbose"]).await, Some(2));
    let record: Value = serde_json::from_slice(&fs::read(state.join("last_verify.json")).unwrap()).unwrap();
    assert_eq!(record["outcome"], "changed");
    assert_eq!(record["findings"][0]["kind"], "system");
    // and how far a run came is kept where the result is
    assert_eq!(fs::read_dir(&state).unwrap().count(), 1);
    assert_eq!(by_hand(&["--store", "/nowhere"]).await, Some(1));
    let after: Value = serde_json::from_slice(&fs::read(state.join("last_verify.json")).unwrap()).unwrap();
    assert_eq!(after, record);
}

#[tokio::test]
async fn a_manifest_that_nobody_vouches_for_is_not_believed() {
    let store = Store::new();
    let manifest = store.folder.path().join("manifest");
    store.manifest(&[]).await;
    let (code, text) = store.verify_as_vendor().await;
    assert_eq!(code, Some(1));
    assert!(text.ends_with(": it is not signed\n"), "{text}");

    store.manifest(&["--secret-key", &key_option(&store)]).await;
    let signed = fs::read_to_string(&manifest).unwrap();
    fs::write(
        &manifest,
        signed.replacen("nixos-system-box", "nixos-system-bob", 1),
    )
    .unwrap();
    let (code, text) = store.verify_as_vendor().await;
    assert_eq!(code, Some(1));
    assert!(text.contains("the signature by vendor-1 does not fit"), "{text}");
    let record = store.record();
    assert_eq!(record["outcome"], "failed");
    assert_eq!(record["failed_at"], record["at"]);
    assert!(record["error"].as_str().unwrap().contains("does not fit"));

    fs::write(&manifest, signed).unwrap();
    let other = SecretKey::generate("other-1").unwrap().public().to_string();
    let output = store.verify(&["--public-key", &other]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("it is signed by vendor-1, and trusted are other-1"),
        "{}",
        said(&output)
    );
}

#[tokio::test]
async fn without_a_manifest_it_says_how_to_get_one() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["verify", "--state", folder.path().to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(1));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        complaint.contains("there is nothing to compare with: let signalbox-health manifest make"),
        "{complaint}"
    );
    // nothing was compared, so nothing is kept of it
    assert!(!folder.path().join("last_verify.json").exists());
    let told = run(&["--set", "verify.manifest=/a", "check-config"]).await;
    assert_eq!(told.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&told.stderr).contains("verify.public_keys"));
}

#[tokio::test]
async fn a_registration_that_lacks_something_makes_no_manifest() {
    let store = Store::new();
    let registration = store.folder.path().join("registration");
    let text = fs::read_to_string(&registration).unwrap();
    let (_, system) = text.split_at(text.find(SYSTEM).unwrap() - store.store().to_str().unwrap().len() - 1);
    // the part's entry comes first, and is left out
    assert!(system.starts_with(store.path(SYSTEM).to_str().unwrap()));
    fs::write(&registration, system).unwrap();
    let output = store.manifest(&[]).await;
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains(&format!("{PART} is needed, and not in the registration")),
        "{told}"
    );
    assert!(!Path::new(&store.folder.path().join("manifest")).exists());
}
