//! The same counting in user space: a TPACKET_V3 ring (Documentation/networking/packet_mmap.rst),
//! and a map from (source, destination port) to packets.

use std::{
    collections::HashMap,
    ffi::CString,
    hash::{BuildHasherDefault, Hasher},
    io,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
    ptr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, ensure};
use talot_tests::lab::{INTERFACE, Namespace};

use crate::machine;

const BLOCK: usize = 1 << 20;
const BLOCKS: usize = 64;
const FRAME: usize = 2048;
/// A block that does not fill up is handed over after so long, milliseconds.
const RETIRE: u32 = 10;

/// One multiplication: the keys are only to be spread.
#[derive(Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * 0x9e37_79b9_7f4a_7c15_u128;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

type Counts = HashMap<u64, u64, BuildHasherDefault<Spread>>;

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    thread: AtomicU32,
    counted: AtomicU64,
    lost: AtomicU64,
}

/// A thread that counts.
pub(crate) struct Counter {
    shared: Arc<Shared>,
    thread: JoinHandle<Result<u64>>,
}

impl Counter {
    /// Starts it at the sensor's end, on the CPU that receives.
    pub(crate) fn start(namespace: &Namespace, keys: u32) -> Result<Self> {
        let ring = namespace.inside(Ring::open)?;
        let shared = Arc::new(Shared::default());
        let thread = thread::spawn({
            let shared = Arc::clone(&shared);
            move || count(&ring, &shared, keys)
        });
        while shared.thread.load(Ordering::Acquire) == 0 {
            ensure!(!thread.is_finished(), "the AF_PACKET counter has ended");
            thread::sleep(Duration::from_millis(1));
        }
        Ok(Self { shared, thread })
    }

    /// Packets counted so far.
    pub(crate) fn counted(&self) -> u64 {
        self.shared.counted.load(Ordering::Acquire)
    }

    /// Packets that its ring had no room for.
    pub(crate) fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Acquire)
    }

    /// Its thread.
    pub(crate) fn thread(&self) -> u32 {
        self.shared.thread.load(Ordering::Acquire)
    }

    /// Ends it; the sum of what its map holds.
    pub(crate) fn stop(self) -> Result<u64> {
        self.shared.stop.store(true, Ordering::Release);
        let ended = self.thread.join();
        ended.map_err(|_| anyhow!("the AF_PACKET counter has panicked"))?
    }
}

fn count(ring: &Ring, shared: &Shared, keys: u32) -> Result<u64> {
    machine::pin(0, machine::receiving()?)?;
    // SAFETY: the call takes nothing.
    let own = unsafe { libc::gettid() } as u32;
    let mut counts = Counts::with_capacity_and_hasher(keys as usize, BuildHasherDefault::default());
    shared.thread.store(own, Ordering::Release);
    let mut block = 0;
    while !shared.stop.load(Ordering::Acquire) {
        if ring.is_filled(block) {
            let mut packets = 0;
            ring.packets(block, |frame| {
                packets += 1;
                if let Some(key) = key(frame) {
                    *counts.entry(key).or_default() += 1;
                }
            });
            ring.hand_back(block);
            shared.counted.fetch_add(packets, Ordering::Release);
            block = (block + 1) % BLOCKS;
        } else {
            ring.wait();
            shared.lost.fetch_add(ring.lost()?, Ordering::Release);
        }
    }
    Ok(counts.values().sum())
}

/// Source and destination port of a TCP or UDP packet over IPv4.
fn key(frame: &[u8]) -> Option<u64> {
    let ip = frame.get(14..).filter(|_| frame[12..14] == [8, 0])?;
    let (header, source) = (usize::from(ip.first()? & 15) * 4, ip.get(12..16)?);
    let port = ip.get(header + 2..header + 4)?;
    let source = u32::from_be_bytes(source.try_into().ok()?);
    let port = u16::from_be_bytes(port.try_into().ok()?);
    Some(u64::from(port) << 32 | u64::from(source))
}

/// The ring and its socket.
struct Ring {
    socket: OwnedFd,
    memory: *mut u8,
}

// SAFETY: the mapping belongs to no thread.
unsafe impl Send for Ring {}

