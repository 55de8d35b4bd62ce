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

    /// A server's text without them. To be done before the text is cut: half a secret is one, too.
    pub(crate) fn leave_out(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for spelling in &self.0 {
            if text.contains(spelling.as_str()) {
                text = text.replace(spelling.as_str(), "…");
            }
        }
        text
    }
}

/// As it is, in a form with either kind of space, and inside a JSON text.
fn spellings(value: &str) -> [Zeroizing<String>; 4] {
    let form = Zeroizing::new(utf8_percent_encode(value, FORM).to_string());
    let with_plus = form.replace("%20", "+");
    let json = Zeroizing::new(serde_json::to_string(value).unwrap_or_default());
    let inside = json.trim_matches('"').to_owned();
    [
        value.to_owned().into(),
        form,
        with_plus.into(),
        inside.into(),
    ]
}

const SHORTEST: usize = 4;
