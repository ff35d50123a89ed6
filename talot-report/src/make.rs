//! `talot-report month`: from records to files.

use std::path::Path;

use anyhow::{Result, anyhow, bail, ensure};
use jiff::civil::Date;

use crate::{
    answers::Answers,
    arguments::MonthArguments,
    edition::Edition,
    engine::Engine,
    mistake::Mistake,
    month::Month,
    output::{self, REPORT},
    page,
    parameters::{Parameters, recent},
    progress,
    queries::QUERIES,
    records::{Load, Records, Summing, load},
    report::{self, Study},
    rounding::Counted,
    shared,
    words::many,
};

/// Problems that are told on standard error.
const TOLD: usize = 20;

/// Makes a month's report.
pub(crate) fn month(arguments: &MonthArguments) -> Result<()> {
    let MonthArguments {
        month,
        records,
        out,
        edition,
        exclude,
    } = arguments;
    let edition = edition
        .as_deref()
        .map(Edition::load)
        .transpose()?
        .unwrap_or_default();
    let verified = !records.no_verify;
    let groups = edition.port_groups();
    let summing = Summing {
        month: *month,
        exclusions: exclude,
        groups: &groups.iter().cloned().collect(),
    };
    let records = find(&records.folder, summing, verified)?;
    let parameters = Parameters::new(*month, &records, exclude, &groups);
    for exclusion in exclude {
        let mut days = records.days().into_iter();
        if !days.any(|(date, point)| exclusion.covers(date, point)) {
            let date = exclusion.date;
            let point = exclusion
                .point
                .as_ref()
                .map_or_else(String::new, |point| format!("/{point}"));
            let error = anyhow!(
                "--exclude {date}{point}: there is no such record up to {}",
                month.name()
            );
            return Err(Mistake::from(error).into());
        }
    }

    let bar = progress::bar("counting");
    bar.set_length(passes(&records, &parameters));
    let read = progress::tick(&bar);
    let engine = Engine::open(&records, &read)?;
    shared::totals(&engine, &parameters, &records)?;
    check(&engine, *month)?;
    let focus = if edition.focus.is_empty() {
        moved_most(&engine)?
    } else {
        edition.focus.clone()
    };
    shared::details(&engine, &records, &focus, &read)?;
    let queries: Vec<_> = QUERIES.iter().map(|query| query.sql).collect();
    let mut answers = Answers::default();
    for (query, answer) in QUERIES.iter().zip(engine.ask_all(&queries)?) {
        answers.insert(query.id, answer);
    }
    bar.finish_and_clear();

    let study = Study {
        month: *month,
        answers: &answers,
        edition: &edition,
        focus: &focus,
        problems: &records.problems,
        verified,
    };
    let document = report::document(&study);
    let mut files = Vec::new();
    for query in QUERIES {
        let id = query.id;
        files.push((format!("data/{id}.csv"), output::csv(answers.of(id))));
        files.push((format!("sql/{id}.sql"), query.sql.to_owned()));
    }
    files.push(("sql/records-duckdb.sql".to_owned(), parameters.duckdb()));
    let shared = shared::script(&parameters, &focus);
    files.push(("sql/shared.sql".to_owned(), shared));
    let names: Vec<_> = files.iter().map(|(name, _)| name.clone()).collect();
    let json = output::report(&document, &focus, &records.problems, &names);
    files.push((REPORT.to_owned(), json));
    // Whoever opens the page finds all that it links to.
    files.push(("index.html".to_owned(), page::report(&document)));
    output::write_all(out, &files)?;
    tell(&records);
    Ok(())
}

/// Finds and verifies the records up to a month.
fn find(folder: &Path, summing: Summing<'_>, verify: bool) -> Result<Records> {
    let month = summing.month;
    let bar = progress::bar("verifying");
    let records = load(&Load {
        folder,
        until: Some(month.last()),
        sources_from: Some(recent(month)),
        verify,
        summing: Some(summing),
        progress: &|done, all| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        },
    })?;
    bar.finish_and_clear();
    let of_month = |date: &Date| Month::of(*date) == month;
    let mut dates = records.point_days.iter().map(|day| day.date);
    if !dates.clone().any(|date| of_month(&date)) {
        tell(&records);
        let refused = records.refused().filter(|(date, ..)| of_month(date));
        let refused = refused.count() as i64;
        if refused > 0 {
            bail!(
                "no record of {} in {} can be used: {} refused for the reasons above",
                month.name(),
                folder.display(),
                many(refused, "point-day is", "point-days are")
            );
        }
        let span = match (dates.next(), dates.next_back()) {
            (Some(first), Some(last)) => format!("those before it reach from {first} to {last}"),
            (Some(only), None) => format!("the only one before it is of {only}"),
            _ => "there are none before it either".to_owned(),
        };
        bail!(
            "there are no records of {} in {}; {span}",
            month.name(),
            folder.display()
        );
    }
    Ok(records)
}

/// Refuses a month of which nothing counts.
fn check(engine: &Engine, month: Month) -> Result<()> {
    let mut answers = Answers::default();
    answers.insert(
        "month",
        engine.ask("SELECT valid_seconds FROM counted_months WHERE ago = 0")?,
    );
    let valid: i64 = answers
        .rows("month")
        .map(|row| row.count("valid_seconds"))
        .sum();
    ensure!(
        valid > 0,
        "no day of {} counts: all are maintenance, left out, or without observation",
        month.name()
    );
    Ok(())
}

/// The two ports whose accesses per point and day changed most; without a month before, the two most accessed.
fn moved_most(engine: &Engine) -> Result<Vec<String>> {
    let mut answers = Answers::default();
    answers.insert("ports", engine.ask(include_str!("../sql/moved.sql"))?);
    let mut ports: Vec<_> = answers
        .rows("ports")
        .map(|row| {
            let now = Counted {
                figure: row.count("accesses"),
                valid_seconds: row.count("valid_seconds"),
            };
            let before = Counted {
                figure: row.count("accesses_before"),
                valid_seconds: row.count("valid_seconds_before"),
            };
            let size = if before.valid_seconds > 0 {
                (now.beside(before) - before.beside(now)).abs()
            } else {
                now.figure.into()
            };
            (-size, row.text("port").to_owned())
        })
        .collect();
    ports.sort();
    Ok(ports.into_iter().take(2).map(|(_, port)| port).collect())
}

/// How many files are read after they are verified: `ports` for what is looked at more closely, `sources` for that and by
/// queries of figures.
fn passes(records: &Records, parameters: &Parameters) -> u64 {
    let recent = parameters.recent();
    let recent = records.point_days.iter().filter(|day| day.date >= recent);
    let of_sources = recent.clone().filter(|day| day.sources.is_some());
    (recent.count() + of_sources.count() * 5) as u64
}

/// Says what is wrong with the records.
fn tell(records: &Records) {
    for problem in records.problems.iter().take(TOLD) {
        eprintln!("talot-report: {problem}");
    }
    if records.problems.len() > TOLD {
        eprintln!(
            "talot-report: … and {} more, see the report",
            records.problems.len() - TOLD
        );
    }
}
