//! The kernel's maps, where aya stops.

use std::{
    env, fs, io,
    os::fd::{AsFd as _, AsRawFd as _},
    path::PathBuf,
    ptr,
};

use anyhow::{Context as _, Result, anyhow};
use aya::{
    Ebpf, EbpfLoader,
    maps::{Map, MapData},
    programs::{Program, ProgramError, Xdp},
};

/// Loads the object that an environment variable names.
pub(crate) fn load(variable: &str, loader: &mut EbpfLoader<'_>) -> Result<Ebpf> {
    let path = env::var_os(variable)
        .map(PathBuf::from)
        .with_context(|| format!("{variable} is not set: start this by `cargo xtask bench`"))?;
    let object = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let loaded = loader.load(&object);
    loaded.with_context(|| format!("creating the maps of {}", path.display()))
}

/// Loads a program of an object into the kernel.
pub(crate) fn load_program(ebpf: &mut Ebpf, name: &str) -> Result<()> {
    program(ebpf, name)?.load().map_err(|error| match error {
        ProgramError::LoadError {
            io_error,
            verifier_log,
        } => {
            let log = verifier_log.to_string();
            let lines: Vec<&str> = log.lines().collect();
            let end = lines[lines.len().saturating_sub(12)..].join("\n  ");
            anyhow!("the kernel refuses program {name}: {io_error}\n  {end}")
        }
        other => anyhow!("loading program {name}: {other}"),
    })
}

/// An XDP program of an object.
pub(crate) fn program<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut Xdp> {
    let program: &mut Program = ebpf
        .program_mut(name)
        .with_context(|| format!("no program {name}"))?;
    program
        .try_into()
        .with_context(|| format!("program {name}"))
}

/// A map of an object.
pub(crate) fn map<'a, T>(ebpf: &'a mut Ebpf, name: &str) -> Result<T>
where
    T: TryFrom<&'a mut Map>,
    T::Error: std::error::Error + Send + Sync + 'static,
{
    let map = ebpf
        .map_mut(name)
        .with_context(|| format!("no map {name}"))?;
    map.try_into().with_context(|| format!("map {name}"))
}

/// Writes words into a mappable array, from its beginning.
pub(crate) fn fill(
    ebpf: &Ebpf,
    name: &str,
    words: impl ExactSizeIterator<Item = u64>,
) -> Result<()> {
    let Some(Map::Array(data)) = ebpf.map(name) else {
        anyhow::bail!("no array {name}");
    };
    let info = data.info()?;
    anyhow::ensure!(
        info.value_size() == 8 && info.max_entries() as usize >= words.len(),
        "map {name} has no room for {} words",
        words.len()
    );
    let length = words.len() * 8;
    // SAFETY: a new mapping at an address of the kernel's choice.
    let address = unsafe {
        libc::mmap(
            ptr::null_mut(),
            length,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED,
            data.fd().as_fd().as_raw_fd(),
            0,
        )
    };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error()).with_context(|| format!("mapping {name}"));
    }
    for (index, word) in words.enumerate() {
        // SAFETY: below the length that was mapped. No program runs.
        unsafe { address.cast::<u64>().add(index).write_volatile(word) };
    }
    // SAFETY: the mapping of above, to which no reference is left.
    unsafe { libc::munmap(address, length) };
    Ok(())
}

/// `union bpf_attr` of the batch commands (linux/bpf.h).
#[repr(C)]
#[derive(Default)]
struct Batch {
    in_batch: u64,
    out_batch: u64,
    keys: u64,
    values: u64,
    count: u32,
    map_fd: u32,
    elem_flags: u64,
    flags: u64,
}

const LOOKUP_AND_DELETE_BATCH: libc::c_long = 25;
/// Entries of one call: more than the longest chain of a hash.
const CHUNK: usize = 1 << 16;

/// Takes everything out of a kernel hash with counts of 8 bytes, a batch at a time: how many keys,
/// and the sum of their counts.
pub(crate) fn take_all(data: &MapData) -> Result<(u64, u64)> {
    let key_size = data.info()?.key_size() as usize;
    let mut keys = vec![0_u8; CHUNK * key_size];
    let mut values = vec![0_u64; CHUNK];
    let (mut from, mut next) = (0_u64, 0_u64);
    let (mut taken, mut sum, mut first) = (0, 0, true);
    loop {
        let mut batch = Batch {
            in_batch: if first { 0 } else { (&raw const from) as u64 },
            out_batch: (&raw mut next) as u64,
            keys: keys.as_mut_ptr() as u64,
            values: values.as_mut_ptr() as u64,
            count: CHUNK as u32,
            map_fd: data.fd().as_fd().as_raw_fd() as u32,
            ..Batch::default()
        };
        // SAFETY: all that the attributes point to outlives the call, and has room for CHUNK.
        let result = unsafe {
            libc::syscall(
                libc::SYS_bpf,
                LOOKUP_AND_DELETE_BATCH,
                &raw mut batch,
                size_of::<Batch>(),
            )
        };
        let error = io::Error::last_os_error();
        // ENOENT: that was the last of it.
        let is_last = result != 0 && error.raw_os_error() == Some(libc::ENOENT);
        if result != 0 && !is_last {
            return Err(error).context("taking a batch out of a kernel hash");
        }
        taken += u64::from(batch.count);
        sum += values[..batch.count as usize].iter().sum::<u64>();
        if is_last {
            return Ok((taken, sum));
        }
        (from, first) = (next, false);
    }
}
