//! What an operator reads of plugins and troubles. A process has one log: a test that reads it gives its external a name
//! of its own.

use simulators::PATIENCE;
use std::io;
use std::sync::{LazyLock, Once};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

static LINES: LazyLock<watch::Sender<Vec<String>>> = LazyLock::new(watch::Sender::default);

/// Keeps the log lines of this process from now on.
pub(super) fn keep() {
    static KEPT: Once = Once::new();
    KEPT.call_once(|| {
        let filter = EnvFilter::new("provost=warn,provost::registry=info");
        let lines = tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).with_writer(|| Kept);
        tracing::subscriber::set_global_default(lines.finish()).expect("nobody else keeps a log");
    });
}

/// Waits until `count` lines of a plugin's external have all these words, and hands them over.
///
/// # Panics
/// With the log of that external, if that does not happen within [`PATIENCE`].
pub async fn logged(external: &str, count: usize, words: &[&str]) -> Vec<String> {
    let of_it = format!("\"external\":\"{external}\"");
    let found = |lines: &Vec<String>, words: &[&str]| -> Vec<String> {
        let of_it = lines.iter().filter(|line| line.contains(&of_it));
        of_it.filter(|line| words.iter().all(|word| line.contains(word))).cloned().collect()
    };
    let mut lines = LINES.subscribe();
    let arrived = tokio::time::timeout(PATIENCE, lines.wait_for(|lines| found(lines, words).len() >= count)).await;
    match arrived {
        Ok(Ok(lines)) => found(&lines, words),
        _ => panic!("{external} only logged {:#?}", found(&LINES.borrow(), &[])),
    }
}

struct Kept;

impl io::Write for Kept {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        LINES.send_modify(|lines| lines.push(String::from_utf8_lossy(line).into_owned()));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Every line of this process so far.
pub fn everything_logged() -> String {
    LINES.borrow().join("\n")
}
