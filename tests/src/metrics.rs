//! Reading the Prometheus text format, as far as the agent needs it.

use std::collections::BTreeMap;

/// One scrape.
#[derive(Clone, Debug)]
pub struct Metrics {
    samples: Vec<Sample>,
    types: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Metrics {
    /// Reads a scrape.
    ///
    /// # Panics
    /// On a line that is not of the format.
    pub fn parse(text: &str) -> Self {
        let types = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
            .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
            .collect();
        let samples = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let samples = samples
            .map(|line| sample(line).unwrap_or_else(|| panic!("not a metric: {line:?}")))
            .collect();
        Self { samples, types }
    }

    /// The type that a metric is declared with.
    pub fn kind(&self, name: &str) -> Option<&str> {
        self.types.get(name).map(String::as_str)
    }

    /// Values of the series of this name that carry all these labels.
    pub fn values(&self, name: &str, labels: &[(&str, &str)]) -> Vec<f64> {
        let carries = |sample: &&Sample| {
            sample.name == name
                && labels
                    .iter()
                    .all(|(label, value)| sample.labels.get(*label).is_some_and(|it| it == value))
        };
        let found = self.samples.iter().filter(carries);
        found.map(|sample| sample.value).collect()
    }

    /// Their sum, none when there is no such series.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<i64> {
        let values = self.values(name, labels);
        // Counts of packets are far below 2⁵³.
        (!values.is_empty()).then(|| values.iter().sum::<f64>() as i64)
    }

    /// Values of a label over the series of a name.
    pub fn label_values(&self, name: &str, label: &str) -> Vec<&str> {
        let samples = self.samples.iter().filter(|sample| sample.name == name);
        let values = samples.filter_map(|sample| sample.labels.get(label));
        values.map(String::as_str).collect()
    }

    /// How many series carry this label.
    pub fn series(&self, (label, value): (&str, &str)) -> usize {
        let carries = |sample: &&Sample| sample.labels.get(label).is_some_and(|it| it == value);
        self.samples.iter().filter(carries).count()
    }
}

fn sample(line: &str) -> Option<Sample> {
    let (series, value) = line.rsplit_once(' ')?;
    let (name, labels) = match series.split_once('{') {
        None => (series, BTreeMap::new()),
        Some((name, labels)) => (name, pairs(labels.strip_suffix('}')?)?),
    };
    Some(Sample {
        name: name.to_owned(),
        labels,
        value: value.parse().ok()?,
    })
}

/// `a="b",c="d"`; the tests use no label values with quotes in them.
fn pairs(mut text: &str) -> Option<BTreeMap<String, String>> {
    let mut labels = BTreeMap::new();
    while !text.is_empty() {
        let (label, rest) = text.split_once("=\"")?;
        let (value, rest) = rest.split_once('"')?;
        labels.insert(label.to_owned(), value.to_owned());
        text = rest.strip_prefix(',').unwrap_or(rest);
    }
    Some(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scrape() {
        let text = "# HELP a A.\n# TYPE a counter\na{point=\"p\",port=\"Ping (ICMP)\"} 3\n\
                    a{point=\"q\",port=\"22/tcp\"} 4\nb 1.5\n";
        let metrics = Metrics::parse(text);
        assert_eq!(metrics.kind("a"), Some("counter"));
        assert_eq!(metrics.sum("a", &[]), Some(7));
        assert_eq!(metrics.sum("a", &[("port", "Ping (ICMP)")]), Some(3));
        assert_eq!(metrics.sum("c", &[]), None);
        assert_eq!(metrics.values("b", &[]), [1.5]);
        assert_eq!(metrics.label_values("a", "point"), ["p", "q"]);
        assert_eq!(metrics.series(("port", "22/tcp")), 1);
    }
}
