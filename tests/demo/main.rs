//! `cargo xtask demo`: a point in network namespaces of its own, under the traffic of scanners, from
//! the first packet to the closed records.

mod traffic;

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use talot_tests::{
    agent::{program, workspace},
    lab::{DARK_V4, INTERFACE, Lab},
    process::Process,
    prometheus::{self, Server},
    random::Random,
    send::Sender,
    shell::{run, text},
    tzif,
};

/// How long it lasts, and when the surge begins and the day ends.
const LASTS: Duration = Duration::from_secs(36);
const SURGE_AFTER: Duration = Duration::from_secs(12);
const MIDNIGHT_AFTER: i64 = 30;
/// Frames of a moment, and how many moments a second has.
const FRAMES: usize = 200;
const MOMENTS: u32 = 20;

static STOP: AtomicBool = AtomicBool::new(false);

extern "C" fn stop(_: libc::c_int) {
    STOP.store(true, Ordering::Relaxed);
}

fn main() {
    // Whatever happens, the namespaces go: by their guards.
    for signal in [libc::SIGINT, libc::SIGTERM] {
        let stop: extern "C" fn(libc::c_int) = stop;
        // SAFETY: the handler does nothing but store.
        let before = unsafe { libc::signal(signal, stop as libc::sighandler_t) };
        assert!(before != libc::SIG_ERR, "{}", io::Error::last_os_error());
    }
    let folder = env::var_os("TALOT_DEMO_DIR")
        .map_or_else(|| workspace().join("target/demo"), PathBuf::from);
    let began = tzif::now();
    let configuration = configure(&folder, began + MIDNIGHT_AFTER);
    let lab = Lab::quiet();
    println!("A dark /24 in a network namespace, where days end {MIDNIGHT_AFTER} s from now.");
    println!("{}\n", configuration.display());
    let mut command = lab.sensor.command(program().to_str().expect("UTF-8"));
    command.arg("run").arg("--config").arg(&configuration);
    // Its live line is on this terminal.
    let mut agent = Process::start(&mut command);
    let prometheus = ["prometheus", "promtool"].map(prometheus::program);
    let server = prometheus.iter().all(Option::is_some).then(|| {
        let rules = workspace().join("dashboards/rules/talot.rules.yml");
        Server::start(&lab.sensor, "# EOF\n", &rules)
    });
    send(&lab, &mut agent);
    let scraped = server.as_ref().map(surge);
    drop(server);
    println!("\n");
    agent.signal(libc::SIGTERM);
    let status = agent.wait(Duration::from_secs(30));
    assert!(
        status.is_some_and(|status| status.success()),
        "the agent: {status:?}"
    );
    match scraped {
        Some(answer) => println!("\nWhat Prometheus has scraped of the surge:\n{answer}"),
        None => println!("\n(Prometheus is not here, so nobody has scraped.)"),
    }
    show(&folder, &configuration);
}

/// Everything lies in this folder, and that of the last demo goes.
fn configure(folder: &Path, midnight: i64) -> PathBuf {
    fs::create_dir_all(folder.join("data")).expect("the folder can be made");
    for entry in fs::read_dir(folder.join("data"))
        .expect("a folder")
        .flatten()
    {
        // The country database stays.
        if entry.file_name() != "geo" {
            let path = entry.path();
            let removed = if path.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            removed.unwrap_or_else(|error| panic!("removing {}: {error}", path.display()));
        }
    }
    let zone = tzif::fixed(tzif::offset_of_midnight(midnight));
    fs::write(folder.join("demo-time"), zone).expect("the zone can be written");
    let configuration = folder.join("talot.toml");
    let text = format!(
        "data_dir = \"data\"\ntimezone = \"demo-time\"\n\n[[point]]\nname = \"demo\"\n\
         interface = \"{INTERFACE}\"\nmode = \"dark\"\naddresses = [\"{DARK_V4}\"]\n\n\
         [drain]\ninterval = \"2s\"\n"
    );
    fs::write(&configuration, text).expect("the configuration can be written");
    let mut fetch = Command::new(program());
    fetch.args(["geo", "fetch", "--if-missing", "--config"]);
    // Without a network every country is ZZ, and it says so.
    let _ = fetch.arg(&configuration).status();
    configuration
}

