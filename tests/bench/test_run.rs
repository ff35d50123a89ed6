//! Tier `test`: the programs alone, run by the kernel on one packet after the other.

use anyhow::Result;
use talot_tests::bench::{
    report::{Cell, Phase, Program, Row, Tier, Verdict},
    statistics::{Summary, rotated},
    trace::Distribution,
};

use crate::{
    contestant::{Contestant, check},
    machine,
    options::Options,
    ours::{self, Ours},
    plain_hash::PlainHash,
    reference::Reference,
    stage::Stage,
    world::{Packet, Setting},
};

/// Numbers of keys that are measured.
pub(crate) const KEYS: [u32; 2] = [64_000, 1_000_000];
const DISTRIBUTIONS: [Distribution; 2] = [Distribution::Uniform, Distribution::Zipf];
const RULES: u32 = 256;
const CONVERSATIONS: u32 = 100_000;
/// Runs before the clock starts, so that a program finds its own things in the cache again.
const WARM_UP: u32 = 100_000;

/// Runs on a thread inside a namespace.
pub(crate) fn measure(options: &Options) -> Result<Vec<Row>> {
    machine::pin(0, machine::receiving()?)?;
    let mut rows = Vec::new();
    for packet in [Packet::Syn4, Packet::Syn6, Packet::Udp4] {
        let mut stage = Stage::new(packet)?;
        for keys in KEYS {
            let mut bench = Bench {
                options,
                packet,
                keys,
                stage: &mut stage,
            };
            match packet {
                Packet::Syn4 => rows.extend(bench.all_phases()?),
                Packet::Syn6 => rows.extend(bench.steady_only(references_and_tables)?),
                Packet::Udp4 => rows.extend(bench.steady_only(with_conversations)?),
            }
        }
    }
    Ok(rows)
}

type Contestants = Vec<Box<dyn Contestant>>;

struct Bench<'a> {
    options: &'a Options,
    packet: Packet,
    keys: u32,
    stage: &'a mut Stage,
}

/// The four that every cell compares.
fn references_and_tables(family: u8, keys: u32) -> Result<Contestants> {
    let capacity = ours::capacity(family, keys);
    Ok(vec![
        Box::new(Reference::noop(Verdict::Pass)?),
        Box::new(Reference::parse(Verdict::Pass)?),
        Box::new(PlainHash::load(capacity, Setting::DARK)?),
        Box::new(Ours::load(capacity, Setting::DARK)?),
    ])
}

/// And ours with many exclude rules.
fn with_rules(family: u8, keys: u32) -> Result<Contestants> {
    let mut contestants = references_and_tables(family, keys)?;
    let setting = Setting {
        rules: RULES,
        ..Setting::DARK
    };
    contestants.push(Box::new(Ours::load(ours::capacity(family, keys), setting)?));
    Ok(contestants)
}

/// And ours as a live point. A SYN begins a conversation and asks for none, so this is for packets
/// that might belong to one.
fn with_conversations(family: u8, keys: u32) -> Result<Contestants> {
    let mut contestants = references_and_tables(family, keys)?;
    let setting = Setting {
        live: true,
        ..Setting::DARK
    };
    let mut live = Ours::load(ours::capacity(family, keys), setting)?;
    live.converse(CONVERSATIONS)?;
    contestants.push(Box::new(live));
    Ok(contestants)
}

