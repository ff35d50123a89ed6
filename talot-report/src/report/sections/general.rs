//! Section 1: to the general Internet users.

use super::{
    super::{
        model::{Block, Inline, KeyFigure, Section},
        study::{Study, Totals},
    },
    accesses, at_least, averages, changes, coverage, focus, rate, sources_rate, sources_words,
};
use crate::{
    rounding::{self, Counted, change, point_days, quotient},
    words::{self, Words, capital, many},
};

/// The sentence that everybody reads.
pub(super) fn headline(study: &Study<'_>) -> Vec<Inline> {
    let now = study.now();
    let (accesses, sources) = (accesses(now.accesses()), sources_words(now));
    Words::new(format!("In {}, ", study.month.name()))
        .strong(rounding::count(now.accesses))
        .text(format!(
            " unsolicited (one-sided) {} from {} {} observed at ",
            words::form(now.accesses, "access", "accesses"),
            all_sources(now),
            words::form(now.accesses, "was", "were")
        ))
        .text(study.at_points())
        .text(": on average, ")
        .strong(format!("{accesses} from {sources}"))
        .text(" at one monitoring point per day.")
        .done()
}

/// `46,222 sources`, or at least so many.
fn all_sources(totals: Totals) -> String {
    let figure = at_least(totals, rounding::count(totals.sources));
    words::of(&figure, "source", "sources")
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
    let known = |totals: Totals| !totals.is_lower_bound();
    let sources_against = (known(now) && before.is_none_or(known))
        .then(|| against(Totals::sources))
        .flatten();
    let figure = |value: String, [one, several]: [&str; 2], change: Option<String>| KeyFigure {
        label: words::form_of(&value, one, several).to_owned(),
        value,
        change: change.unwrap_or_default(),
    };
    vec![
        figure(
            rate(now.accesses()),
            ["access per point and day", "accesses per point and day"],
            against(Totals::accesses),
        ),
        figure(
            sources_rate(now),
            ["source per point and day", "sources per point and day"],
            sources_against,
        ),
        figure(rounding::count(now.accesses), ["access", "accesses"], None),
        figure(
            at_least(now, rounding::count(now.sources)),
            ["source", "sources"],
            None,
        ),
        figure(
            rounding::count(now.points),
            ["monitoring point", "monitoring points"],
            None,
        ),
        figure(
            point_days(now.valid_seconds).to_string(),
            ["valid point-day", "valid point-days"],
            None,
        ),
    ]
}

pub(super) fn section(study: &Study<'_>) -> Section {
    let now = study.now();
    let mut blocks = vec![Block::Paragraph(
        Words::new(format!(
            "Our {} counted {} in {}; the total number of sources was {}. This means that on average, ",
            many(now.points, "monitoring point", "monitoring points"),
            words::counted(now.accesses, "unsolicited (one-sided) access", "unsolicited (one-sided) accesses"),
            study.month.name(),
            at_least(now, rounding::count(now.sources))
        ))
        .strong(format!("{} from {}", accesses(now.accesses()), sources_words(now)))
        .text(format!(" {} observed at ", words::form_of(&rate(now.accesses()), "was", "were")))
        .strong("one monitoring point per day")
        .text(" (")
        .figure("1-1")
        .text(").")
        .done(),
    )];
    match averages::scarce(now) {
        Some(words) => blocks.push(Block::Note(Words::new(words).done())),
        None => blocks
            .extend(put_otherwise(now).map(|words| Block::Paragraph(Words::new(words).done()))),
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
            coverage::section(study),
            averages::section(study),
            changes::section(study),
            focus::section(study),
            averages::history(study),
        ],
    )
}

/// The average in the words of whoever sits behind a point; nothing of no accesses.
fn put_otherwise(now: Totals) -> Option<String> {
    if i128::from(now.sources) * i128::from(rounding::DAY) < i128::from(now.valid_seconds) {
        let every = every(now.valid_seconds, now.accesses)?;
        return Some(format!(
            "Put otherwise: a point sees one access every {every}, on average."
        ));
    }
    let sources = words::of(
        &sources_rate(now),
        "unknown source knocks",
        "unknown sources knock",
    );
    let times = quotient(now.accesses.into(), now.sources.into(), 0)?.to_string();
    let each = match times.as_str() {
        _ if now.is_lower_bound() => String::new(),
        "1" => ", each about once".to_owned(),
        _ => format!(", each about {times} times"),
    };
    Some(format!(
        "Put otherwise: every day {sources} at a point{each}."
    ))
}

