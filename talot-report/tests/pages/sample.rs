//! A report with everything that a report can hold: every kind of chart, full and empty, names
//! that are long, foreign or hostile.

use talot_report::report::model::{
    Axis, Block, BoxPlot, Cell, Chart, Column, Data, Document, Figure, Hue, Imprint, Inline,
    KeyFigure, Part, Plot, Section, Series, Shaded, Table,
};

const PORTS: [&str; 11] = [
    "445/tcp",
    "1433/tcp",
    "Ping (ICMP)",
    "22/tcp",
    "9415/tcp",
    "80/tcp",
    "135/tcp",
    "11083/tcp",
    "3306/tcp",
    "3389/tcp",
    "other",
];
const COUNTRIES: [&str; 8] = [
    "China",
    "United States",
    "Japan",
    "Korea, Republic of",
    "Russian Federation",
    "Taiwan, Province of China",
    "other",
    "unknown",
];
const NETWORKS: [&str; 4] = [
    "AS4134 CHINANET-BACKBONE No.31,Jin-rong Street, Beijing",
    "AS64496",
    "other",
    "unknown",
];
const MONTHS: [&str; 6] = [
    "Feb 2011", "Mar 2011", "Apr 2011", "May 2011", "Jun 2011", "Jul 2011",
];
const HOSTILE: &str = "<script>alert(\"1\")</script> & '\u{202e}x";

/// Numbers that look like chance and are the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u32) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let high = u32::try_from(self.0 >> 33).expect("31 bits");
        f64::from(high % limit)
    }
}

/// The report.
pub(crate) fn document() -> Document {
    Document {
        month: "2011-07".into(),
        month_name: "July 2011".into(),
        title: "Observation of unsolicited accesses at fixed points, July 2011".into(),
        imprint: Imprint {
            publisher: Some("Example Agency for Network Observation".into()),
            published: Some("August 12, 2011".into()),
            contact: Some("Mail to [observation@example.net](mailto:observation@example.net).".into()),
            terms: Some(format!("Free to use if the source is named. {HOSTILE}")),
        },
        headline: vec![
            text("In July 2011, "),
            Inline::Strong("102,888".into()),
            text(" unsolicited accesses from "),
            Inline::Strong("46,222".into()),
            text(" sources were observed at ten points: on average "),
            Inline::Strong("343 accesses from 154 sources".into()),
            text(" per point and day ("),
            Inline::Figure { id: "1-1".into(), text: "Figure 1-1".into() },
            text(")."),
        ],
        key_figures: key_figures(),
        sections: vec![public(), month(), half_year(), tables()],
        provenance: vec![
            ("Records".into(), "310 point-days of ten points; definition 1".into()),
            ("Country database".into(), "GeoLite2-Country, 2011-07-31, 3f786850e387550fdab836ed7e6dc881de23001b3f786850e387550f".into()),
            ("Program".into(), "talot-report 0.1.0".into()),
        ],
    }
}

fn text(text: &str) -> Inline {
    Inline::Text(text.into())
}

fn key_figures() -> Vec<KeyFigure> {
    [
        (
            "343",
            "accesses per point and day",
            "−18.4 % against June 2011",
        ),
        (
            "154",
            "sources per point and day",
            "−12.1 % against June 2011",
        ),
        ("102,888", "accesses in all", ""),
        ("300.0", "valid point-days of 310", "one day left out"),
    ]
    .map(|(value, label, change)| KeyFigure {
        value: value.into(),
        label: label.into(),
        change: change.into(),
    })
    .to_vec()
}

fn section(number: &str, title: &str, blocks: Vec<Block>, sections: Vec<Section>) -> Section {
    Section {
        id: format!("s{}", number.replace('.', "-")),
        number: number.into(),
        title: title.into(),
        blocks,
        sections,
    }
}

