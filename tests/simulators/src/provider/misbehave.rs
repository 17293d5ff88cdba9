//! How each failure looks on the wire.

use super::fault::Misbehaviour;
use crate::server::{Connection, Next, Response};
use std::io;
use std::time::Duration;
use tokio::sync::watch;

/// So that a limit on silence never strikes, and only one on the whole does.
const DRIP: Duration = Duration::from_millis(20);
/// What endless bodies announce.
const ENDLESS: usize = 1 << 40;

/// Fails on the connection as told. `answer` is what would have been said, if the work was done.
pub(crate) async fn misbehave(
    connection: &mut Connection,
    how: Misbehaviour,
    answer: Option<Response>,
    release: watch::Receiver<u64>,
) -> io::Result<Next> {
    match how {
        Misbehaviour::Close => Ok(Next::Close),
        Misbehaviour::Reset => {
            connection.reset_on_close()?;
            Ok(Next::Close)
        }
        Misbehaviour::Answer(response) => {
            connection.write(&response).await?;
            Ok(Next::KeepAlive)
        }
        Misbehaviour::StallBeforeHeaders => {
            if let (Released::Yes, Some(answer)) = (stall(connection, release).await, answer) {
                connection.write(&answer).await?;
                return Ok(Next::KeepAlive);
            }
            Ok(Next::Close)
        }
        Misbehaviour::StallInBody => stall_in_body(connection, answer, release).await,
        Misbehaviour::HugeBody(bytes) => {
            connection.write_bytes(&success().head(bytes)).await?;
            let blanks = [b' '; 64 * 1024];
            let mut left = bytes;
            while left > 0 {
                let now = left.min(blanks.len());
                connection.write_bytes(&blanks[..now]).await?;
                left -= now;
            }
            Ok(Next::KeepAlive)
        }
        Misbehaviour::Drip => {
            connection.write_bytes(&success().head(ENDLESS)).await?;
            let mut beat = tokio::time::interval(DRIP);
            loop {
                beat.tick().await;
                connection.write_bytes(b" ").await?;
            }
        }
    }
}

async fn stall_in_body(
    connection: &mut Connection,
    answer: Option<Response>,
    release: watch::Receiver<u64>,
) -> io::Result<Next> {
    let executed = answer.is_some();
    let answer = answer.unwrap_or_else(|| success().body("{}"));
    let (half, rest) = answer.body.split_at(answer.body.len() / 2);
    connection.write_bytes(&answer.head(answer.body.len())).await?;
    connection.write_bytes(half).await?;
    if let (Released::Yes, true) = (stall(connection, release).await, executed) {
        connection.write_bytes(rest).await?;
        return Ok(Next::KeepAlive);
    }
    Ok(Next::Close)
}

fn success() -> Response {
    Response::status(200).header("content-type", "application/json")
}

enum Released {
    Yes,
    /// The caller has gone.
    No,
}

async fn stall(connection: &mut Connection, mut release: watch::Receiver<u64>) -> Released {
    tokio::select! {
        _ = release.changed() => Released::Yes,
        () = connection.gone() => Released::No,
    }
}
