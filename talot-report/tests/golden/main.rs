//! Reports made of golden records: data sets that other code than ours wrote so that they hold the numbers which
//! TALOT2 reported, see `records.py`.

mod bad_input;
mod files;
mod hand_made;
mod impossible;
mod months;
mod support;
mod truth;
