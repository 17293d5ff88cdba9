//! Watches the plugin folder: looks when something moved in it, and every second as well, because notifications get
//! lost and a half-written file tells nothing when it is whole.

use super::Registry;
use crate::clock::Clock;
use notify::{RecursiveMode, Watcher as _};
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
            self.look().await;
        }
    }
}

fn notified(registry: &Registry, moved: Arc<Notify>) -> notify::Result<notify::RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |_| moved.notify_one())?;
    watcher.watch(registry.dir(), RecursiveMode::NonRecursive)?;
    Ok(watcher)
}
