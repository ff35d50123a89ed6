//! What user space tells the programs: which copy of the tables to write, and what to watch.

use aya_ebpf::{
    btf_maps,
    macros::{btf_map, map},
    maps::Array,
};
use talot_common::layout::{Control, HOOKS, Hook, POINTS, Watch};

const BPF_F_MMAPABLE: u32 = 1 << 10;

/// A map that user space reads and writes by mapping it.
pub(crate) const fn mapped<T>(entries: u32) -> Array<T> {
    Array::with_max_entries(entries, BPF_F_MMAPABLE)
}

#[map]
static CONTROL: Array<Control> = mapped(1);
#[map]
static WATCH: Array<Watch> = mapped(2);

/// No program uses it: user space updates it to wait until every program that may still act on an
/// old [`Control`] has ended (the kernel's `maybe_wait_bpf_programs` calls `synchronize_rcu` then).
#[btf_map]
static GRACE: btf_maps::ArrayOfMaps<btf_maps::Array<u32, 1>, 1> = btf_maps::ArrayOfMaps::new();

/// An index below `N`, a power of two, in a form that the verifier can bound: the compiler, which
/// knows that the mask changes nothing, must not see through it.
#[inline(always)]
pub(crate) fn bounded<const N: usize>(index: usize) -> usize {
    core::hint::black_box(index) & (N - 1)
}

/// The state of things as this packet finds it, read once.
pub(crate) struct State {
    epoch: u32,
    watch: *const Watch,
}

impl State {
    #[inline(always)]
    pub(crate) fn read() -> Option<Self> {
        let control = CONTROL.get_ptr(0)?;
        // SAFETY: a checked pointer to a map value. Volatile, because user space writes it, and as
        // one word, so that both halves belong together.
        let word = unsafe { control.cast::<u64>().read_volatile() };
        // SAFETY: Control is one word of plain integers (size asserted in its module).
        let control = unsafe { core::mem::transmute::<u64, Control>(word) };
        Some(Self {
            epoch: control.epoch,
            watch: WATCH.get_ptr(control.watch & 1)?,
        })
    }

    #[inline(always)]
    pub(crate) const fn epoch(&self) -> u32 {
        self.epoch
    }

    #[inline(always)]
    pub(crate) const fn watch(&self) -> &Watch {
        // SAFETY: a checked pointer to a map value; user space writes only the copy that is not in
        // force, after a grace period.
        unsafe { &*self.watch }
    }

    /// 0, as a value that neither the compiler nor the verifier knows.
    #[inline(always)]
    pub(crate) fn zero(&self) -> u64 {
        // SAFETY: a field of a map value; volatile, so that it is really read.
        unsafe { (&raw const (*self.watch).zero).read_volatile() }
    }

    /// Whether the unsolicited packets of a point end here.
    #[inline(always)]
    pub(crate) const fn drops(&self, point: u8) -> bool {
        self.watch().dropping >> (point & (POINTS as u8 - 1)) & 1 != 0
    }

    /// The hook of this interface, if it is watched.
    #[inline(always)]
    pub(crate) fn hook(&self, ifindex: u32) -> Option<Hook> {
        let watch = self.watch();
        let used = watch.hooks_used as usize;
        let mut i = 0;
        while i < HOOKS && i < used {
            let hook = &watch.hooks[bounded::<HOOKS>(i)];
            if hook.ifindex == ifindex {
                return Some(*hook);
            }
            i += 1;
        }
        None
    }
}
