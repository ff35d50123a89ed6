//! In what form sources are written, where they are not to be known.

mod crypto_pan;
#[cfg(test)]
mod tests;

use std::{
    fs::File,
    io::Read as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

pub use self::crypto_pan::CryptoPan;
use self::crypto_pan::KEY;
use crate::{config::Privacy, records::hex};

/// The form of the sources in the records.
pub enum SourcesForm {
    /// As they are.
    Plain,
    /// By their pseudonyms.
    Anonymised {
        /// Those of the key.
        pseudonyms: Box<CryptoPan>,
        /// Which key it is: 8 bytes of its SHA-256, in hex.
        fingerprint: String,
    },
    /// By the first bits of their addresses.
    Truncated {
        /// Of IPv4.
        v4: u8,
        /// Of IPv6.
        v6: u8,
    },
    /// Not at all.
    None,
}

impl SourcesForm {
    /// The configured form.
    ///
    /// # Errors
    ///
    /// If the key file cannot be read, or everybody can read it, or it holds no key.
    pub fn open(config: &Privacy) -> Result<Self> {
        Ok(match config {
            Privacy::Plain => Self::Plain,
            Privacy::Anonymise { key_file } => {
                let key = read_key(key_file)
                    .with_context(|| format!("the key file {} of [privacy]", key_file.display()))?;
                Self::Anonymised {
                    pseudonyms: Box::new(CryptoPan::new(&key)),
                    fingerprint: hex(&Sha256::digest(key)[..8]),
                }
            }
            Privacy::Truncate { v4, v6 } => Self::Truncated { v4: *v4, v6: *v6 },
            Privacy::None => Self::None,
        })
    }

    /// As the coverage record says it.
    pub fn name(&self) -> String {
        match self {
            Self::Plain => "plain".to_owned(),
            Self::Anonymised { fingerprint, .. } => format!("anonymised:{fingerprint}"),
            Self::Truncated { v4, v6 } => format!("truncated:/{v4},/{v6}"),
            Self::None => "none".to_owned(),
        }
    }
}

/// A key of 64 hexadecimal digits.
fn read_key(path: &Path) -> Result<[u8; KEY]> {
    // What cannot end must not be read to its end.
    const MOST: u64 = 1024;
    let file = File::open(path).context("cannot be opened")?;
    let mode = file.metadata()?.mode() & 0o777;
    ensure!(
        mode & 0o007 == 0,
        "is open to everybody (mode {mode:04o}): whoever reads it can tell the sources; chmod 600"
    );
    let mut text = String::new();
    let read = file.take(MOST).read_to_string(&mut text);
    let key = read.ok().and_then(|_| parse_key(text.trim()));
    key.context("does not hold 64 hexadecimal digits, as `openssl rand -hex 32` makes them")
}

fn parse_key(text: &str) -> Option<[u8; KEY]> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| digit.to_digit(16).map(|digit| digit as u8))
        .collect();
    let digits = digits.filter(|digits| digits.len() == 2 * KEY)?;
    let (pairs, _) = digits.as_chunks::<2>();
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    bytes.try_into().ok()
}

/// An address without the bits behind the first ones.
pub fn truncate(address: IpAddr, v4: u8, v6: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let behind = u32::MAX.checked_shr(v4.into()).unwrap_or(0);
            Ipv4Addr::from(u32::from(address) & !behind).into()
        }
        IpAddr::V6(address) => {
            let behind = u128::MAX.checked_shr(v6.into()).unwrap_or(0);
            Ipv6Addr::from(u128::from(address) & !behind).into()
        }
    }
}
