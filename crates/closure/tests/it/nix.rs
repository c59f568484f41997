//! Beside Nix itself: the same NARs, hashes, closures and signatures.
//!
//! These tests run when `SIGNALBOX_NIX_TEST` is set, as `make test` sets it, and then Nix has to be there: on the PATH, or in
//! the folder `NIX_ROOT` as nixos/nix.bash describes it. Nothing is read from or written to the store of the machine.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use closure::nix::{Nix, NixError};
use closure::verify::{Options, verify};
use closure::{Manifest, PublicKey, SecretKey, Sha256, StorePath, nar, registration};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tempfile::TempDir;

use crate::trees::Tree;

/// Nix with a store of its own, in a folder that is gone when this is.
struct Oracle {
    folder: TempDir,
}

impl Oracle {
    /// None if these tests are not to be run.
    fn new() -> Option<Self> {
        std::env::var_os("SIGNALBOX_NIX_TEST")?;
        let oracle = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        fs::create_dir(oracle.path("bin")).expect("a folder");
        for program in ["nix", "nix-store", "nix-hash", "nix-instantiate"] {
            oracle.write_program(program);
        }
        let version = oracle.run("nix-store", &["--version"]);
        assert!(version.contains("(Nix)"), "{version}");
        Some(oracle)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn store(&self) -> String {
        self.path("store").to_str().expect("text").to_owned()
    }

    /// A script that runs a program of Nix with this store.
    fn write_program(&self, program: &str) {
        let folder = self.folder.path().to_str().expect("text");
        let run = match std::env::var("NIX_ROOT") {
            Ok(root) => format!(
                "'{root}/lib64/ld-linux-x86-64.so.2' --argv0 {program} --library-path \
                 '{root}/usr/lib/x86_64-linux-gnu:{root}/lib/x86_64-linux-gnu' '{root}/usr/bin/{program}'"
            ),
            Err(_) => program.to_owned(),
        };
        let script = format!(
            "#!/bin/sh\n\
             export HOME='{folder}' NIX_REMOTE=local NIX_STORE_DIR='{folder}/store' NIX_STATE_DIR='{folder}/var' \
             NIX_LOG_DIR='{folder}/log' NIX_CONF_DIR='{folder}/etc' NIX_LOCALSTATE_DIR='{folder}/var'\n\
             export NIX_CONFIG='experimental-features = nix-command\n\
             build-users-group =\n\
             sandbox = false\n\
             substitute = false'\n\
             exec {run} \"$@\"\n"
        );
        let file = self.path("bin").join(program);
        fs::write(&file, script).expect("written");
        fs::set_permissions(&file, Permissions::from_mode(0o755)).expect("a mode");
    }

    fn command(&self, program: &str) -> Command {
        // a wait that never ends would be worse than a program that is missing
        let mut command = Command::new("timeout");
        command.arg("60").arg(self.path("bin").join(program));
        command
    }

    fn bytes(&self, program: &str, arguments: &[&str]) -> Vec<u8> {
        let output = self.command(program).args(arguments).output().expect("it is run");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{program} {arguments:?}: {complaint} (Nix is needed: apt-get install nix-bin)"
        );
        output.stdout
    }

    /// What a program of Nix says.
    fn run(&self, program: &str, arguments: &[&str]) -> String {
        String::from_utf8(self.bytes(program, arguments))
            .expect("text")
            .trim_end()
            .to_owned()
    }

    /// How the product asks this Nix.
    fn nix(&self) -> Nix {
        Nix {
            program: self.path("bin/nix-store"),
            store: self.store(),
            timeout: Duration::from_mins(1),
        }
    }

