//! What the kernel side and user space share: the words, the packet parser, the decision table,
//! and the layouts of the maps.
#![no_std]

pub mod decision;
pub mod exclude;
pub mod key;
pub mod layout;
pub mod marks;
pub mod overflow;
pub mod packet;
pub mod port_type;
pub mod table;
pub mod words;
