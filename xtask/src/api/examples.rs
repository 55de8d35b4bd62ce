//! Public types and fallible functions that no example of their crate shows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::listing::{Item, Listing, kind_and_path};

/// Returns the names of those without an example.
///
/// An example is a block of Rust in the documentation of the item itself, or one elsewhere in the
/// crate's documentation, the README included, that names the type or calls the function in a line that is
/// not hidden.
pub(super) fn missing(listing: &Listing, json: &Value) -> Vec<String> {
    let docs = |item: &Value| item["docs"].as_str().map(code).unwrap_or_default();
    let index = json["index"].as_object().into_iter().flatten();
    let shown: String = index.map(|(_, item)| docs(item)).collect();
    // By id, since a type that the root re-exports has two paths.
    let mut names = BTreeMap::new();
    for item in &listing.items {
        let Some((name, wanted)) = subject(item) else {
            continue;
        };
        let own = docs(&json["index"][&item.id]);
        if own.is_empty() && !mentions(&shown, &wanted) {
            names.entry(&item.id).or_insert(name);
        }
    }
    let names: BTreeSet<String> = names.into_values().collect();
    names.into_iter().collect()
}

/// Returns the item's path, and the text that an example must contain; `None` if it needs no example.
fn subject(item: &Item) -> Option<(String, String)> {
    let (kind, name) = kind_and_path(&item.line)?;
    let last = name.rsplit("::").next()?.to_owned();
    match kind {
        "struct" | "enum" | "trait" => Some((name, last)),
        "fn" if fails(&item.line) => Some((name, format!("{last}("))),
        _ => None,
    }
}

fn fails(line: &str) -> bool {
    let Some((_, result)) = line.rsplit_once(") -> ") else {
        return false;
    };
    result.starts_with("error::Result<")
        || result.starts_with("auth_core::error::Result<")
        || result.starts_with("core::result::Result<")
}

/// Returns the blocks of Rust in a text, without the lines that rustdoc hides.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut inside = None;
    for line in text.lines() {
        match (line.trim_start().strip_prefix("```"), inside) {
            (Some(language), None) => inside = Some(is_rust(language)),
            (Some(_), Some(_)) => inside = None,
            (None, Some(true)) if !is_hidden(line) => code.extend([line, "\n"]),
            (None, _) => {}
        }
    }
    code
}

/// Returns `true` if rustdoc compiles the line and does not show it.
fn is_hidden(line: &str) -> bool {
    let line = line.trim_start();
    line == "#" || line.starts_with("# ")
}

fn is_rust(language: &str) -> bool {
    let marks = ["", "rust", "no_run", "should_panic", "ignore"];
    let mut words = language.split(',').map(str::trim);
    words.all(|word| marks.contains(&word) || word.starts_with("edition"))
}

/// Returns `true` if the code contains this word as a whole word.
fn mentions(code: &str, word: &str) -> bool {
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    let ends = word.ends_with(is_letter);
    code.match_indices(word).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + word.len()..]);
        !(before.ends_with(is_letter) || ends && after.starts_with(is_letter))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lacking(line: &str, own: &str, other: &str) -> Vec<String> {
        let item = Item {
            id: "1".to_owned(),
            parent: "0".to_owned(),
            line: line.to_owned(),
        };
        let listing = Listing { items: vec![item] };
        missing(
            &listing,
            &json!({"index": {"1": {"docs": own}, "2": {"docs": other}}}),
        )
    }

    #[test]
    fn a_type_without_an_example_is_found() {
        let line = "#[non_exhaustive] pub struct a::Kind<T>";
        assert_eq!(lacking(line, "Text.", "Text about Kind."), ["a::Kind"]);
        assert_eq!(lacking(line, "```text\nKind\n```", ""), ["a::Kind"]);
        assert_eq!(lacking(line, "Text.", "```\nKindness\n```"), ["a::Kind"]);
        assert_eq!(
            lacking(line, "Text.", "```\n# use a::Kind;\n```"),
            ["a::Kind"]
        );
        assert!(lacking(line, "Text.\n```\nlet x;\n```", "").is_empty());
        assert!(lacking(line, "Text.", "```no_run\nKind::new()\n```").is_empty());
    }

    #[test]
    fn a_function_that_can_fail_needs_an_example() {
        let line = "pub fn Session::token(&self) -> error::Result<Token>";
        assert_eq!(
            lacking(line, "Text.", "```\nrefresh_token()\n```"),
            ["Session::token"]
        );
        assert!(lacking(line, "Text.", "```\nsession.token()?;\n```").is_empty());
        assert!(lacking("pub fn Session::status(&self) -> SessionStatus", "", "").is_empty());
    }
}
