//! Files that are there whole or not at all: written under a temporary name, fsynced, renamed,
//! directory fsynced.

use std::{
    ffi::CString,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, ErrorKind, Write},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::failpoint::{self, Operation};

/// Writes `path` so that it is durable, under that name and whole, when this returns; `fill`
/// gives the contents. Replaces what was there. `tmp_dir` must be on the same file system; what
/// lies there after a crash is waste.
///
/// # Errors
/// Whatever fails, and what `fill` returns: then nothing new stands under the name.
pub fn write<T>(
    path: &Path,
    tmp_dir: &Path,
    fill: impl FnOnce(&mut Writer) -> Result<T>,
) -> Result<T> {
    write_and_keep(path, tmp_dir, fill).map(|(value, _)| value)
}

/// As [`write`]; hands back the file as well, open for reading.
///
/// # Errors
/// As [`write`].
pub fn write_and_keep<T>(
    path: &Path,
    tmp_dir: &Path,
    fill: impl FnOnce(&mut Writer) -> Result<T>,
) -> Result<(T, File)> {
    let temporary = Temporary::beside(path, tmp_dir);
    let mut writer = temporary.create(path)?;
    let value = fill(&mut writer).with_context(|| format!("writing {}", path.display()))?;
    let file = writer
        .out
        .into_inner()
        .map_err(io::IntoInnerError::into_error);
    let Target { file, .. } = file.with_context(|| format!("writing {}", temporary.0.display()))?;
    failpoint::file(Operation::Fsync, path)
        .and_then(|()| file.sync_all())
        .with_context(|| format!("fsync of {}", temporary.0.display()))?;
    failpoint::file(Operation::Rename, path)
        .and_then(|()| fs::rename(&temporary.0, path))
        .with_context(|| format!("renaming {} to {}", temporary.0.display(), path.display()))?;
    if let Err(error) = sync_dir_of(path) {
        // Not known to be durable, so it must not be found either: the caller will try again.
        let _ = fs::remove_file(path);
        return Err(error);
    }
    Ok((value, file))
}

/// Removes a file, if it is there. A crash may bring it back.
///
/// # Errors
/// When it cannot be removed.
pub fn remove(path: &Path) -> Result<()> {
    match failpoint::file(Operation::Delete, path).and_then(|()| fs::remove_file(path)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result.with_context(|| format!("removing {}", path.display())),
    }
}

/// A file without a name, to be written and read: it goes when it is closed, however that happens.
///
/// # Errors
/// When it cannot be created.
pub fn nameless(dir: &Path) -> Result<File> {
    let name = Temporary::beside(Path::new("nameless"), dir);
    name.open(&name.0)
}

/// Creates a directory and those above it, each durable when this returns.
///
/// # Errors
/// When one can be neither found nor created.
pub fn create_dir_all(path: &Path) -> Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    create_dir_all(parent(path))?;
    match failpoint::file(Operation::Create, path).and_then(|()| fs::create_dir(path)) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => {}
        result => result.with_context(|| format!("creating the directory {}", path.display()))?,
    }
    sync_dir_of(path)
}

/// Bytes that are free for this process where a directory lies.
///
/// # Errors
/// When the file system does not say.
pub fn free_bytes(dir: &Path) -> Result<u64> {
    let answer = statvfs(dir)?;
    Ok(answer.f_bavail.saturating_mul(answer.f_frsize))
}

/// Whether nothing can be written where a directory lies.
///
/// # Errors
/// When the file system does not say.
pub fn is_read_only(dir: &Path) -> Result<bool> {
    Ok(statvfs(dir)?.f_flag & libc::ST_RDONLY != 0)
}

fn statvfs(dir: &Path) -> Result<libc::statvfs> {
    let path = CString::new(dir.as_os_str().as_bytes()).context("a path with a zero byte")?;
    // SAFETY: statvfs is plain data, for which zeroes are valid.
    let mut answer: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: the path ends with a zero byte, and both outlive the call.
    if unsafe { libc::statvfs(path.as_ptr(), &raw mut answer) } != 0 {
        let error = io::Error::last_os_error();
        return Err(error).with_context(|| format!("statvfs of {}", dir.display()));
    }
    Ok(answer)
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// Makes the name of a file or directory durable.
fn sync_dir_of(path: &Path) -> Result<()> {
    failpoint::file(Operation::DirSync, path)
        .with_context(|| format!("fsync of the directory {}", parent(path).display()))?;
    sync_dir(parent(path))
}

/// Makes durable which files a directory has.
///
/// # Errors
/// When it cannot be opened or synchronised.
pub fn sync_dir(dir: &Path) -> Result<()> {
    let dir = if dir.as_os_str().is_empty() {
        Path::new(".")
    } else {
        dir
    };
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .with_context(|| format!("fsync of the directory {}", dir.display()))
}

/// Where the contents go; knows the SHA-256 of what it was given so far.
pub struct Writer {
    out: BufWriter<Target>,
    hash: Sha256,
}

impl Writer {
    /// SHA-256 of everything written so far.
    pub fn digest(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The temporary file, and the path that it is written for.
struct Target {
    file: File,
    path: PathBuf,
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        failpoint::file(Operation::Write, &self.path)?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A temporary file's path; the file goes with it, unless it was renamed.
struct Temporary(PathBuf);

impl Temporary {
    fn beside(path: &Path, tmp_dir: &Path) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(
            ".{}.{}",
            process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        ));
        Self(tmp_dir.join(name))
    }

    fn open(&self, for_path: &Path) -> Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        let file =
            failpoint::file(Operation::Create, for_path).and_then(|()| options.open(&self.0));
        file.with_context(|| format!("creating {}", self.0.display()))
    }

    fn create(&self, for_path: &Path) -> Result<Writer> {
        let target = Target {
            file: self.open(for_path)?,
            path: for_path.to_owned(),
        };
        Ok(Writer {
            out: BufWriter::with_capacity(1 << 16, target),
            hash: Sha256::new(),
        })
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    fn entries(dir: &Path) -> usize {
        fs::read_dir(dir).unwrap().count()
    }

    #[test]
    fn a_file_appears_whole_with_its_hash_and_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let (tmp, deep) = (dir.path().join("tmp"), dir.path().join("a/b/c"));
        create_dir_all(&tmp).unwrap();
        create_dir_all(&deep).unwrap();
        let path = deep.join("file");
        let digest = write(&path, &tmp, |out| {
            out.write_all(b"ab")?;
            out.write_all(b"c")?;
            Ok(out.digest())
        })
        .unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"abc");
        // The test vector of FIPS 180-4.
        assert_eq!(digest[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(entries(&tmp), 0);
    }

    #[test]
    fn a_failure_leaves_what_was_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "old").unwrap();
        let tmp = dir.path().join("tmp");
        create_dir_all(&tmp).unwrap();
        let error = write(&path, &tmp, |out| {
            out.write_all(b"new")?;
            if entries(&tmp) == 1 {
                bail!("no more")
            } else {
                Ok(())
            }
        })
        .unwrap_err();
        assert!(format!("{error:#}").contains("file: no more"), "{error:#}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(entries(&tmp), 0);
    }

    #[test]
    fn an_error_names_what_could_not_be_created() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("missing");
        let error = write(&dir.path().join("file"), &missing, |_| Ok(())).unwrap_err();
        assert!(format!("{error:#}").contains("creating "), "{error:#}");
        fs::write(&missing, "").unwrap();
        let error = create_dir_all(&missing.join("below")).unwrap_err();
        assert!(format!("{error:#}").contains("missing"), "{error:#}");
    }
}
