//! The block format (draft-ietf-opsawg-pcapng).

use super::{
    damage::Damage,
    input::{Input, Order},
    link::LinkType,
    reader::{Found, MOST_BYTES},
};

/// Of a section header block: reads the same in both byte orders.
pub(super) const SECTION: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// Type and length before the body, length behind it.
const FRAME: usize = 12;
const BODY: usize = 8;

/// What the blocks so far say of those to come.
pub(super) struct Pcapng {
    order: Order,
    /// The interfaces of this section.
    interfaces: Vec<Interface>,
    /// When the last packet came that has a time.
    last: Option<i64>,
}

struct Interface {
    link: Result<LinkType, String>,
    snap: usize,
    clock: Clock,
}

/// How an interface counts time.
#[derive(Clone, Copy)]
struct Clock {
    ticks_per_second: u64,
    /// Seconds to be added.
    offset: i64,
}

impl Clock {
    const MICROSECONDS: Self = Self {
        ticks_per_second: 1_000_000,
        offset: 0,
    };

    /// Nanoseconds since 1970, if they can be told in 64 bits.
    fn nanoseconds(self, ticks: u64) -> Option<i64> {
        let (seconds, rest) = (ticks / self.ticks_per_second, ticks % self.ticks_per_second);
        let rest = u128::from(rest) * 1_000_000_000 / u128::from(self.ticks_per_second);
        i64::try_from(seconds)
            .ok()?
            .checked_add(self.offset)?
            .checked_mul(1_000_000_000)?
            .checked_add(rest as i64)
    }
}

/// A block without its frame.
#[derive(Clone, Copy)]
struct Block<'a> {
    order: Order,
    body: &'a [u8],
}

type Wrong = String;

impl<'a> Block<'a> {
    fn u32(&self, at: usize) -> Result<u32, Wrong> {
        self.part(at, 4).map(|bytes| self.order.u32(bytes, 0))
    }

    fn u16(&self, at: usize) -> Result<u16, Wrong> {
        self.part(at, 2).map(|bytes| self.order.u16(bytes, 0))
    }

    fn part(&self, at: usize, length: usize) -> Result<&'a [u8], Wrong> {
        let end = at.saturating_add(length);
        self.body.get(at..end).ok_or_else(|| {
            let has = self.body.len();
            format!("a block of {has} bytes should have {length} at its byte {at}")
        })
    }

    /// Calls for each option from this byte of the body on, with its code and value.
    fn options(
        &self,
        mut at: usize,
        mut each: impl FnMut(u16, &'a [u8]) -> Result<(), Wrong>,
    ) -> Result<(), Wrong> {
        while at < self.body.len() {
            let (code, length) = (self.u16(at)?, usize::from(self.u16(at + 2)?));
            if code == 0 {
                break;
            }
            each(code, self.part(at + 4, length)?)?;
            at += 4 + length.next_multiple_of(4);
        }
        Ok(())
    }
}

impl Pcapng {
    pub(super) const fn begin() -> Self {
        Self {
            order: Order::Little,
            interfaces: Vec::new(),
            last: None,
        }
    }

    /// The next packet, in whichever block it stands.
    #[inline]
    pub(super) fn next(&mut self, input: &mut Input, number: u64) -> Result<Option<Found>, Damage> {
        loop {
            let at = input.offset();
            let Some(head) = input.peek::<FRAME>("the frame of a block")? else {
                return Ok(None);
            };
            let is_section = head.starts_with(&SECTION);
            if is_section {
                self.order = byte_order(&head).map_err(|what| Damage::new(at + 8, what))?;
            }
            let order = self.order;
            let (kind, length) = (order.u32(&head, 0), order.u32(&head, 4));
            if length < FRAME as u32 || !length.is_multiple_of(4) || length > MOST_BYTES {
                let what = format!(
                    "a block cannot have a length of {length}: {FRAME} to {MOST_BYTES} bytes are \
                     expected, a multiple of 4"
                );
                return Err(Damage::new(at + 4, what));
            }
            let length = length as usize;
            let taken = input.take(length, format_args!("a block"))?;
            let block = input.bytes(taken.clone());
            let again = order.u32(block, length - 4);
            if again as usize != length {
                let what = format!("a block of {length} bytes ends with another length, {again}");
                return Err(Damage::new(at + length as u64 - 4, what));
            }
            let block = Block {
                order,
                body: &block[BODY..length - 4],
            };
            let found = match kind {
                ENHANCED_PACKET => self.enhanced(block, number).map(Some),
                SIMPLE_PACKET => self.simple(block, number).map(Some),
                OBSOLETE_PACKET => self.obsolete(block, number).map(Some),
                INTERFACE => self.interface(block).map(|()| None),
                _ if is_section => self.section(block).map(|()| None),
                // Statistics, names, what others have added.
                _ => Ok(None),
            };
            let found = found.map_err(|what| Damage::new(at, what))?;
            if let Some(mut found) = found {
                let body = taken.start + BODY;
                found.bytes = body + found.bytes.start..body + found.bytes.end;
                self.last = Some(found.time);
                return Ok(Some(found));
            }
        }
    }

