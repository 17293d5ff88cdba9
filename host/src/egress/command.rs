//! What an operator's command sends to the host that runs on the same store.

use super::Error;
use super::client::{Answer, new_client};
use std::net::SocketAddr;
use std::time::Duration;

/// The running host answers within this, or nobody knows whether it was done.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is read of an answer.
const LARGEST: usize = 8 << 20;

/// Posts JSON to the admin listener at `address`, below `path`, which is written as a URL has it.
pub async fn command(address: SocketAddr, path: &str, token: &str, body: String) -> Result<Answer, Error> {
    let client = new_client().build().map_err(|error| Error::Unreachable(error.to_string()))?;
    let request = client.post(format!("http://{address}{path}")).bearer_auth(token);
    let request = request.header("content-type", "application/json").body(body).timeout(PATIENCE);
    let request = request.build().map_err(|error| Error::Invalid(error.without_url().to_string()))?;
    let mut response = client.execute(request).await?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST {
            return Err(Error::TooLarge(LARGEST as u64));
        }
    }
    Ok(Answer { status: response.status().as_u16(), headers: Vec::new(), body })
}
