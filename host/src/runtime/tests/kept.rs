//! The cache through the whole loader: what is kept serves, what was touched is compiled again.

use super::guest::Guest;
use crate::model::Version;
use crate::runtime::{Compiler, Engine, Settings};
use bytes::Bytes;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Bytes of a kept file that are changed, over its whole length.
const SAMPLE: usize = 100;

fn engine(folder: &TempDir) -> Engine {
    let cache = Some(folder.path().join("cache"));
    let settings = Settings { concurrent_calls: 2, compiler: Compiler::InProcess, cache, ..Settings::default() };
    Engine::new(&settings).unwrap()
}

/// Where the code of this plugin is kept.
fn kept_file(folder: &TempDir, plugin: &Bytes) -> Option<PathBuf> {
    let version = Version::of(plugin).0;
    let paths = fs::read_dir(folder.path().join("cache")).unwrap().map(|entry| entry.unwrap().path());
    paths.into_iter().find(|path| path.to_str().unwrap().ends_with(&version))
}

async fn is_kept(engine: &Engine, plugin: &Bytes) -> bool {
    engine.load_kept(plugin.clone()).await.unwrap().is_some()
}

fn put(file: &Path, bytes: &[u8]) {
    fs::write(file, bytes).unwrap();
    fs::set_permissions(file, Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn what_was_compiled_once_is_kept_for_the_next_engine() {
    let folder = tempfile::tempdir().unwrap();
    let (plugin, first) = (Guest::default().component(), engine(&folder));
    assert!(!is_kept(&first, &plugin).await);
    first.load(plugin.clone()).await.unwrap();
    assert!(is_kept(&first, &plugin).await);
    assert!(is_kept(&engine(&folder), &plugin).await);
    assert!(!is_kept(&first, &Guest::paying("(unreachable)").component()).await, "that is another plugin");
}

#[tokio::test]
async fn kept_code_with_a_byte_changed_is_compiled_again_and_serves() {
    let folder = tempfile::tempdir().unwrap();
    let (plugin, engine) = (Guest::default().component(), engine(&folder));
    engine.load(plugin.clone()).await.unwrap();
    let file = kept_file(&folder, &plugin).unwrap();
    let whole = fs::read(&file).unwrap();
    for at in (0..SAMPLE).map(|sample| sample * (whole.len() - 1) / (SAMPLE - 1)) {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        put(&file, &changed);
        assert!(!is_kept(&engine, &plugin).await, "byte {at}");
        assert!(!file.exists(), "byte {at}: it is deleted");
        let served = engine.load(plugin.clone()).await.unwrap();
        assert_eq!(served.description().name, "x");
        assert_eq!(fs::read(&file).unwrap(), whole, "byte {at}: it is compiled and kept as before");
    }
}

#[tokio::test]
async fn code_of_another_plugin_under_this_ones_name_does_not_serve_it() {
    let folder = tempfile::tempdir().unwrap();
    let (plugin, other, engine) =
        (Guest::default().component(), Guest::paying("(unreachable)").component(), engine(&folder));
    for plugin in [&plugin, &other] {
        engine.load(plugin.clone()).await.unwrap();
    }
    let (file, others) = (kept_file(&folder, &plugin).unwrap(), kept_file(&folder, &other).unwrap());
    let whole = fs::read(&file).unwrap();
    put(&file, &fs::read(others).unwrap());
    engine.load(plugin.clone()).await.unwrap();
    assert_eq!(fs::read(&file).unwrap(), whole);
}

#[tokio::test]
async fn a_plugin_that_is_refused_before_it_is_compiled_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder);
    let plugin = Guest { more: "(table 20001 funcref)".to_owned(), ..Guest::default() }.component();
    let refused = engine.load(plugin.clone()).await.map(|_| ()).unwrap_err();
    assert_eq!(refused.faults, ["has 20001 elements in a table at the start, the most is 20000"]);
    assert_eq!(kept_file(&folder, &plugin), None);
}
