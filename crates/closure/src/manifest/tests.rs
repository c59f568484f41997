use super::*;
use crate::FileName;
use crate::listing::Node;

const SYSTEM: &str = "9d2yz9jw6k0c6ix2w0k4hd8vjgjq4p6r-nixos-system-control-a";
const GLIBC: &str = "0q43idch209zsdngl8yl79x0y79aajib-glibc-2.40";
const LIBIDN: &str = "1c9yz9jw6k0c6ix2w0k4hd8vjgjq4p6r-libidn2-2.3.7";

fn path(text: &str) -> StorePath {
    text.parse().expect("a store path")
}

fn entry(of: &str, references: &[&str]) -> (StorePath, Entry) {
    let nar = NarHash {
        sha256: Sha256::of(of.as_bytes()),
        size: 120 + of.len() as u64,
    };
    let references = references.iter().map(|reference| path(reference)).collect();
    (path(of), Entry::new(nar, references))
}

fn entries() -> BTreeMap<StorePath, Entry> {
    BTreeMap::from([
        entry(SYSTEM, &[GLIBC]),
        entry(GLIBC, &[GLIBC, LIBIDN]),
        entry(LIBIDN, &[]),
    ])
}

fn manifest() -> Manifest {
    Manifest::new("control-a", "/nix/store", BTreeSet::new(), entries()).expect("a closure")
}

/// One that has everything.
fn listed() -> Manifest {
    let mut manifest = manifest();
    let mut listing = Listing::default();
    listing.insert(FileName::root(), Node::Directory);
    for (name, node) in [
        (
            &b"libidn.so"[..],
            Node::Symlink {
                target: b"lib idn.so.0".to_vec(),
            },
        ),
        (
            b"\xff and \n",
            Node::File {
                executable: true,
                size: 3,
                sha256: Sha256::of(b"abc"),
            },
        ),
        (
            b"README",
            Node::File {
                executable: false,
                size: 0,
                sha256: Sha256::of(b""),
            },
        ),
    ] {
        listing.insert(FileName::new(name), node);
    }
    manifest.entries.get_mut(&path(LIBIDN)).expect("an entry").listing = Some(listing);
    manifest
}

fn key(name: &str) -> SecretKey {
    SecretKey::generate(name).expect("a key")
}

fn signed(key: &SecretKey) -> Manifest {
    let mut manifest = listed();
    manifest.sign(key);
    manifest
}

#[test]
fn it_is_text_with_a_line_for_each_path() {
    assert_eq!(
        listed().text(),
        "signalbox-closure 1\n\
         name control-a\n\
         store /nix/store\n\
         root 9d2yz9jw6k0c6ix2w0k4hd8vjgjq4p6r-nixos-system-control-a\n\
         path 0q43idch209zsdngl8yl79x0y79aajib-glibc-2.40 \
         sha256:GLIBC_HASH 163 \
         0q43idch209zsdngl8yl79x0y79aajib-glibc-2.40 1c9yz9jw6k0c6ix2w0k4hd8vjgjq4p6r-libidn2-2.3.7\n\
         path 1c9yz9jw6k0c6ix2w0k4hd8vjgjq4p6r-libidn2-2.3.7 \
         sha256:LIBIDN_HASH 166\n\
         dir .\n\
         file README sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73 0\n\
         link libidn.so lib\\20idn.so.0\n\
         exec \\ff\\20and\\20\\0a sha256:1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s 3\n\
         path 9d2yz9jw6k0c6ix2w0k4hd8vjgjq4p6r-nixos-system-control-a \
         sha256:SYSTEM_HASH 175 \
         0q43idch209zsdngl8yl79x0y79aajib-glibc-2.40\n\
         end 3\n"
            .replace("GLIBC_HASH", &Sha256::of(GLIBC.as_bytes()).base32())
            .replace("LIBIDN_HASH", &Sha256::of(LIBIDN.as_bytes()).base32())
            .replace("SYSTEM_HASH", &Sha256::of(SYSTEM.as_bytes()).base32())
    );
    assert_eq!(Manifest::parse(&listed().text()), Ok(listed()));
}

#[test]
fn a_path_is_signed_as_nix_signs_it() {
    let key = key("box-1");
    let manifest = signed(&key);
    let fingerprint = manifest.fingerprint(&path(GLIBC)).expect("it is there");
    assert_eq!(
        fingerprint,
        format!(
            "1;/nix/store/{GLIBC};{};163;/nix/store/{GLIBC},/nix/store/{LIBIDN}",
            Sha256::of(GLIBC.as_bytes())
        )
    );
    let signature = &manifest.entries()[&path(GLIBC)].signatures[0];
    assert!(key.public().signed(fingerprint.as_bytes(), signature));
    assert_eq!(manifest.fingerprint(&path(&GLIBC.replace("glibc", "musl"))), None);
}

