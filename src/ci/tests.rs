use super::*;

fn values() -> RecipeValues {
    RecipeValues {
        variables: vec![
            ("GENESYSCLOUD_REGION", "eu-west-1".into()),
            ("GC_TOKEN_SKEW", "7s".into()),
        ],
        client_id_variable: "THE_ID",
        client_secret_variable: "THE_SECRET",
        min_ttl: "31m".into(),
        checksums: ArchiveChecksums { x86_64: "a".repeat(64), aarch64: "b".repeat(64) },
        store: None,
    }
}

fn recipes(values: &RecipeValues) -> impl Iterator<Item = (CiSystem, Vec<RecipeFile>)> {
    CiSystem::value_variants().iter().map(|system| (*system, system.recipe(values)))
}

#[test]
fn names_are_those_of_the_command_line() {
    for system in CiSystem::value_variants() {
        assert_eq!(system.to_possible_value().unwrap().get_name(), system.name());
    }
}

#[test]
fn every_value_is_in_every_recipe_and_no_mark_is_left() {
    for (system, files) in recipes(&values()) {
        let text: String = files.iter().map(|file| file.text.as_str()).collect();
        assert!(!text.contains("<<") && !text.contains(">>\n"), "{system:?}: {text}");
        for value in ["eu-west-1", "GC_TOKEN_SKEW", "7s", "THE_ID", "THE_SECRET", "31m", VERSION] {
            assert!(text.contains(value), "{system:?} lacks {value}");
        }
        if system != CiSystem::Hcp {
            for value in [&values().checksums.x86_64, &values().checksums.aarch64] {
                assert!(text.contains(value), "{system:?} lacks {value}");
            }
            assert!(text.contains(&format!("{REPOSITORY}/releases/download/v{VERSION}")));
        }
    }
}

#[test]
fn without_a_region_github_reads_it_from_its_own_variables() {
    let values = RecipeValues { variables: Vec::new(), ..values() };
    for (system, files) in recipes(&values) {
        let region = files[0].text.lines().find(|line| line.contains("GENESYSCLOUD_REGION"));
        let expected = "  GENESYSCLOUD_REGION: \"${{ vars.GENESYSCLOUD_REGION }}\"";
        assert_eq!(region, (system == CiSystem::Github).then_some(expected));
    }
}

#[test]
fn the_credentials_of_a_store_are_in_every_recipe_with_one() {
    const PASSWORD: &str = "GC_TOKEN_STORE_PASSWORD";
    let text_with = |store| {
        let values = RecipeValues { store, ..values() };
        recipes(&values)
            .map(|(system, files)| {
                let text: String = files.iter().map(|file| file.text.as_str()).collect();
                assert!(!text.contains("<<"), "{system:?}: {text}");
                (system, text)
            })
            .collect::<Vec<_>>()
    };
    for (system, text) in text_with(Some(RecipeStore::Redis)) {
        // Where a secret is named for each step, plan and apply have both.
        let (secrets, passwords) =
            (text.matches("THE_SECRET").count(), text.matches(PASSWORD).count());
        let expected = match system {
            CiSystem::Github => 3,
            CiSystem::Azure | CiSystem::Jenkins => 2,
            CiSystem::Gitlab | CiSystem::Atlantis | CiSystem::Hcp => 1,
        };
        assert!(passwords >= expected && secrets >= expected, "{system:?}: {text}");
    }
    for (system, text) in text_with(Some(RecipeStore::Bucket("THE_KEYS"))) {
        assert!(text.contains("credentials of the store: THE_KEYS"), "{system:?}: {text}");
        assert!(!text.contains(PASSWORD), "{system:?}");
    }
    for (system, text) in text_with(None) {
        assert!(!text.contains(PASSWORD) && !text.contains("the store"), "{system:?}: {text}");
    }
}

#[test]
fn no_notation_changes_the_install_script() {
    // Groovy and YAML read backslashes, three quotes end a string of Groovy, GitLab replaces
    // `$[[`, GitHub `${{`, and Azure `$(name)`.
    for mark in ["\\", "'''", "$[[", "${{", "\t"] {
        assert!(!INSTALL.contains(mark), "{mark}");
    }
}

#[test]
fn values_are_plain_or_refused() {
    for value in ["eu-west-1", "https://login.example.com:8443/x?y=z&a=b", "a b", "30m"] {
        assert!(is_plain(value), "{value}");
    }
    for value in ["\"", "'", "\\", "$HOME", "${{ x }}", "`id`", "a\nb", "\u{e4}", "%0A", "<", "]"] {
        assert!(!is_plain(value), "{value}");
    }
}

#[test]
fn checksums_are_those_of_this_version() {
    let line = |hash: &str, arch: &str, version: &str| {
        format!("{hash}  gc-token-{version}-{arch}-unknown-linux-musl.tar.gz\n")
    };
    let (one, two) = ("0a".repeat(32), "1B".repeat(32));
    let sums = line(&one, "x86_64", VERSION) + &line(&two, "aarch64", VERSION);
    let expected = ArchiveChecksums { x86_64: one.clone(), aarch64: two.to_lowercase() };
    assert_eq!(read_checksums(&sums), Some(expected));
    let expected = ArchiveChecksums { x86_64: one.clone(), ..ArchiveChecksums::default() };
    assert_eq!(read_checksums(&line(&one, "x86_64", VERSION)), Some(expected));
    for other in [
        line(&one, "x86_64", "0.0.9"),
        line(&one[1..], "x86_64", VERSION),
        line(&"x".repeat(64), "x86_64", VERSION),
        format!("{one}  other.tar.gz\n"),
        String::new(),
    ] {
        assert_eq!(read_checksums(&other), None, "{other}");
    }
}
