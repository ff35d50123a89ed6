//! Section 1: to the general Internet users.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::super::{
    figures::comparison::Move,
    model::{Block, Inline, KeyFigure, Section},
    study::{Study, Thing, Totals, reason},
};
use crate::{
    rounding::{self, Counted, Rounded, change, per_point_day, point_days, quotient, share},
    words::{self, Words, capital, enumeration, many},
};

fn rate(counted: Counted) -> String {
    per_point_day(counted.figure, counted.valid_seconds, 0)
        .map_or_else(|| "–".to_owned(), |rate| rate.to_string())
}

fn rate1(counted: Counted) -> String {
    per_point_day(counted.figure, counted.valid_seconds, 1)
        .map_or_else(|| "–".to_owned(), |rate| rate.to_string())
}

/// The sentence that everybody reads.
pub(super) fn headline(study: &Study<'_>) -> Vec<Inline> {
    let now = study.now();
    let accesses = rate(now.accesses());
    let sources = rate(now.sources());
    Words::new(format!("In {}, ", study.month.name()))
        .strong(rounding::count(now.accesses))
        .text(format!(
            " unsolicited (one-sided) accesses from {} sources were observed at ",
            rounding::count(now.sources)
        ))
        .text(study.at_points())
        .text(": on average, ")
        .strong(format!("{accesses} accesses from {sources} sources"))
        .text(" at one monitoring point per day.")
        .done()
}

pub(super) fn key_figures(study: &Study<'_>) -> Vec<KeyFigure> {
    let now = study.now();
    let before = study.totals(1);
    let against = |side: fn(Totals) -> Counted| {
        let before = before?;
        let change = change(side(now), side(before))?;
        Some(format!(
            "{} % against {}",
            change.signed(),
            before.month.name()
        ))
    };
    let figure = |value: String, label: &str, change: Option<String>| KeyFigure {
        value,
        label: label.to_owned(),
        change: change.unwrap_or_default(),
    };
    vec![
        figure(
            rate(now.accesses()),
            "accesses per point and day",
            against(Totals::accesses),
        ),
        figure(
            rate(now.sources()),
            "sources per point and day",
            against(Totals::sources),
        ),
        figure(rounding::count(now.accesses), "accesses", None),
        figure(rounding::count(now.sources), "sources", None),
        figure(rounding::count(now.points), "monitoring points", None),
        figure(
            point_days(now.valid_seconds).to_string(),
            "valid point-days",
            None,
        ),
    ]
}

pub(super) fn section(study: &Study<'_>) -> Section {
    let now = study.now();
    let mut blocks = vec![Block::Paragraph(
        Words::new(format!(
            "Our {} counted {} unsolicited (one-sided) accesses in {}; the total number of sources was {}. This means that on average, ",
            many(now.points, "monitoring point", "monitoring points"),
            rounding::count(now.accesses),
            study.month.name(),
            rounding::count(now.sources)
        ))
        .strong(format!("{} accesses from {} sources", rate(now.accesses()), rate(now.sources())))
        .text(" were observed at ")
        .strong("one monitoring point per day")
        .text(" (")
        .figure("1-1")
        .text(").")
        .done(),
    )];
    if let Some(times) = quotient(now.accesses.into(), now.sources.into(), 0) {
        let times = if times.to_string() == "1" {
            "once".to_owned()
        } else {
            format!("{times} times")
        };
        let words = format!(
            "Put otherwise: every day {} unknown sources knock at a point, each about {times}.",
            rate(now.sources())
        );
        blocks.push(Block::Paragraph(Words::new(words).done()));
    }
    blocks.push(Block::Paragraph(environment(study)));
    blocks.push(Block::Note(
        Words::new("Access: one unsolicited packet that asks for something; a packet, not a connection. Source: a distinct address at one point, for one port type, on one day; so if one address sends several accesses to the same port type at the same point on the same day, it is one source. Sources add up over points, port types and days.").done(),
    ));
    blocks.extend(excluded(study).into_iter().map(Block::Note));
    study.section(
        "general",
        "To the general Internet users",
        blocks,
        vec![
            coverage(study),
            averages(study),
            changes(study),
            focus(study),
            history(study),
        ],
    )
}

