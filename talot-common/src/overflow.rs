//! Where the packets are counted whose source found no room: a flat array, one cell for each
//! (class, port type), which cannot fail.

#[cfg(doc)]
use crate::key::Subject;
use crate::{
    port_type::{Aim, Kind},
    words::Class,
};

const PORTS: u32 = 1 << 16;
const NUMBERS: u32 = 1 << 8;

/// One run of cells: a (class, kind) that occurs, and how many numbers it can have.
struct Block {
    class: Class,
    kind: Kind,
    cells: u32,
}

const fn block(class: Class, kind: Kind, cells: u32) -> Block {
    Block { class, kind, cells }
}

/// Every combination of class and kind of the decision table. UDP backscatter is DNS alone and
/// comes from port 53, which the first 256 cells hold.
const BLOCKS: [Block; 14] = [
    block(Class::Access, Kind::Tcp, PORTS),
    block(Class::Access, Kind::Udp, PORTS),
    block(Class::Access, Kind::Sctp, PORTS),
    block(Class::Access, Kind::UdpLite, PORTS),
    block(Class::Access, Kind::Dccp, PORTS),
    block(Class::Backscatter, Kind::Tcp, PORTS),
    block(Class::Stray, Kind::Tcp, PORTS),
    block(Class::Access, Kind::Icmp, NUMBERS),
    block(Class::Access, Kind::Icmpv6, NUMBERS),
    block(Class::Access, Kind::Portless, NUMBERS),
    block(Class::Access, Kind::Fragment, NUMBERS),
    block(Class::Backscatter, Kind::Udp, NUMBERS),
    block(Class::Backscatter, Kind::Icmp, NUMBERS),
    block(Class::Backscatter, Kind::Icmpv6, NUMBERS),
];

/// Cells of one (epoch, point, day).
pub const CELLS: u32 = 7 * PORTS + 7 * NUMBERS;

/// Where the block of each (class, kind) begins and how many cells it has, as a table that the
/// kernel can index with `class << 4 | kind`.
pub static BLOCK_OF: [(u32, u32); 64] = blocks();

const fn blocks() -> [(u32, u32); 64] {
    let mut table = [(0, 0); 64];
    let mut start = 0;
    let mut i = 0;
    while i < BLOCKS.len() {
        let block = &BLOCKS[i];
        table[(block.class as usize) << 4 | block.kind as usize] = (start, block.cells);
        start += block.cells;
        i += 1;
    }
    assert!(start == CELLS);
    table
}

/// The cell, below [`CELLS`], of a subject as [`Subject::pack`] packs it.
#[inline(always)]
pub fn cell(subject: u64) -> u32 {
    // Class and kind stand there side by side.
    let (start, cells) = BLOCK_OF[(subject >> 48) as usize & 63];
    start + (u32::from((subject >> 32) as u16) & cells.wrapping_sub(1))
}

/// What a cell counts; none behind the last cell.
pub fn subject(cell: u32) -> Option<(Class, Aim)> {
    let mut start = 0;
    for block in &BLOCKS {
        if cell < start + block.cells {
            let aim = Aim {
                kind: block.kind,
                number: (cell - start) as u16,
            };
            return Some((block.class, aim));
        }
        start += block.cells;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{key::Subject, port_type::occurs};

    #[test]
    fn every_cell_names_its_subject_and_back() {
        for cell in 0..CELLS {
            let (class, aim) = subject(cell).unwrap();
            let packed = Subject {
                point: 15,
                day: 5,
                class,
                aim,
                marks: 7,
            };
            assert_eq!(super::cell(packed.pack()), cell);
        }
        assert_eq!(subject(CELLS), None);
    }

    #[test]
    fn every_combination_that_occurs_has_a_block() {
        for class in Class::ALL {
            for kind in (1..=9).map(|number| Kind::from_number(number).unwrap()) {
                let has_block = BLOCKS.iter().any(|b| b.class == class && b.kind == kind);
                assert_eq!(has_block, occurs(class, kind), "{class:?} {kind:?}");
            }
        }
    }
}
