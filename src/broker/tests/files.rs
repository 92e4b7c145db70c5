//! The cache on a real disk.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;

#[test]
fn a_changed_secret_is_a_miss_and_a_warning() {
    let clock = FakeClock::new();
    let mut scene = Scene::new(&clock, 3_600);
    assert_eq!(scene.got(), first());
    scene.settings.client.secret = crate::config::SecretSource::Known("rotated".to_owned().into());
    assert_eq!(scene.got(), ("token-2".into(), TokenOrigin::Minted));
    assert_eq!(
        scene.said(),
        "gc-token: warning: the cached entry is not used: it cannot be decrypted: \
         the client secret has changed, or the file was altered\n"
    );
}

#[test]
fn files_are_private_and_no_other_is_trusted() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 3_600);
    assert_eq!(scene.got(), first());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (dir, file) = (scene.settings.cache.dir.clone().unwrap(), scene.file("token"));
    assert_eq!((mode(&dir), mode(&file), mode(&scene.file("lock"))), (0o700, 0o600, 0o600));

    let set = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let shown = |error: Error| {
        assert_eq!(error.kind, Kind::Cache);
        error
            .to_string()
            .replace(&*file.to_string_lossy(), "FILE")
            .replace(&*dir.to_string_lossy(), "DIR")
    };
    set(&file, 0o644);
    assert_eq!(
        shown(scene.get().unwrap_err()),
        "error: FILE is open to other users\n  cause: its mode is 0644\n  hint: chmod -R go= DIR"
    );
    std::fs::remove_file(&file).unwrap();
    set(&dir, 0o777);
    assert_eq!(
        shown(scene.get().unwrap_err()),
        "error: DIR can be written to by other users\n  cause: its mode is 0777\n  hint: chmod -R go= DIR"
    );
    set(&dir, 0o700);
    std::os::unix::fs::symlink("/etc/passwd", &file).unwrap();
    assert_eq!(
        shown(scene.get().unwrap_err()),
        "error: FILE is a symbolic link, not a file of this cache\n  hint: remove it"
    );
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert_eq!(
        shown(scene.get().unwrap_err()),
        "error: FILE is a directory, not a file of this cache\n  hint: remove it"
    );
    assert_eq!(scene.cloud.mints.get(), 1);
}

#[test]
fn what_is_no_entry_is_a_miss_and_a_warning_whatever_it_is() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 3_600);
    assert_eq!(scene.got(), first());
    let whole = std::fs::read(scene.file("token")).unwrap();
    for garbage in [&b""[..], b"x", b"gc-token cache entry 1\n{}\n", &whole[..whole.len() - 1]] {
        std::fs::write(scene.file("token"), garbage).unwrap();
        assert_eq!(scene.got().1, TokenOrigin::Minted);
        assert!(scene.said().contains("the cached entry is not used: "), "{garbage:?}");
        scene.said.0.lock().unwrap().clear();
        assert_eq!(scene.got().1, TokenOrigin::Cached);
    }
}

#[test]
fn without_a_cache_every_call_mints_and_leaves_nothing() {
    let clock = FakeClock::new();
    let mut scene = Scene::new(&clock, 3_600);
    scene.settings.cache.dir = None;
    assert_eq!(scene.got(), first());
    assert_eq!(scene.got(), ("token-2".into(), TokenOrigin::Minted));
    assert_eq!(std::fs::read_dir(scene.dir.path()).unwrap().count(), 0);
}

#[test]
fn eviction_takes_only_the_very_token() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 3_600);
    assert_eq!(scene.got(), first());
    let entry = Entry::of(&scene.settings).unwrap();
    assert!(!entry.evict(&AccessToken::new("another".into())).unwrap());
    assert!(scene.file("token").exists());
    assert!(entry.evict(&AccessToken::new("token-1".into())).unwrap());
    assert!(!scene.file("token").exists());
}

#[test]
fn the_cache_is_listed_pruned_and_cleared() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 3_600);
    let dir = scene.settings.cache.dir.clone().unwrap();
    let patience = Duration::from_secs(1);
    assert_eq!(cache::list(&dir).unwrap().len(), 0);
    assert_eq!(scene.got(), first());
    std::fs::write(dir.join("notes.txt"), "mine").unwrap();
    let kept = cache::list(&dir).unwrap();
    assert_eq!(kept[0].header.as_ref().unwrap().client_id, "client");
    assert_eq!(cache::prune(&dir, patience, &clock).unwrap(), 0);
    clock.advance(3_600);
    assert_eq!(cache::prune(&dir, patience, &clock).unwrap(), 1);
    assert_eq!(scene.got().1, TokenOrigin::Minted);
    assert_eq!(cache::clear(&dir, patience, &clock).unwrap(), 1);
    let left: Vec<_> =
        std::fs::read_dir(&dir).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["notes.txt"]);
}

#[test]
fn a_token_of_another_boot_is_pruned_when_it_has_ended() {
    let clock = FakeClock::new();
    let scene = Scene::new(&clock, 3_600);
    let dir = scene.settings.cache.dir.clone().unwrap();
    let patience = Duration::from_secs(1);
    assert_eq!(scene.got(), first());
    clock.reboot();
    assert_eq!(cache::prune(&dir, patience, &clock).unwrap(), 0);
    clock.advance(3_600);
    assert_eq!(cache::prune(&dir, patience, &clock).unwrap(), 1);
}
