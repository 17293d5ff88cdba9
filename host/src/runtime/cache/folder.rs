//! A folder that is this user's alone. It is held open, so that nobody can put another in its place, and no name in it is
//! followed anywhere.

use bytes::Bytes;
use rustix::fs::{self, AtFlags, Dir, FileType, Mode, OFlags, RenameFlags, Timespec, Timestamps};
use std::fs::{DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::time::Duration;

/// What nobody but the owner may have.
const OTHERS: u32 = 0o077;
const MINE: Mode = Mode::RUSR.union(Mode::WUSR);

/// The open folder.
pub(super) struct Folder(OwnedFd);

impl Folder {
    /// Opens it; where there is none it is made, for its owner alone.
    ///
    /// # Errors
    ///
    /// A sentence with the remedy.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(format!("cannot be made: {error}"));
            }
            _ => {}
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = fs::open(path, flags, Mode::empty()).map_err(|error| format!("cannot be opened: {error}"))?;
        let stat = fs::fstat(&folder).map_err(|error| format!("cannot be looked at: {error}"))?;
        if stat.st_uid != rustix::process::geteuid().as_raw() {
            return Err("belongs to another user: remove it, or name another".to_owned());
        }
        if stat.st_mode & OTHERS != 0 {
            return Err("may be read or written by others: chmod 700".to_owned());
        }
        Ok(Self(folder))
    }

    /// The bytes of a file, which counts as used now; none where there is no such file.
    ///
    /// # Errors
    ///
    /// It is no file, not this user's alone, or larger than `most`.
    pub(super) fn read(&self, name: &str, most: u64) -> io::Result<Option<Bytes>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match fs::openat(&self.0, name, flags, Mode::empty()) {
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            file => file?,
        };
        let stat = fs::fstat(&file)?;
        let odd = |what: &str| Err(io::Error::other(what.to_owned()));
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return odd("it is no file");
        }
        if stat.st_uid != rustix::process::geteuid().as_raw() || stat.st_mode & OTHERS != 0 {
            return odd("others may read or write it");
        }
        let size = u64::try_from(stat.st_size).unwrap_or(u64::MAX);
        if size > most {
            return odd("it is too large");
        }
        let now = Timespec { tv_sec: 0, tv_nsec: fs::UTIME_NOW };
        // For `prune`; a file that cannot be touched is only forgotten sooner.
        let _ = fs::futimens(&file, &Timestamps { last_access: now, last_modification: now });
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        File::from(file).take(most + 1).read_to_end(&mut bytes)?;
        Ok(Some(bytes.into()))
    }

    /// Writes a file as a whole: aside, to the disk, then renamed.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.write_aside(bytes, |aside| Ok(fs::renameat(&self.0, aside, &self.0, name)?))
    }

    /// The same where there is none of that name; one that is there stays.
    pub(super) fn write_new(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.write_aside(bytes, |aside| {
            match fs::renameat_with(&self.0, aside, &self.0, name, RenameFlags::NOREPLACE) {
                Err(rustix::io::Errno::EXIST) => self.remove(aside),
                renamed => Ok(renamed?),
            }
        })
    }

    fn write_aside(&self, bytes: &[u8], rename: impl FnOnce(&str) -> io::Result<()>) -> io::Result<()> {
        let mut chance = [0; 8];
        getrandom::fill(&mut chance).map_err(io::Error::other)?;
        let aside = format!("new-{}", hex::encode(chance));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(fs::openat(&self.0, aside.as_str(), flags, MINE)?);
        let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| rename(&aside));
        if written.is_err() {
            // The reason is told; what is left of it goes with what is old.
            let _ = self.remove(&aside);
        }
        written?;
        Ok(fs::fsync(&self.0)?)
    }

    /// Removes a file, or whatever has its name.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        match fs::unlinkat(&self.0, name, AtFlags::empty()) {
            Err(rustix::io::Errno::ISDIR) => Ok(fs::unlinkat(&self.0, name, AtFlags::REMOVEDIR)?),
            Err(rustix::io::Errno::NOENT) => Ok(()),
            removed => Ok(removed?),
        }
    }

    /// Removes what has not been used for so long, seen from the newest, and the oldest of more than `most`; `kept` stays.
    pub(super) fn prune(&self, unused: Duration, most: usize, kept: &str) -> io::Result<()> {
        let mut found = Vec::new();
        for entry in Dir::read_from(&self.0)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            if [".", "..", kept].contains(&name) {
                continue;
            }
            // Another host that shares the folder may have removed it.
            let Ok(stat) = fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            found.push((stat.st_mtime, name.to_owned()));
        }
        found.sort_unstable_by(|one, other| other.cmp(one));
        let newest = found.first().map_or(0, |(used, _)| *used);
        let oldest = newest.saturating_sub_unsigned(unused.as_secs());
        for (at, (used, name)) in found.into_iter().enumerate() {
            if at >= most || used < oldest {
                self.remove(&name)?;
            }
        }
        Ok(())
    }
}
