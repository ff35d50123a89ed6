//! What the decision table asks of the kernel's maps.

use talot_common::{
    decision::Surroundings,
    exclude::PrefixAddress,
    layout::{Hook, Point, RANGES, Watch},
    packet::{Datagram, Thread, Transport, V4, V6},
};

use crate::{
    control::{State, bounded},
    conversation, exclude,
};

/// The surroundings of a packet on one hook.
pub(crate) struct Around<'a> {
    watch: &'a Watch,
    hook: &'a Hook,
}

impl<'a> Around<'a> {
    #[inline(always)]
    pub(crate) const fn new(state: &'a State, hook: &'a Hook) -> Self {
        Self {
            watch: state.watch(),
            hook,
        }
    }
}

/// An address family that points watch ranges of.
pub(crate) trait Family: Sized {
    /// The point whose range holds the address, by the longest prefix.
    fn point_at(around: &Around<'_>, address: Self) -> Option<Point>;
}

/// The first range of a hook that holds an address.
macro_rules! find {
    ($ranges:expr, $bounds:expr, |$range:ident| $holds:expr) => {{
        let [start, end] = $bounds;
        let mut i = start as usize;
        while i < RANGES && i < end as usize {
            let $range = &$ranges[bounded::<RANGES>(i)];
            if $holds {
                return Some($range.point);
            }
            i += 1;
        }
        None
    }};
}

impl Family for V4 {
    #[inline(always)]
    fn point_at(around: &Around<'_>, address: Self) -> Option<Point> {
        find!(around.watch.v4, around.hook.v4, |range| {
            address.0 & range.mask == range.network
        })
    }
}

impl Family for V6 {
    #[inline(always)]
    fn point_at(around: &Around<'_>, address: Self) -> Option<Point> {
        let [a, b, c, d] = address.0;
        find!(around.watch.v6, around.hook.v6, |range| {
            let (mask, network) = (&range.mask, &range.network);
            a & mask[0] == network[0]
                && b & mask[1] == network[1]
                && c & mask[2] == network[2]
                && d & mask[3] == network[3]
        })
    }
}

impl<A: PrefixAddress + Family> Surroundings<A> for Around<'_> {
    #[inline(always)]
    fn point_at(&self, destination: A) -> Option<Point> {
        A::point_at(self, destination)
    }

    #[inline(always)]
    fn excluded(&self, point: Point, ip: &Datagram<A>, transport: &Transport) -> bool {
        exclude::excludes(point, ip, transport)
    }

    #[inline(always)]
    fn has_sent(&self, local: A, remote: A, thread: Thread) -> bool {
        conversation::has_sent(self.watch, local, remote, thread)
    }

    #[inline(always)]
    fn note_first_fragment(&self, ip: &Datagram<A>) {
        conversation::note_first_fragment(self.watch, ip);
    }

    #[inline(always)]
    fn follows_solicited(&self, ip: &Datagram<A>) -> bool {
        conversation::follows_solicited(self.watch, ip)
    }

    #[inline(always)]
    fn note_knock(&self, local: A, remote: A, thread: Thread) {
        conversation::note_knock(self.watch, local, remote, thread);
    }
}
