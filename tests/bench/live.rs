//! Tier `live`: packets on a cable. One CPU sends, the other receives; what receiving costs is the
//! time that the receiving interface's own kernel thread has run, and the counter's, if it has one.

use std::{
    ffi::CString,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use aya::programs::{XdpMode, xdp::XdpLinkId};
use talot_tests::{
    bench::{
        report::{Cell, Phase, Program, Row, Tier, Verdict},
        schedstat::time_on_cpu,
        statistics::{Summary, rotated},
        trace::Distribution,
    },
    lab::{INTERFACE, Lab, Namespace},
};

use crate::{
    af_packet,
    contestant::{Contestant, check},
    generator::Generator,
    machine, nft,
    options::Options,
    ours::{self, Ours},
    plain_hash::PlainHash,
    reference::Reference,
    world::{Packet, Setting},
};

const PACKET: Packet = Packet::Syn4;
/// Packets per second; 0: flat out.
const RATES: [u64; 4] = [300_000, 1_000_000, 3_000_000, 0];

pub(crate) fn measure(options: &Options, lab: &Lab) -> Result<Vec<Row>> {
    machine::pin(0, machine::SENDING)?;
    let receiver = Receiver::prepare(lab)?;
    let mut generator = Generator::new(&lab.attacker, PACKET)?;
    let mut rows = Vec::new();
    let (keys, distributions): (&[u32], &[Distribution]) = if options.quick {
        (&[1_000_000], &[Distribution::Uniform])
    } else {
        (
            &[64_000, 1_000_000],
            &[Distribution::Uniform, Distribution::Zipf],
        )
    };
    for &keys in keys {
        for &distribution in distributions {
            generator.set_trace(keys, distribution)?;
            for verdict in [Verdict::Drop, Verdict::Pass] {
                let rates: &[u64] = match verdict {
                    Verdict::Pass if options.quick => &[0],
                    _ => &RATES,
                };
                let mut bench = Bench {
                    options,
                    receiver: &receiver,
                    generator: &mut generator,
                    keys,
                    distribution,
                    verdict,
                };
                rows.extend(bench.measure(rates)?);
            }
        }
    }
    Ok(rows)
}

/// Index of an interface in the namespace of this thread.
pub(crate) fn index_of(interface: &str) -> Result<u32> {
    let name = CString::new(interface)?;
    // SAFETY: the name ends with a zero byte.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    ensure!(index > 0, "there is no interface {interface}");
    Ok(index)
}

/// The sensor's end of the cable.
struct Receiver<'lab> {
    namespace: &'lab Namespace,
    interface: u32,
    /// The kernel thread that polls it.
    thread: u32,
}

impl<'lab> Receiver<'lab> {
    fn prepare(lab: &'lab Lab) -> Result<Self> {
        const THREADS: &str = "napi/sensor0-";
        let namespace = &lab.sensor;
        let before = machine::kernel_threads(THREADS)?;
        // With it the interface polls, and takes frames from XDP, whether or not a program is there.
        lab.merge_received();
        lab.sensor.poll_by_thread(INTERFACE);
        let mut threads = machine::kernel_threads(THREADS)?;
        threads.retain(|thread| !before.contains(thread));
        let [thread] = threads[..] else {
            anyhow::bail!("{INTERFACE} is polled by threads {threads:?}, not by one");
        };
        machine::pin(thread, machine::receiving()?)?;
        let interface = namespace.inside(|| index_of(INTERFACE))?;
        Ok(Self {
            namespace,
            interface,
            thread,
        })
    }

    fn received(&self) -> u64 {
        self.namespace.statistic(INTERFACE, "rx", "packets")
    }
}

/// What counts on the cable.
enum Counter {
    Xdp(Box<dyn Contestant>, Option<XdpLinkId>),
    Nft(bool),
    AfPacket(Option<af_packet::Counter>),
}

impl Counter {
    fn program(&self) -> Program {
        match self {
            Self::Xdp(contestant, _) => contestant.program(),
            Self::Nft(_) => Program::Nft,
            Self::AfPacket(_) => Program::AfPacket,
        }
    }

    /// Whether it begins each turn with an empty table.
    const fn forgets(&self) -> bool {
        matches!(self, Self::Nft(_) | Self::AfPacket(_))
    }

    fn begin(&mut self, bench: &Bench<'_, '_>) -> Result<()> {
        let (namespace, index) = (bench.receiver.namespace, bench.receiver.interface);
        match self {
            Self::Xdp(contestant, link) => {
                let id = namespace.inside(|| {
                    contestant
                        .xdp()?
                        .attach_to_if_index(index, XdpMode::Driver)
                        .context("attaching natively")
                })?;
                *link = Some(id);
            }
            Self::Nft(active) => {
                nft::count(namespace, bench.keys, bench.verdict)?;
                *active = true;
            }
            Self::AfPacket(counter) => {
                if bench.verdict == Verdict::Drop {
                    nft::drop_all(namespace)?;
                }
                *counter = Some(af_packet::Counter::start(namespace, bench.keys)?);
            }
        }
        Ok(())
    }

