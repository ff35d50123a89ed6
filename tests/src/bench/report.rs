//! The rows of the bench: for people, and as JSON, one object per row.

use std::fmt::Write as _;

use serde::Serialize;

use super::{statistics::Summary, trace::Distribution};

/// Where a row was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// The program alone, run by the kernel on one packet after the other.
    Test,
    /// Packets on a cable, received by one CPU.
    Live,
    /// From the kernel's table to user space, and on to the disk.
    Drain,
    /// Closing a day.
    Close,
    /// Countries of sources.
    Enrich,
}

/// Who counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Program {
    /// Nobody: the floor.
    Noop,
    /// Nobody, but the packet is read.
    Parse,
    /// Our program with a plain kernel hash as its table.
    Hash,
    /// Our program.
    Ours,
    /// A dynamic set of nftables with counters.
    Nft,
    /// A program in user space behind an AF_PACKET ring (TPACKET_V3).
    AfPacket,
}

/// What the table is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// It knows all keys.
    Steady,
    /// It is empty at first.
    Insert,
    /// It has room for a quarter of the keys.
    Over,
}

/// What becomes of the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It goes no further.
    Drop,
    /// The kernel goes on with it.
    Pass,
}

/// What was measured: rows that differ in `program` alone are compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// Where.
    pub tier: Tier,
    /// Distinct keys, at most, in the trace; closing: rows.
    pub keys: u64,
    /// How the packets fall on them.
    pub distribution: Distribution,
    /// IP version.
    pub family: u8,
    /// Of the packets: `tcp-syn` or `udp`.
    pub packet: &'static str,
    /// The table's state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// What becomes of the packets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Packets per second on the cable; 0: flat out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_pps: Option<u64>,
    /// Part of a drain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<&'static str>,
}

/// One row.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What was measured.
    #[serde(flatten)]
    pub cell: Cell,
    /// Whose figures these are.
    pub program: Program,
    /// Exclude rules in force.
    #[serde(skip_serializing_if = "is_zero")]
    pub rules: u32,
    /// Conversations of the live point; 0: a dark point.
    #[serde(skip_serializing_if = "is_zero")]
    pub conversations: u32,
    /// Rounds.
    pub rounds: usize,
    /// Nanoseconds per packet (drain: per entry, close: per row, enrich: per source): the median of the rounds.
    pub median_ns: f64,
    /// Likewise, the least.
    pub min_ns: f64,
    /// Likewise, the greatest.
    pub max_ns: f64,
    /// This median ÷ that of the no-op in the same cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio_noop: Option<f64>,
    /// This median ÷ that of the parser in the same cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio_parse: Option<f64>,
    /// This median ÷ that of the plain hash in the same cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio_hash: Option<f64>,
    /// This median ÷ ours in the same cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio_ours: Option<f64>,
    /// Packets that were counted in all rounds; drain, close: entries, rows; enrich: sources whose
    /// country is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted: Option<u64>,
    /// Packets that reached the program in all rounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received: Option<u64>,
    /// Packets that were sent and did not reach it, or that it lost itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missed: Option<u64>,
    /// The kernel's tag of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prog_tag: Option<String>,
    /// Million entries, or rows, per second, from the median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub million_per_second: Option<f64>,
    /// How long all of it took, seconds: the median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// The most memory that the process held (bytes).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
    /// The floor moved, and so nothing in this cell is to be relied upon.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub noisy: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for this form"
)]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Row {
    /// A row with its times alone; ratios are [`compare`]'s.
    pub fn new(cell: Cell, program: Program, rounds: usize, times: Summary) -> Self {
        Self {
            cell,
            program,
            rules: 0,
            conversations: 0,
            rounds,
            median_ns: round(times.median, 1e3),
            min_ns: round(times.min, 1e3),
            max_ns: round(times.max, 1e3),
            ratio_noop: None,
            ratio_parse: None,
            ratio_hash: None,
            ratio_ours: None,
            counted: None,
            received: None,
            missed: None,
            prog_tag: None,
            million_per_second: None,
            seconds: None,
            peak_memory: None,
            noisy: false,
        }
    }

    /// Whether it is a competitor as such, without additions.
    const fn is_plain(&self) -> bool {
        self.rules == 0 && self.conversations == 0
    }

    fn name(&self) -> String {
        let mut name = match self.program {
            Program::Noop => "no-op",
            Program::Parse => "parse only",
            Program::Hash => "plain hash",
            Program::Ours => "ours",
            Program::Nft => "nftables set",
            Program::AfPacket => "AF_PACKET",
        }
        .to_owned();
        if self.rules > 0 {
            let _ = write!(name, ", {} rules", self.rules);
        }
        if self.conversations > 0 {
            let _ = write!(name, ", {} conversations", self.conversations);
        }
        name
    }
}

impl Cell {
    fn title(&self) -> String {
        let Self {
            tier,
            keys,
            distribution,
            family,
            packet,
            phase,
            verdict,
            rate_pps,
            step: _,
        } = self;
        let mut title = match tier {
            Tier::Test => "test run".to_owned(),
            Tier::Live => "live".to_owned(),
            Tier::Drain => return format!("drain, {keys} keys (per entry)"),
            Tier::Close => return "closing a day (per row)".to_owned(),
            Tier::Enrich => {
                return format!("countries of {keys} sources, IPv{family} (per source)");
            }
        };
        let _ = write!(
            title,
            ", {keys} keys {distribution:?}, IPv{family} {packet}"
        );
        if let Some(phase) = phase {
            let _ = write!(title, ", {phase:?}");
        }
        if let Some(verdict) = verdict {
            let _ = write!(title, ", {verdict:?}");
        }
        match rate_pps {
            None => {}
            Some(0) => title.push_str(", flat out"),
            Some(rate) => {
                let _ = write!(title, ", {} Mpps", *rate as f64 / 1e6);
            }
        }
        title.to_lowercase().replace("ipv", "IPv")
    }
}

