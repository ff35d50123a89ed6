//! Generated packets, decided by Talot and by an independent parser (etherparse): no difference is
//! left unexplained. Then the same by the program in the kernel.
//!
//! `TALOT_TEST_SEED` replays a run; `TALOT_TEST_LONG` makes the sample large.

mod contract;
mod generate;
mod kernel;
mod peer;
mod user_space;
mod verdict;