/// What the points are, and what follows for an ordinary connection.
fn environment(study: &Study<'_>) -> Vec<Inline> {
    let mut dark = 0;
    let mut points = 0;
    for row in study.answers.rows("coverage") {
        points += 1;
        dark += i64::from(row.count("dark_days") > 0);
    }
    let words = if dark == 0 {
        "The environment of each point is that of an ordinary Internet connection; it is assumed that an ordinary user’s connection receives as much.".to_owned()
    } else if dark == points {
        "All points watch unused addresses, where nobody answers; an ordinary connection may receive more or less.".to_owned()
    } else {
        format!(
            "{} of the {points} points watch unused addresses, where nobody answers; the environment of the others is that of an ordinary Internet connection, which is assumed to receive as much as they do.",
            capital(&words::in_words(dark))
        )
    };
    Words::new(words).done()
}

/// The days that were left out, and why.
fn excluded(study: &Study<'_>) -> Vec<Vec<Inline>> {
    let mut reasons: BTreeMap<String, BTreeMap<Date, Vec<&str>>> = BTreeMap::new();
    for row in study.answers.rows("left-out") {
        if let Some(date) = row.date("date") {
            let days = reasons.entry(reason(&row)).or_default();
            days.entry(date).or_default().push(row.text("point"));
        }
    }
    let watched = study.watched();
    let notes = reasons.into_iter().map(|(reason, days)| {
        let (whole, part): (Vec<_>, Vec<_>) = days
            .into_iter()
            .partition(|(date, _)| watched.get(date) == Some(&false));
        let mut said = Vec::new();
        if !whole.is_empty() {
            let dates: Vec<_> = whole.iter().map(|(date, _)| *date).collect();
            said.push(words::days(&dates));
        }
        let mut by_points: BTreeMap<Vec<&str>, Vec<Date>> = BTreeMap::new();
        for (date, points) in part {
            by_points.entry(points).or_default().push(date);
        }
        for (points, dates) in by_points {
            let points: Vec<_> = points.into_iter().map(ToOwned::to_owned).collect();
            let points = if points.len() > 5 {
                format!("{} points", points.len())
            } else {
                enumeration(&points)
            };
            said.push(format!("{} at {points}", words::days(&dates)));
        }
        Words::new(format!(
            "Left out of all figures ({reason}): {}. The averages are made without them.",
            said.join("; ")
        ))
        .done()
    });
    notes.collect()
}

