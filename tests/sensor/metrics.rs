//! The metrics say what was sent.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    net::TcpStream,
    process::{Command, Stdio},
    time::Instant,
};

use talot_tests::{
    agent::{Agent, Home, LISTEN, ask},
    http, identity,
    lab::{INTERFACE, Lab},
    metrics::Metrics,
    packet::{Ends, flag, frame, tcp, udp},
    prometheus, require,
    send::Sender,
    shell::{ip, text},
};

use crate::common::{OFTEN, POINT, alone, assert_nothing_but, dark, some_syns, some_syns_rows};

fn accesses(metrics: &Metrics, port: &str) -> Option<i64> {
    metrics.sum("talot_accesses_total", &[("point", POINT), ("port", port)])
}

#[test]
fn they_say_what_was_sent() {
    let lab = Lab::quiet();
    let home = Home::new(&format!(
        "{}{OFTEN}[metrics]\nports = [\"22/tcp\", \"7/udp\"]\n",
        dark()
    ));
    let mut agent = Agent::start(&lab.sensor, &home);
    let metrics = agent.metrics();
    // Every disposition and every chosen port exists from the first scrape.
    let dispositions = metrics.label_values("talot_packets_total", "disposition");
    assert_eq!(dispositions.len(), 9, "{dispositions:?}");
    assert_eq!(metrics.sum("talot_packets_total", &[]), Some(0));
    for port in ["22/tcp", "7/udp", "other"] {
        assert_eq!(accesses(&metrics, port), Some(0), "{port}");
    }

    let sender = Sender::open(&lab);
    let dark = Ends::new("203.0.113.1", "198.51.100.1");
    let elsewhere = Ends::new("203.0.113.1", "192.0.2.1");
    let mut frames = vec![
        (frame(&tcp(dark, 1, 22, flag::SYN)), 11),
        (frame(&udp(dark, 1, 7, b"")), 13),
        (frame(&tcp(dark, 80, 1, flag::SYN | flag::ACK)), 17),
        (frame(&tcp(dark, 80, 1, flag::ACK)), 19),
        (frame(&tcp(elsewhere, 80, 1, flag::SYN)), 23),
    ];
    let mut many = 0;
    for port in 10_000..10_400 {
        frames.extend(some_syns(port, 2));
        many += some_syns_rows(port, 2).values().sum::<i64>();
    }
    sender.send_counted(&frames);
    let total = 11 + 13 + 17 + 19 + 23 + many;
    agent.wait_until("all packets are seen", |metrics| {
        metrics.sum("talot_seen_packets_total", &[]) == Some(total)
    });
    let metrics = agent.metrics();
    identity::check_metrics(&metrics);
    let of = |disposition| {
        let labels = [("point", POINT), ("disposition", disposition)];
        metrics.sum("talot_packets_total", &labels)
    };
    assert_eq!(of("access"), Some(11 + 13 + many));
    assert_eq!(of("backscatter"), Some(17));
    assert_eq!(of("stray"), Some(19));
    assert_eq!(of("elsewhere"), Some(23));
    assert_eq!(accesses(&metrics, "22/tcp"), Some(11));
    assert_eq!(accesses(&metrics, "7/udp"), Some(13));
    let sum = metrics.sum("talot_accesses_total", &[("point", POINT)]);
    assert_eq!(sum, Some(11 + 13 + many));
    let series = metrics.series(("point", POINT));
    assert!(series <= 150, "{series} series of one point");
    let output = ask(&lab.sensor, &home, &["status"]);
    let status = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for word in [POINT, "native", &total.to_string()] {
        assert!(
            status.contains(word),
            "the status does not say {word:?}:\n{status}"
        );
    }
    agent.stop();
    let output = ask(&lab.sensor, &home, &["status"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
}

/// So that `rate()` sees the rise of a port.
#[test]
fn a_rising_port_begins_at_0() {
    let lab = Lab::quiet();
    let home = Home::new(&format!("{}{OFTEN}", dark()));
    let mut agent = Agent::start(&lab.sensor, &home);
    let sender = Sender::open(&lab);
    let once: i64 = some_syns_rows(4444, 50).values().sum();
    let mut sent = 0;
    for expected in [0, once] {
        sender.send_counted(&some_syns(4444, 50));
        sent += once;
        // What is sent may be drained in pieces: the first of them makes the series.
        agent.wait_until("it is drained", |metrics| {
            let sum = metrics.sum("talot_accesses_total", &[]);
            assert_eq!(
                sum,
                metrics.sum("talot_packets_total", &[("disposition", "access")]),
                "the sum is the day's accesses at every scrape"
            );
            sum == Some(sent)
        });
        let metrics = agent.metrics();
        let own = accesses(&metrics, "4444/tcp").expect("a series of its own");
        assert!(own >= expected && own < expected + once, "{own}");
        assert_eq!(accesses(&metrics, "other"), Some(sent - own));
        let labels = [("point", POINT), ("port", "4444/tcp")];
        assert_eq!(metrics.sum("talot_accesses_today", &labels), Some(sent));
    }
    agent.stop();
}

#[test]
fn a_flood_over_all_ports_of_two_protocols() {
    let _alone = alone();
    let lab = Lab::quiet();
    let home = Home::new(&format!("{}{OFTEN}[metrics]\nsources_64 = true\n", dark()));
    let mut agent = Agent::start(&lab.sensor, &home);
    let sender = Sender::open(&lab);
    for protocol in [tcp_syn as fn(u16) -> Vec<u8>, udp_datagram] {
        for first in (0..=u16::MAX).step_by(1024) {
            let frames: Vec<Vec<u8>> = (first..=first + 1023).map(protocol).collect();
            sender.send(&frames.iter().map(Vec::as_slice).collect::<Vec<_>>());
        }
    }
    sender.assert_nothing_lost();
    let total = 2 * 65_536;
    let of_accesses = |metrics: &Metrics| metrics.sum("talot_accesses_total", &[]);
    agent.wait_until("all are drained", |metrics| {
        assert_eq!(
            of_accesses(metrics),
            metrics.sum("talot_packets_total", &[("disposition", "access")]),
            "the sum is the day's accesses at every scrape"
        );
        metrics.series(("point", POINT)) <= 150 && of_accesses(metrics) == Some(total)
    });
    let began = Instant::now();
    let metrics = agent.metrics();
    println!("a scrape took {:?}", began.elapsed());
    assert_eq!(
        metrics.sum("talot_country_accesses_total", &[]),
        Some(total)
    );
    assert_eq!(metrics.sum("talot_sources", &[]), Some(total));
    let shown = metrics.label_values("talot_accesses_total", "port").len() as i64 - 1;
    assert_eq!(metrics.sum("talot_ports_folded", &[]), Some(total - shown));
    let page = http::get(&lab.sensor, LISTEN, "/metrics").expect("a page");
    promtool_has_nothing_to_say(&page);
    agent.stop();
}

fn tcp_syn(port: u16) -> Vec<u8> {
    let source = format!("203.0.{}.{}", port >> 8, port & 255);
    let ends = Ends::new(&source, "198.51.100.1");
    frame(&tcp(ends, 1, port, flag::SYN))
}

fn udp_datagram(port: u16) -> Vec<u8> {
    let ends = Ends::new(&format!("2001:db8:{port:x}::1"), "2001:db8:51::1");
    frame(&udp(ends, 1, port, b""))
}

/// Lints the page as Prometheus's own tool does.
fn promtool_has_nothing_to_say(page: &str) {
    let Some(promtool) = prometheus::program("promtool") else {
        let _ = require::met(
            "metrics",
            "promtool is not installed (cargo xtask test)",
            false,
        );
        return;
    };
    let mut check = Command::new(promtool);
    check.args(["check", "metrics"]).stdin(Stdio::piped());
    check.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut check = check.spawn().expect("promtool");
    let mut stdin = check.stdin.take().expect("a pipe");
    stdin.write_all(page.as_bytes()).expect("promtool reads");
    drop(stdin);
    let output = check.wait_with_output().expect("promtool ends");
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

/// Every counter by its series.
fn counters(page: &str) -> BTreeMap<&str, f64> {
    let series = page.lines().filter(|line| !line.starts_with('#'));
    let series = series.filter_map(|line| line.rsplit_once(' '));
    series
        .filter(|(name, _)| {
            let name = name.split('{').next().unwrap_or(name);
            name.starts_with("talot_") && name.ends_with("_total")
        })
        .map(|(series, value)| (series, value.parse().expect("a number")))
        .collect()
}

#[test]
fn counters_survive_a_restart() {
    let lab = Lab::quiet();
    let home = Home::new(&format!("{}{OFTEN}", dark()));
    let sender = Sender::open(&lab);
    let page = || http::get(&lab.sensor, LISTEN, "/metrics").expect("a page");
    let (mut sent, mut excluded) = (0, 0);
    let mut before = String::new();
    // Each run has other ports in its configuration.
    let configured = [
        "[]",
        "[\"22/tcp\", \"1005/tcp\"]",
        "[\"23/tcp\", \"7/udp\"]",
    ];
    for (run, killed) in [false, true, false].into_iter().enumerate() {
        let ports = configured[run];
        home.configure(&format!(
            "{}{OFTEN}[metrics]\nports = {ports}\n[[exclude]]\nport = 9\nreason = \"ours\"\n",
            dark()
        ));
        let mut agent = Agent::start(&lab.sensor, &home);
        let now = page();
        let [earlier, later] = [counters(&before), counters(&now)];
        for (series, value) in earlier {
            assert!(
                later[series] >= value,
                "{series} was {value}, is {}",
                later[series]
            );
        }
        // Each run has ports of its own in the first place.
        let first = 1000 * (run as u16 + 1);
        for port in first..first + 40 {
            sender.send_counted(&some_syns(port, 3));
            sent += some_syns_rows(port, 3).values().sum::<i64>();
        }
        let flood: i64 = some_syns_rows(first, 200).values().sum();
        sender.send_counted(&some_syns(first, 200));
        sent += flood;
        sender.send_counted(&some_syns(9, 10));
        excluded += some_syns_rows(9, 10).values().sum::<i64>();
        agent.wait_until("all is drained", |metrics| {
            metrics.sum("talot_accesses_total", &[]) == Some(sent)
                && metrics.sum("talot_seen_packets_total", &[]) == Some(sent + excluded)
                && metrics.sum("talot_excluded_packets_total", &[]) == Some(excluded)
        });
        before = page();
        if killed {
            drop(agent);
        } else {
            agent.stop();
        }
    }
}

#[test]
fn it_says_whether_it_is_well() {
    let lab = Lab::quiet();
    let home = Home::new(&format!("{}{OFTEN}", dark()));
    let mut agent = Agent::start(&lab.sensor, &home);
    let ask = |path: &str| http::ask(&lab.sensor, LISTEN, &format!("GET {path} HTTP/1.0\r\n\r\n"));
    for path in ["/healthz", "/readyz"] {
        let answer = ask(path).expect("an answer");
        assert!(
            answer.starts_with("HTTP/1.0 200 ") && answer.ends_with("\r\n\r\nok\n"),
            "{answer}"
        );
    }
    assert!(ask("/").expect("an answer").starts_with("HTTP/1.0 404 "));
    let post = http::ask(&lab.sensor, LISTEN, "POST /metrics HTTP/1.0\r\n\r\n").expect("an answer");
    assert!(
        post.starts_with("HTTP/1.0 405 ") && post.contains("allow: GET, HEAD\r\n"),
        "{post}"
    );
    // A browser whose page has given its name this machine's loopback address.
    let rebound = "GET /metrics HTTP/1.1\r\nHost: evil.example:9464\r\n\r\n";
    let answer = http::ask(&lab.sensor, LISTEN, rebound).expect("an answer");
    assert!(
        answer.starts_with("HTTP/1.1 421 ") && !answer.contains("talot_"),
        "{answer}"
    );

    lab.sensor
        .inside(|| ip(&format!("link delete {INTERFACE}")));
    agent.wait_until("it is not attached", |metrics| {
        metrics.sum("talot_attached", &[]) == Some(0)
    });
    let answer = ask("/readyz").expect("an answer");
    let why = format!("\r\n\r\n{POINT} is not attached to {INTERFACE}\n");
    assert!(
        answer.starts_with("HTTP/1.0 503 ") && answer.ends_with(&why),
        "{answer}"
    );
    assert!(
        ask("/healthz")
            .expect("an answer")
            .starts_with("HTTP/1.0 200 ")
    );
    agent.stop();
}

#[test]
fn hostile_clients_cost_the_counting_nothing() {
    let lab = Lab::quiet();
    let home = Home::new(&format!("{}{OFTEN}", dark()));
    let mut agent = Agent::start(&lab.sensor, &home);
    let huge = format!(
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n",
        "x".repeat(1 << 20)
    );
    // It may be refused before all of it is read.
    if let Ok(answer) = http::ask(&lab.sensor, LISTEN, &huge) {
        assert!(!answer.contains(" 200 "), "{answer}");
    }
    let noise = http::ask(&lab.sensor, LISTEN, "\0\x01\x7f\r\n\r\n");
    assert!(noise.is_ok_and(|answer| !answer.contains(" 200 ")));
    // A thousand clients that begin to ask, and some that ask and do not read.
    let slow: Vec<TcpStream> = lab.sensor.inside(|| {
        let client = |number: usize| {
            let mut stream = TcpStream::connect(LISTEN).expect("a connection");
            let words = [
                "GET /met",
                "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "",
            ];
            // It may be closed already, to make room.
            let _ = stream.write_all(words[number % 3].as_bytes());
            stream
        };
        (0..1000).map(client).collect()
    });
    let sender = Sender::open(&lab);
    sender.send_counted(&some_syns(23, 200));
    let sent: i64 = some_syns_rows(23, 200).values().sum();
    agent.wait_until("all is counted", |metrics| {
        metrics.sum("talot_accesses_total", &[]) == Some(sent)
    });
    let files = fs::read_dir(format!("/proc/{}/fd", agent.id())).expect("its files");
    assert!(files.count() < 400, "connections are bounded");
    drop(slow);
    agent.stop();
    assert_nothing_but(&home, &some_syns_rows(23, 200));
}