    /// What it has counted, and lost by itself, so far.
    fn counted(&mut self, namespace: &Namespace) -> Result<(Option<u64>, u64)> {
        Ok(match self {
            Self::Xdp(contestant, _) => (contestant.counted()?, 0),
            Self::Nft(_) => (Some(nft::counted(namespace)?), 0),
            Self::AfPacket(Some(counter)) => (Some(counter.counted()), counter.lost()),
            Self::AfPacket(None) => (None, 0),
        })
    }

    /// Nanoseconds that it has run apart from the receiving thread.
    fn own_time(&self) -> Result<u64> {
        match self {
            Self::AfPacket(Some(counter)) => Ok(time_on_cpu(counter.thread())?),
            _ => Ok(0),
        }
    }

    /// Takes it off; one that forgets is checked for all that it has counted.
    fn end(&mut self, bench: &Bench<'_, '_>, taken: u64) -> Result<()> {
        let namespace = bench.receiver.namespace;
        let program = self.program();
        let held = match self {
            Self::Xdp(contestant, link) => {
                if let Some(id) = link.take() {
                    contestant.xdp()?.detach(id).context("detaching")?;
                }
                None
            }
            Self::Nft(active) => {
                if std::mem::take(active) {
                    nft::remove(namespace)?;
                }
                None
            }
            Self::AfPacket(counter) => {
                let held = counter.take().map(af_packet::Counter::stop).transpose()?;
                if bench.verdict == Verdict::Drop {
                    nft::remove(namespace)?;
                }
                held
            }
        };
        check(program, held, taken)
    }
}

struct Bench<'a, 'lab> {
    options: &'a Options,
    receiver: &'a Receiver<'lab>,
    generator: &'a mut Generator<'lab>,
    keys: u32,
    distribution: Distribution,
    verdict: Verdict,
}

/// What one competitor's turns at one rate have brought.
#[derive(Clone, Default)]
struct Turns {
    times: Vec<f64>,
    counted: Option<u64>,
    received: u64,
    missed: u64,
}

impl Bench<'_, '_> {
    fn counters(&self) -> Result<Vec<Counter>> {
        let setting = Setting {
            interface: self.receiver.interface,
            verdict: self.verdict,
            ..Setting::DARK
        };
        let xdp = |contestant| Counter::Xdp(contestant, None);
        let mut counters = vec![
            xdp(Box::new(Reference::noop(self.verdict)?)),
            xdp(Box::new(Reference::parse(self.verdict)?)),
        ];
        if setting.is_possible() {
            let capacity = ours::capacity(4, self.keys);
            counters.push(xdp(Box::new(PlainHash::load(capacity, setting)?)));
            counters.push(xdp(Box::new(Ours::load(capacity, setting)?)));
        } else {
            eprintln!(
                "live: the program does not do {:?} yet: left out",
                self.verdict
            );
        }
        counters.push(Counter::Nft(false));
        counters.push(Counter::AfPacket(None));
        Ok(counters)
    }

    /// Measures all of them in turn; the rates at which the floor was not quiet once more.
    fn measure(&mut self, rates: &[u64]) -> Result<Vec<Row>> {
        let mut counters = self.counters()?;
        let mut rates = rates.to_vec();
        let mut rows = Vec::new();
        for attempt in 1.. {
            let measured = self.attempt(&mut counters, &rates)?;
            let noisy: Vec<u64> = measured
                .iter()
                .filter(|row| row.noisy && row.program == Program::Noop)
                .filter_map(|row| row.cell.rate_pps)
                .collect();
            let is_last = noisy.is_empty() || !self.options.may_repeat(attempt);
            rows.extend(measured.into_iter().filter(|row| !row.noisy || is_last));
            if is_last {
                break;
            }
            eprintln!("the floor moved: once more");
            rates = noisy;
        }
        rows.sort_by_key(|row| {
            RATES
                .iter()
                .position(|rate| row.cell.rate_pps == Some(*rate))
        });
        Ok(rows)
    }

