//! Sentences from data.

use jiff::civil::Date;

use crate::report::model::Inline;

/// A line that is put together piece by piece.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words(Vec<Inline>);

impl Words {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self::default().text(text)
    }

    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        match self.0.last_mut() {
            Some(Inline::Text(before)) => before.push_str(&text),
            _ if text.is_empty() => {}
            _ => self.0.push(Inline::Text(text)),
        }
        self
    }

    pub(crate) fn strong(mut self, text: impl Into<String>) -> Self {
        self.0.push(Inline::Strong(text.into()));
        self
    }

    pub(crate) fn code(mut self, text: impl Into<String>) -> Self {
        self.0.push(Inline::Code(text.into()));
        self
    }

    /// A mention of a figure.
    pub(crate) fn figure(mut self, id: &str) -> Self {
        let text = crate::queries::query(id).label.to_owned();
        let id = id.to_owned();
        self.0.push(Inline::Figure { id, text });
        self
    }

    pub(crate) fn done(self) -> Vec<Inline> {
        self.0
    }
}

/// `a, b and c`.
pub(crate) fn enumeration(things: &[String]) -> String {
    match things {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Small numbers in words.
pub(crate) fn in_words(number: i64) -> String {
    const WORDS: [&str; 13] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    let word = usize::try_from(number)
        .ok()
        .and_then(|place| WORDS.get(place));
    word.map_or_else(|| crate::rounding::count(number), |word| (*word).to_owned())
}

/// `ten monitoring points`, `one monitoring point`.
pub(crate) fn many(number: i64, one: &str, several: &str) -> String {
    format!("{} {}", in_words(number), form(number, one, several))
}

/// `1,234 accesses`, `1 access`.
pub(crate) fn counted(number: i64, one: &str, several: &str) -> String {
    let digits = crate::rounding::count(number);
    format!("{digits} {}", form(number, one, several))
}

/// The word that goes with a number: of one alone the singular.
pub(crate) fn form<'a>(number: i64, one: &'a str, several: &'a str) -> &'a str {
    if number == 1 { one } else { several }
}

/// The word that goes with a number that has been written: `1 access`, but `1.0 accesses`, `at least 1 access`.
pub(crate) fn form_of<'a>(written: &str, one: &'a str, several: &'a str) -> &'a str {
    let number = written.rsplit(' ').next().unwrap_or(written);
    if number == "1" { one } else { several }
}

/// `1 access`, `0.4 accesses`, of a number that has been written.
pub(crate) fn of(written: &str, one: &str, several: &str) -> String {
    format!("{written} {}", form_of(written, one, several))
}

/// With a capital letter.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

/// `2 July 2011`.
pub(crate) fn day(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// `2 July`.
pub(crate) fn day_of_year(date: Date) -> String {
    date.strftime("%-d %B").to_string()
}

/// Days in order, runs drawn together: `2 July, 5–7 July and 9 July 2011`.
pub(crate) fn days(dates: &[Date]) -> String {
    let mut runs: Vec<(Date, Date)> = Vec::new();
    for &date in dates {
        match runs.last_mut() {
            Some((_, last)) if last.tomorrow().ok() == Some(date) => *last = date,
            _ => runs.push((date, date)),
        }
    }
    let texts: Vec<_> = runs
        .into_iter()
        .map(|(first, last)| match first == last {
            true => day(first),
            false if first.first_of_month() == last.first_of_month() => {
                format!("{}–{}", first.day(), day(last))
            }
            false => format!("{} to {}", day(first), day(last)),
        })
        .collect();
    enumeration(&texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_drawn_together() {
        let dates = [2, 5, 6, 7, 9].map(|day| Date::constant(2011, 7, day));
        assert_eq!(days(&dates), "2 July 2011, 5–7 July 2011 and 9 July 2011");
        assert_eq!(days(&dates[..1]), "2 July 2011");
    }

    #[test]
    fn numbers_are_words_up_to_twelve() {
        assert_eq!(many(10, "point", "points"), "ten points");
        assert_eq!(many(1, "point", "points"), "one point");
        assert_eq!(many(1300, "point", "points"), "1,300 points");
        assert_eq!(capital("ten points"), "Ten points");
    }

    #[test]
    fn one_access_is_not_one_accesses() {
        assert_eq!(counted(1, "access", "accesses"), "1 access");
        assert_eq!(counted(0, "access", "accesses"), "0 accesses");
        assert_eq!(counted(1234, "access", "accesses"), "1,234 accesses");
        assert_eq!(of("1", "access", "accesses"), "1 access");
        assert_eq!(of("1.0", "access", "accesses"), "1.0 accesses");
        assert_eq!(of("at least 1", "source", "sources"), "at least 1 source");
    }
}
