//! Lines of a snapshot: the items it lists and their format.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A public item, as `public_items` prints it.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) parent: String,
    pub(super) line: String,
}

impl Item {
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut fields = line.splitn(3, '\t').map(str::to_owned);
        Some(Self {
            id: fields.next()?,
            parent: fields.next()?,
            line: fields.next()?,
        })
    }
}

/// The items of a crate that its users can see, without repetitions.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) items: Vec<Item>,
}

impl Listing {
    pub(super) fn new(package: &str, items: impl Iterator<Item = Item>, json: &Value) -> Self {
        let items: Vec<Item> = items.collect();
        let lines: BTreeMap<&str, &str> = items
            .iter()
            .map(|item| (item.id.as_str(), item.line.as_str()))
            .collect();
        let own = format!("{}::", package.replace('-', "_"));
        let mut seen = BTreeSet::new();
        let mut kept = Vec::new();
        for item in &items {
            let parent = lines.get(item.parent.as_str()).copied().unwrap_or_default();
            if is_repetition(&item.line, parent) {
                continue;
            }
            let source = json["index"][&item.id]["inner"]["use"]["source"].as_str();
            let line =
                source.map_or_else(|| item.line.clone(), |source| reexport(source, &item.line));
            let mut line = shorten(&line, &own);
            if parent.contains("pub trait ") && has_default(&item.id, json) {
                line.push_str(" { … }");
            }
            if seen.insert(line.clone()) {
                kept.push(Item {
                    line,
                    ..item.clone()
                });
            }
        }
        Self { items: kept }
    }

    /// Returns, for each type, the path of its definition and the first path by which it is public.
    pub(super) fn public_paths(&self, package: &str, json: &Value) -> Vec<(String, String)> {
        let own = package.replace('-', "_");
        let mut paths = BTreeMap::new();
        for item in &self.items {
            let defined = json["paths"][&item.id]["path"].as_array();
            let defined: Vec<&str> = defined
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let kinds = ["struct", "enum", "trait"];
            if let Some((kind, path)) = kind_and_path(&item.line)
                && kinds.contains(&kind)
                && !defined.is_empty()
            {
                let public = format!("{own}::{path}");
                paths.entry(defined.join("::")).or_insert(public);
            }
        }
        // Longer paths first: one path may be the prefix of another.
        paths.into_iter().rev().collect()
    }

    /// Replaces paths.
    pub(super) fn rename(&mut self, paths: &[(String, String)]) {
        for item in &mut self.items {
            for (from, to) in paths {
                item.line = item.line.replace(from, to);
            }
        }
    }

    pub(super) fn text(&self) -> String {
        let lines = self.items.iter().map(|item| item.line.as_str());
        lines.flat_map(|line| [line, "\n"]).collect()
    }

    /// Returns the lines that the other listing does not have.
    pub(super) fn without<'a>(&'a self, other: &Self) -> Vec<&'a str> {
        let others: BTreeSet<&str> = other.items.iter().map(|item| item.line.as_str()).collect();
        let lines = self.items.iter().map(|item| item.line.as_str());
        lines.filter(|line| !others.contains(line)).collect()
    }
}

/// Returns `true` for a line that another line implies: the functions of an
/// implemented trait, the head of an `impl`, the automatic traits that nearly every type has.
fn is_repetition(line: &str, parent: &str) -> bool {
    let implements = |line: &str| line.starts_with("impl") && line.contains(" for ");
    if implements(parent) || line.starts_with("impl ") && !implements(line) {
        return true;
    }
    let automatic = [
        "core::marker::Freeze",
        "core::marker::Unpin",
        "core::marker::UnsafeUnpin",
        "core::panic::unwind_safe::RefUnwindSafe",
        "core::panic::unwind_safe::UnwindSafe",
    ];
    // If a type loses one of these, its line begins with `impl !`.
    let usual = [
        "impl core::marker::Send for ",
        "impl core::marker::Sync for ",
    ];
    usual.iter().any(|start| line.starts_with(start))
        || implements(line)
            && automatic
                .iter()
                .any(|name| line.contains(&format!("{name} for ")))
        || line.starts_with("impl core::marker::StructuralPartialEq for ")
}

/// Returns the kind of an item and its path, without generics.
pub(super) fn kind_and_path(line: &str) -> Option<(&str, String)> {
    let mut words = line.split(' ').skip_while(|word| *word != "pub").skip(1);
    let kind = words.find(|word| !["const", "unsafe", "async"].contains(word))?;
    let path = words.next()?.split('(').next()?.trim_end_matches(':');
    let mut depth = 0;
    let mut name = String::new();
    for letter in path.chars() {
        match letter {
            '<' => depth += 1,
            '>' => depth -= 1,
            letter if depth == 0 => name.push(letter),
            _ => {}
        }
    }
    Some((kind, name))
}

/// Formats a re-export, with its source path and its own name if that differs.
fn reexport(source: &str, line: &str) -> String {
    let last = |path: &str| path.rsplit("::").next().unwrap_or_default().to_owned();
    let name = last(line);
    if line.ends_with(">>") {
        format!("pub use {source}::*")
    } else if name == last(source) {
        format!("pub use {source}")
    } else {
        format!("pub use {source} as {name}")
    }
}