    fn section(&mut self, block: Block<'_>) -> Result<(), Wrong> {
        let (major, minor) = (block.u16(4)?, block.u16(6)?);
        if major != 1 {
            return Err(format!(
                "version 1.x of the pcapng format is expected, not {major}.{minor}"
            ));
        }
        self.interfaces.clear();
        Ok(())
    }

    fn interface(&mut self, block: Block<'_>) -> Result<(), Wrong> {
        const OPTIONS: usize = 8;
        const TIME_RESOLUTION: u16 = 9;
        const TIME_OFFSET: u16 = 14;
        let mut clock = Clock::MICROSECONDS;
        block.options(OPTIONS, |code, value| {
            match (code, value) {
                (TIME_RESOLUTION, [exponent]) => {
                    clock.ticks_per_second = ticks_per_second(*exponent)?;
                }
                (TIME_OFFSET, &[a, b, c, d, e, f, g, h]) => {
                    let bytes = [a, b, c, d, e, f, g, h];
                    clock.offset = match block.order {
                        Order::Little => i64::from_le_bytes(bytes),
                        Order::Big => i64::from_be_bytes(bytes),
                    };
                }
                (TIME_RESOLUTION | TIME_OFFSET, _) => {
                    let length = value.len();
                    return Err(format!("option {code} of an interface has {length} bytes"));
                }
                _ => {}
            }
            Ok(())
        })?;
        self.interfaces.push(Interface {
            link: LinkType::from_number(block.u16(0)?),
            snap: match block.u32(4)? {
                0 => usize::MAX,
                snap => snap as usize,
            },
            clock,
        });
        Ok(())
    }

    fn of(&self, index: usize, number: u64) -> Result<(&Interface, LinkType), Wrong> {
        let interface = self.interfaces.get(index).ok_or_else(|| {
            let count = self.interfaces.len();
            format!("packet {number} came by interface {index}, of {count} in its section")
        })?;
        match &interface.link {
            Ok(link) => Ok((interface, *link)),
            Err(wrong) => Err(format!("packet {number}, interface {index}: {wrong}")),
        }
    }

    fn enhanced(&self, block: Block<'_>, number: u64) -> Result<Found, Wrong> {
        const DATA: usize = 20;
        const FLAGS: u16 = 2;
        let mut found = self.timed(block, number, block.u32(0)? as usize)?;
        // The direction: 1 inbound, 2 outbound.
        let options = DATA + found.bytes.len().next_multiple_of(4);
        block.options(options, |code, value| {
            if code == FLAGS && value.len() == 4 {
                found.leaving = block.order.u32(value, 0) & 3 == 2;
            }
            Ok(())
        })?;
        Ok(found)
    }

    fn obsolete(&self, block: Block<'_>, number: u64) -> Result<Found, Wrong> {
        self.timed(block, number, usize::from(block.u16(0)?))
    }

    /// What both blocks with a time have in common.
    fn timed(&self, block: Block<'_>, number: u64, interface: usize) -> Result<Found, Wrong> {
        const DATA: usize = 20;
        let (interface, link) = self.of(interface, number)?;
        let ticks = u64::from(block.u32(4)?) << 32 | u64::from(block.u32(8)?);
        let time = interface.clock.nanoseconds(ticks);
        let captured = block.u32(12)? as usize;
        block.part(DATA, captured)?;
        Ok(Found {
            time: time.ok_or_else(|| {
                format!("the time of packet {number} is too far from 1970 to be right")
            })?,
            link,
            bytes: DATA..DATA + captured,
            length: captured.max(block.u32(16)? as usize),
            leaving: false,
        })
    }

    fn simple(&self, block: Block<'_>, number: u64) -> Result<Found, Wrong> {
        const DATA: usize = 4;
        let (interface, link) = self.of(0, number)?;
        let length = block.u32(0)? as usize;
        let captured = length.min(interface.snap);
        block.part(DATA, captured)?;
        Ok(Found {
            time: self.last.ok_or_else(|| {
                format!(
                    "packet {number} has no time (a Simple Packet Block), nor has any before it, \
                     so its day is unknown"
                )
            })?,
            link,
            bytes: DATA..DATA + captured,
            length,
            leaving: false,
        })
    }
}

/// The byte order of the section that a block begins.
fn byte_order(head: &[u8; FRAME]) -> Result<Order, Wrong> {
    match head[8..] {
        [0x4d, 0x3c, 0x2b, 0x1a] => Ok(Order::Little),
        [0x1a, 0x2b, 0x3c, 0x4d] => Ok(Order::Big),
        ref other => Err(format!(
            "the byte-order magic 1a2b3c4d is expected, not {other:02x?}"
        )),
    }
}

/// Of if_tsresol: a negative power of 10, or of 2 if the highest bit is set.
fn ticks_per_second(resolution: u8) -> Result<u64, Wrong> {
    let exponent = u32::from(resolution & 0x7f);
    let base: u64 = if resolution & 0x80 == 0 { 10 } else { 2 };
    base.checked_pow(exponent)
        .ok_or_else(|| format!("an interface counts time in {base}^-{exponent} seconds"))
}