fn coverage(study: &Study<'_>) -> Section {
    let now = study.now();
    let sum = |column: &str| {
        study
            .answers
            .rows("coverage")
            .map(|row| row.count(column))
            .sum::<i64>()
    };
    let expected = sum("days");
    let points = study.answers.rows("coverage").count() as i64;
    let mut words = format!(
        "{} had records of {}: {} point-days were to be expected, {} were valid ({} %).",
        capital(&many(points, "monitoring point", "monitoring points")),
        study.month.name(),
        rounding::count(expected),
        point_days(now.valid_seconds),
        share(now.valid_seconds, expected * rounding::DAY)
            .map_or_else(|| "–".to_owned(), |share| share.to_string())
    );
    for (column, what) in [
        ("maintenance_days", "maintenance"),
        ("left_out_days", "left out for other reasons"),
        ("down_days", "nothing observed"),
        ("partial_days", "observed in part"),
    ] {
        let days = sum(column);
        if days > 0 {
            words += &format!(
                " {}: {}.",
                capital(what),
                many(days, "point-day", "point-days")
            );
        }
    }
    let missing = expected - sum("recorded");
    if missing > 0 {
        words += &format!(
            " Without a record, and so not observed: {}.",
            many(missing, "point-day", "point-days")
        );
    }
    words += " Every average in this report is the figure divided by the valid point-days.";
    let mut blocks = vec![Block::Paragraph(Words::new(words).done())];
    let lower_bound = sum("lower_bound_days");
    if lower_bound > 0 {
        let words = format!(
            "On {} sources found no room to be counted; the numbers of sources are lower bounds.",
            many(lower_bound, "point-day", "point-days")
        );
        blocks.push(Block::Note(Words::new(words).done()));
    }
    let missed = sum("missed");
    if missed > 0 {
        let words = format!(
            "The interfaces dropped {} packets before they could be seen.",
            rounding::count(missed)
        );
        blocks.push(Block::Note(Words::new(words).done()));
    }
    let unverified = study
        .problems
        .iter()
        .filter(|problem| problem.consequence == crate::records::Consequence::Unverified)
        .count();
    if !study.verified {
        blocks.push(Block::Note(Words::new("The records were not compared with their hashes, by choice: these figures are unverified.").done()));
    } else if unverified > 0 {
        let words = format!(
            "{} are unverified: there is no hash beside them.",
            capital(&many(
                unverified as i64,
                "coverage record",
                "coverage records"
            ))
        );
        blocks.push(Block::Note(Words::new(words).done()));
    }
    blocks.push(study.coverage());
    blocks.extend(study.left_out());
    blocks.push(study.coverage_by_day());
    blocks.extend(study.problems().map(Block::Table));
    blocks.push(study.dispositions());
    study.section("coverage", "What was watched", blocks, Vec::new())
}

fn averages(study: &Study<'_>) -> Section {
    let now = study.now();
    let mut words = Words::default()
        .figure("1-1")
        .text(" shows accesses and sources per point and day, month by month. ");
    words = match study.totals(1) {
        Some(before) => words.text(format!(
            "Against {}, {}, and {}.",
            before.month.name(),
            moved(
                "accesses per point and day",
                now.accesses(),
                before.accesses()
            ),
            moved("sources", now.sources(), before.sources())
        )),
        None => words.text(format!(
            "There are no records of {} to compare with.",
            study.month_before().name()
        )),
    };
    if let Some(year) = study.totals(12) {
        words = words.text(format!(
            " Against {}, {}, and {}.",
            year.month.name(),
            moved("accesses", now.accesses(), year.accesses()),
            moved("sources", now.sources(), year.sources())
        ));
    }
    study.section(
        "averages",
        "Accesses and sources per point and day",
        vec![
            Block::Paragraph(words.done()),
            study.averages("1-1"),
            study.change(),
        ],
        Vec::new(),
    )
}

/// `accesses fell by 25.1 % (from 458 to 343)`.
fn moved(what: &str, now: Counted, before: Counted) -> String {
    let span = format!("from {} to {}", rate(before), rate(now));
    match change(now, before) {
        None => format!("{what} went {span}"),
        Some(change) if change.is_zero() => format!("{what} stayed the same ({})", rate(now)),
        Some(change) => {
            let verb = if change.is_negative() { "fell" } else { "rose" };
            format!("{what} {verb} by {} % ({span})", change.size())
        }
    }
}

