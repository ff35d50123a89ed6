//! What takes part: an XDP program that counts, and what it has counted.

use anyhow::{Result, ensure};
use aya::programs::Xdp;
use talot_tests::bench::report::Program;

/// An XDP program in the comparison.
pub(crate) trait Contestant: Send {
    /// Which.
    fn program(&self) -> Program;

    /// Exclude rules in force, and conversations held.
    fn additions(&self) -> (u32, u32) {
        (0, 0)
    }

    /// The loaded program.
    fn xdp(&mut self) -> Result<&mut Xdp>;

    /// Packets counted since it was loaded; none if it does not count.
    fn counted(&mut self) -> Result<Option<u64>>;

    /// Empties the table, and gives the packets that it and the overflow held.
    fn empty(&mut self) -> Result<Option<u64>>;

    /// The kernel's tag.
    fn tag(&mut self) -> Result<String> {
        Ok(format!("{:016x}", self.xdp()?.info()?.tag()))
    }
}

/// Stops where not every packet was counted, or one twice.
pub(crate) fn check(program: Program, counted: Option<u64>, received: u64) -> Result<()> {
    if let Some(counted) = counted {
        ensure!(
            counted == received,
            "{program:?} has counted {counted} of {received} packets"
        );
    }
    Ok(())
}
