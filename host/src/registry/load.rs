//! From files to plugins. What is kept compiled serves at once; the rest waits to be compiled, one after the other and the
//! smallest first, beside all else: one that takes a minute holds up no other, and the version before it serves on.

use super::Registry;
use super::folder::{self, Mark};
use crate::model::Version;
use crate::runtime::{LoadError, Plugin};
use crate::task;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::oneshot;

/// What was seen in the folder, and what was made of it. The refused stay refused until their file changes.
#[derive(Default)]
pub(super) struct Files {
    pub(super) marks: BTreeMap<String, Mark>,
    pub(super) plugins: BTreeMap<String, Plugin>,
    pub(super) refusals: BTreeMap<String, String>,
    /// Must be compiled first.
    pub(super) waiting: BTreeSet<String>,
    /// A task is at it.
    compiling: bool,
}

impl Files {
    /// None: it is the version that serves already.
    fn settle(&mut self, file: &str, loaded: Result<Option<Plugin>, String>) {
        self.waiting.remove(file);
        match loaded {
            Ok(loaded) => {
                self.refusals.remove(file);
                self.plugins.extend(loaded.map(|plugin| (file.to_owned(), plugin)));
            }
            Err(reason) => {
                self.refusals.insert(file.to_owned(), reason);
            }
        }
    }

    fn smallest_that_waits(&self) -> Option<(String, Mark)> {
        let waiting = self.waiting.iter().filter_map(|file| Some((file.clone(), *self.marks.get(file)?)));
        waiting.min_by_key(|(_, mark)| mark.size)
    }
}

impl Registry {
    /// Looks at the folder for the first time, and waits a while for what must be compiled.
    pub(super) async fn look_first(self: &Arc<Self>) {
        let Some(compiled) = self.look().await else { return };
        if tokio::time::timeout(self.patience(), compiled).await.is_err() {
            let waiting = self.files.lock().await.waiting.len();
            tracing::warn!(waiting, "plugins are still being compiled: their externals are not served until then");
        }
    }

    /// Looks at the folder, and publishes a new table where something changed. Where something must be compiled for it, a
    /// task of its own begins, whose end is told.
    pub(super) async fn look(self: &Arc<Self>) -> Option<oneshot::Receiver<()>> {
        let mut files = self.files.lock().await;
        let marks = match folder::list(self.dir()) {
            Ok(marks) => marks,
            Err(error) => {
                // A folder that cannot be read takes nothing out of service.
                tracing::error!(dir = %self.dir().display(), %error, "the plugin folder cannot be read");
                return None;
            }
        };
        if marks != files.marks || self.is_empty() {
            self.load_changed(&mut files, marks).await;
            self.publish(&files);
        }
        if files.waiting.is_empty() || files.compiling {
            return None;
        }
        files.compiling = true;
        let (done, compiled) = oneshot::channel();
        let registry = self.clone();
        task::spawn("compile", async move {
            while registry.compile_next().await {}
            // Only a start waits for it.
            let _ = done.send(());
        });
        Some(compiled)
    }

    async fn load_changed(&self, files: &mut Files, marks: BTreeMap<String, Mark>) {
        files.plugins.retain(|file, _| marks.contains_key(file));
        files.refusals.retain(|file, _| marks.contains_key(file));
        files.waiting.retain(|file| marks.contains_key(file));
        let before = std::mem::replace(&mut files.marks, marks.clone());
        for (file, _) in marks.iter().filter(|(file, mark)| before.get(*file) != Some(mark)) {
            match self.load_kept(file, files.plugins.get(file).map(Plugin::version)).await {
                Ok(Kept::Missing) => {
                    files.waiting.insert(file.clone());
                }
                Ok(Kept::Serving) => files.settle(file, Ok(None)),
                Ok(Kept::Found(plugin)) => files.settle(file, Ok(Some(plugin))),
                Err(reason) => files.settle(file, Err(reason)),
            }
        }
    }

    async fn load_kept(&self, file: &str, serving: Option<&Version>) -> Result<Kept, String> {
        let bytes = self.read(file)?;
        if let Some(serving) = serving
            && *serving == version(&bytes).await
        {
            return Ok(Kept::Serving);
        }
        let kept = self.engine.load_kept(bytes).await.map_err(|error| error.to_string())?;
        Ok(kept.map_or(Kept::Missing, Kept::Found))
    }

    /// Compiles one of the files that wait, and publishes what came of it. Says whether there was one.
    async fn compile_next(&self) -> bool {
        let next = {
            let mut files = self.files.lock().await;
            let next = files.smallest_that_waits();
            // Under the lock: who finds another file after this begins another task.
            files.compiling = next.is_some();
            next
        };
        let Some((file, mark)) = next else { return false };
        // The folder is looked at meanwhile.
        let loaded = match self.read(&file) {
            Ok(bytes) => self.engine.load(bytes).await,
            Err(reason) => Err(LoadError { faults: vec![reason], not_now: false }),
        };
        let mut files = self.files.lock().await;
        // Another file of that name by now, or none, has been seen to already, or waits itself.
        if files.marks.get(&file) != Some(&mark) || !files.waiting.contains(&file) {
            return true;
        }
        let not_now = loaded.as_ref().is_err_and(|error| error.not_now);
        files.settle(&file, loaded.map(Some).map_err(|error| error.to_string()));
        if not_now {
            // The next look at the folder tries again.
            files.waiting.insert(file);
            files.compiling = false;
        }
        self.publish(&files);
        !not_now
    }

    /// In this thread, of all that take turns at what blocks: the allocator keeps room of this size for each that had it.
    #[expect(clippy::disallowed_methods, reason = "the plugin folder is read here alone")]
    fn read(&self, file: &str) -> Result<Bytes, String> {
        let read = std::fs::read(self.dir().join(file));
        read.map(Bytes::from).map_err(|error| format!("cannot be read: {error}"))
    }
}

/// What there is without compiling.
enum Kept {
    /// The version that serves.
    Serving,
    Found(Plugin),
    Missing,
}

/// Hashing tens of megabytes is for another thread.
async fn version(bytes: &Bytes) -> Version {
    let (bytes, here) = (bytes.clone(), bytes.clone());
    let hashed = tokio::task::spawn_blocking(move || Version::of(&bytes)).await;
    hashed.unwrap_or_else(|_| Version::of(&here))
}
