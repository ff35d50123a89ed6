//! How much room a text needs, without a font at hand: widths of a wide sans serif (DejaVu Sans), so
//! that no reader's font needs more.

/// The width of `text` in a size of 1.
fn ems(text: &str) -> f64 {
    text.chars().map(em).sum()
}

fn em(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 'I' | '\'' | '|' => 0.30,
        '.' | ',' | ' ' | ':' | ';' | '\u{a0}' | '\u{202f}' => 0.32,
        't' | 'f' | 'r' | '(' | ')' | '-' | '/' => 0.40,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.98,
        '0'..='9' => 0.64,
        'A'..='Z' | '−' | '+' | '±' => 0.72,
        c if c.is_ascii() || (c as u32) < 0x250 => 0.62,
        // East Asian and all else: a full square.
        _ => 1.0,
    }
}

/// Width of `text`.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    ems(text) * size
}

/// `text`, or its beginning with an ellipsis if it would be wider than `room`.
pub(crate) fn fitted(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut left = room - width("…", size);
    let mut kept = String::new();
    for c in text.chars() {
        left -= em(c) * size;
        if left < 0.0 {
            break;
        }
        kept.push(c);
    }
    format!("{}…", kept.trim_end())
}

/// `text`, or its two ends around an ellipsis: names that begin alike can still be told apart.
pub(crate) fn ends(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let half = (room - width("…", size)) / 2.0;
    let within = |letters: &mut dyn Iterator<Item = char>| -> Vec<char> {
        let mut left = half;
        letters
            .take_while(|c| {
                left -= em(*c) * size;
                left >= 0.0
            })
            .collect()
    };
    let first: String = within(&mut text.chars()).into_iter().collect();
    let last: String = within(&mut text.chars().rev()).into_iter().rev().collect();
    format!("{}…{}", first.trim_end(), last.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_begin_alike_are_told_apart_when_cut() {
        let [one, other] = ["01", "17"].map(|number| {
            ends(
                &format!("university-observatory-tokyo-{number}"),
                12.0,
                100.0,
            )
        });
        assert!(one.starts_with("univ") && one.ends_with("-01"), "{one}");
        assert_ne!(one, other);
        assert!(width(&one, 12.0) <= 100.0);
        assert_eq!(ends("tokyo-1", 12.0, 100.0), "tokyo-1");
    }

    #[test]
    fn long_names_end_in_an_ellipsis() {
        assert_eq!(fitted("445/tcp", 12.0, 60.0), "445/tcp");
        assert_eq!(fitted("", 12.0, 0.0), "");
        let short = fitted("United Kingdom of Great Britain", 12.0, 100.0);
        assert!(
            short.starts_with("United") && short.ends_with('…'),
            "{short}"
        );
        assert!(width(&short, 12.0) <= 100.0);
    }
}