/// Sends until it is over, or somebody stops it.
fn send(lab: &Lab, agent: &mut Process) {
    let sender = Sender::open(lab);
    let mut random = Random::new();
    let began = Instant::now();
    let mut moments = 0;
    while began.elapsed() < LASTS && !STOP.load(Ordering::Relaxed) && agent.ended().is_none() {
        let surging = began.elapsed() > SURGE_AFTER;
        let frames = traffic::moment(&mut random, FRAMES, surging);
        sender.send(&frames.iter().map(Vec::as_slice).collect::<Vec<_>>());
        moments += 1;
        let due = began + Duration::from_secs(1) / MOMENTS * moments;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

/// How one port's accesses went, as a line for each few seconds.
fn surge(server: &Server<'_>) -> String {
    let port = format!("{}/tcp", traffic::SURGE);
    let of_all = "sum(rate(talot_packets_total{disposition=\"access\"}[5s]))";
    let now = tzif::now();
    let of_port = format!("sum(rate(talot_accesses_total{{port=\"{port}\"}}[5s]))");
    let mut lines = String::new();
    for (name, query) in [("all accesses", of_all), (port.as_str(), of_port.as_str())] {
        let (start, end) = ((now - 32).to_string(), now.to_string());
        let range = [
            ("query", query),
            ("start", &start),
            ("end", &end),
            ("step", "4"),
        ];
        let answer = server.ask("query_range", &range).unwrap_or_default();
        let values = answer["result"][0]["values"].as_array().cloned();
        let rates = values.unwrap_or_default().into_iter().map(|value| {
            let rate = value[1].as_str().and_then(|rate| rate.parse::<f64>().ok());
            format!("{:>6.0}", rate.unwrap_or_default())
        });
        // A port type that rose has no rate from before.
        let rates: String = rates.collect();
        lines += &format!("  {name:<14}{rates:>54} per second\n");
    }
    lines
}

/// The records, and what they say.
fn show(folder: &Path, configuration: &Path) {
    let agent = program();
    let mut export = Command::new(&agent);
    export.args(["export", "--table", "ports", "--format", "json", "--config"]);
    let rows = text(&run(export.arg(configuration)).stdout);
    let mut ports = std::collections::BTreeMap::<(String, String), [i64; 2]>::new();
    for row in rows.lines() {
        let row: serde_json::Value = serde_json::from_str(row).expect("a row");
        if row["class"] == "access" {
            let of = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let sums = ports.entry((of("date"), of("port_type"))).or_default();
            sums[0] += row["packets"].as_i64().unwrap_or_default();
            sums[1] += row["sources"].as_i64().unwrap_or_default();
        }
    }
    let mut ranked: Vec<_> = ports.into_iter().collect();
    ranked.sort_by_key(|((date, _), [packets, _])| (date.clone(), -packets));
    println!("\nThe records' first port types, the closed day before the open one:");
    let mut last = (String::new(), 0);
    for ((date, port), [packets, sources]) in ranked {
        last = if last.0 == date {
            (date, last.1 + 1)
        } else {
            (date, 1)
        };
        if last.1 <= 5 {
            let date = &last.0;
            println!("  {date}  {port:<12}{packets:>8} accesses{sources:>8} sources");
        }
    }
    println!("\nThe closed day:");
    let mut folders = vec![folder.join("data/records")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    for file in files {
        println!("  {}", file.display());
    }
    println!("\nEverything else is gone. To look further:");
    let (agent, configuration) = (agent.display(), configuration.display());
    println!("  {agent} export --table sources --config {configuration} | head");
}