    /// Builds two packages, of which one needs the other and itself, and a link to that one.
    fn build(&self) -> PathBuf {
        let file = self.path("packages.nix");
        fs::write(
            &file,
            r#"let
                 build = name: script: derivation {
                   inherit name;
                   system = builtins.currentSystem;
                   preferLocalBuild = true; # no question to other machines
                   builder = "/bin/sh";
                   args = [ "-c" "export PATH=/usr/bin:/bin; ${script}" ];
                 };
                 library = build "library" "mkdir $out; echo code > $out/lib.so";
               in build "program" ''
                 mkdir -p $out/bin
                 echo "${library} $out" > $out/bin/program
                 chmod +x $out/bin/program
                 ln -s program $out/bin/link
               ''"#,
        )
        .expect("written");
        let built_by = self.run("nix-instantiate", &[file.to_str().expect("text")]);
        let link = self.path("result");
        self.run(
            "nix-store",
            &["--realise", &built_by, "--add-root", link.to_str().expect("text")],
        );
        link
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

#[test]
fn archives_are_those_of_nix() {
    let Some(oracle) = Oracle::new() else { return };
    let mut runner = TestRunner::new(Config::with_cases(48));
    let outcome = runner.run(&Tree::any(), |tree| {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("tree");
        tree.write(&place);
        let mut dumped = Vec::new();
        nar::dump(&place, &mut dumped).expect("a NAR");
        prop_assert_eq!(dumped, oracle.bytes("nix-store", &["--dump", text(&place)]));
        let hash = oracle.run("nix-hash", &["--type", "sha256", "--base32", text(&place)]);
        prop_assert_eq!(nar::hash(&place).expect("a hash").sha256.base32(), hash);
        Ok(())
    });
    outcome.expect("the same");
}

#[test]
fn hashes_are_spelt_as_nix_spells_them() {
    let Some(oracle) = Oracle::new() else { return };
    let mut hashes: Vec<Sha256> = (0u8..60).map(|byte| Sha256::of(&[byte])).collect();
    hashes.extend([[0; 32], [0xff; 32]].map(Sha256::from));
    for option in ["--to-base32", "--to-base16"] {
        let spelt: Vec<String> = hashes.iter().map(Sha256::base32).collect();
        let mut arguments = vec!["--type", "sha256", option];
        arguments.extend(spelt.iter().map(String::as_str));
        let answer = oracle.run("nix-hash", &arguments);
        let answers: Vec<&str> = answer.lines().collect();
        assert_eq!(answers.len(), hashes.len());
        for (hash, answer) in hashes.iter().zip(answers) {
            assert_eq!(answer.parse(), Ok(*hash), "{option}");
            if option == "--to-base32" {
                assert_eq!(hash.base32(), answer);
            }
        }
    }
}

#[test]
fn a_closure_is_what_nix_says_signed_as_nix_signs_it() {
    let Some(oracle) = Oracle::new() else { return };
    let link = oracle.build();
    let closure = oracle
        .nix()
        .closure(std::slice::from_ref(&link))
        .expect("a closure");
    let names: Vec<&str> = closure.entries.keys().map(StorePath::name).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let program = closure.roots.first().expect("a root").clone();
    assert_eq!(program.name(), "program");
    assert_eq!(
        closure.entries[&program].references.len(),
        2,
        "the library and itself"
    );

    // nix path-info says the same
    let infos = oracle.run("nix", &["path-info", "--json", "--recursive", text(&link)]);
    let infos = registration::parse_json(&infos, &oracle.store()).expect("path-info");
    assert_eq!(infos, closure.entries);

    // and signs the same
    let (secret, public) = (oracle.path("secret"), oracle.path("public"));
    oracle.run(
        "nix-store",
        &[
            "--generate-binary-cache-key",
            "box-1",
            text(&secret),
            text(&public),
        ],
    );
    let key: SecretKey = fs::read_to_string(&secret)
        .expect("a file")
        .parse()
        .expect("a key");
    let public: PublicKey = fs::read_to_string(&public)
        .expect("a file")
        .parse()
        .expect("a key");
    assert_eq!(key.public(), public);
    let mut manifest =
        Manifest::new("test", &oracle.store(), closure.roots, closure.entries).expect("closed");
    manifest.list_files(None).expect("listed");
    manifest.sign(&key);
    oracle.run(
        "nix",
        &[
            "store",
            "sign",
            "--recursive",
            "--key-file",
            text(&secret),
            text(&link),
        ],
    );
    let signed = oracle.run("nix", &["path-info", "--json", "--recursive", text(&link)]);
    for (path, entry) in manifest.entries() {
        let [signature] = entry.signatures.as_slice() else {
            panic!("{entry:?}")
        };
        assert!(
            signed.contains(&format!("\"{signature}\"")),
            "{path} {signature}: {signed}"
        );
    }

    // what Nix has built is sound, and what it would complain of is found
    let trusted = Manifest::trusted(&manifest.text(), &[public]).expect("signed");
    let never = AtomicBool::new(false);
    let look = || verify(&trusted, &Options::default(), &never, |_| ()).expect("a report");
    assert!(look().sound());
    let changed = Path::new(&oracle.store())
        .join(program.as_str())
        .join("bin/program");
    let mut bytes = fs::read(&changed).expect("read");
    bytes[0] ^= 1;
    fs::set_permissions(&changed, Permissions::from_mode(0o755)).expect("a mode");
    fs::write(&changed, bytes).expect("written");
    let report = look();
    let finding = report.findings[0].to_string();
    assert!(finding.ends_with("\n  bin/program: other contents"), "{finding}");
    let complains = oracle
        .command("nix-store")
        .args(["--verify-path", text(&link)])
        .output()
        .expect("it is run");
    assert!(!complains.status.success());
}

#[test]
fn what_nix_does_not_know_is_an_error() {
    let Some(oracle) = Oracle::new() else { return };
    let link = oracle.build();
    let stray = Path::new(&oracle.store()).join("0q43idch209zsdngl8yl79x0y79aajib-stray");
    fs::write(&stray, "x").expect("written");
    let error = oracle.nix().closure(&[link, stray]).expect_err("not registered");
    assert!(
        matches!(&error, NixError::Failed { question: "--query", complaint } if complaint.contains("is not valid")),
        "{error}"
    );
}

/// These need no Nix.
#[test]
fn a_program_that_fails_or_does_not_end_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = text(folder.path()).to_owned();
    let root = folder.path().join("0q43idch209zsdngl8yl79x0y79aajib-x");
    fs::write(&root, "x").expect("written");
    let ask = |script: &str, root: &Path| {
        let program = folder.path().join("nix-store");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&program, Permissions::from_mode(0o755)).expect("a mode");
        let nix = Nix {
            program,
            store: store.clone(),
            timeout: Duration::from_millis(500),
        };
        nix.closure(&[root.to_owned()])
            .expect_err("no answer")
            .to_string()
    };
    assert_eq!(
        ask("echo 'no such database' >&2; exit 1", &root),
        "nix-store --query failed: no such database"
    );
    assert_eq!(
        ask("exec sleep 60", &root),
        "nix-store --query did not answer in time"
    );
    assert_eq!(
        ask("[ $1 = --query ] && echo $3 || echo nonsense", &root),
        "failed to understand the answer of nix-store"
    );
    let outside = tempfile::tempdir().expect("a folder");
    assert_eq!(
        ask("exit 0", outside.path()),
        format!("{} is in no store path", outside.path().display())
    );
    let nowhere = outside.path().join("nowhere");
    assert_eq!(
        ask("exit 0", &nowhere),
        format!("failed to find {}", nowhere.display())
    );
}
