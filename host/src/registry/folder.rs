//! What lies in the plugin folder: names, and marks by which a change is seen. Reads files; loads nothing.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::time::SystemTime;

/// By what a changed file is known: a rename brings another inode, a write another time or size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    modified: Option<SystemTime>,
    pub(super) size: u64,
    inode: u64,
}

/// The plugin files by name, such as `acme.wasm`. A folder that is not there is empty.
pub(super) fn list(dir: &Path) -> io::Result<BTreeMap<String, Mark>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        entries => entries?,
    };
    let mut files = BTreeMap::new();
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        // A link is followed: deployments point one at the current version.
        let Ok(metadata) = fs::metadata(entry.path()) else { continue };
        if name.ends_with(".wasm") && metadata.is_file() {
            files.insert(name, mark(&metadata));
        }
    }
    Ok(files)
}

#[cfg(unix)]
fn mark(metadata: &Metadata) -> Mark {
    use std::os::unix::fs::MetadataExt as _;
    Mark { modified: metadata.modified().ok(), size: metadata.len(), inode: metadata.ino() }
}

#[cfg(not(unix))]
fn mark(metadata: &Metadata) -> Mark {
    Mark { modified: metadata.modified().ok(), size: metadata.len(), inode: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_wasm_files_count_and_a_replaced_file_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        assert!(list(&dir.path().join("missing")).unwrap().is_empty());
        fs::write(dir.path().join("acme.wasm"), b"one").unwrap();
        fs::write(dir.path().join("acme.wasm.tmp"), b"half").unwrap();
        fs::create_dir(dir.path().join("folder.wasm")).unwrap();
        let before = list(dir.path()).unwrap();
        assert_eq!(before.keys().collect::<Vec<_>>(), ["acme.wasm"]);
        fs::write(dir.path().join("new"), b"two").unwrap();
        fs::rename(dir.path().join("new"), dir.path().join("acme.wasm")).unwrap();
        assert_ne!(list(dir.path()).unwrap(), before);
    }
}
