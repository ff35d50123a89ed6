//! What becomes of a packet of a capture: read and decided on as the kernel program does.

use talot_common::{
    decision::{Decision, sent},
    key::Subject,
    packet::{Frame, Network, Packet as _, V4, V6},
    words::Disposition,
};

use super::{
    reader::Record,
    surroundings::{Family, Known},
};
use crate::config::{Exclude, Idle, PointConfig};

/// Rows 1 to 4 count under the first point.
const FIRST_POINT: u8 = 0;

/// A source address of either family, as it stands in the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    V4(V4),
    V6(V6),
}

impl From<V4> for Source {
    fn from(address: V4) -> Self {
        Self::V4(address)
    }
}

impl From<V6> for Source {
    fn from(address: V6) -> Self {
        Self::V6(address)
    }
}

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// One that the host sends; not seen.
    Leaving,
    /// Seen, and not unsolicited: counted under this point.
    Seen(u8, Disposition),
    /// Unsolicited. The day is always 0.
    Unsolicited(Subject, Source),
}

/// Decides on packets, and remembers what the host has sent.
#[derive(Debug)]
pub(super) struct Judge {
    v4: Known<V4>,
    v6: Known<V6>,
}

impl Judge {
    pub(super) fn new(points: &[PointConfig], rules: &[Exclude], idle: &Idle) -> Self {
        Self {
            v4: Known::new(points, rules, idle),
            v6: Known::new(points, rules, idle),
        }
    }

    #[inline]
    pub(super) fn judge(&mut self, record: &Record<'_>) -> Judgement {
        match record.link.network(&record.frame) {
            Network::V4(offset) => judge(&mut self.v4, record, offset),
            Network::V6(offset) => judge(&mut self.v6, record, offset),
            Network::Other if record.leaving || self.has_sent_arp(record) => Judgement::Leaving,
            Network::Other => Judgement::Seen(FIRST_POINT, Disposition::NonIp),
        }
    }

    fn has_sent_arp(&self, record: &Record<'_>) -> bool {
        let sender = record.link.arp_sender(&record.frame);
        sender.is_some_and(|sender| self.v4.point_at(sender).is_some())
    }
}

#[inline]
fn judge<A: Family + Into<Source>>(
    known: &mut Known<A>,
    record: &Record<'_>,
    offset: usize,
) -> Judgement {
    let (frame, now) = (&record.frame, record.time);
    let sender = frame
        .load(offset + A::SOURCE)
        .and_then(|source| known.point_at(source));
    if record.leaving || sender.is_some() {
        if sender.is_some_and(|point| point.live != 0)
            && let Some((ip, transport)) = sent::<A, Frame<'_>>(frame, offset)
        {
            known.note_sent(&ip, transport.thread, now);
        }
        return Judgement::Leaving;
    }
    match Decision::on(frame, offset, &known.at(now)) {
        Decision::Passing(disposition) => Judgement::Seen(FIRST_POINT, disposition),
        Decision::Known(point, disposition) => Judgement::Seen(point, disposition),
        Decision::Unsolicited(unsolicited) => {
            Judgement::Unsolicited(unsolicited.subject(0), unsolicited.source.into())
        }
    }
}
