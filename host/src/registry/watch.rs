//! Watches the plugin folder: looks when something moved in it, and every second as well, because notifications get
//! lost and a half-written file tells nothing when it is whole.

use super::Registry;
use crate::clock::Clock;
use notify::{Event, RecursiveMode, Watcher as _};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Registry {
    /// Follows the folder until `stop` says true.
    pub async fn watch(self: Arc<Self>, clock: Clock, mut stop: watch::Receiver<bool>) {
        let moved = Arc::new(Notify::new());
        let watcher = notified(&self, moved.clone());
        if let Err(error) = &watcher {
            tracing::info!(%error, "no notifications of the plugin folder: it is looked at every second");
        }
        loop {
            tokio::select! {
                () = moved.notified() => {}
                () = clock.sleep_until(clock.now().plus(LOOK_EVERY)) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            // Nobody waits for what is compiled: it is published when it is.
            drop(self.look().await);
        }
    }
}

fn notified(registry: &Registry, moved: Arc<Notify>) -> notify::Result<notify::RecommendedWatcher> {
    // Looking opens the folder, which is told as an access: to follow that would be to look without end.
    let changed = move |event: notify::Result<Event>| {
        if !event.is_ok_and(|event| event.kind.is_access()) {
            moved.notify_one();
        }
    };
    let mut watcher = notify::recommended_watcher(changed)?;
    watcher.watch(registry.dir(), RecursiveMode::NonRecursive)?;
    Ok(watcher)
}
