//! Exclude rules as the kernel program matches them: for each field the set of the rules that its
//! value satisfies; a packet is excluded by the first rule in all the sets. So a packet costs the
//! same few look-ups whether there is one rule or hundreds.

use crate::packet::{Address, V4, V6};

/// How many rules there can be.
pub const RULES: usize = 512;
const WORDS: usize = RULES / 64;

/// A set of rules, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct RuleSet(pub [u64; WORDS]);

const _: () = assert!(size_of::<RuleSet>() == RULES / 8);

impl RuleSet {
    /// Puts a rule in.
    ///
    /// # Panics
    ///
    /// If its number is not below [`RULES`].
    pub const fn insert(&mut self, rule: usize) {
        self.0[rule / 64] |= 1 << (rule % 64);
    }

    /// The first rule that is in all of these sets.
    #[inline(always)]
    pub fn first_of_all(sets: [&Self; 5]) -> Option<u32> {
        let [a, b, c, d, e] = sets;
        let mut i = 0;
        while i < WORDS {
            let both = a.0[i] & b.0[i] & c.0[i] & d.0[i] & e.0[i];
            if both != 0 {
                return Some(i as u32 * 64 + both.trailing_zeros());
            }
            i += 1;
        }
        None
    }
}

/// An address as the longest-prefix look-up takes it: the family, then the address in network
/// byte order, IPv4 in its last word: so the compiler clears the others in aligned pairs, as the
/// verifier asks of the stack.
pub type PrefixKey = [u32; 5];
/// Bits of a whole [`PrefixKey`].
pub const KEY_BITS: u32 = 160;

/// Addresses that can be looked up.
pub trait PrefixAddress: Address {
    /// The key of the address.
    fn prefix_key(self) -> PrefixKey;
}

impl PrefixAddress for V4 {
    #[inline(always)]
    fn prefix_key(self) -> PrefixKey {
        [4, 0, 0, 0, self.0]
    }
}

impl PrefixAddress for V6 {
    #[inline(always)]
    fn prefix_key(self) -> PrefixKey {
        let [a, b, c, d] = self.0;
        [6, a, b, c, d]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_in_all_sets_wins() {
        let set = |rules: &[usize]| {
            let mut set = RuleSet::default();
            rules.iter().for_each(|rule| set.insert(*rule));
            set
        };
        let all = set(&(0..RULES).collect::<std::vec::Vec<_>>());
        for (a, b, first) in [
            (set(&[3, 70, 511]), set(&[70, 511]), Some(70)),
            (set(&[0]), set(&[0, 1]), Some(0)),
            (set(&[63, 64]), set(&[64]), Some(64)),
            (set(&[511]), set(&[511]), Some(511)),
            (set(&[1]), set(&[2]), None),
        ] {
            assert_eq!(RuleSet::first_of_all([&a, &all, &b, &all, &all]), first);
        }
    }

    extern crate std;
}
