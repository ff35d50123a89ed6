//! Sections 1.2 and 1.5: accesses and sources per point and day.

use super::{
    super::{
        model::{Block, Section},
        study::{Study, Totals},
    },
    rate, sources_rate,
};
use crate::{
    answers::Row,
    month::Month,
    rounding::{Counted, DAY, change},
    words::{Words, many},
};

pub(super) fn section(study: &Study<'_>) -> Section {
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
            moved_sources(now, before)
        )),
        None => words.text(nothing_before(study)),
    };
    if let Some(year) = study.totals(12) {
        words = words.text(format!(
            " Against {}, {}, and {}.",
            year.month.name(),
            moved("accesses", now.accesses(), year.accesses()),
            moved_sources(now, year)
        ));
    }
    let compared = [study.totals(1), study.totals(12)].into_iter().flatten();
    let cautions = compared.filter_map(scarce);
    let mut blocks = vec![Block::Paragraph(words.done())];
    blocks.extend(cautions.map(|words| Block::Note(Words::new(words).done())));
    blocks.extend([study.averages("1-1"), study.change()]);
    study.section(
        "averages",
        "Accesses and sources per point and day",
        blocks,
        Vec::new(),
    )
}

/// That averages of a month say little, if it was watched for less than one point-day.
pub(super) fn scarce(totals: Totals) -> Option<String> {
    (totals.valid_seconds < DAY).then(|| {
        format!(
            "In {}, less than one point-day was watched: averages made from so little, and changes against them, say little.",
            totals.month.name()
        )
    })
}

/// That there is no month before.
pub(super) fn nothing_before(study: &Study<'_>) -> String {
    format!(
        "Of {} no day counts, so there is nothing to compare with.",
        study.month_before().name()
    )
}

/// Of what was not counted, nobody knows how it changed.
fn moved_sources(now: Totals, before: Totals) -> String {
    if now.is_lower_bound() || before.is_lower_bound() {
        return match (sources_rate(before), sources_rate(now)) {
            (before, now) if before == now => format!("sources were {now} in both"),
            (before, now) => format!("sources went from {before} to {now}"),
        };
    }
    moved("sources", now.sources(), before.sources())
}

/// `accesses fell by 25.1 % (from 458 to 343)`.
fn moved(what: &str, now: Counted, before: Counted) -> String {
    let span = match (rate(before), rate(now)) {
        (before, now) if before == now => format!("{now} in both, rounded"),
        (before, now) => format!("from {before} to {now}"),
    };
    match change(now, before) {
        _ if now.beside(before) == before.beside(now) => {
            format!("{what} stayed the same ({})", rate(now))
        }
        None => format!("{what} went {span}"),
        Some(change) if change.is_zero() => {
            format!("{what} changed by less than 0.1 % ({span})")
        }
        Some(change) => {
            let verb = if change.is_negative() { "fell" } else { "rose" };
            format!("{what} {verb} by {} % ({span})", change.size())
        }
    }
}

pub(super) fn history(study: &Study<'_>) -> Section {
    let months: Vec<_> = study.answers.rows("2.2.1").collect();
    let first = months
        .first()
        .and_then(|row| row.text("month").parse::<Month>().ok());
    let mut words = Words::default();
    if let Some(first) = first {
        words = words.text(format!("The first month that counts is {}. ", first.name()));
    }
    let rated = |row: &Row<'_>| Counted {
        figure: row.count("accesses"),
        valid_seconds: row.count("valid_seconds"),
    };
    let name = |row: &Row<'_>| {
        row.text("month")
            .parse::<Month>()
            .map_or_else(|_| String::new(), Month::name)
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
    if let (Some(most), Some(least), true) = (most, least, rateable().count() > 1) {
        let whole = first
            .is_some_and(|first| first.months_before(study.month) + 1 == rateable().count() as i32);
        words = words.text(match whole {
            true => "Since then, ".to_owned(),
            false => format!(
                "Of the {} that count, ",
                many(rateable().count() as i64, "month", "months")
            ),
        });
        words = if rated(most).beside(rated(least)) == rated(least).beside(rated(most)) {
            words.text("accesses per point and day were the same in each month. ")
        } else {
            words.text(format!(
                "accesses per point and day were most in {} ({}) and least in {} ({}). ",
                name(most),
                rate(rated(most)),
                name(least),
                rate(rated(least))
            ))
        };
    }
    words = words
        .figure("2.2.1")
        .text(" shows all months since the first, ")
        .figure("2.2.2")
        .text(" five months up to this one.");
    study.section(
        "history",
        "Since the records begin",
        vec![
            Block::Paragraph(words.done()),
            study.averages("2.2.1"),
            study.averages("2.2.2"),
        ],
        Vec::new(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(figure: i64) -> Counted {
        Counted {
            figure,
            valid_seconds: DAY,
        }
    }

    #[test]
    fn what_changed_by_little_did_not_stay_the_same() {
        assert_eq!(
            moved("accesses", counted(343), counted(343)),
            "accesses stayed the same (343)"
        );
        assert_eq!(
            moved("accesses", counted(100_001), counted(100_000)),
            "accesses changed by less than 0.1 % (from 100,000 to 100,001)"
        );
        assert_eq!(
            moved("accesses", counted(0), counted(0)),
            "accesses stayed the same (0)"
        );
        assert_eq!(
            moved("accesses", counted(3), counted(0)),
            "accesses went from 0 to 3.0"
        );
        let tenth = |figure| Counted {
            figure,
            valid_seconds: 1000 * DAY,
        };
        assert_eq!(
            moved("accesses", tenth(290), tenth(310)),
            "accesses fell by 6.5 % (0.3 in both, rounded)"
        );
    }
}
