//! Small helpers for messages that people read.
//!
//! Lives here: shortening what was found, and naming the nearest thing that exists. May not: know what
//! the text is about.

/// Most characters of a foreign value that a message repeats.
const SHOWN_CHARS_MAX: usize = 60;
/// Names less alike than this are not suggested.
const LIKENESS_MIN: f64 = 0.6;

/// The text, cut to what a message may repeat.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// "; did you mean `NAME`?" for the most similar known name, or nothing.
pub(crate) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(String::new, |(_, candidate)| format!("; did you mean `{candidate}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_between_characters() {
        let long = "ü".repeat(SHOWN_CHARS_MAX + 5);
        assert_eq!(shortened(&long), format!("{}…", "ü".repeat(SHOWN_CHARS_MAX)));
        assert_eq!(shortened("short"), "short");
    }

    #[test]
    fn only_a_similar_name_is_suggested() {
        assert_eq!(did_you_mean("amout", ["amount", "country"]), "; did you mean `amount`?");
        assert_eq!(did_you_mean("zzz", ["amount", "country"]), "");
    }
}