/// How long a point waits for an access: in seconds below a minute, in minutes below two hours, in hours below two days, else
/// in days; nothing below half a second.
fn every(valid_seconds: i64, accesses: i64) -> Option<String> {
    const STEPS: [(i64, i64, u32, [&str; 2]); 4] = [
        (60, 1, 0, ["second", "seconds"]),
        (7200, 60, 0, ["minute", "minutes"]),
        (2 * rounding::DAY, 3600, 0, ["hour", "hours"]),
        (i64::MAX, rounding::DAY, 1, ["day", "days"]),
    ];
    let seconds = valid_seconds.checked_div(accesses)?;
    let (_, unit, decimals, [one, several]) =
        STEPS.into_iter().find(|(below, ..)| seconds < *below)?;
    let length = quotient(
        valid_seconds.into(),
        i128::from(accesses) * i128::from(unit),
        decimals,
    )?;
    match length.to_string().as_str() {
        "0" => None,
        "1" => Some(one.to_owned()),
        length => Some(format!("{length} {several}")),
    }
}

/// What the points are, and what follows for an ordinary connection.
fn environment(study: &Study<'_>) -> Vec<Inline> {
    let mut dark = 0;
    let mut points = 0;
    let watched = study.answers.rows("coverage");
    for row in watched.filter(|row| row.count("valid_seconds") > 0) {
        points += 1;
        dark += i64::from(row.count("dark_days") > 0);
    }
    let words = if dark == 0 && points == 1 {
        "The environment of the point is that of an ordinary Internet connection; it is assumed that an ordinary user’s connection receives as much.".to_owned()
    } else if dark == 0 {
        "The environment of each point is that of an ordinary Internet connection; it is assumed that an ordinary user’s connection receives as much.".to_owned()
    } else if dark == points && points == 1 {
        "The point watches unused addresses, where nobody answers; an ordinary connection may receive more or less.".to_owned()
    } else if dark == points {
        "All points watch unused addresses, where nobody answers; an ordinary connection may receive more or less.".to_owned()
    } else {
        format!(
            "{} of the {} points {} unused addresses, where nobody answers; the environment of the others is that of an ordinary Internet connection, which is assumed to receive as much as they do.",
            capital(&words::in_words(dark)),
            words::in_words(points),
            words::form(dark, "watches", "watch")
        )
    };
    Words::new(words).done()
}

/// The days that were left out, and why.
fn excluded(study: &Study<'_>) -> Vec<Vec<Inline>> {
    /// Beyond this many, the rest is in figure `left-out`.
    const TOLD: usize = 12;
    let groups = study.left_out_groups();
    let more = groups.len().saturating_sub(TOLD) as i64;
    let notes = groups.into_iter().take(TOLD).map(|group| {
        let said = group.parts.iter().map(|(points, dates)| {
            let dates_told = words::days(dates);
            study.which_points(points, dates).map_or_else(
                || dates_told.clone(),
                |which| format!("{dates_told} at {which}"),
            )
        });
        let said: Vec<_> = said.collect();
        Words::new(format!(
            "Left out of all figures ({}): {}. The averages are made without {}.",
            group.reason,
            said.join("; "),
            match group.parts.as_slice() {
                [(_, dates)] if dates.len() == 1 => "it",
                _ => "them",
            }
        ))
        .done()
    });
    let rest = (more > 0).then(|| {
        let reasons = many(more, "more reason is", "more reasons are");
        let words = Words::new(format!("{} in ", capital(&reasons)));
        words.figure("left-out").text(".").done()
    });
    notes.chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rounding::DAY;

    fn totals(accesses: i64, sources: i64, days: i64) -> Totals {
        Totals {
            month: "2011-07".parse().unwrap(),
            accesses,
            sources,
            points: 1,
            valid_seconds: days * DAY,
            lower_bound_days: 0,
        }
    }

    #[test]
    fn few_accesses_are_told_by_the_time_between_them() {
        let told = |accesses, sources, days| {
            let words = put_otherwise(totals(accesses, sources, days));
            words.map(|words| words.replace("Put otherwise: ", ""))
        };
        assert_eq!(told(0, 0, 10), None);
        let every = |what| Some(format!("a point sees one access every {what}, on average."));
        assert_eq!(told(4, 4, 10), every("2.5 days"));
        assert_eq!(told(10, 9, 10), every("24 hours"));
        assert_eq!(told(1000, 1, 10), every("14 minutes"));
        assert_eq!(told(10_000, 1, 10), every("minute"));
        assert_eq!(told(32_260, 1, 10), every("27 seconds"));
        assert_eq!(told(10_000_000, 1, 10), None);
        let day = |what: &str| Some(format!("every day {what}."));
        assert_eq!(
            told(278_497, 72_177, 310),
            day("233 unknown sources knock at a point, each about 4 times")
        );
        assert_eq!(
            told(12, 11, 10),
            day("1.1 unknown sources knock at a point, each about once")
        );
    }

    #[test]
    fn one_source_knocks() {
        let mut month = totals(20, 10, 10);
        month.lower_bound_days = 1;
        assert_eq!(
            put_otherwise(month).unwrap(),
            "Put otherwise: every day at least 1 unknown source knocks at a point."
        );
    }
}
