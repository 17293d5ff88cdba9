//! What the cache gives back, and what it does not.

use super::*;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use tempfile::TempDir;

const ENGINE: EngineDigest = [7; DIGEST];

fn plugin() -> Version {
    Version::of(b"a plugin")
}

fn code() -> Code {
    Code::of_compiler((0..=255).cycle().take(2000).collect())
}

struct Place {
    folder: TempDir,
    cache: Cache,
}

impl Place {
    /// A cache in which one plugin's code is kept.
    fn filled() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("cache"), ENGINE).unwrap();
        cache.put(&plugin(), &code());
        Self { folder, cache }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    fn file(&self) -> PathBuf {
        self.path().join(self.cache.name(&plugin()))
    }

    fn got(&self) -> Option<Vec<u8>> {
        self.cache.get(&plugin()).map(|code| code.bytes().to_vec())
    }

    /// Nothing is given back, and the file is gone.
    fn assert_refused(&self, case: &str) {
        assert_eq!(self.got(), None, "{case}");
        assert!(fs::symlink_metadata(self.file()).is_err(), "{case}: it is still there");
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_is_kept_comes_back_for_its_plugin_and_engine_alone() {
    let place = Place::filled();
    assert_eq!(place.got().as_deref(), Some(code().bytes()));
    assert!(place.cache.get(&Version::of(b"another")).is_none());
    assert!(Cache::open(&place.path(), [8; DIGEST]).unwrap().get(&plugin()).is_none());
    let again = Cache::open(&place.path(), ENGINE).unwrap();
    assert_eq!(again.get(&plugin()).unwrap().bytes(), code().bytes(), "the key stays");
}

#[test]
fn a_file_with_any_one_byte_changed_is_refused() {
    let place = Place::filled();
    let whole = fs::read(place.file()).unwrap();
    for at in 0..whole.len() {
        for bit in [1, 0x80] {
            let mut changed = whole.clone();
            changed[at] ^= bit;
            assert!(place.cache.open_sealed(&plugin(), changed.into()).is_err(), "byte {at}");
        }
    }
    for length in 0..whole.len() {
        assert!(place.cache.open_sealed(&plugin(), whole[..length].to_vec().into()).is_err(), "{length} bytes of it");
    }
    assert!(place.cache.open_sealed(&plugin(), [whole.as_slice(), b"x"].concat().into()).is_err());
    assert!(place.cache.open_sealed(&plugin(), whole.into()).is_ok());
}

#[test]
fn a_forged_file_is_refused_and_deleted_whatever_it_has_right() {
    let place = Place::filled();
    let (file, whole) = (place.file(), fs::read(place.file()).unwrap());
    let elsewhere = tempfile::tempdir().unwrap();
    let other_key = Cache::open(&elsewhere.path().join("cache"), ENGINE).unwrap();
    let other_engine =
        Cache { folder: Folder::open(&place.path()).unwrap(), key: place.cache.key.clone(), engine: [8; 32] };
    let mut no_mac = whole.clone();
    no_mac[HEAD - DIGEST..HEAD].fill(0);
    let forged = [
        ("empty", Vec::new()),
        ("bare machine code", b"\x7fELF\x02\x01\x01".repeat(100)),
        ("the right layout and no MAC", no_mac),
        ("signed with another key", other_key.seal(&plugin(), code().bytes())),
        ("of another plugin", place.cache.seal(&Version::of(b"another"), code().bytes())),
        ("of another engine", other_engine.seal(&plugin(), code().bytes())),
        ("half of it", whole[..whole.len() / 2].to_vec()),
    ];
    for (case, bytes) in forged {
        fs::write(&file, bytes).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        place.assert_refused(case);
    }
    place.cache.put(&plugin(), &code());
    assert!(place.got().is_some());
}

#[test]
fn what_others_may_touch_is_not_taken() {
    let place = Place::filled();
    fs::set_permissions(place.file(), Permissions::from_mode(0o640)).unwrap();
    place.assert_refused("readable for a group");

    place.cache.put(&plugin(), &code());
    let aside = place.path().join("aside");
    fs::rename(place.file(), &aside).unwrap();
    symlink(&aside, place.file()).unwrap();
    place.assert_refused("a link");
    fs::create_dir(place.file()).unwrap();
    place.assert_refused("a folder");

    let opened = |mode| {
        fs::set_permissions(place.path(), Permissions::from_mode(mode)).unwrap();
        Cache::open(&place.path(), ENGINE).map(|_| ())
    };
    assert_eq!(opened(0o750).unwrap_err(), "may be read or written by others: chmod 700");
    assert_eq!(opened(0o702).unwrap_err(), "may be read or written by others: chmod 700");
    assert_eq!(opened(0o700), Ok(()));
    let link = place.folder.path().join("link");
    symlink(place.path(), &link).unwrap();
    assert!(Cache::open(&link, ENGINE).is_err());
    assert!(Cache::open(&place.folder.path().join("not/there"), ENGINE).is_err());
}

#[test]
fn all_that_is_made_is_for_this_user_alone() {
    let place = Place::filled();
    assert_eq!(mode(&place.path()), 0o700);
    assert_eq!((mode(&place.file()), mode(&place.path().join(KEY))), (0o600, 0o600));
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2, "nothing is left lying");
}

#[test]
fn a_key_that_is_odd_is_made_anew_and_what_it_signed_is_gone() {
    let place = Place::filled();
    let key = place.path().join(KEY);
    let first = fs::read(&key).unwrap();
    for (text, mode) in [(&b"short"[..], 0o600), (&[0; DIGEST + 1], 0o600), (&first, 0o644)] {
        fs::write(&key, text).unwrap();
        fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
        let anew = Cache::open(&place.path(), ENGINE).unwrap();
        assert_ne!(anew.key.expose(), first);
        assert_eq!(fs::read(&key).unwrap(), anew.key.expose());
    }
    let anew = Cache::open(&place.path(), ENGINE).unwrap();
    assert!(anew.get(&plugin()).is_none());
}

#[test]
fn what_nobody_has_used_for_long_goes_and_so_does_what_is_too_many() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("cache");
    let folder = Folder::open(&path).unwrap();
    for (name, age) in [("key", 1_000), ("1", 100), ("2", 10), ("3", 0)] {
        folder.write(name, b"x").unwrap();
        let file = fs::File::open(path.join(name)).unwrap();
        file.set_modified(file.metadata().unwrap().modified().unwrap() - Duration::from_secs(age)).unwrap();
    }
    let left = || -> Vec<_> { ["key", "1", "2", "3"].into_iter().filter(|name| path.join(name).exists()).collect() };
    folder.prune(Duration::from_secs(200), 3, "key").unwrap();
    assert_eq!(left(), ["key", "1", "2", "3"]);
    folder.prune(Duration::from_secs(50), 3, "key").unwrap();
    assert_eq!(left(), ["key", "2", "3"]);
    let old = fs::File::open(path.join("3")).unwrap();
    old.set_modified(old.metadata().unwrap().modified().unwrap() - Duration::from_secs(20)).unwrap();
    folder.read("2", 10).unwrap();
    folder.prune(Duration::from_secs(50), 1, "key").unwrap();
    assert_eq!(left(), ["key", "2"], "it was used last");
}
