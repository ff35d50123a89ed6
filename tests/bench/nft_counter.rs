//! A named counter of nftables, asked for by netlink: the program nft reads all sets of the table
//! before it shows anything, which takes minutes here.

use std::{
    io,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
};

use anyhow::{Context as _, Result, ensure};

// linux/netlink.h, linux/netfilter/nfnetlink.h, linux/netfilter/nf_tables.h
const GET_OBJECT: u16 = 10 << 8 | 19;
const REQUEST: u16 = 1;
const FAMILY_NETDEV: u8 = 5;
const OBJECT_TABLE: u16 = 1;
const OBJECT_NAME: u16 = 2;
const OBJECT_TYPE: u16 = 3;
const OBJECT_DATA: u16 = 4;
const TYPE_COUNTER: u32 = 1;
const COUNTER_PACKETS: u16 = 2;
/// Of netlink's header and nfnetlink's together.
const HEADERS: usize = 16 + 4;
/// Nested, or in network byte order.
const FLAGS: u16 = 0xc000;

/// Packets that a counter of a table of the family `netdev` has counted, in the namespace of this
/// thread.
pub(crate) fn packets(table: &str, counter: &str) -> Result<u64> {
    let answer = ask(&request(table, counter)).context("asking nftables for a counter")?;
    let data = attribute(answer.get(HEADERS..).unwrap_or_default(), OBJECT_DATA);
    let packets = data.and_then(|data| attribute(data, COUNTER_PACKETS));
    let bytes = packets.and_then(|bytes| bytes.try_into().ok());
    bytes
        .map(u64::from_be_bytes)
        .with_context(|| format!("nftables answers {answer:02x?}"))
}

fn request(table: &str, counter: &str) -> Vec<u8> {
    let mut message = vec![0; HEADERS];
    let text = |text: &str| [text.as_bytes(), &[0]].concat();
    for (kind, value) in [
        (OBJECT_TABLE, text(table)),
        (OBJECT_NAME, text(counter)),
        (OBJECT_TYPE, TYPE_COUNTER.to_be_bytes().to_vec()),
    ] {
        message.extend(((value.len() + 4) as u16).to_ne_bytes());
        message.extend(kind.to_ne_bytes());
        message.extend(value);
        message.resize(message.len().next_multiple_of(4), 0);
    }
    let length = message.len() as u32;
    message[..4].copy_from_slice(&length.to_ne_bytes());
    message[4..6].copy_from_slice(&GET_OBJECT.to_ne_bytes());
    message[6..8].copy_from_slice(&REQUEST.to_ne_bytes());
    message[16] = FAMILY_NETDEV;
    message
}

fn ask(request: &[u8]) -> Result<Vec<u8>> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
    // SAFETY: socket takes no pointers.
    let socket = unsafe { libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_NETFILTER) };
    ensure!(socket >= 0, "socket: {}", io::Error::last_os_error());
    // SAFETY: the descriptor is new and nobody else's.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    // SAFETY: the request outlives the call.
    let sent = unsafe {
        libc::send(
            socket.as_raw_fd(),
            request.as_ptr().cast(),
            request.len(),
            0,
        )
    };
    ensure!(
        sent == request.len() as isize,
        "send: {}",
        io::Error::last_os_error()
    );
    let mut answer = vec![0_u8; 8192];
    // SAFETY: the answer's room is as long as it says.
    let length = unsafe {
        libc::recv(
            socket.as_raw_fd(),
            answer.as_mut_ptr().cast(),
            answer.len(),
            0,
        )
    };
    ensure!(length >= 0, "recv: {}", io::Error::last_os_error());
    answer.truncate(length as usize);
    Ok(answer)
}

/// The value of the first attribute of a kind.
fn attribute(mut attributes: &[u8], wanted: u16) -> Option<&[u8]> {
    while let &[a, b, c, d, ..] = attributes {
        let length = usize::from(u16::from_ne_bytes([a, b]));
        let kind = u16::from_ne_bytes([c, d]) & !FLAGS;
        let value = attributes.get(4..length)?;
        if kind == wanted {
            return Some(value);
        }
        attributes = attributes.get(length.next_multiple_of(4)..)?;
    }
    None
}
