//! Packets that flow while the clock is set, each named after the day that it was sent on.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use talot_tests::{
    lab::Lab,
    packet::{Ends, flag, frame, tcp},
    send::Sender,
};

use crate::{
    calendar::{self, DAY, Zone},
    clock,
};

/// So long after the clock was set a packet may be in either day: the agent may look at the clock once
/// a second, drains first, and a machine in software is slow.
const AFTER_STEP: Duration = Duration::from_millis(2500);
/// The same where the agent is to be told at once.
const AT_ONCE: Duration = Duration::from_millis(700);
/// So shortly before midnight it is not said either: until it arrives, a packet is on its way.
const BEFORE_MIDNIGHT: Duration = Duration::from_millis(100);
/// The port of packets before midnight, of which it is not said.
pub(crate) const ANY_DAY: i32 = 65_535;
/// What the last octet of a source counts in after a step.
const BUCKET: Duration = Duration::from_millis(10);
const PAUSE: Duration = Duration::from_millis(3);

/// What was sent, and how long it was which day. How often the clock was set before is part of
/// every key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    /// Packets by port.
    pub(crate) packets: BTreeMap<(u8, i32), i64>,
    /// How long each day, counted from 1970, has been.
    pub(crate) lasted: BTreeMap<(u8, i64), Duration>,
    /// When the first packet was sent and when the last, since the machine was booted.
    pub(crate) within: [Duration; 2],
    /// Packets of the last second of a day, of which it is said that they belong to it.
    pub(crate) in_last_second: i64,
    steps: u8,
    /// When the clock was set last, since the machine was booted.
    set: Option<Duration>,
    last: Option<(Duration, (u8, i64))>,
}

/// A day's port.
pub(crate) fn port(day: i64) -> i32 {
    1 + (day % 60_000) as i32
}

/// A day's port for packets that may be in either day after a step.
pub(crate) fn port_after_step(day: i64) -> i32 {
    60_001 + (day % 5000) as i32
}

/// How long after a step this source's packets were sent, at most, if their port is one after a step.
pub(crate) fn after_step(source: IpAddr) -> Duration {
    match source {
        IpAddr::V4(source) => BUCKET * (u32::from(source.octets()[3]) + 1),
        IpAddr::V6(_) => panic!("{source} was not sent"),
    }
}

/// How often the clock had been set before this source's packets were sent.
pub(crate) fn steps_before(source: IpAddr) -> u8 {
    match source {
        IpAddr::V4(source) => source.octets()[2],
        IpAddr::V6(_) => panic!("{source} was not sent"),
    }
}

/// The sender.
pub(crate) struct Flow<'lab> {
    sender: Sender<'lab>,
    zone: Zone,
    /// The day is told by CLOCK_TAI, which is so far ahead at the next midnight.
    tai: Option<Duration>,
    after_step: Duration,
    log: Mutex<Log>,
    over: AtomicBool,
}

impl<'lab> Flow<'lab> {
    pub(crate) fn new(lab: &'lab Lab, zone: Zone) -> Self {
        Self {
            sender: Sender::open(lab),
            zone,
            tai: None,
            after_step: AFTER_STEP,
            log: Mutex::default(),
            over: AtomicBool::new(false),
        }
    }

    /// Tells the day by CLOCK_TAI, which will be so far ahead at the next midnight: CLOCK_REALTIME says
    /// the inserted second twice, and is in the next day for the part of a tick before it.
    pub(crate) fn by_tai(self, ahead: Duration) -> Self {
        Self {
            tai: Some(ahead),
            ..self
        }
    }

    /// Holds the agent to following the clock at once.
    pub(crate) fn at_once(self) -> Self {
        Self {
            after_step: AT_ONCE,
            ..self
        }
    }

    /// The time of day.
    fn now(&self) -> Duration {
        self.tai
            .map_or_else(clock::now, |ahead| clock::tai() - ahead)
    }

    /// Sends until the work is done, and gives what was sent, too.
    pub(crate) fn during<T>(&self, work: impl FnOnce() -> T) -> (Log, T) {
        self.over.store(false, Ordering::Relaxed);
        let done = thread::scope(|scope| {
            scope.spawn(|| {
                while !self.over.load(Ordering::Relaxed) {
                    self.send_one();
                    thread::sleep(PAUSE);
                }
            });
            // Whatever becomes of the work.
            let _over = Over(&self.over);
            work()
        });
        talot_tests::send::settle();
        self.sender.assert_nothing_lost();
        let mut log = self.lock();
        log.last = None;
        (log.clone(), done)
    }

    fn send_one(&self) {
        let mut log = self.lock();
        let (now, boot) = (self.now(), clock::boot());
        let day = calendar::day(now.as_secs() as i64, self.zone);
        let steps = log.steps;
        if let Some((last, key)) = log.last {
            *log.lasted.entry(key).or_default() += boot - last;
        }
        log.last = Some((boot, (steps, day)));
        if log.packets.is_empty() {
            log.within[0] = boot;
        }
        log.within[1] = boot;
        let day_at = |moment: Duration| calendar::day(moment.as_secs() as i64, self.zone);
        let is_near = day_at(now + BEFORE_MIDNIGHT) != day;
        let since = log.set.map(|set| boot - set);
        let since = since.filter(|since| *since < self.after_step);
        let port = match since {
            _ if is_near => ANY_DAY,
            Some(_) => port_after_step(day),
            None => port(day),
        };
        let is_last = day_at(now + Duration::from_secs(1)) != day;
        log.in_last_second += i64::from(is_last && port == self::port(day));
        let sent = log.packets.entry((steps, port)).or_insert(0);
        *sent += 1;
        let host = since.map_or(*sent % 250, |since| {
            (since.as_millis() / BUCKET.as_millis()) as i64
        });
        let source = format!("203.0.{steps}.{host}");
        let ends = Ends::new(&source, "198.51.100.1");
        self.sender
            .send_one(&frame(&tcp(ends, 1, port as u16, flag::SYN)));
    }

    /// Sets the clock; no packet is on its way meanwhile.
    pub(crate) fn set(&self, to: Duration) {
        self.meanwhile(|| clock::set(to));
    }

    /// Sets the clock forward by so many seconds, or back.
    pub(crate) fn step(&self, seconds: i64) {
        self.meanwhile(|| {
            let now = clock::now();
            let by = Duration::from_secs(seconds.unsigned_abs());
            clock::set(if seconds < 0 { now - by } else { now + by });
        });
    }

    /// Sets the clock to shortly before the next midnight of the zone that it is in.
    pub(crate) fn to_midnight(&self, before: Duration) {
        let now = clock::now().as_secs() as i64;
        let tomorrow = (calendar::day(now, self.zone) + 1) * DAY;
        // By the offset before midnight: no zone here changes its clocks at midnight.
        let midnight = tomorrow - (self.zone)(tomorrow - (self.zone)(now) - 1);
        self.set(Duration::from_secs(midnight as u64) - before);
    }

    /// Does something to the clocks; no packet is on its way meanwhile.
    pub(crate) fn meanwhile(&self, work: impl FnOnce()) {
        let mut log = self.lock();
        work();
        log.steps += 1;
        log.set = Some(clock::boot());
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that it is over when the work is, also when it fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
