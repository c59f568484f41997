use super::*;

const STORE: &str = "/nix/store";
const GLIBC: &str = "0q43idch209zsdngl8yl79x0y79aajib-glibc-2.40";
const LIBIDN: &str = "1c9yz9jw6k0c6ix2w0k4hd8vjgjq4p6r-libidn2-2.3.7";
const HASH: &str = "sha256:1xmr8jicvzszfzpz46g37mlpvbzjl2wpwvl2b05psipssyp1sm8h";
const BASE16: &str = "10551daed7fa467d0b58826e7eb9a0f2af7d693de319f2ef775fffcda244b9f6";
const SRI: &str = "sha256-EFUdrtf6Rn0LWIJufrmg8q99aT3jGfLvd1//zaJEufY=";

fn expected() -> BTreeMap<StorePath, Entry> {
    let path = |text: &str| text.parse::<StorePath>().expect("a store path");
    let nar = |size| NarHash {
        sha256: HASH.parse().expect("a hash"),
        size,
    };
    BTreeMap::from([
        (
            path(GLIBC),
            Entry::new(nar(120), BTreeSet::from([path(GLIBC), path(LIBIDN)])),
        ),
        (path(LIBIDN), Entry::new(nar(8), BTreeSet::new())),
    ])
}

/// As closureInfo writes it with its hashes in base-32, and `nix-store --dump-db` in base-16.
fn registration(hash: &str, built_by: &str) -> String {
    format!(
        "{STORE}/{GLIBC}\n{hash}\n120\n{built_by}\n2\n{STORE}/{GLIBC}\n{STORE}/{LIBIDN}\n\
         {STORE}/{LIBIDN}\n{hash}\n8\n{built_by}\n0\n"
    )
}

#[test]
fn a_registration_is_read_in_each_spelling() {
    for hash in [HASH, BASE16, SRI] {
        for built_by in ["", "/nix/store/3c9yz9jw6k0c6ix2w0k4hd8vjgjq4p6r-x.drv"] {
            let read = parse(&registration(hash, built_by), STORE).expect(hash);
            assert_eq!(read, expected());
        }
    }
    assert_eq!(parse("", STORE).expect("nothing").len(), 0);
}

#[test]
fn a_registration_that_is_cut_off_is_refused() {
    let whole = registration(HASH, "");
    let lines: Vec<&str> = whole.lines().collect();
    for count in 1..lines.len() {
        // the first entry has seven lines
        let complete = count == 7;
        let read = parse(&lines[..count].join("\n"), STORE);
        assert_eq!(read.is_ok(), complete, "{count} lines: {read:?}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let whole = registration(HASH, "");
    for (old, new, complaint) in [
        ("120", "many", "line 3: \"many\" is not a size"),
        (HASH, "sha1:0", "line 2: \"sha1:0\" is not a hash"),
        ("\n2\n", "\n-2\n", "line 5: \"-2\" is not a number of references"),
        (
            "\n2\n",
            "\n1\n",
            "line 8: \"/nix/store/1c9yz9jw6k0c6ix2w0k4hd8vjgjq4p6r-libidn2-2.3.7\" is not a hash",
        ),
        ("\n0\n", "\n9\n", "line 13: the text ends within an entry"),
        (
            "/nix/store/0q43",
            "/gnu/store/0q43",
            "line 1: \"/gnu/store/0q43idch209zsdngl8yl79x0y79aajib-glibc-2.40\" is no store path",
        ),
    ] {
        let changed = whole.replacen(old, new, 1);
        assert_ne!(changed, whole);
        let error = parse(&changed, STORE).expect_err(complaint);
        assert_eq!(error.to_string(), complaint);
    }
    let twice = format!("{whole}{whole}");
    let error = parse(&twice, STORE).expect_err("twice").to_string();
    assert_eq!(error, "line 19: the path is there twice");
}

#[test]
fn path_info_is_read_as_list_and_as_object() {
    let info = |references: &str, size: u64| {
        format!(
            r#""narHash":"{SRI}","narSize":{size},"references":[{references}],"ca":null,"signatures":["a:b"]"#
        )
    };
    let (glibc, libidn) = (
        info(&format!(r#""{STORE}/{GLIBC}","{STORE}/{LIBIDN}""#), 120),
        info("", 8),
    );
    for text in [
        format!(r#"[{{"path":"{STORE}/{GLIBC}",{glibc}}},{{"path":"{STORE}/{LIBIDN}",{libidn}}}]"#),
        format!(r#"{{"{STORE}/{GLIBC}":{{{glibc}}},"{STORE}/{LIBIDN}":{{{libidn}}}}}"#),
    ] {
        assert_eq!(parse_json(&text, STORE).expect(&text), expected());
    }
    for (text, complaint) in [
        ("", "not what nix path-info --json writes"),
        ("[1]", "not what nix path-info --json writes"),
        (
            r#"{"/nix/store/0q43idch209zsdngl8yl79x0y79aajib-glibc-2.40":null}"#,
            "/nix/store/0q43idch209zsdngl8yl79x0y79aajib-glibc-2.40: Nix does not know it",
        ),
        (
            r#"[{"path":"/x","narHash":"","narSize":1,"references":[]}]"#,
            "/x: \"/x\" is no store path",
        ),
    ] {
        let error = parse_json(text, STORE).expect_err(text);
        assert_eq!(error.to_string(), complaint);
    }
}
