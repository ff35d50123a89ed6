//! The metrics say what was sent.

use talot_tests::{
    agent::{Agent, Home, ask},
    identity,
    lab::Lab,
    metrics::Metrics,
    packet::{Ends, flag, frame, tcp, udp},
    send::Sender,
    shell::text,
};

use crate::common::{OFTEN, POINT, dark, some_syns, some_syns_rows};

const EXPECTED: [(&str, &str); 6] = [
    ("talot_seen_packets_total", "counter"),
    ("talot_packets_total", "counter"),
    ("talot_accesses_total", "counter"),
    ("talot_country_accesses_total", "counter"),
    ("talot_identity_difference", "gauge"),
    ("talot_attached", "gauge"),
];

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
    for (name, kind) in EXPECTED {
        assert_eq!(metrics.kind(name), Some(kind), "{name}");
        assert!(
            metrics.sum(name, &[("point", POINT)]).is_some(),
            "{name} has no series"
        );
    }
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
