//! Where the admin listener of the running host is, and the token that it made for itself: a file beside the store,
//! which only the host's own user may read. The commands of operators find both there.

use crate::model::SecretBytes;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Bytes of a token that the host makes.
const TOKEN: usize = 32;

/// The file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminFile(PathBuf);

/// What it says.
#[derive(Debug, PartialEq, Eq)]
pub struct AdminDoor {
    /// Where the host listens; none while none runs.
    pub address: Option<SocketAddr>,
    /// The token that it made; none where the configuration names one.
    pub token: Option<SecretBytes>,
}

#[derive(Deserialize, Serialize)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl AdminFile {
    /// The one beside this store.
    pub fn beside(store: &Path) -> Self {
        let mut name = OsString::from(store);
        name.push(".admin");
        Self(name.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Reads it; none where there is none.
    pub fn read(&self) -> io::Result<Option<AdminDoor>> {
        let bytes = match super::read_file(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes?,
        };
        let written: Written = serde_json::from_slice(&bytes)?;
        let token = written.token.map(|token| SecretBytes::new(token.into_bytes()));
        Ok(Some(AdminDoor { address: written.address, token }))
    }

    /// The token of the host before this one, or a new one.
    pub fn token(&self) -> io::Result<SecretBytes> {
        // What cannot be read is made anew: nothing but the token is lost.
        if let Ok(Some(AdminDoor { token: Some(token), .. })) = self.read() {
            return Ok(token);
        }
        Self::new_token()
    }

    /// One that nobody has had.
    pub fn new_token() -> io::Result<SecretBytes> {
        let mut random = [0; TOKEN];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(SecretBytes::new(hex::encode(random).into_bytes()))
    }

    /// Writes it whole or not at all.
    pub fn write(&self, address: Option<SocketAddr>, token: Option<&SecretBytes>) -> io::Result<()> {
        let token = token.map(|token| String::from_utf8_lossy(token.expose()).into_owned());
        let text = serde_json::to_vec(&Written { address, token })?;
        let mut new = self.0.clone().into_os_string();
        new.push(".new");
        let mut file = private(Path::new(&new))?;
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(new, &self.0)
    }
}

#[expect(clippy::disallowed_methods, reason = "the host's own file, which others are not to read")]
fn private(path: &Path) -> io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_made_once_and_nobody_else_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = AdminFile::beside(&folder.path().join("provost.db"));
        assert_eq!(file.read().unwrap(), None);
        let (token, address) = (file.token().unwrap(), "127.0.0.1:4000".parse().unwrap());
        file.write(Some(address), Some(&token)).unwrap();
        assert_eq!(file.read().unwrap(), Some(AdminDoor { address: Some(address), token: Some(token.clone()) }));
        file.write(None, Some(&token)).unwrap();
        assert_eq!((file.read().unwrap().unwrap().address, file.token().unwrap()), (None, token));
        assert_eq!(file.path(), folder.path().join("provost.db.admin"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_token_of_the_configuration_is_not_written_down() {
        let folder = tempfile::tempdir().unwrap();
        let file = AdminFile::beside(&folder.path().join("provost.db"));
        file.write(Some("127.0.0.1:4000".parse().unwrap()), None).unwrap();
        assert_eq!(std::fs::read_to_string(file.path()).unwrap(), r#"{"address":"127.0.0.1:4000"}"#);
    }
}
