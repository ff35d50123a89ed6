//! Random faults for as long as one wants, under known traffic: `cargo xtask soak`.

use std::{
    env,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use talot_tests::{
    agent::{Agent, Home, ask},
    lab::{Lab, Namespace},
    random::Random,
    shell::run,
    traffic, tzif,
};

use crate::{
    bad_storage::Mounted,
    common::{Over, dark},
};

/// What can befall a sensor without costing a packet.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// SIGKILL, then a start.
    Kill,
    /// SIGKILL in the midst of the start.
    KillWhileStarting,
    /// SIGTERM of one that keeps the kernel counting, then a start.
    Keep,
    /// SIGKILL, then a start with tables of another size.
    Resize,
    /// SIGSTOP for a while.
    StandStill,
    /// No room in the data directory for a while.
    FullDisk,
    /// The same, and SIGKILL in the midst of it.
    KillOnFullDisk,
    /// Commands that read meanwhile.
    Ask,
}

const FAULTS: [Fault; 8] = [
    Fault::Kill,
    Fault::KillWhileStarting,
    Fault::Keep,
    Fault::Resize,
    Fault::StandStill,
    Fault::FullDisk,
    Fault::KillOnFullDisk,
    Fault::Ask,
];

/// Minutes, by `TALOT_SOAK_MINUTES`.
fn minutes() -> f64 {
    let minutes = env::var("TALOT_SOAK_MINUTES");
    minutes.map_or(1.0, |minutes| minutes.parse().expect("a number of minutes"))
}

#[test]
#[ignore = "takes as long as one wants: cargo xtask soak"]
fn random_faults_cost_no_packet() {
    let lasts = Duration::from_secs_f64(60.0 * minutes());
    let mut random = Random::new();
    let lab = Lab::quiet();
    let midnight = tzif::now() + 8 + random.below(lasts.as_secs().max(1)) as i64;
    let sensor = Sensor {
        home: Home::with_midnight(midnight, &configuration(4096)),
        lab: &lab,
    };
    let data = Mounted::at(sensor.home.data(), "size=200m");
    let over = AtomicBool::new(false);
    let mut faults = 0;
    let log = thread::scope(|scope| {
        let mut agent = sensor.start(false);
        let traffic = scope.spawn(|| traffic::send_until(&lab, midnight, &over));
        let _over = Over(&over);
        let began = Instant::now();
        while began.elapsed() < lasts {
            let fault = FAULTS[random.below(FAULTS.len() as u64) as usize];
            println!("{:6.1} s: {fault:?}", began.elapsed().as_secs_f64());
            agent = sensor.suffer(fault, agent, &data, &mut random);
            thread::sleep(Duration::from_millis(random.below(1500)));
            faults += 1;
        }
        over.store(true, Ordering::Relaxed);
        let log = traffic.join().expect("the traffic");
        agent.wait_until("all is durable", |metrics| {
            metrics.sum("talot_attached", &[]) == Some(1)
        });
        agent.stop();
        log
    });
    let coverage = sensor.home.coverage();
    log.check(&sensor.home.sources(), &sensor.home.ports(), &coverage);
    for day in &coverage {
        assert!(!day.note.contains("not observed"), "{day:?}");
    }
    println!(
        "{faults} faults, {} packets in {} days, difference 0",
        log.packets(),
        coverage.len()
    );
}

fn configuration(keys: u64) -> String {
    format!(
        "{}[drain]\ninterval = \"300ms\"\n[kernel]\nkeys = {keys}\nkeys6 = {keys}\n",
        dark()
    )
}

struct Sensor<'lab> {
    home: Home,
    lab: &'lab Lab,
}

impl<'lab> Sensor<'lab> {
    const fn namespace(&self) -> &'lab Namespace {
        &self.lab.sensor
    }

    fn start(&self, keep: bool) -> Agent<'lab> {
        if keep {
            Agent::start_and_keep(self.namespace(), &self.home)
        } else {
            Agent::start(self.namespace(), &self.home)
        }
    }

    /// Lets a fault happen; gives the agent that runs after it.
    fn suffer(
        &self,
        fault: Fault,
        agent: Agent<'lab>,
        data: &Mounted,
        random: &mut Random,
    ) -> Agent<'lab> {
        let mut wait = |most: u64| thread::sleep(Duration::from_millis(random.below(most)));
        match fault {
            Fault::Kill => drop(agent.kill()),
            Fault::KillWhileStarting => {
                agent.kill();
                let starting = Agent::launch(self.namespace(), &self.home);
                wait(2500);
                starting.kill();
            }
            Fault::Keep => {
                agent.kill();
                let keeping = self.start(true);
                wait(1000);
                keeping.stop();
                wait(500);
            }
            Fault::Resize => {
                agent.kill();
                self.home
                    .configure(&configuration(2048 + random.below(8192)));
            }
            Fault::StandStill => {
                agent.signal(libc::SIGSTOP);
                wait(3000);
                agent.signal(libc::SIGCONT);
                return agent;
            }
            Fault::FullDisk => {
                data.fill();
                wait(3000);
                data.make_room();
                return agent;
            }
            Fault::KillOnFullDisk => {
                data.fill();
                wait(1000);
                agent.kill();
                data.make_room();
            }
            Fault::Ask => {
                let status = ask(self.namespace(), &self.home, &["status"]);
                assert!(status.status.success(), "status: {status:?}");
                for table in ["sources", "ports", "coverage"] {
                    run(&mut self.home.command(&["export", "--table", table]));
                }
                return agent;
            }
        }
        self.start(false)
    }
}