fn changes(study: &Study<'_>) -> Section {
    let mut blocks = Vec::new();
    if study.totals(1).is_some() {
        let mut moves = study.moves();
        moves.retain(|each| {
            each.difference()
                .is_some_and(|difference| !difference.is_zero())
        });
        moves.sort_by_key(|each| (each.exact(), each.port));
        let fell: Vec<_> = moves
            .iter()
            .filter(|each| each.exact() < 0)
            .take(3)
            .collect();
        let rose: Vec<_> = moves
            .iter()
            .rev()
            .filter(|each| each.exact() > 0)
            .take(3)
            .collect();
        let intro = Words::default().figure("1-2").text(format!(
            " compares the accesses of {} with those of {}, by destination (port type).",
            study.month.name(),
            study.month_before().name()
        ));
        let intro = match (rose.as_slice(), fell.as_slice()) {
            ([], []) => {
                intro.text(" No port changed by a tenth of an access per point and day or more.")
            }
            ([], [fell, ..]) => {
                intro.text(format!(" Access to {} fell most; none rose.", fell.port))
            }
            ([rose, ..], []) => {
                intro.text(format!(" Access to {} rose most; none fell.", rose.port))
            }
            ([rose, ..], [fell, ..]) => intro.text(format!(
                " Access to {} fell most, access to {} rose most.",
                fell.port, rose.port
            )),
        };
        blocks.push(Block::Paragraph(intro.done()));
        blocks.push(study.ports_against_last_month());
        let causes = Causes::of(study);
        for (title, moves) in [("What fell most", fell), ("What rose most", rose)] {
            if !moves.is_empty() {
                blocks.push(Block::Paragraph(
                    Words::default().strong(format!("{title}.")).done(),
                ));
                blocks.push(Block::List(
                    moves.iter().map(|each| causes.sentence(each)).collect(),
                ));
            }
        }
        blocks.push(study.causes_table(&causes, &moves));
    } else {
        let words = format!(
            "There are no records of {} to compare with.",
            study.month_before().name()
        );
        blocks.push(Block::Paragraph(Words::new(words).done()));
    }
    for words in single(study) {
        blocks.push(Block::Paragraph(words));
    }
    blocks.push(study.rising());
    study.section("changes", "What rose and what fell", blocks, Vec::new())
}

/// Ports that a single point saw.
fn single(study: &Study<'_>) -> Vec<Vec<Inline>> {
    if study.now().points < 2 {
        return Vec::new();
    }
    let mut ports: BTreeMap<&str, Single<'_>> = BTreeMap::new();
    for row in study.answers.rows("causes") {
        let port = ports.entry(row.text("port")).or_default();
        port.before += row.count("accesses_before");
        let accesses = row.count("accesses");
        if accesses == 0 {
            continue;
        }
        let countries = port.points.entry(row.text("point")).or_default();
        countries.push((accesses, row.text("country")));
        port.since = match (port.since, row.date("first_date")) {
            (Some(known), Some(other)) => Some(known.min(other)),
            (known, other) => known.or(other),
        };
    }
    let ranked = study.answers.rows("ports").map(|row| row.text("port"));
    let mut notes = Vec::new();
    for name in ranked {
        let Some(port) = ports.get(name).filter(|port| port.points.len() == 1) else {
            continue;
        };
        let Some((point, countries)) = port.points.first_key_value() else {
            continue;
        };
        let mut countries = countries.clone();
        countries.sort_by_key(|(accesses, country)| (-accesses, *country));
        let all: i64 = countries.iter().map(|(accesses, _)| accesses).sum();
        let main: Vec<_> = countries
            .iter()
            .take(2)
            .filter_map(|(accesses, country)| {
                Some(format!(
                    "{} ({} %)",
                    Thing::Country.name(country),
                    share(*accesses, all)?
                ))
            })
            .collect();
        let since = port
            .since
            .filter(|_| port.before == 0)
            .map_or_else(String::new, |since| {
                format!(", since {}", words::day_of_year(since))
            });
        let mut words = Words::new(format!(
            "Access to {name} was observed at a single monitoring point, {point}{since}: {} accesses, from {}{}",
            rounding::count(all),
            if countries.len() > 2 {
                "most of all "
            } else {
                ""
            },
            enumeration(&main)
        ));
        let spot = study.answers.rows("1-3").next();
        words = match spot.filter(|row| row.text("port") == name) {
            Some(_) => words.text(" (").figure("1-3").text(")."),
            None => words.text("."),
        };
        if port.before > 0 {
            words = words.text(format!(
                " In {}, it was observed too.",
                study.month_before().name()
            ));
        }
        notes.push(words.done());
    }
    notes
}

#[derive(Default)]
struct Single<'a> {
    points: BTreeMap<&'a str, Vec<(i64, &'a str)>>,
    since: Option<Date>,
    before: i64,
}