/// Fills in the ratios.
pub fn compare(rows: &mut [Row]) {
    let medians: Vec<(Cell, Program, f64)> = rows
        .iter()
        .filter(|row| row.is_plain())
        .map(|row| (row.cell.clone(), row.program, row.median_ns))
        .collect();
    for row in rows {
        let ratio = |to: Program| {
            let same = |(cell, program, _): &&(Cell, Program, f64)| {
                *cell == row.cell && *program == to && (to != row.program || !row.is_plain())
            };
            let (.., median) = medians.iter().find(same)?;
            Some(round(row.median_ns / median, 1e3))
        };
        let ratios = [Program::Noop, Program::Parse, Program::Hash, Program::Ours].map(ratio);
        [
            row.ratio_noop,
            row.ratio_parse,
            row.ratio_hash,
            row.ratio_ours,
        ] = ratios;
    }
}

fn round(number: f64, steps: f64) -> f64 {
    (number * steps).round() / steps
}

/// One JSON object per row, a line each.
///
/// # Panics
/// When a figure is not finite.
pub fn json(rows: &[Row]) -> String {
    let line = |row: &Row| serde_json::to_string(row).expect("plain figures") + "\n";
    rows.iter().map(line).collect()
}

/// A table for people.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    let mut title = String::new();
    for row in rows {
        let next = row.cell.title();
        if next != title {
            let _ = writeln!(
                text,
                "\n{next}\n  {:<30}{:>10} {:>21}{:>8}{:>8}{:>8}{:>8}{:>11}{:>10}",
                "", "ns", "[min-max]", "÷noop", "÷parse", "÷hash", "÷ours", "received", "missed"
            );
            title = next;
        }
        let name = row
            .cell
            .step
            .map_or_else(|| row.name(), |step| format!("{}, {step}", row.name()));
        let ratio = |ratio: Option<f64>| ratio.map_or(String::new(), |r| format!("{r:.2}"));
        let count = |count: Option<u64>| count.map_or(String::new(), |c| c.to_string());
        let _ = write!(
            text,
            "  {name:<30}{:>10.1} {:>21}{:>8}{:>8}{:>8}{:>8}{:>11}{:>10}",
            row.median_ns,
            format!("[{:.1}-{:.1}]", row.min_ns, row.max_ns),
            ratio(row.ratio_noop),
            ratio(row.ratio_parse),
            ratio(row.ratio_hash),
            ratio(row.ratio_ours),
            count(row.received),
            count(row.missed),
        );
        if let Some(rate) = row.million_per_second {
            let _ = write!(text, "  {rate:.2} M/s");
        }
        if let Some(seconds) = row.seconds {
            let _ = write!(text, "  {seconds:.3} s");
        }
        if let Some(peak) = row.peak_memory {
            let _ = write!(text, "  peak {:.0} MB", peak as f64 / 1e6);
        }
        if row.noisy {
            text.push_str("  NOISY");
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(program: Program, rate_pps: u64, median: f64) -> Row {
        let cell = Cell {
            tier: Tier::Live,
            keys: 64_000,
            distribution: Distribution::Zipf,
            family: 4,
            packet: "tcp-syn",
            phase: Some(Phase::Steady),
            verdict: Some(Verdict::Drop),
            rate_pps: Some(rate_pps),
            step: None,
        };
        let times = Summary {
            median,
            min: median,
            max: median,
        };
        Row::new(cell, program, 5, times)
    }

    #[test]
    fn a_ratio_is_to_the_same_cell() {
        let mut rows = vec![
            row(Program::Noop, 0, 10.0),
            row(Program::Ours, 0, 25.0),
            row(Program::Nft, 0, 100.0),
            row(Program::Noop, 1000, 20.0),
            Row {
                rules: 256,
                ..row(Program::Ours, 0, 50.0)
            },
        ];
        compare(&mut rows);
        let ratios = |row: &Row| {
            (
                row.ratio_noop,
                row.ratio_parse,
                row.ratio_hash,
                row.ratio_ours,
            )
        };
        assert_eq!(ratios(&rows[0]), (None, None, None, Some(0.4)));
        assert_eq!(ratios(&rows[1]), (Some(2.5), None, None, None));
        assert_eq!(ratios(&rows[2]), (Some(10.0), None, None, Some(4.0)));
        assert_eq!(ratios(&rows[3]), (None, None, None, None));
        assert_eq!(ratios(&rows[4]), (Some(5.0), None, None, Some(2.0)));
    }

    #[test]
    fn each_row_is_one_object() {
        let mut rows = vec![row(Program::AfPacket, 0, 10.0), row(Program::Ours, 0, 5.0)];
        compare(&mut rows);
        let text = json(&rows);
        let objects: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(objects.len(), 2);
        let first = &objects[0];
        assert_eq!(first["tier"], "live");
        assert_eq!(first["program"], "afpacket");
        assert_eq!(first["keys"], 64_000);
        assert_eq!(first["distribution"], "zipf");
        assert_eq!(first["phase"], "steady");
        assert_eq!(first["verdict"], "drop");
        assert_eq!(first["rate_pps"], 0);
        assert_eq!(first["median_ns"], 10.0);
        assert_eq!(first["ratio_ours"], 2.0);
        assert!(first.get("ratio_noop").is_none());
        assert!(table(&rows).contains("AF_PACKET"));
    }
}
