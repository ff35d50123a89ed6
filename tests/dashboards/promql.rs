//! Enough of PromQL to find the metrics and labels of our own queries. Whether they are valid
//! Prometheus decides.

/// What a query has of a metric.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Selector<'a> {
    pub(crate) metric: &'a str,
    /// Matchers as they are written.
    pub(crate) matchers: Vec<&'a str>,
    /// Its range, without brackets.
    pub(crate) range: Option<&'a str>,
    /// The function directly around it.
    pub(crate) function: Option<&'a str>,
}

/// Everything that [`scan`] finds.
#[derive(Debug, Default)]
pub(crate) struct Found<'a> {
    pub(crate) selectors: Vec<Selector<'a>>,
    /// Labels of `by`, `without`, `on`, `ignoring`, `group_left`.
    pub(crate) labels: Vec<&'a str>,
}

const OF_LABELS: [&str; 5] = ["by", "without", "on", "ignoring", "group_left"];
const OPERATORS: [&str; 5] = ["and", "or", "unless", "offset", "bool"];

/// Scans a query in which each metric has braces.
pub(crate) fn scan(query: &str) -> Found<'_> {
    let mut found = Found::default();
    // The words before the parentheses that are open.
    let mut open: Vec<&str> = Vec::new();
    let mut word = "";
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        let is_of_word = |c: char| c.is_ascii_alphanumeric() || "_:.$".contains(c);
        if is_of_word(first) {
            let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
            (word, rest) = rest.split_at(end);
            let inside = open.last().copied().unwrap_or_default();
            if OF_LABELS.contains(&inside) {
                found.labels.push(word);
            } else if !word.starts_with(|c: char| c.is_ascii_digit())
                && !OF_LABELS.contains(&word)
                && !OPERATORS.contains(&word)
            {
                let next = rest.trim_start().chars().next();
                let is_called = matches!(next, Some('(')) || rest.trim_start().starts_with("by ");
                let is_called = is_called || rest.trim_start().starts_with("without ");
                assert!(
                    is_called || next == Some('{'),
                    "{word} in {query} has no braces"
                );
            }
            continue;
        }
        rest = &rest[first.len_utf8()..];
        match first {
            '(' => open.push(std::mem::take(&mut word)),
            ')' => {
                open.pop();
                word = "";
            }
            '"' => rest = rest.split_once('"').expect("a closing quote").1,
            '[' => {
                let (range, after) = rest.split_once(']').expect("a closing bracket");
                let last = found.selectors.last_mut().expect("a metric before a range");
                last.range = Some(range);
                rest = after;
            }
            '{' => {
                let (matchers, after) = rest.split_once('}').expect("a closing brace");
                found.selectors.push(Selector {
                    metric: word,
                    matchers: matchers.split(',').map(str::trim).collect(),
                    range: None,
                    function: open.last().copied().filter(|word| !word.is_empty()),
                });
                rest = after;
            }
            _ => {}
        }
    }
    assert!(open.is_empty(), "{query}");
    found
}

#[test]
fn metrics_labels_and_functions_are_found() {
    let found = scan(
        r#"1 + sum by (le, x) (rate(a_total{b=~"$c", d!="(e"}[$__rate_interval] offset 1w)) / on(y) f{}"#,
    );
    let expected = [
        Selector {
            metric: "a_total",
            matchers: vec![r#"b=~"$c""#, r#"d!="(e""#],
            range: Some("$__rate_interval"),
            function: Some("rate"),
        },
        Selector {
            metric: "f",
            matchers: vec![""],
            range: None,
            function: None,
        },
    ];
    assert_eq!(found.selectors, expected);
    assert_eq!(found.labels, ["le", "x", "y"]);
}