    fn attempt(&mut self, counters: &mut [Counter], rates: &[u64]) -> Result<Vec<Row>> {
        let rounds = self.options.rounds();
        let mut turns = vec![vec![Turns::default(); rates.len()]; counters.len()];
        let mut taken = vec![0; counters.len()];
        for round in 0..rounds {
            eprintln!(
                "live: {} keys {:?}, {:?}, round {round}",
                self.keys, self.distribution, self.verdict
            );
            for index in rotated(counters.len(), round) {
                let program = counters[index].program();
                taken[index] += self
                    .turn(&mut counters[index], rates, &mut turns[index], round == 0)
                    .with_context(|| format!("{program:?}"))?;
            }
        }
        for (counter, taken) in counters.iter_mut().zip(taken) {
            if let Counter::Xdp(contestant, _) = counter {
                check(contestant.program(), contestant.empty()?, taken)?;
            }
        }
        let mut rows = Vec::new();
        for (at, rate) in rates.iter().enumerate() {
            let floor = Summary::of(&turns[0][at].times);
            let noisy = floor.is_some_and(|floor| !floor.is_quiet());
            for (counter, turns) in counters.iter_mut().zip(&turns) {
                let turns = &turns[at];
                let Some(times) = Summary::of(&turns.times) else {
                    continue;
                };
                let mut row = Row::new(self.cell(*rate), counter.program(), rounds, times);
                row.counted = turns.counted;
                row.received = Some(turns.received);
                row.missed = Some(turns.missed);
                row.noisy = noisy;
                if let Counter::Xdp(contestant, _) = counter {
                    row.prog_tag = Some(contestant.tag()?);
                }
                rows.push(row);
            }
        }
        Ok(rows)
    }

    fn cell(&self, rate: u64) -> Cell {
        Cell {
            tier: Tier::Live,
            keys: self.keys.into(),
            distribution: self.distribution,
            family: PACKET.family(),
            packet: PACKET.name(),
            phase: Some(Phase::Steady),
            verdict: Some(self.verdict),
            rate_pps: Some(rate),
            step: None,
        }
    }

    /// One competitor, at each rate; how many packets it has counted.
    fn turn(
        &mut self,
        counter: &mut Counter,
        rates: &[u64],
        turns: &mut [Turns],
        is_first: bool,
    ) -> Result<u64> {
        counter.begin(self)?;
        let mut taken = 0;
        if is_first || counter.forgets() {
            taken += self
                .send(counter, self.keys, self.options.warm_up_rate())?
                .taken;
        }
        for (rate, turns) in rates.iter().zip(turns) {
            let sent = self.send(counter, self.packets(*rate), *rate)?;
            turns.times.push(sent.time);
            turns.received += sent.received;
            turns.missed += sent.missed;
            if let Some(counted) = sent.counted {
                *turns.counted.get_or_insert(0) += counted;
            }
            taken += sent.taken;
        }
        counter.end(self, taken)?;
        Ok(taken)
    }

    /// Packets of a run.
    fn packets(&self, rate: u64) -> u32 {
        let milliseconds = if self.options.quick { 150 } else { 1000 };
        let rate = if rate == 0 { 5_000_000 } else { rate };
        (rate * milliseconds / 1000) as u32
    }

    fn send(&mut self, counter: &mut Counter, packets: u32, rate: u64) -> Result<Sent> {
        let receiver = self.receiver;
        let namespace = receiver.namespace;
        let (counted, lost) = counter.counted(namespace)?;
        let received = receiver.received();
        let time = time_on_cpu(receiver.thread)? + counter.own_time()?;
        self.generator.send(packets, rate)?;
        let until = Instant::now() + Duration::from_secs(3);
        let mut last = None;
        loop {
            thread::sleep(Duration::from_millis(20));
            let received = receiver.received() - received;
            let (counted_now, lost_now) = counter.counted(namespace)?;
            let counted = counted_now.zip(counted).map(|(now, before)| now - before);
            let mut lost = lost_now - lost;
            let reading = Some((received, counted, lost));
            let is_still = reading == last;
            last = reading;
            if let (Program::Nft, Some(counted)) = (counter.program(), counted) {
                // Its set refuses keys while it grows, and does not say how many.
                lost = received.saturating_sub(counted);
            }
            let is_done = counted.is_none_or(|counted| counted + lost >= received);
            if !(is_still && is_done) && Instant::now() < until {
                continue;
            }
            check(
                counter.program(),
                counted.map(|counted| counted + lost),
                received,
            )?;
            ensure!(
                received > 0 && received <= u64::from(packets),
                "{received} of {packets} packets received"
            );
            let spent = time_on_cpu(receiver.thread)? + counter.own_time()? - time;
            return Ok(Sent {
                time: spent as f64 / received as f64,
                counted,
                received,
                missed: u64::from(packets) - received + lost,
                taken: counted.unwrap_or(received),
            });
        }
    }
}

/// What came of a run.
struct Sent {
    /// Nanoseconds per packet received.
    time: f64,
    counted: Option<u64>,
    received: u64,
    missed: u64,
    /// Packets that the competitor has counted, if it counts.
    taken: u64,
}