fn public() -> Section {
    let hostile = format!(
        "# Advice\n\nKeep **updated**. {HOSTILE}\n\n[bad](javascript:alert(1)) [good](https://example.net/)\n\n| port | advice |\n|---|--:|\n| 22/tcp | keys |"
    );
    section(
        "1",
        "To general Internet users",
        vec![
            Block::Paragraph(vec![
                text("An ordinary user's connection is assumed to receive as much. "),
                Inline::Code("445/tcp".into()),
                text(" fell most."),
            ]),
            Block::Note(vec![text(
                "2 July 2011 is left out at all points: maintenance work.",
            )]),
            figure(
                "1-1",
                "Accesses and sources per point and day, February to July 2011",
                months_plot(),
            ),
            figure(
                "1-2",
                "Accesses by port type, July against June 2011",
                two_months(),
            ),
            figure(
                "1-3",
                "Accesses to 11083/tcp at the one point that saw it, by country",
                days(&COUNTRIES[..3], 90),
            ),
            Block::Analyst(hostile),
        ],
        vec![],
    )
}

fn month() -> Section {
    let empty = figure("2-e", "A month without anything", None);
    section(
        "2",
        "Accesses observed in July 2011",
        vec![],
        vec![
            section(
                "2.1",
                "By port type",
                vec![
                    figure(
                        "2-1",
                        "Accesses by day and port type, July 2011",
                        days(&PORTS, 900),
                    ),
                    figure(
                        "2-3",
                        "Breakdown of accesses by port type, July 2011",
                        breakdown(&PORTS),
                    ),
                    figure(
                        "2-s",
                        "Accesses by day and port type, stacked",
                        stacked(&PORTS),
                    ),
                ],
                vec![],
            ),
            section(
                "2.2",
                "By country",
                vec![
                    figure(
                        "2-5",
                        "Accesses by day and country, July 2011",
                        days(&COUNTRIES, 500),
                    ),
                    figure(
                        "2-6",
                        "Breakdown of accesses by country, July 2011",
                        breakdown(&COUNTRIES),
                    ),
                    empty,
                ],
                vec![],
            ),
        ],
    )
}

fn half_year() -> Section {
    section(
        "3",
        "Statistical information",
        vec![
            figure(
                "3-1",
                "Breakdown of accesses by port type, February to July 2011",
                shares(&PORTS),
            ),
            figure(
                "3-3",
                "Breakdown of accesses by country, February to July 2011",
                shares(&COUNTRIES),
            ),
            figure(
                "networks",
                "By network, February to July 2011",
                shares(&NETWORKS),
            ),
            figure("network-days", "By network and day", days(&NETWORKS, 300)),
            figure("network-parts", "By network", breakdown(&NETWORKS)),
            figure(
                "since",
                "Accesses and sources per point and day since June 2004",
                since(),
            ),
            figure(
                "groups",
                "Accesses and sources of the points, by month",
                grouped_months(),
            ),
            figure("points", "Points and ports", matrix(10)),
            figure("many-points", "Many points and ports", matrix(37)),
            figure("spread", "Accesses per day at the points", boxes()),
        ],
        vec![],
    )
}

fn tables() -> Section {
    let rows = PORTS.iter().map(|port| {
        vec![cell(port), cell("Well known for unauthorised access through the exploitation of a vulnerable file sharing mechanism.")]
    });
    section(
        "4",
        "Supplementary explanations",
        vec![
            Block::List(vec![vec![text("one")], vec![text(HOSTILE)]]),
            Block::Table(Table {
                caption: "Port types frequently accessed in July 2011".into(),
                columns: vec![column("Port type", false), column("Interpretation", false)],
                rows: rows.collect(),
            }),
        ],
        vec![],
    )
}

