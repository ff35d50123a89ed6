//! Crypto-PAn: addresses that share a prefix of any length have pseudonyms that share a prefix of
//! that length and no longer one (J. Xu, J. Fan, M. Ammar, S. Moon: Prefix-preserving IP address
//! anonymization, ICNP 2002).

use std::net::IpAddr;

use aes::{
    Aes128, Block,
    cipher::{BlockCipherEncrypt as _, KeyInit as _},
};

/// Bytes of a key: 16 of AES, 16 of padding.
pub(super) const KEY: usize = 32;

/// One key's pseudonyms.
pub struct CryptoPan {
    cipher: Aes128,
    pad: u128,
}

impl CryptoPan {
    /// The pseudonyms of a key.
    pub fn new(key: &[u8; KEY]) -> Self {
        let half = |from: usize| <[u8; 16]>::try_from(&key[from..from + 16]).expect("16 of 32");
        let cipher = Aes128::new(&half(0).into());
        let mut pad = Block::from(half(16));
        cipher.encrypt_block(&mut pad);
        Self {
            cipher,
            pad: u128::from_be_bytes(pad.into()),
        }
    }

    /// The pseudonym of an address, one of the same family.
    pub fn anonymise(&self, address: IpAddr) -> IpAddr {
        translate(address, |bits, width| self.anonymise_bits(bits, width))
    }

    /// The address of a pseudonym.
    pub fn restore(&self, pseudonym: IpAddr) -> IpAddr {
        translate(pseudonym, |bits, width| {
            (0..width).fold(bits, |bits, at| {
                // The bits before this one are the address's already.
                let mut block = self.block(bits, at);
                self.cipher.encrypt_block(&mut block);
                bits ^ bit(&block, at)
            })
        })
    }

    fn anonymise_bits(&self, bits: u128, width: u32) -> u128 {
        let mut blocks = [Block::default(); 128];
        let blocks = &mut blocks[..width as usize];
        for (at, block) in (0..).zip(&mut *blocks) {
            *block = self.block(bits, at);
        }
        // All at once: the processor works on several.
        self.cipher.encrypt_blocks(blocks);
        let flips = (0..).zip(&*blocks).map(|(at, block)| bit(block, at));
        bits ^ flips.fold(0, |sum, flip| sum | flip)
    }

    /// What decides over a bit: all before it, and padding.
    fn block(&self, bits: u128, at: u32) -> Block {
        let padding = u128::MAX >> at;
        let block = (bits & !padding) | (self.pad & padding);
        block.to_be_bytes().into()
    }
}

/// The first bit of a block, in the place of another.
fn bit(block: &Block, at: u32) -> u128 {
    u128::from(block[0] >> 7) << (127 - at)
}

/// Changes an address's bits, which stand leftmost, so many of them.
fn translate(address: IpAddr, change: impl FnOnce(u128, u32) -> u128) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let bits = change(u128::from(u32::from(address)) << 96, 32);
            ((bits >> 96) as u32).to_be_bytes().into()
        }
        IpAddr::V6(address) => change(address.into(), 128).to_be_bytes().into(),
    }
}
