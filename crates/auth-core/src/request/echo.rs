//! Servers that repeat in their errors what they were sent.

use percent_encoding::utf8_percent_encode;
use zeroize::Zeroizing;

use super::writing::FORM;

/// The values of a request in every spelling in which a server may repeat them, longest first: a
/// value that begins with another one must not lose only its beginning.
pub(crate) struct Echo(Vec<Zeroizing<String>>);

impl Echo {
    pub(crate) fn of<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        // A short value is a word that people need to read.
        let mut spellings: Vec<_> = values
            .filter(|value| value.len() >= SHORTEST)
            .flat_map(spellings)
            .collect();
        spellings.sort_unstable_by_key(|spelling| std::cmp::Reverse(spelling.len()));
        Self(spellings)
    }

    /// The beginning of a server's text without them. To be done before the text is cut to what is shown: half a secret
    /// is one, too.
    ///
    /// A response may hold thousands of secrets beside a long text, so not all of it is searched. A secret that the end
    /// of the searched part cuts in two is left out with all that may belong to it.
    pub(crate) fn leave_out(&self, text: &str) -> String {
        let searched = beginning(text, MOST_SEARCHED);
        let mut left = searched.to_owned();
        for spelling in &self.0 {
            if left.contains(spelling.as_str()) {
                left = left.replace(spelling.as_str(), "…");
            }
        }
        if searched.len() < text.len() {
            let longest = self.0.first().map_or(0, |spelling| spelling.len());
            let whole = beginning(&left, left.len().saturating_sub(longest)).len();
            left.truncate(whole);
        }
        left
    }
}

/// As it is, in a form with either kind of space, and inside a JSON text; once, if these are the same.
fn spellings(value: &str) -> Vec<Zeroizing<String>> {
    if value.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return vec![value.to_owned().into()];
    }
    let form = Zeroizing::new(utf8_percent_encode(value, FORM).to_string());
    let with_plus = form.replace("%20", "+");
    let json = Zeroizing::new(serde_json::to_string(value).unwrap_or_default());
    let inside = json.trim_matches('"').to_owned();
    vec![
        value.to_owned().into(),
        form,
        with_plus.into(),
        inside.into(),
    ]
}

/// The first bytes of a text, at most this many, and no half character.
fn beginning(text: &str, most: usize) -> &str {
    let mut ends = (0..=most.min(text.len())).rev();
    let end = ends.find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or_default()]
}

const SHORTEST: usize = 4;
/// Several times as much as an error shows.
const MOST_SEARCHED: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    /// Each is cut in two by the end of what is searched, or stands before it.
    #[test]
    fn a_long_text_shows_no_half_of_a_secret() {
        let secret = "a secret of many characters: é";
        let echo = Echo::of([secret, "characters"].into_iter());
        for before in MOST_SEARCHED - 40..=MOST_SEARCHED {
            let text = format!("{}{secret}{}", "x".repeat(before), "y".repeat(4000));
            let left = echo.leave_out(&text);
            assert!(!left.contains("a s") && !left.contains("ters"), "{left}");
        }
        let left = echo.leave_out(&secret.repeat(1000));
        assert!(
            left.chars().all(|it| it == '…') && left.chars().count() > 40,
            "{left}"
        );
    }

    #[test]
    fn a_short_text_is_kept_to_its_end() {
        let echo = Echo::of(["password"].into_iter());
        assert_eq!(echo.leave_out("é: password, é"), "é: …, é");
    }
}
