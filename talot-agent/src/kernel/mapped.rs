//! A BPF array map as memory of this process: reading and writing it costs no system call.

use std::{
    io,
    ops::Range,
    os::fd::{AsFd as _, AsRawFd as _},
    ptr::{self, NonNull},
    slice,
    sync::atomic::{AtomicU64, Ordering},
};

use anyhow::{Context as _, Result, ensure};
use aya::{Pod, maps::MapData};

/// The values of an array map that was created with `BPF_F_MMAPABLE`.
pub(super) struct Mapped<T> {
    values: NonNull<T>,
    entries: usize,
    length: usize,
}

// SAFETY: it owns a mapping of shared memory, which belongs to no thread.
unsafe impl<T: Pod> Send for Mapped<T> {}

impl<T: Pod> Mapped<T> {
    /// Maps a map whole, which is to have so many entries.
    pub(super) fn map(data: &MapData, entries: u32) -> Result<Self> {
        let info = data.info()?;
        let stride = info.value_size().next_multiple_of(8) as usize;
        ensure!(
            stride == size_of::<T>() && info.max_entries() == entries,
            "it has {} values of {stride} bytes, not {entries} of {}",
            info.max_entries(),
            size_of::<T>()
        );
        let entries = entries as usize;
        let length = entries * stride;
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
            return Err(io::Error::last_os_error()).context("mmap");
        }
        let values = NonNull::new(address.cast()).context("mmap gave address 0")?;
        Ok(Self {
            values,
            entries,
            length,
        })
    }

    /// How many values there are.
    pub(super) const fn entries(&self) -> usize {
        self.entries
    }

    /// Values as they stand.
    ///
    /// # Safety
    ///
    /// No program writes them as long as the slice is used.
    pub(super) unsafe fn slice(&self, range: Range<usize>) -> &[T] {
        let length = range.len();
        assert!(range.end <= self.entries);
        // SAFETY: within the mapping, and Pod allows any bytes.
        unsafe { slice::from_raw_parts(self.values.as_ptr().add(range.start), length) }
    }

    /// Fills those values with zeroes of which the condition says so; pages without any stay clean.
    ///
    /// # Safety
    ///
    /// No program reads or writes them meanwhile.
    pub(super) unsafe fn zero_if(&mut self, range: Range<usize>, is_due: impl Fn(&T) -> bool) {
        let length = range.len();
        assert!(range.end <= self.entries);
        // SAFETY: within the mapping, and Pod allows any bytes.
        let values =
            unsafe { slice::from_raw_parts_mut(self.values.as_ptr().add(range.start), length) };
        for value in values.iter_mut().filter(|value| is_due(value)) {
            // SAFETY: a value in full, for which zeroes are valid.
            unsafe { ptr::write_bytes(ptr::from_mut(value), 0, 1) };
        }
    }

    fn at(&self, index: usize) -> *mut T {
        assert!(index < self.entries, "index {index} of {}", self.entries);
        // SAFETY: within the mapping.
        unsafe { self.values.as_ptr().add(index) }
    }

    /// A copy of a value. Programs may be writing it: each aligned word is whole, and the value
    /// belongs together only if no program writes it any more.
    pub(super) fn get(&self, index: usize) -> T {
        // SAFETY: `at` has checked the index, and Pod allows any bytes. Volatile, because the
        // kernel writes too.
        unsafe { self.at(index).read_volatile() }
    }

    /// Writes a value that no program reads or writes now.
    pub(super) fn set(&mut self, index: usize, value: T) {
        // SAFETY: as for `get`.
        unsafe { self.at(index).write_volatile(value) }
    }
}

impl Mapped<u64> {
    /// Writes a word that programs read, after everything that was written before.
    pub(super) fn publish(&mut self, index: usize, word: u64) {
        // SAFETY: `at` has checked the index; map values are aligned to 8 bytes.
        unsafe { AtomicU64::from_ptr(self.at(index)) }.store(word, Ordering::Release);
    }
}

impl<T> Drop for Mapped<T> {
    fn drop(&mut self) {
        // SAFETY: the mapping of `map`, to which no reference is left.
        unsafe { libc::munmap(self.values.as_ptr().cast(), self.length) };
    }
}
