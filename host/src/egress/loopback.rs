//! A provider on loopback for tests: it answers every request the same way and remembers what it got.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What it does once it has read a request.
#[derive(Clone)]
pub(crate) enum Manner {
    /// Writes this, as it is, and keeps the connection.
    Answer(String),
    /// Never answers.
    Stall,
    /// Closes the connection.
    Close,
}

impl Manner {
    pub(crate) fn status(status: u16, body: &str) -> Self {
        Self::Answer(format!("HTTP/1.1 {status} X\r\nX-Kind: test\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    }
}

pub(crate) struct Loopback {
    /// Where it listens, as an origin.
    pub(crate) origin: String,
    seen: Arc<Mutex<Vec<String>>>,
    arrived: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Loopback {
    pub(crate) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (seen, arrived) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
        let task = tokio::spawn({
            let (seen, arrived) = (seen.clone(), arrived.clone());
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, manner.clone(), seen.clone(), arrived.clone()));
                }
            }
        });
        Self { origin, seen, arrived, task }
    }

    /// An origin at which nobody listens.
    pub(crate) async fn nobody() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    }

    /// The requests that came, head and body as they were.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until a request has come.
    pub(crate) async fn arrival(&self) {
        self.arrived.notified().await;
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, manner: Manner, seen: Arc<Mutex<Vec<String>>>, arrived: Arc<Notify>) {
    while let Some(request) = read(&mut stream).await {
        seen.lock().unwrap().push(request);
        arrived.notify_one();
        match &manner {
            Manner::Answer(answer) => {
                let _ = stream.write_all(answer.as_bytes()).await;
            }
            Manner::Stall => std::future::pending().await,
            Manner::Close => return,
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && body.len() >= content_length(head)
        {
            return Some(text);
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&chunk[..read]),
            _ => return None,
        }
    }
}

fn content_length(head: &str) -> usize {
    let line =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(str::to_owned));
    line.and_then(|length| length.trim().parse().ok()).unwrap_or(0)
}