fn figure(id: &str, title: &str, chart: impl Into<Option<Chart>>) -> Block {
    let chart = chart.into();
    let mut rows: Vec<_> = (0..if chart.is_some() { 31 } else { 0 })
        .map(|day| {
            let numbers = (0..9).map(|n| cell(&format!("{}", 1000 * day + n)));
            std::iter::once(cell(&format!("{} July", day + 1)))
                .chain(numbers)
                .collect()
        })
        .collect();
    if !rows.is_empty() {
        rows.push(vec![cell(HOSTILE); 10]);
    }
    let columns = std::iter::once(column("Day", false))
        .chain(PORTS[..9].iter().map(|port| column(port, true)));
    Block::Figure(Box::new(Figure {
        id: id.into(),
        label: format!("Figure {id}"),
        title: title.into(),
        unit: "accesses".into(),
        notes: vec![vec![text(
            "Shares are rounded to one decimal and may not add up to 100.",
        )]],
        alternative: format!("{title}. The most frequent is 445/tcp. {HOSTILE}"),
        chart,
        table: Table {
            caption: "By day".into(),
            columns: columns.collect(),
            rows,
        },
        data: Data::default(),
        csv: format!("data/{id}.csv"),
        sql: format!("sql/{id}.sql"),
    }))
}

fn column(title: &str, numeric: bool) -> Column {
    Column {
        title: title.into(),
        numeric,
    }
}

fn cell(text: &str) -> Cell {
    Cell {
        text: text.into(),
        value: text.parse().ok(),
    }
}

fn axis(title: &str) -> Axis {
    Axis {
        title: title.into(),
    }
}

