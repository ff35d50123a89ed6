//! The three formats of one table say the same.

use std::fs;

use talot_tests::{
    agent::{Agent, Home},
    lab::Lab,
    records::{Port, duckdb, duckdb_python, rows},
    require,
    send::Sender,
    shell::text,
};

use crate::common::{POINT, dark, some_syns};

const SOURCES: &str = "date,point,class,protocol,port,port_type,source,packets,first_seen,last_seen,\
                       marks,country,asn,as_name";
const PORTS: &str = "date,point,class,protocol,port,port_type,country,packets,sources,sources_64,\
                     overflow_packets";
const COVERAGE: &str = "date,point,addresses,timezone,expected_seconds,observed_seconds,\
                        maintenance_seconds,status,note,seen,non_ip,malformed,link_control,\
                        elsewhere,excluded,solicited,backscatter,stray,access,overflow,missed,\
                        conversations_forgotten,sources_lower_bound,sources_form,xdp_mode,mode,\
                        verdict,kernel,agent_version,definition,country_database,asn_database,\
                        country_database_date,asn_database_date,sources_sha256,ports_sha256,\
                        closed_at";

#[test]
fn the_formats_agree() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    let agent = Agent::start(&lab.sensor, &home);
    Sender::open(&lab).send_counted(&[some_syns(23, 30), some_syns(22, 20)].concat());
    agent.stop();
    for (table, columns) in [
        ("sources", SOURCES),
        ("ports", PORTS),
        ("coverage", COVERAGE),
    ] {
        let csv = text(&home.export(table, &[]));
        assert_eq!(csv.lines().next(), Some(columns), "{table}");
        let json = text(&home.export(table, &["--format", "json"]));
        assert_eq!(csv.lines().count(), json.lines().count() + 1, "{table}");
    }
    // By port, then by source as numbers.
    let csv = text(&home.export("sources", &["--format", "csv"]));
    let order: Vec<Vec<&str>> = csv
        .lines()
        .skip(1)
        .map(|row| row.split(',').collect())
        .collect();
    let expected = [("22", 20), ("23", 30)]
        .into_iter()
        .flat_map(|(port, count)| (0..count).map(move |n| (port, format!("203.0.113.{n}"))));
    let expected: Vec<(&str, String)> = expected.collect();
    let order: Vec<(&str, String)> = order
        .iter()
        .map(|row| (row[4], row[6].to_owned()))
        .collect();
    assert_eq!(order, expected);

    let ports: Vec<Port> = rows(&home.export("ports", &["--format", "json"]));
    let parquet = home.export("ports", &["--format", "parquet"]);
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
    if require::met(
        "export",
        "DuckDB (cargo xtask setup)",
        duckdb_python().is_some(),
    ) {
        let file = home.folder().join("ports.parquet");
        fs::write(&file, parquet).expect("a file");
        let python = duckdb_python().expect("just asked for");
        let query = format!(
            "select point, port_type, packets, sources from '{}' order by port",
            file.display()
        );
        let lines = ports.iter().map(|port| {
            format!(
                "{POINT}|{}|{}|{}",
                port.port_type, port.packets, port.sources
            )
        });
        assert_eq!(
            duckdb(&python, &query).lines().collect::<Vec<_>>(),
            lines.collect::<Vec<_>>()
        );
    }
}