/// Why ports moved: by country and by point.
pub(in super::super) struct Causes<'a> {
    now: Totals,
    before: Option<Totals>,
    by_country: BTreeMap<&'a str, Parts<'a>>,
    by_point: BTreeMap<&'a str, Parts<'a>>,
}

/// Accesses now and before, by name.
type Parts<'a> = BTreeMap<&'a str, (i64, i64)>;

impl<'a> Causes<'a> {
    fn of(study: &Study<'a>) -> Self {
        let answers = study.answers;
        let mut causes = Self {
            now: study.now(),
            before: study.totals(1),
            by_country: BTreeMap::new(),
            by_point: BTreeMap::new(),
        };
        for row in answers.rows("causes") {
            let add = |parts: &mut BTreeMap<&'a str, Parts<'a>>, name| {
                let part = parts
                    .entry(row.text("port"))
                    .or_default()
                    .entry(name)
                    .or_default();
                part.0 += row.count("accesses");
                part.1 += row.count("accesses_before");
            };
            add(&mut causes.by_country, row.text("country"));
            add(&mut causes.by_point, row.text("point"));
        }
        causes
    }

    /// `445/tcp: from 300.1 to 210.3 accesses per point and day (−29.9 %); mostly China (−40.2), Japan (−20.1).`
    fn sentence(&self, each: &Move<'_>) -> Vec<Inline> {
        let change = change(each.now, each.before).map_or_else(
            || {
                format!(
                    "none in {}",
                    self.before
                        .map_or_else(String::new, |before| before.month.name())
                )
            },
            |change| format!("{} %", change.signed()),
        );
        let countries = self.main(&self.by_country, each, |code| Thing::Country.name(code));
        let points = self.main(&self.by_point, each, ToOwned::to_owned);
        let words = Words::default().strong(each.port).text(format!(
            ": from {} to {} accesses per point and day ({change})",
            rate1(each.before),
            rate1(each.now)
        ));
        let words = if countries.is_empty() {
            words
        } else {
            words.text(format!(
                "; by source country most of it {}",
                enumeration(&countries)
            ))
        };
        let words = if points.is_empty() || self.now.points < 2 {
            words
        } else {
            words.text(format!("; by point {}", enumeration(&points)))
        };
        words.text(".").done()
    }

    /// The three parts that moved most in the port's own direction, in accesses per point and day.
    pub(in super::super) fn main(
        &self,
        parts: &BTreeMap<&'a str, Parts<'a>>,
        each: &Move<'_>,
        name: impl Fn(&str) -> String,
    ) -> Vec<String> {
        let Some((before, parts)) = self.before.zip(parts.get(each.port)) else {
            return Vec::new();
        };
        let mut moves: Vec<_> = parts
            .iter()
            .map(|(part, (now, then))| Move {
                port: part,
                now: self.now.counted(*now),
                before: before.counted(*then),
            })
            .filter(|part| part.exact().signum() == each.exact().signum())
            .filter(|part| {
                part.difference()
                    .is_some_and(|difference| !difference.is_zero())
            })
            .collect();
        moves.sort_by_key(|part| (-part.exact().abs(), part.port));
        let told = moves.iter().take(3).filter_map(|part| {
            Some(format!(
                "{} ({})",
                name(part.port),
                part.difference().map(Rounded::signed)?
            ))
        });
        told.collect()
    }

    /// By country, in words.
    pub(in super::super) fn countries(&self, each: &Move<'_>) -> String {
        self.main(&self.by_country, each, |code| Thing::Country.name(code))
            .join(", ")
    }

    /// By point, in words.
    pub(in super::super) fn points(&self, each: &Move<'_>) -> String {
        self.main(&self.by_point, each, ToOwned::to_owned)
            .join(", ")
    }
}

