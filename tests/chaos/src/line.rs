//! A connection to a host, kept for as long as the host keeps it: it must say before it closes one. HTTP/1.1 by hand,
//! because a library would hide what is looked at here.

use serde_json::Value;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// An open connection.
pub(crate) struct Line {
    stream: BufReader<TcpStream>,
    /// Requests answered on it.
    pub(crate) answered: u64,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// Whether no further request may be sent on the connection.
    pub(crate) closes: bool,
}

impl Line {
    pub(crate) async fn open(to: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), answered: 0 })
    }

    /// Posts JSON, and reads the whole answer.
    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> io::Result<Answer> {
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: provost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).await?;
        let status = self.head_line().await?;
        let status = status.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::other("no status"))?;
        let (mut length, mut closes) = (0, false);
        loop {
            let line = self.head_line().await?.to_ascii_lowercase();
            let Some((name, value)) = line.split_once(':') else { break };
            match (name, value.trim()) {
                ("content-length", count) => length = count.parse().map_err(io::Error::other)?,
                ("connection", "close") => closes = true,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        self.answered += 1;
        Ok(Answer { status, body, closes })
    }

    /// A line of the head; an empty one ends it.
    async fn head_line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}
