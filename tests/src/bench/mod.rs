//! What the bench computes, apart from what it does to the machine.

pub mod report;
pub mod schedstat;
pub mod statistics;
pub mod trace;