fn focus(study: &Study<'_>) -> Section {
    if study.focus.is_empty() {
        let words = Words::new("No accesses were counted, so no port is in focus.");
        return study.section(
            "focus",
            "Ports in focus",
            vec![Block::Paragraph(words.done())],
            Vec::new(),
        );
    }
    let ports = enumeration(study.focus);
    let why = if study.edition.focus.is_empty() {
        match study.totals(1) {
            Some(_) => "the ports whose accesses per point and day changed most",
            None => "the most accessed ports",
        }
    } else {
        "chosen by the publisher"
    };
    let mut words = Words::new(format!("In focus: {ports}, {why}. "));
    let countries: Vec<_> = study.answers.rows("2.1.1").collect();
    let all: i64 = countries.iter().map(|row| row.count("accesses")).sum();
    let main: Vec<_> = countries
        .iter()
        .take(3)
        .filter_map(|row| {
            Some(format!(
                "{} ({} %)",
                Thing::Country.name(row.text("country")),
                share(row.count("accesses"), all)?
            ))
        })
        .collect();
    if !main.is_empty() {
        words = words.text(format!(
            "Their {} accesses came from {}",
            rounding::count(all),
            if countries.len() > 3 {
                "most of all "
            } else {
                ""
            }
        ));
        words = words
            .text(format!("{} (", enumeration(&main)))
            .figure("2.1.1")
            .text("); ")
            .figure("2.1.2")
            .text(" shows them day by day.");
    }
    let mut blocks = vec![
        Block::Paragraph(words.done()),
        study.focus_by_country(),
        study.focus_by_day(),
    ];
    let knocks: Vec<_> = study.answers.rows("knocks").collect();
    if knocks.is_empty() {
        let words =
            "How often a single source knocks cannot be said: no sources are written as they are.";
        blocks.push(Block::Note(Words::new(words).done()));
    } else {
        let told: Vec<_> = knocks
            .iter()
            .filter_map(|row| {
                let several = row.count("sources") - row.count("once");
                Some(format!(
                    "{} % of the sources knocked more than once at {} on one day, the busiest {} times",
                    share(several, row.count("sources"))?,
                    row.text("port"),
                    rounding::count(row.count("most"))
                ))
            })
            .collect();
        let words = Words::new(format!("{} (", enumeration(&told)))
            .figure("knocks")
            .text(").");
        blocks.push(Block::Paragraph(words.done()));
        blocks.push(study.knocks());
    }
    blocks.extend(study.spot());
    study.section("focus", "Ports in focus", blocks, Vec::new())
}

fn history(study: &Study<'_>) -> Section {
    let months: Vec<_> = study.answers.rows("2.2.1").collect();
    let first = months
        .first()
        .and_then(|row| row.text("month").parse::<crate::month::Month>().ok());
    let mut words = Words::default();
    if let Some(first) = first {
        words = words.text(format!("The records begin in {}. ", first.name()));
    }
    let rated = |row: &crate::answers::Row<'_>| Counted {
        figure: row.count("accesses"),
        valid_seconds: row.count("valid_seconds"),
    };
    let name = |row: &crate::answers::Row<'_>| {
        row.text("month")
            .parse::<crate::month::Month>()
            .map_or_else(|_| String::new(), crate::month::Month::name)
    };
    let rateable = || months.iter().filter(|row| row.count("valid_seconds") > 0);
    let most = rateable().max_by(|one, other| {
        rated(one)
            .beside(rated(other))
            .cmp(&rated(other).beside(rated(one)))
    });
    let least = rateable().min_by(|one, other| {
        rated(one)
            .beside(rated(other))
            .cmp(&rated(other).beside(rated(one)))
    });
    if let (Some(most), Some(least), true) = (most, least, months.len() > 1) {
        words = words.text(format!(
            "Since then, accesses per point and day were most in {} ({}) and least in {} ({}). ",
            name(most),
            rate(rated(most)),
            name(least),
            rate(rated(least))
        ));
    }
    words = words
        .figure("2.2.1")
        .text(" shows all months, ")
        .figure("2.2.2")
        .text(" the last five.");
    study.section(
        "history",
        "Since monitoring began",
        vec![
            Block::Paragraph(words.done()),
            study.averages("2.2.1"),
            study.averages("2.2.2"),
        ],
        Vec::new(),
    )
}
