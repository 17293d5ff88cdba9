//! One connection: requests in, answers out, and everything that can go wrong in between.

use super::{Handler, Request, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// What becomes of a connection after a request.
pub(crate) enum Next {
    KeepAlive,
    Close,
}

/// One connection, as its handler sees it.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

/// Serves a connection to its end. An error is the other side's going away: nothing to report.
pub(super) async fn serve<H: Handler>(stream: TcpStream, handler: Arc<H>) {
    // The headers and the body of an answer are separate writes.
    let _ = stream.set_nodelay(true);
    let mut connection = Connection { stream: BufReader::new(stream) };
    while let Ok(Some(request)) = connection.read().await {
        match handler.handle(request, &mut connection).await {
            Ok(Next::KeepAlive) => {}
            Ok(Next::Close) | Err(_) => return,
        }
    }
}

impl Connection {
    /// The next request; none when the other side has closed.
    async fn read(&mut self) -> io::Result<Option<Request>> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let mut words = line.split_whitespace();
        let method = words.next().and_then(|word| word.parse::<Method>().ok());
        let method = method.ok_or_else(|| malformed("a method"))?;
        let target = words.next().ok_or_else(|| malformed("a target"))?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (path, query) = (path.to_owned(), query.to_owned());

        let headers = self.read_headers().await?;
        if headers.contains_key("transfer-encoding") {
            self.write(&Response::status(411)).await?;
            return Ok(None);
        }
        let length = headers.get("content-length").map_or(Ok(0), |length| {
            let length = length.to_str().ok().and_then(|text| text.parse().ok());
            length.ok_or_else(|| malformed("a length"))
        })?;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        Ok(Some(Request { method, path, query, headers, body }))
    }

    async fn read_headers(&mut self) -> io::Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).await?;
            let line = line.trim_end();
            if line.is_empty() {
                return Ok(headers);
            }
            let (name, value) = line.split_once(':').ok_or_else(|| malformed("a header"))?;
            let name = name.parse::<HeaderName>().map_err(io::Error::other)?;
            let value = HeaderValue::from_str(value.trim()).map_err(io::Error::other)?;
            headers.append(name, value);
        }
    }

    /// A whole answer.
    pub(crate) async fn write(&mut self, response: &Response) -> io::Result<()> {
        self.write_bytes(&response.head(response.body.len())).await?;
        self.write_bytes(&response.body).await
    }

    /// Any bytes, at once.
    pub(crate) async fn write_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        let stream = self.stream.get_mut();
        stream.write_all(bytes).await?;
        stream.flush().await
    }

    /// Makes the coming close a reset, which throws away what is still on its way.
    pub(crate) fn reset_on_close(&self) -> io::Result<()> {
        self.stream.get_ref().set_zero_linger()
    }

    /// Waits until the other side has gone.
    pub(crate) async fn gone(&mut self) {
        match self.stream.fill_buf().await {
            // It sends on without waiting for its answer, so it is there.
            Ok(bytes) if !bytes.is_empty() => std::future::pending().await,
            Ok(_) | Err(_) => {}
        }
    }
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what} is malformed"))
}
