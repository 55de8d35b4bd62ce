//! A table of the configuration: typed keys, and an error with its line for each that is wrong or unknown.

use std::cell::RefCell;

use auth_all::secret::SecretSource;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::failure::{Failure, Result};

use super::source;

/// A parsed file.
pub(crate) struct Document<'t> {
    name: &'t str,
    text: &'t str,
    table: Spanned<DeTable<'t>>,
}

/// A table whose keys are read one by one; those that were not read are unknown.
pub(crate) struct Table<'t> {
    document: &'t Document<'t>,
    table: &'t DeTable<'t>,
    /// The heading, such as `profile.orders`; empty for the document.
    heading: String,
    at: usize,
    read: RefCell<Vec<&'static str>>,
    settings: RefCell<Vec<Setting>>,
}

/// A key that was set, for people: never a secret.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) key: &'static str,
    pub(crate) value: String,
    /// The file and the line.
    pub(crate) place: String,
    /// The environment variable that has the secret.
    pub(crate) variable: Option<String>,
}

impl<'t> Document<'t> {
    pub(crate) fn parse(name: &'t str, text: &'t str) -> Result<Self> {
        let table = DeTable::parse(text).map_err(|error| {
            let line = line(text, error.span().map_or(0, |span| span.start));
            // The parser quotes nothing of the file, which may hold a secret in the wrong place.
            Failure::configuration(format!("{name}:{line}: {}", error.message()))
        })?;
        Ok(Self { name, text, table })
    }

    pub(crate) fn root(&'t self) -> Table<'t> {
        Table::new(self, self.table.get_ref(), String::new(), 0)
    }

    fn place(&self, at: usize) -> String {
        format!("{}:{}", self.name, line(self.text, at))
    }
}

impl<'t> Table<'t> {
    fn new(document: &'t Document<'t>, table: &'t DeTable<'t>, heading: String, at: usize) -> Self {
        Self {
            document,
            table,
            heading,
            at,
            read: RefCell::default(),
            settings: RefCell::default(),
        }
    }

    fn get(&self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.read.borrow_mut().push(key);
        self.table.get(key)
    }

    fn note(&self, key: &'static str, value: impl Into<String>, at: usize) {
        self.settings.borrow_mut().push(Setting {
            key,
            value: value.into(),
            place: self.document.place(at),
            variable: None,
        });
    }

    /// An error about a key.
    pub(crate) fn wrong(&self, key: &str, complaint: &str) -> Failure {
        let at = self.table.get(key).map_or(self.at, |it| it.span().start);
        let place = self.document.place(at);
        Failure::configuration(format!("{place}: `{key}` {complaint}"))
    }

