//! Stands between a host and its Postgres, and loses the answer to a COMMIT when told to.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// What happens to the next COMMIT.
#[derive(Clone, Copy)]
pub(super) enum Loss {
    /// The server never hears of it.
    OfTheQuestion = 1,
    /// The server does it, and nobody hears that.
    OfTheAnswer = 2,
}

const NOTHING: u8 = 0;
const SWALLOW: u8 = 3;

pub(super) struct Proxy {
    folder: tempfile::TempDir,
    next: Arc<AtomicU8>,
}

impl Proxy {
    /// In front of the server whose socket is in this folder.
    pub(super) fn start(server: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (listener, next) = (UnixListener::bind(socket(folder.path())).unwrap(), Arc::new(AtomicU8::new(NOTHING)));
        let (server, told) = (socket(server), Arc::clone(&next));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = UnixStream::connect(&server).unwrap();
                pass(&client, &server, &told);
            }
        });
        Self { folder, next }
    }

    /// Where it is for who looks for a server.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Loses the next COMMIT so.
    pub(super) fn lose(&self, loss: Loss) {
        self.next.store(loss as u8, Ordering::SeqCst);
    }

    /// Whether it came to that.
    pub(super) fn has_lost(&self) -> bool {
        self.next.load(Ordering::SeqCst) == NOTHING
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join(".s.PGSQL.5432")
}

fn pass(client: &UnixStream, server: &UnixStream, next: &Arc<AtomicU8>) {
    let (from_client, to_server, told) = (client.try_clone().unwrap(), server.try_clone().unwrap(), Arc::clone(next));
    std::thread::spawn(move || {
        pump(from_client, to_server, |said| {
            // Its letter, its length, and the text with a NUL behind it.
            if !said.ends_with(b"COMMIT\0") {
                return true;
            }
            match told.load(Ordering::SeqCst) {
                1 => {
                    told.store(NOTHING, Ordering::SeqCst);
                    false
                }
                2 => {
                    told.store(SWALLOW, Ordering::SeqCst);
                    true
                }
                _ => true,
            }
        });
    });
    let (from_server, to_client, told) = (server.try_clone().unwrap(), client.try_clone().unwrap(), Arc::clone(next));
    std::thread::spawn(move || {
        pump(from_server, to_client, |_| {
            told.compare_exchange(SWALLOW, NOTHING, Ordering::SeqCst, Ordering::SeqCst).is_err()
        });
    });
}

/// Hands on until `goes` says no; then neither side hears of the other again.
fn pump(mut from: UnixStream, mut to: UnixStream, goes: impl Fn(&[u8]) -> bool) {
    let mut bytes = [0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if !goes(&bytes[..count]) || to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
