//! Reading a packet: bytes in, headers out. The kernel program and user space read with the same
//! code; only where the bytes come from differs ([`Packet`]).
//!
//! Everything here is written for the BPF verifier too: no panic path, offsets that it can bound,
//! each header behind one bounds check.

mod address;
mod ip;
mod link;
mod transport;

pub use address::{Address, V4, V6};
pub use ip::{Datagram, Fragment};
pub use link::{Link, Network};
pub use transport::{NO_PORT, Quoted, Thread, Transport};

/// A header cut short or in contradiction with itself (disposition `malformed`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Types that are valid whatever bytes they are read from.
///
/// # Safety
///
/// Any bit pattern must be a value: integers, arrays of them, and `repr(C)` structs of those
/// without padding.
pub unsafe trait Plain: Copy {}

// SAFETY: integers and arrays of integers.
unsafe impl Plain for u8 {}
// SAFETY: as above.
unsafe impl Plain for u16 {}
// SAFETY: as above.
unsafe impl Plain for u32 {}
// SAFETY: as above.
unsafe impl<T: Plain, const N: usize> Plain for [T; N] {}

/// The bytes of a packet as they arrived.
pub trait Packet {
    /// Reads a `T` at this offset; none where that would go behind the bytes at hand. Multi-byte
    /// integers come as they stand in memory.
    fn load<T: Plain>(&self, offset: usize) -> Option<T>;

    /// How many bytes arrived; more than are at hand in a capture with a snap length.
    fn length(&self) -> usize;

    /// Whether so many bytes arrived. Apart from [`Packet::length`] because most packets answer it
    /// without being asked for their whole length.
    #[inline(always)]
    fn reaches(&self, end: usize) -> bool {
        end <= self.length()
    }

    /// The same value, masked to `bits`, none of which is lost. The kernel's verifier follows every
    /// way that a value can have come about; where many meet, an implementation for it makes it
    /// forget all but the mask, so that it goes on with one of them alone.
    #[inline(always)]
    fn forget(&self, value: usize, bits: usize) -> usize {
        value & bits
    }

    /// Reads a big-endian 16-bit integer.
    #[inline(always)]
    fn load_u16(&self, offset: usize) -> Option<u16> {
        Some(u16::from_be(self.load(offset)?))
    }
}

/// A packet in memory.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The bytes at hand.
    pub bytes: &'a [u8],
    /// How many arrived.
    pub length: usize,
}

impl<'a> Frame<'a> {
    /// A packet of which every byte is at hand.
    pub const fn whole(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            length: bytes.len(),
        }
    }
}

impl Packet for Frame<'_> {
    fn load<T: Plain>(&self, offset: usize) -> Option<T> {
        let end = offset.checked_add(size_of::<T>())?;
        let bytes = self.bytes.get(offset..end)?;
        // SAFETY: `bytes` has the size of T, and Plain promises that any bytes are a T.
        Some(unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
    }

    fn length(&self) -> usize {
        self.length
    }
}

#[cfg(test)]
mod tests;