fn hue(name: &str, rank: usize) -> Hue {
    match name {
        "other" => Hue::Other,
        "unknown" => Hue::Unknown,
        _ => Hue::Ranked(rank),
    }
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn series(name: &str, hue: Hue, values: Vec<Option<f64>>) -> Series {
    Series {
        name: name.into(),
        hue,
        values,
    }
}

fn months_plot() -> Option<Chart> {
    let accesses = [512.0, 498.0, 455.0, 430.0, 420.0, 343.0]
        .map(Some)
        .to_vec();
    let sources = [204.0, 201.0, 190.0, 181.0, 175.0, 154.0]
        .map(Some)
        .to_vec();
    Some(Chart::Lines(Plot {
        x: axis("Month"),
        y: axis("Accesses and sources per point and day"),
        categories: strings(&MONTHS),
        series: vec![
            series("accesses", Hue::Accesses, accesses),
            series("sources", Hue::Sources, sources),
        ],
        shaded: vec![],
    }))
}

fn since() -> Option<Chart> {
    const NAMES: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let mut numbers = Numbers(5);
    let categories: Vec<_> = (5..91)
        .map(|m| format!("{} {}", NAMES[m % 12], 2004 + m / 12))
        .collect();
    let mut falling = |from: f64| {
        (0..categories.len())
            .map(|month| {
                let gone = f64::from(u32::try_from(month).expect("few months")) / 120.0;
                (month != 40).then(|| (from * (1.0 - gone) + numbers.below(90)).floor())
            })
            .collect::<Vec<_>>()
    };
    let (accesses, sources) = (falling(1900.0), falling(700.0));
    Some(Chart::Lines(Plot {
        x: axis(""),
        y: axis("Accesses and sources per point and day"),
        categories,
        series: vec![
            series("accesses", Hue::Accesses, accesses),
            series("sources", Hue::Sources, sources),
        ],
        shaded: vec![],
    }))
}

fn days(names: &[&str], top: u32) -> Option<Chart> {
    Some(Chart::Lines(days_plot(names, top)))
}

fn stacked(names: &[&str]) -> Option<Chart> {
    Some(Chart::StackedBars(days_plot(names, 900)))
}

fn days_plot(names: &[&str], top: u32) -> Plot {
    let mut numbers = Numbers(7);
    let lines = names.iter().zip(0u32..).map(|(name, rank)| {
        let level = top / (rank + 1) + 6;
        let values = (0..31).map(|day| {
            let value = f64::from(level) / 2.0 + numbers.below(level / 2);
            (day != 1).then(|| value.floor())
        });
        series(name, hue(name, rank as usize), values.collect())
    });
    Plot {
        x: axis("Day of July 2011"),
        y: axis("Accesses per day, ten points"),
        categories: (1..=31).map(|day| day.to_string()).collect(),
        series: lines.collect(),
        shaded: vec![Shaded {
            place: 1,
            label: "left out".into(),
            reason: "maintenance work".into(),
        }],
    }
}

fn two_months() -> Option<Chart> {
    let mut numbers = Numbers(11);
    let mut month = |top: u32| {
        (0..10)
            .map(|rank| Some(numbers.below(top) + f64::from(20_000 / (rank + 1))))
            .collect()
    };
    Some(Chart::GroupedBars(Plot {
        x: axis("Port type"),
        y: axis("Accesses in the month, ten points"),
        categories: strings(&PORTS[..10]),
        series: vec![
            series("July 2011", Hue::Now, month(3000)),
            series("June 2011", Hue::Before, month(9000)),
        ],
        shaded: vec![],
    }))
}

fn grouped_months() -> Option<Chart> {
    let mut numbers = Numbers(13);
    let mut line = || (0..6).map(|_| Some(numbers.below(12_000))).collect();
    Some(Chart::GroupedBars(Plot {
        x: axis("Month"),
        y: axis("Distinct addresses"),
        categories: strings(&MONTHS),
        series: vec![
            series("new", Hue::Now, line()),
            series("returning", Hue::Before, line()),
        ],
        shaded: vec![],
    }))
}

fn breakdown(names: &[&str]) -> Option<Chart> {
    let parts = names.iter().zip(0u32..).map(|(name, rank)| {
        let value = 38.4 / f64::from(rank + 1);
        Part {
            name: (*name).into(),
            hue: hue(name, rank as usize),
            cell: Cell {
                text: format!("{value:.1} %"),
                value: Some(value),
            },
        }
    });
    Some(Chart::Breakdown {
        unit: "% of accesses".into(),
        parts: parts.collect(),
    })
}

fn shares(names: &[&str]) -> Option<Chart> {
    let mut numbers = Numbers(17);
    let weights: Vec<Vec<f64>> = (0..MONTHS.len())
        .map(|_| {
            (0..names.len())
                .map(|rank| numbers.below(300 / (u32::try_from(rank).expect("few") + 2)) + 12.0)
                .collect()
        })
        .collect();
    let share = |month: usize, rank: usize| {
        let sum: f64 = weights[month].iter().sum();
        Some((weights[month][rank] / sum * 1000.0).round() / 10.0)
    };
    let columns = names.iter().enumerate().map(|(rank, name)| {
        series(
            name,
            hue(name, rank),
            (0..MONTHS.len()).map(|month| share(month, rank)).collect(),
        )
    });
    Some(Chart::Shares(Plot {
        x: axis(""),
        y: axis("% of accesses"),
        categories: strings(&MONTHS),
        series: columns.collect(),
        shaded: vec![],
    }))
}

fn matrix(points: usize) -> Option<Chart> {
    let mut numbers = Numbers(19);
    let rows = PORTS[..10].iter().zip(0u32..).map(|(port, rank)| {
        let cells = (0..points).map(|_| {
            let value = (numbers.below(3400 / (rank + 1)) - 40.0).max(0.0);
            Cell {
                text: format!("{value}"),
                value: Some(value),
            }
        });
        ((*port).to_owned(), cells.collect())
    });
    Some(Chart::Matrix {
        unit: "Accesses in July 2011".into(),
        columns: (1..=points).map(|point| format!("tokyo-{point}")).collect(),
        rows: rows.collect(),
    })
}

fn boxes() -> Option<Chart> {
    let mut numbers = Numbers(23);
    let boxes = PORTS.iter().map(|port| {
        let mut five = [(); 5].map(|()| numbers.below(900));
        five.sort_by(f64::total_cmp);
        BoxPlot {
            name: (*port).into(),
            five: (*port != "80/tcp").then_some(five),
        }
    });
    Some(Chart::Boxes {
        y: axis("Accesses per day"),
        boxes: boxes.collect(),
    })
}