impl Ring {
    /// In the namespace of this thread.
    fn open() -> Result<Self> {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
        // SAFETY: socket takes no pointers. Protocol 0: nothing arrives before bind.
        let socket = unsafe { libc::socket(libc::AF_PACKET, kind, 0) };
        ensure!(socket >= 0, "packet socket: {}", io::Error::last_os_error());
        // SAFETY: the descriptor is new and nobody else's.
        let socket = unsafe { OwnedFd::from_raw_fd(socket) };
        let version = libc::tpacket_versions::TPACKET_V3 as libc::c_int;
        set(&socket, libc::PACKET_VERSION, &version)?;
        // SAFETY: tpacket_req3 is plain data, for which zeroes are valid.
        let mut request: libc::tpacket_req3 = unsafe { std::mem::zeroed() };
        request.tp_block_size = BLOCK as u32;
        request.tp_block_nr = BLOCKS as u32;
        request.tp_frame_size = FRAME as u32;
        request.tp_frame_nr = (BLOCK * BLOCKS / FRAME) as u32;
        request.tp_retire_blk_tov = RETIRE;
        set(&socket, libc::PACKET_RX_RING, &request)?;
        // SAFETY: a new mapping at an address of the kernel's choice.
        let memory = unsafe {
            libc::mmap(
                ptr::null_mut(),
                BLOCK * BLOCKS,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                socket.as_raw_fd(),
                0,
            )
        };
        ensure!(
            memory != libc::MAP_FAILED,
            "mapping a packet ring: {}",
            io::Error::last_os_error()
        );
        let ring = Self {
            socket,
            memory: memory.cast(),
        };
        ring.bind()?;
        Ok(ring)
    }

    fn bind(&self) -> Result<()> {
        let name = CString::new(INTERFACE)?;
        // SAFETY: sockaddr_ll is plain data, for which zeroes are valid.
        let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
        // SAFETY: the name ends with a zero byte.
        address.sll_ifindex = unsafe { libc::if_nametoindex(name.as_ptr()) } as i32;
        let length = size_of_val(&address) as u32;
        // SAFETY: address and length describe a valid sockaddr_ll.
        let bound =
            unsafe { libc::bind(self.socket.as_raw_fd(), (&raw const address).cast(), length) };
        ensure!(bound == 0, "bind: {}", io::Error::last_os_error());
        Ok(())
    }

    fn block(&self, index: usize) -> *mut libc::tpacket_block_desc {
        assert!(index < BLOCKS);
        // SAFETY: within the mapping; blocks are aligned to pages.
        unsafe { self.memory.add(index * BLOCK).cast() }
    }

    fn status(&self, index: usize) -> &AtomicU32 {
        // SAFETY: an aligned word of the mapping, which the kernel writes too.
        unsafe { AtomicU32::from_ptr(&raw mut (*self.block(index)).hdr.bh1.block_status) }
    }

    /// Whether the kernel has handed a block over.
    fn is_filled(&self, index: usize) -> bool {
        self.status(index).load(Ordering::Acquire) & libc::TP_STATUS_USER != 0
    }

    fn hand_back(&self, index: usize) {
        self.status(index)
            .store(libc::TP_STATUS_KERNEL, Ordering::Release);
    }

    /// Every packet of a block that was handed over.
    fn packets(&self, index: usize, mut each: impl FnMut(&[u8])) {
        let block = self.block(index);
        // SAFETY: the kernel writes no block that it has handed over, and its offsets lie within.
        unsafe {
            let header = (*block).hdr.bh1;
            let mut at = block
                .cast::<u8>()
                .add(header.offset_to_first_pkt as usize)
                .cast::<libc::tpacket3_hdr>();
            for _ in 0..header.num_pkts {
                let start = at.cast::<u8>().add(usize::from((*at).tp_mac));
                each(std::slice::from_raw_parts(start, (*at).tp_snaplen as usize));
                at = at.cast::<u8>().add((*at).tp_next_offset as usize).cast();
            }
        }
    }

    /// Waits for a block, not for ever.
    fn wait(&self) {
        let mut asked = libc::pollfd {
            fd: self.socket.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: the one entry outlives the call.
        unsafe { libc::poll(&raw mut asked, 1, 50) };
    }

    /// Packets lost since it was asked last.
    fn lost(&self) -> Result<u64> {
        // SAFETY: tpacket_stats_v3 is plain data, for which zeroes are valid.
        let mut statistics: libc::tpacket_stats_v3 = unsafe { std::mem::zeroed() };
        let mut length = size_of_val(&statistics) as u32;
        // SAFETY: the statistics and their length outlive the call.
        let result = unsafe {
            libc::getsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                (&raw mut statistics).cast(),
                &raw mut length,
            )
        };
        ensure!(
            result == 0,
            "PACKET_STATISTICS: {}",
            io::Error::last_os_error()
        );
        Ok(statistics.tp_drops.into())
    }
}

fn set<T>(socket: &OwnedFd, option: libc::c_int, value: &T) -> Result<()> {
    // SAFETY: the value outlives the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            option,
            ptr::from_ref(value).cast(),
            size_of::<T>() as u32,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error())
            .with_context(|| format!("option {option} of a packet socket"));
    }
    Ok(())
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: the mapping of `open`, to which no reference is left.
        unsafe { libc::munmap(self.memory.cast(), BLOCK * BLOCKS) };
    }
}