    /// An error about a key that must be set, which is one of these. A key that looks like it is the likely mistake.
    pub(crate) fn missing(&self, wanted: &[&'static str]) -> Failure {
        let keys = self.table.keys().map(|key| key.get_ref().as_ref());
        let unread: Vec<&str> = keys
            .filter(|key| !self.read.borrow().contains(key))
            .collect();
        let typed = wanted.iter().find_map(|key| {
            let typed = nearest(key, unread.iter().copied())?;
            Some(self.unknown(typed, &format!("did you mean `{key}`?")))
        });
        typed.unwrap_or_else(|| {
            let place = self.document.place(self.at);
            let wanted = wanted.join("` or `");
            Failure::configuration(format!("{place}: [{}] has no `{wanted}`", self.heading))
        })
    }

    fn unknown(&self, name: &str, wanted: &str) -> Failure {
        let key = self.table.keys().find(|key| key.get_ref().as_ref() == name);
        let place = self
            .document
            .place(key.map_or(self.at, |key| key.span().start));
        let heading = match self.heading.as_str() {
            "" => String::new(),
            heading => format!(" in [{heading}]"),
        };
        Failure::configuration(format!("{place}: unknown key `{name}`{heading}; {wanted}"))
    }

    /// A text.
    pub(crate) fn text(&self, key: &'static str) -> Result<Option<String>> {
        let Some(found) = self.get(key) else {
            return Ok(None);
        };
        let Some(text) = found.get_ref().as_str() else {
            return Err(self.wrong(key, "is a text in quotes"));
        };
        self.note(key, text, found.span().start);
        Ok(Some(text.to_owned()))
    }

    /// A text that must be set, and its place.
    pub(crate) fn required(&self, key: &'static str) -> Result<(String, String)> {
        let text = self.text(key)?.ok_or_else(|| self.missing(&[key]))?;
        let at = self.table.get(key).map_or(self.at, |it| it.span().start);
        Ok((text, self.document.place(at)))
    }

    /// `true` or `false`. Default: `false`.
    pub(crate) fn flag(&self, key: &'static str) -> Result<bool> {
        let Some(found) = self.get(key) else {
            return Ok(false);
        };
        let Some(flag) = found.get_ref().as_bool() else {
            return Err(self.wrong(key, "is `true` or `false`"));
        };
        self.note(key, flag.to_string(), found.span().start);
        Ok(flag)
    }

    /// A list of texts; one text is a list, too.
    pub(crate) fn texts(&self, key: &'static str) -> Result<Vec<String>> {
        let Some(found) = self.get(key) else {
            return Ok(Vec::new());
        };
        let texts = list(found.get_ref()).ok_or_else(|| self.wrong(key, "is a list of texts"))?;
        self.note(key, texts.join(", "), found.span().start);
        Ok(texts)
    }

    /// A table of texts.
    pub(crate) fn pairs(&self, key: &'static str) -> Result<Vec<(String, String)>> {
        let Some(found) = self.get(key) else {
            return Ok(Vec::new());
        };
        let complaint = || self.wrong(key, "is a table of texts: { name = \"value\" }");
        let mut pairs = Vec::new();
        for (name, value) in found.get_ref().as_table().ok_or_else(complaint)? {
            let value = value.get_ref().as_str().ok_or_else(complaint)?;
            pairs.push((name.get_ref().to_string(), value.to_owned()));
        }
        let names: Vec<_> = pairs.iter().map(|(name, _)| name.as_str()).collect();
        self.note(key, names.join(", "), found.span().start);
        Ok(pairs)
    }

    /// The place of a secret.
    pub(crate) fn source(&self, key: &'static str) -> Result<Option<SecretSource>> {
        let Some(found) = self.get(key) else {
            return Ok(None);
        };
        let source =
            source::read(found.get_ref()).map_err(|complaint| self.wrong(key, &complaint))?;
        self.note(key, source.shown, found.span().start);
        if let Some(setting) = self.settings.borrow_mut().last_mut() {
            setting.variable = source.variable;
        }
        Ok(Some(source.secret))
    }

    /// The place of a secret that must be set.
    pub(crate) fn required_source(&self, key: &'static str) -> Result<SecretSource> {
        self.source(key)?.ok_or_else(|| self.missing(&[key]))
    }

    /// The place of a secret that a person may be asked for: `{ prompt = true }` is `None`.
    pub(crate) fn prompted(&self, key: &'static str) -> Result<Option<SecretSource>> {
        let prompts = self.table.get(key).and_then(|found| {
            let table = found.get_ref().as_table()?;
            Some(table.len() == 1 && table.get("prompt")?.get_ref().as_bool() == Some(true))
        });
        if prompts != Some(true) {
            return self.source(key);
        }
        let at = self.get(key).map_or(self.at, |found| found.span().start);
        self.note(key, "asked for by `auth-all login`", at);
        Ok(None)
    }

    /// A table below this one.
    pub(crate) fn table(&self, key: &'static str) -> Result<Option<Table<'t>>> {
        let Some(found) = self.get(key) else {
            return Ok(None);
        };
        let table = found.get_ref().as_table();
        let table = table.ok_or_else(|| self.wrong(key, "is a table"))?;
        let at = found.span().start;
        let heading = match self.heading.as_str() {
            "" => key.to_owned(),
            above => format!("{above}.{key}"),
        };
        Ok(Some(Self::new(self.document, table, heading, at)))
    }

    /// The tables below this one, by name.
    pub(crate) fn tables(&self) -> Result<Vec<(String, Table<'t>)>> {
        let mut tables = Vec::new();
        for (name, value) in self.table {
            let heading = format!("{}.{}", self.heading, name.get_ref());
            let (name, at) = (name.get_ref().to_string(), name.span().start);
            let Some(table) = value.get_ref().as_table() else {
                return Err(self.wrong(&name, "is a table"));
            };
            tables.push((name, Self::new(self.document, table, heading, at)));
        }
        Ok(tables)
    }

    /// Refuses the keys that were not read, and names the nearest that can be.
    pub(crate) fn finish(&self) -> Result<()> {
        let read = self.read.borrow();
        let unknown = self
            .table
            .keys()
            .find(|key| !read.iter().any(|known| *known == key.get_ref().as_ref()));
        let Some(unknown) = unknown else {
            return Ok(());
        };
        let name = unknown.get_ref();
        let wanted = match nearest(name, read.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", read.join(", ")),
        };
        Err(self.unknown(name, &wanted))
    }

    /// The keys that were set, in the order of reading.
    pub(crate) fn settings(&self) -> Vec<Setting> {
        self.settings.borrow().clone()
    }
}

fn list(value: &DeValue<'_>) -> Option<Vec<String>> {
    match (value.as_str(), value.as_array()) {
        (Some(text), _) => Some(vec![text.to_owned()]),
        (_, Some(array)) => {
            let texts = array.iter().map(|item| item.get_ref().as_str());
            texts.map(|text| text.map(str::to_owned)).collect()
        }
        _ => None,
    }
}

fn line(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or(text);
    before.matches('\n').count() + 1
}

/// The known name that a typing error most likely meant.
pub(crate) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let near = known.map(|known| (distance(name, known), known));
    let (edits, known) = near.min_by_key(|(edits, _)| *edits)?;
    let most = (name.chars().count().max(known.chars().count()) / 3).max(1);
    (edits <= most).then_some(known)
}

/// The number of letters to insert, delete or replace.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (at, other) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_a_small_change_away() {
        let known = ["client_id", "client_secret", "scope"];
        let near = |name| nearest(name, known.into_iter());
        assert_eq!(near("clientid"), Some("client_id"));
        assert_eq!(near("client-secret"), Some("client_secret"));
        assert_eq!(near("scopes"), Some("scope"));
        assert_eq!(near("username"), None);
        assert_eq!(nearest("a", [].into_iter()), None);
    }

    #[test]
    fn distances_count_letters() {
        for (one, other, edits) in [("", "", 0), ("ab", "", 2), ("kitten", "sitting", 3)] {
            assert_eq!(distance(one, other), edits);
            assert_eq!(distance(other, one), edits);
        }
    }
}