#[test]
fn one_of_the_trusted_keys_is_enough() {
    let (one, two, other) = (key("box-1"), key("box-2"), key("box-3"));
    let mut manifest = signed(&one);
    manifest.countersign(&two);
    let text = manifest.text();
    for keys in [
        vec![one.public()],
        vec![two.public()],
        vec![other.public(), two.public()],
        // while a key is replaced by another of the same name
        vec![key("box-1").public(), one.public()],
    ] {
        assert_eq!(Manifest::trusted(&text, &keys), Ok(manifest.clone()));
    }
    assert_eq!(
        Manifest::trusted(&text, &[other.public()]),
        Err(Untrusted::UnknownKey {
            by: "box-1, box-2".to_owned(),
            trusted: "box-3".to_owned()
        })
    );
    assert_eq!(
        Manifest::trusted(&text, &[]),
        Err(Untrusted::UnknownKey {
            by: "box-1, box-2".to_owned(),
            trusted: "nobody".to_owned()
        })
    );
    assert_eq!(
        Manifest::trusted(&text, &[key("box-1").public()]),
        Err(Untrusted::Forged {
            by: "box-1".to_owned()
        }),
        "another key of that name"
    );
    assert_eq!(
        Manifest::trusted(&listed().text(), &[one.public()]),
        Err(Untrusted::Unsigned)
    );
}

#[test]
fn no_byte_may_change() {
    let key = key("box-1");
    let text = signed(&key).text();
    let keys = [key.public()];
    assert!(Manifest::trusted(&text, &keys).is_ok());
    for index in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[index] ^= 1;
        let changed = String::from_utf8(bytes).expect("still text");
        assert!(
            Manifest::trusted(&changed, &keys).is_err(),
            "byte {index}: {changed}"
        );
    }
}

#[test]
fn nothing_may_be_cut_off() {
    let key = key("box-1");
    let text = signed(&key).text();
    for length in 0..text.len() {
        assert!(
            Manifest::trusted(&text[..length], &[key.public()]).is_err(),
            "{length} bytes of {}",
            text.len()
        );
    }
}

#[test]
fn no_line_may_be_taken_out_or_added_or_moved() {
    let key = key("box-1");
    let text = signed(&key).text();
    let lines: Vec<&str> = text.lines().collect();
    let join = |lines: &[&str]| lines.join("\n") + "\n";
    for index in 0..lines.len() {
        let mut fewer = lines.clone();
        fewer.remove(index);
        let mut more = lines.clone();
        more.insert(index, lines[index]);
        let mut moved = lines.clone();
        moved.swap(index, (index + 1) % lines.len());
        for changed in [fewer, moved] {
            assert!(
                Manifest::trusted(&join(&changed), &[key.public()]).is_err(),
                "{index}: {}",
                lines[index]
            );
        }
        // the same signature twice says nothing new
        let signature = lines[index].starts_with(SIGNATURE);
        assert_eq!(
            Manifest::trusted(&join(&more), &[key.public()]).is_ok(),
            signature
        );
    }
}

/// Whoever has the key of a cache, but not the manifest's signature, cannot put signed paths together as they like.
#[test]
fn paths_that_are_signed_do_not_make_a_manifest() {
    let key = key("box-1");
    let whole = signed(&key);
    let mut fewer = whole.clone();
    let removed = fewer.entries.remove(&path(SYSTEM)).expect("it was there");
    assert!(!removed.signatures.is_empty());
    fewer.roots = BTreeSet::from([path(GLIBC)]);
    assert!(Manifest::parse(&fewer.text()).is_ok(), "a closure it is");
    assert_eq!(
        Manifest::trusted(&fewer.text(), &[key.public()]),
        Err(Untrusted::Forged {
            by: "box-1".to_owned()
        })
    );
}

#[test]
fn signing_again_replaces_what_the_key_has_signed() {
    let (one, two) = (key("box-1"), key("box-2"));
    let mut manifest = signed(&one);
    manifest.sign(&two);
    manifest.sign(&two);
    let names = |signatures: &[Signature]| -> Vec<String> {
        signatures
            .iter()
            .map(|signature| signature.name().to_owned())
            .collect()
    };
    assert_eq!(
        names(&manifest.entries()[&path(GLIBC)].signatures),
        ["box-1", "box-2"]
    );
    assert_eq!(names(manifest.signatures()), ["box-2"]);
    assert!(Manifest::trusted(&manifest.text(), &[two.public()]).is_ok());
}

