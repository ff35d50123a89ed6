//! Families of metrics in a registry.

use prometheus::{CounterVec, GaugeVec, Opts, Registry, core::Collector};

/// A registry that is being filled.
pub(super) struct Page<'a>(pub(super) &'a Registry);

impl Page<'_> {
    /// Counters of packets.
    pub(super) fn counters<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: &[&str; N],
        values: impl IntoIterator<Item = ([String; N], u64)>,
    ) -> prometheus::Result<()> {
        let family = CounterVec::new(Opts::new(name, help), labels)?;
        for (values, packets) in values {
            family.with_label_values(&values).inc_by(packets as f64);
        }
        self.register(family)
    }

    /// Gauges.
    pub(super) fn gauges<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: &[&str; N],
        values: impl IntoIterator<Item = ([String; N], f64)>,
    ) -> prometheus::Result<()> {
        let family = GaugeVec::new(Opts::new(name, help), labels)?;
        for (values, value) in values {
            family.with_label_values(&values).set(value);
        }
        self.register(family)
    }

    /// A family that is kept elsewhere.
    pub(super) fn register(&self, family: impl Collector + 'static) -> prometheus::Result<()> {
        self.0.register(Box::new(family))
    }
}