impl Bench<'_> {
    fn all_phases(&mut self) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        let mut roomy = with_rules(4, self.keys)?;
        let mut tight = references_and_tables(4, self.keys / 4)?;
        for distribution in DISTRIBUTIONS {
            self.stage.set_trace(self.keys, distribution)?;
            for phase in [Phase::Steady, Phase::Insert] {
                rows.extend(self.cell(&mut roomy, distribution, phase)?);
            }
            rows.extend(self.cell(&mut tight, distribution, Phase::Over)?);
        }
        Ok(rows)
    }

    fn steady_only(&mut self, load: fn(u8, u32) -> Result<Contestants>) -> Result<Vec<Row>> {
        let distribution = Distribution::Uniform;
        let mut contestants = load(self.packet.family(), self.keys)?;
        self.stage.set_trace(self.keys, distribution)?;
        self.cell(&mut contestants, distribution, Phase::Steady)
    }

    /// Measures all of them in turn, again where the floor was not quiet.
    fn cell(
        &mut self,
        contestants: &mut Contestants,
        distribution: Distribution,
        phase: Phase,
    ) -> Result<Vec<Row>> {
        let cell = Cell {
            tier: Tier::Test,
            keys: self.keys.into(),
            distribution,
            family: self.packet.family(),
            packet: self.packet.name(),
            phase: Some(phase),
            verdict: None,
            rate_pps: None,
            step: None,
        };
        let mut attempt = 1;
        loop {
            let rows = self.attempt(contestants, &cell, phase)?;
            let noisy = rows.iter().any(|row| row.noisy);
            if !noisy || !self.options.may_repeat(attempt) {
                return Ok(rows);
            }
            attempt += 1;
            eprintln!("the floor moved: once more");
        }
    }

    fn attempt(
        &mut self,
        contestants: &mut Contestants,
        cell: &Cell,
        phase: Phase,
    ) -> Result<Vec<Row>> {
        eprintln!(
            "test run: {} keys, {:?}, {phase:?}",
            self.keys, cell.distribution
        );
        let rounds = self.options.rounds();
        let mut turns: Vec<Turns> = Vec::new();
        for contestant in contestants.iter_mut() {
            turns.push(self.prepare(contestant.as_mut(), phase)?);
        }
        for round in 0..rounds {
            for index in rotated(contestants.len(), round) {
                let contestant = contestants[index].as_mut();
                match phase {
                    Phase::Insert => self.first_touches(contestant, &mut turns[index])?,
                    Phase::Steady | Phase::Over => self.turn(contestant, &mut turns[index])?,
                }
            }
        }
        let noisy = Summary::of(&turns[0].times).is_some_and(|floor| !floor.is_quiet());
        let mut rows = Vec::new();
        for (contestant, turns) in contestants.iter_mut().zip(turns) {
            if phase != Phase::Insert {
                check(contestant.program(), contestant.empty()?, turns.received)?;
            }
            let Some(times) = Summary::of(&turns.times) else {
                continue;
            };
            let mut row = Row::new(cell.clone(), contestant.program(), rounds, times);
            (row.rules, row.conversations) = contestant.additions();
            row.counted = turns.counted;
            row.received = Some(turns.received);
            row.prog_tag = Some(contestant.tag()?);
            row.noisy = noisy;
            rows.push(row);
        }
        Ok(rows)
    }

    /// Lets a contestant see all keys, and finds out how many packets make a turn.
    fn prepare(&mut self, contestant: &mut dyn Contestant, phase: Phase) -> Result<Turns> {
        contestant.empty()?;
        self.stage.put(contestant.xdp()?)?;
        self.stage.rewind()?;
        let mut turns = Turns::default();
        let before = contestant.counted()?;
        self.stage.run(self.keys)?;
        let time = self.stage.run(WARM_UP)?;
        let packets = self.options.turn().as_nanos() as f64 / time;
        turns.packets = (packets as u32).clamp(WARM_UP, 1 << 26);
        turns.add(
            before,
            contestant.counted()?,
            u64::from(self.keys + WARM_UP),
        );
        if phase == Phase::Insert {
            contestant.empty()?;
        }
        Ok(turns)
    }

    fn turn(&mut self, contestant: &mut dyn Contestant, turns: &mut Turns) -> Result<()> {
        self.stage.put(contestant.xdp()?)?;
        let before = contestant.counted()?;
        self.stage.run(WARM_UP)?;
        let time = self.stage.run(turns.packets)?;
        let after = contestant.counted()?;
        turns.times.push(time);
        let received = u64::from(WARM_UP + turns.packets);
        check(
            contestant.program(),
            turns.add(before, after, received),
            received,
        )
    }

    /// Packets on an empty table, as many as there are keys; several times if that is too little
    /// to be timed.
    fn first_touches(&mut self, contestant: &mut dyn Contestant, turns: &mut Turns) -> Result<()> {
        self.stage.put(contestant.xdp()?)?;
        if matches!(contestant.program(), Program::Noop | Program::Parse) {
            return self.turn(contestant, turns);
        }
        let times = self.options.first_touches().div_ceil(self.keys);
        let mut sum = 0.0;
        for _ in 0..times {
            let before = contestant.counted()?;
            self.stage.rewind()?;
            sum += self.stage.run(self.keys)?;
            let after = contestant.counted()?;
            let received = u64::from(self.keys);
            check(contestant.program(), contestant.empty()?, received)?;
            check(
                contestant.program(),
                turns.add(before, after, received),
                received,
            )?;
        }
        turns.times.push(sum / f64::from(times));
        Ok(())
    }
}

/// What a contestant's turns in a cell have brought.
#[derive(Default)]
struct Turns {
    /// Packets of a turn.
    packets: u32,
    times: Vec<f64>,
    counted: Option<u64>,
    received: u64,
}

impl Turns {
    /// Adds a run; what it counted.
    fn add(&mut self, before: Option<u64>, after: Option<u64>, received: u64) -> Option<u64> {
        self.received += received;
        let counted = after.zip(before).map(|(after, before)| after - before)?;
        *self.counted.get_or_insert(0) += counted;
        Some(counted)
    }
}