/// Removes the paths of names in the prelude, and the crate's own name from its paths.
fn shorten(line: &str, own: &str) -> String {
    let mut line = line.to_owned();
    for (path, name) in [
        ("alloc::borrow::Cow", "Cow"),
        ("alloc::boxed::Box", "Box"),
        ("alloc::string::String", "String"),
        ("alloc::sync::Arc", "Arc"),
        ("alloc::vec::Vec", "Vec"),
        ("core::clone::Clone", "Clone"),
        ("core::cmp::", ""),
        ("core::convert::", ""),
        ("core::default::Default", "Default"),
        ("core::iter::traits::collect::IntoIterator", "IntoIterator"),
        ("core::marker::", ""),
        ("core::ops::function::", ""),
        ("core::option::Option", "Option"),
        ("core::time::Duration", "Duration"),
        ("core::fmt::Debug", "Debug"),
        ("core::fmt::Display", "Display"),
        (own, ""),
    ] {
        line = line.replace(path, name);
    }
    line
}

fn has_default(id: &str, json: &Value) -> bool {
    json["index"][id]["inner"]["function"]["has_body"] == true
}

/// Returns the lines that only one of two texts has: first the removed ones, then the added ones.
pub(super) fn difference<'a>(kept: &'a str, now: &'a str) -> impl Iterator<Item = String> {
    let lines = |text: &'a str| text.lines().collect::<BTreeSet<_>>();
    let (kept, now) = (lines(kept), lines(now));
    let gone = kept.difference(&now).map(|line| format!("- {line}"));
    let new = now.difference(&kept).map(|line| format!("+ {line}"));
    gone.chain(new).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn listing(lines: &[(&str, &str, &str)]) -> Listing {
        let items = lines.iter().map(|(id, parent, line)| Item {
            id: (*id).to_owned(),
            parent: (*parent).to_owned(),
            line: (*line).to_owned(),
        });
        let body = json!({"index": {"8": {"inner": {"function": {"has_body": true}}}}});
        Listing::new("a-b", items, &body)
    }

    #[test]
    fn functions_of_a_trait_are_listed_with_the_trait() {
        let listing = listing(&[
            ("1", "0", "pub struct a_b::S"),
            ("2", "1", "impl a_b::S"),
            ("3", "2", "pub fn a_b::S::new() -> Self"),
            ("4", "1", "impl core::clone::Clone for a_b::S"),
            ("5", "4", "pub fn a_b::S::clone(&self) -> a_b::S"),
            ("6", "0", "pub trait a_b::T"),
            ("7", "6", "pub fn a_b::T::required(&self)"),
            ("8", "6", "pub fn a_b::T::provided(&self)"),
        ]);
        let expected = "pub struct S\npub fn S::new() -> Self\nimpl Clone for S\n\
            pub trait T\npub fn T::required(&self)\npub fn T::provided(&self) { … }\n";
        assert_eq!(listing.text(), expected);
    }

    #[test]
    fn only_a_lost_automatic_trait_is_listed() {
        let listing = listing(&[
            ("1", "0", "impl core::marker::Send for a_b::S"),
            ("2", "0", "impl !core::marker::Sync for a_b::S"),
            (
                "3",
                "0",
                "impl core::panic::unwind_safe::UnwindSafe for a_b::S",
            ),
            (
                "4",
                "0",
                "impl<F> core::marker::Send for a_b::G<F> where F: core::marker::Send",
            ),
        ]);
        let expected = "impl !Sync for S\nimpl<F> Send for G<F> where F: Send\n";
        assert_eq!(listing.text(), expected);
    }

    #[test]
    fn a_type_of_another_crate_has_its_public_path() {
        let json = json!({"paths": {"1": {"path": ["a_b", "private", "S"]}}});
        let item = Item {
            id: "1".to_owned(),
            parent: "0".to_owned(),
            line: "pub struct a_b::public::S<T>".to_owned(),
        };
        let paths = Listing::new("a-b", [item].into_iter(), &json).public_paths("a-b", &json);
        let user = Item {
            id: "1".to_owned(),
            parent: "0".to_owned(),
            line: "pub fn c::f(a_b::private::S<u8>)".to_owned(),
        };
        let mut other = Listing::new("c", [user].into_iter(), &json);
        other.rename(&paths);
        assert_eq!(other.text(), "pub fn f(a_b::public::S<u8>)\n");
    }

    #[test]
    fn a_re_export_names_its_source() {
        let named = reexport("auth_core::Error", "pub use a_b::Error");
        assert_eq!(named, "pub use auth_core::Error");
        let renamed = reexport("oauth2_generic", "pub use a_b::generic");
        assert_eq!(renamed, "pub use oauth2_generic as generic");
        let all = reexport("auth_core", "pub use a_b::<<auth_core::*>>");
        assert_eq!(all, "pub use auth_core::*");
    }

    #[test]
    fn a_change_is_a_removed_line_and_an_added_line() {
        let lines: Vec<String> = difference("a\nb\n", "a\nc\n").collect();
        assert_eq!(lines, ["- b", "+ c"]);
        assert_eq!(difference("a\n", "a\n").count(), 0);
    }

    #[test]
    fn an_item_that_a_feature_changes_is_found() {
        let bare = listing(&[("1", "0", "pub fn a_b::f()"), ("2", "0", "pub fn a_b::g()")]);
        let full = listing(&[
            ("1", "0", "pub fn a_b::f(u8)"),
            ("2", "0", "pub fn a_b::g()"),
        ]);
        assert_eq!(bare.without(&full), ["pub fn f()"]);
        assert!(listing(&[]).without(&full).is_empty());
    }
}
