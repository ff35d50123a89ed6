//! What this process takes, under the names that every Prometheus client has for it.

use prometheus::{
    core::{Collector, Desc},
    process_collector::ProcessCollector,
    proto::{Counter, MetricFamily},
};

use crate::clock;

/// The library's figures, save that its CPU time is in whole seconds.
pub(super) struct Process(ProcessCollector);

impl Process {
    /// This process.
    pub(super) fn this() -> Self {
        Self(ProcessCollector::for_self())
    }
}

impl Collector for Process {
    fn desc(&self) -> Vec<&Desc> {
        self.0.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut families = self.0.collect();
        let cpu = families
            .iter_mut()
            .filter(|family| family.name() == "process_cpu_seconds_total");
        if let Ok(time) = clock::of_cpu() {
            let mut counter = Counter::default();
            counter.set_value(time.as_secs_f64());
            for metric in cpu.flat_map(MetricFamily::mut_metric) {
                metric.set_counter(counter.clone());
            }
        }
        families
    }
}
