//! The keys of the counting table: one per (point, day, class, port type, marks, source).
//!
//! Eight bytes hold everything about an IPv4 packet, which halves the cost of counting against a
//! longer key; IPv6 has a key, and a table, of its own.

use crate::{
    packet::{Address as _, V4, V6},
    port_type::{Aim, Kind},
    words::Class,
};

/// Everything that a key says besides the source, packed into the upper 32 bits of a word:
/// number 16, kind 4, class 2, day slot 3, marks 3, point slot 4. Never 0: no kind is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The point's slot, below [`crate::layout::POINTS`].
    pub point: u8,
    /// The day's slot, below [`crate::layout::DAYS`].
    pub day: u8,
    /// What kind of unsolicited packet.
    pub class: Class,
    /// What it was aimed at.
    pub aim: Aim,
    /// Scanners' fingerprints, a bit each.
    pub marks: u8,
}

impl Subject {
    /// Packs the subject; the lower 32 bits stay 0.
    #[inline(always)]
    pub const fn pack(self) -> u64 {
        ((self.aim.number as u64) << 32)
            | ((self.aim.kind as u64) << 48)
            | ((self.class as u64) << 52)
            | ((self.day as u64 & 7) << 54)
            | ((self.marks as u64 & 7) << 57)
            | ((self.point as u64 & 15) << 60)
    }

    /// Unpacks what [`Subject::pack`] packed; none where the bits are no subject.
    pub const fn unpack(word: u64) -> Option<Self> {
        let (Some(kind), Some(class)) = (
            Kind::from_number((word >> 48) as u8 & 15),
            Class::from_number((word >> 52) as u8 & 3),
        ) else {
            return None;
        };
        Some(Self {
            point: (word >> 60) as u8,
            day: (word >> 54) as u8 & 7,
            class,
            aim: Aim {
                kind,
                number: (word >> 32) as u16,
            },
            marks: (word >> 57) as u8 & 7,
        })
    }
}

/// The key of an IPv4 source: the packed subject, and the source in the lower 32 bits as it stands
/// in the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Key4(pub u64);

impl Key4 {
    /// The key of a subject and a source.
    #[inline(always)]
    pub const fn new(subject: Subject, source: V4) -> Self {
        Self(subject.pack() | source.0 as u64)
    }

    /// The source.
    pub const fn source(self) -> V4 {
        V4(self.0 as u32)
    }
}

/// The key of an IPv6 source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Key6 {
    /// The packed subject.
    pub subject: u64,
    /// The source as it stands in the packet, in two words.
    pub source: [u64; 2],
}

impl Key6 {
    /// The key of a subject and a source.
    #[inline(always)]
    pub fn new(subject: Subject, source: V6) -> Self {
        Self {
            subject: subject.pack(),
            source: source.words(),
        }
    }

    /// The source.
    pub const fn source(self) -> V6 {
        let [high, low] = self.source;
        V6([
            (high >> 32) as u32,
            high as u32,
            (low >> 32) as u32,
            low as u32,
        ])
    }
}

const _: () = assert!(size_of::<Key4>() == 8 && size_of::<Key6>() == 24);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_back_what_was_packed() {
        let subject = Subject {
            point: 15,
            day: 7,
            class: Class::Stray,
            aim: Aim {
                kind: Kind::Fragment,
                number: 0xfffe,
            },
            marks: 5,
        };
        let key = Key4::new(subject, V4(0xdead_beef));
        assert_eq!(Subject::unpack(key.0), Some(subject));
        assert_eq!(key.source(), V4(0xdead_beef));
        let source = V6([1, 2, 3, 0xffff_ffff]);
        assert_eq!(Key6::new(subject, source).source(), source);
        assert_eq!(Subject::unpack(0), None, "an empty key is no subject");
    }
}