#[test]
fn it_has_to_be_closed() {
    let new = |roots: &[&str], entries| {
        let roots = roots.iter().map(|root| path(root)).collect();
        Manifest::new("control-a", "/nix/store", roots, entries)
    };
    assert_eq!(new(&[], BTreeMap::new()), Err(Incomplete::Empty));
    let mut without = entries();
    without.remove(&path(LIBIDN));
    assert_eq!(
        new(&[], without),
        Err(Incomplete::Reference {
            path: path(GLIBC),
            reference: path(LIBIDN)
        })
    );
    let stranger = "2c9yz9jw6k0c6ix2w0k4hd8vjgjq4p6r-stranger";
    assert_eq!(new(&[stranger], entries()), Err(Incomplete::Root(path(stranger))));
    let mut more = entries();
    more.extend([entry(stranger, &[GLIBC])]);
    assert_eq!(
        new(&[SYSTEM], more.clone()),
        Err(Incomplete::Unneeded(path(stranger)))
    );
    let both = new(&[], more).expect("two roots");
    assert_eq!(*both.roots(), BTreeSet::from([path(SYSTEM), path(stranger)]));

    for (name, store) in [
        ("", "/nix/store"),
        ("a b", "/nix/store"),
        ("a", "nix/store"),
        ("a", "/nix/store/"),
        ("a", "/nix store"),
        ("a", ""),
    ] {
        let made = Manifest::new(name, store, BTreeSet::new(), entries());
        assert!(
            matches!(made, Err(Incomplete::Name(_) | Incomplete::Store(_))),
            "{name} {store}"
        );
    }
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let text = manifest().text();
    let hash = Sha256::of(LIBIDN.as_bytes());
    for (old, new, complaint) in [
        (
            "signalbox-closure 1\n",
            "signalbox-closure 2\n",
            "line 1: a manifest begins with \"signalbox-closure 1\"",
        ),
        ("name control-a\n", "", "line 2: the name is missing"),
        ("store /nix/store\n", "", "line 3: the store is missing"),
        ("end 3", "end 4", "line 8: there should be 4 paths, not 3"),
        ("end 3\n", "", "line 7: the end is missing"),
        ("end 3\n", "end 3\nend 3\n", "line 9: there is more after the end"),
        (
            "end 3\n",
            "end 3",
            "line 9: not in order, or not as manifests are written",
        ),
        (
            "end 3\n",
            "end 03\n",
            "line 8: not in order, or not as manifests are written",
        ),
        (" 166\n", " x\n", "line 6: \"x\" is not a number"),
        (
            " 166\n",
            " 0166\n",
            "line 6: not in order, or not as manifests are written",
        ),
        (" 166\n", " 166 \n", "line 6: \"\" is not a store path"),
        (
            &format!("{hash} 166"),
            "sha256:0 166",
            "line 6: \"sha256:0\" is not a hash",
        ),
        (
            &format!("path {LIBIDN}"),
            "path x",
            "line 6: \"x\" is not a store path",
        ),
        (
            &format!("root {SYSTEM}\n"),
            "dir .\n",
            "line 4: belongs to a path, and there was none",
        ),
        (
            &format!("root {SYSTEM}\n"),
            "\n",
            "line 4: not a line of a manifest",
        ),
        ("end 3\n", "file a b\nend 3\n", "line 8: not a line of a manifest"),
        ("end 3\n", "sig a:b\nend 3\n", "line 8: not a signature"),
        ("end 3\n", "end 3\nsignature a:b\n", "line 9: not a signature"),
        (
            &format!("root {SYSTEM}\n"),
            &format!("root {GLIBC}\n"),
            &format!("line 8: {SYSTEM} is needed by none of its roots"),
        ),
    ] {
        let changed = text.replacen(old, new, 1);
        assert_ne!(changed, text, "{old:?}");
        let error = Manifest::parse(&changed).expect_err(complaint);
        assert_eq!(error.to_string(), complaint);
    }
    // a whole path twice
    let twice = text.replacen("path ", &format!("path {LIBIDN} {hash} 166\npath "), 1);
    assert_eq!(
        Manifest::parse(&twice).expect_err("twice").to_string(),
        "line 7: the path is there twice"
    );
}

#[test]
fn a_digest_is_of_what_is_signed() {
    let (one, two) = (key("box-1"), key("box-2"));
    let mut manifest = signed(&one);
    let digest = manifest.digest();
    manifest.countersign(&two);
    assert_eq!(manifest.digest(), digest);
    assert_ne!(listed().digest(), digest, "signatures of paths are signed too");
    assert_eq!(manifest.size(), 163 + 166 + 175);
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = Manifest::parse(&text);
    }

    /// Words of a manifest in any order.
    #[test]
    fn any_lines_are_read_or_refused(lines in proptest::collection::vec(
        proptest::sample::select(listed().text().split_inclusive('\n').map(str::to_owned).collect::<Vec<_>>()), 0..12
    )) {
        let text = lines.concat();
        if let Ok(manifest) = Manifest::parse(&text) {
            proptest::prop_assert_eq!(manifest.text(), text);
        }
    }
}
