//! Rules on the text of one Rust file.

/// What is wrong with a file, as `path:line: complaint`.
pub(super) fn check(path: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut say = |line: usize, what: &str| complaints.push(format!("{path}:{line}: {what}"));

    if path.ends_with("/mod.rs") {
        say(1, "a module is named after its file: no `mod.rs`");
    }
    if !OPENINGS.iter().any(|opening| text.starts_with(opening)) {
        say(1, "the file does not start with a doc comment");
    }
    let lines = text.lines().count();
    if lines > MOST_LINES {
        say(
            lines,
            &format!("longer than {MOST_LINES} lines; does it have one subject?"),
        );
    }
    for (at, line) in text.lines().enumerate() {
        if line.ends_with(char::is_whitespace) {
            say(at + 1, "space at the end of the line");
        }
        if line.contains('\t') {
            say(at + 1, "a tab");
        }
        for (word, why) in BANNED {
            if line.contains(word) {
                say(at + 1, why);
            }
        }
        if path.starts_with("tests/") && line.contains(SLEEP) {
            say(
                at + 1,
                "a test that sleeps is slow and still races: advance the clock instead",
            );
        }
    }
    for line in silenced_without_reason(text) {
        say(line, "a lint is silenced without a `reason`");
    }
    complaints
}

/// The lines of `allow` and `expect` attributes that give no reason.
fn silenced_without_reason(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    for opening in SILENCERS {
        for (at, _) in text.match_indices(opening) {
            let attribute = text[at..]
                .split_once(")]")
                .map_or(&text[at..], |(inside, _)| inside);
            if !attribute.contains("reason = \"") {
                found.push(text[..at].matches('\n').count() + 1);
            }
        }
    }
    found
}

/// A doc comment, or a README that is one.
const OPENINGS: [&str; 2] = ["//! ", "#![doc = include_str!("];

const MOST_LINES: usize = 600;

// Spelt in two halves, so that this file passes its own rules.
const BANNED: &[(&str, &str)] = &[
    (concat!("to", "do!("), "unfinished"),
    (concat!("unimple", "mented!("), "unfinished"),
    (concat!("dbg", "!("), "left from debugging"),
    (
        concat!("#[ig", "nore"),
        "a test that does not run proves nothing",
    ),
];

const SLEEP: &str = concat!("thread::", "sleep");

const SILENCERS: [&str; 4] = [
    concat!("#[al", "low("),
    concat!("#![al", "low("),
    concat!("#[ex", "pect("),
    concat!("#![ex", "pect("),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, body: &str) -> String {
        check(path, &format!("//! Docs.\n{body}\n")).join("\n")
    }

    #[test]
    fn a_tidy_file_passes() {
        assert_eq!(complaints("crates/a/src/b.rs", "fn main() {}"), "");
        let readme = "#![doc = include_str!(\"../README.md\")]\n";
        assert!(check("crates/a/src/lib.rs", readme).is_empty());
    }

    #[test]
    fn a_file_must_start_with_a_doc_comment() {
        assert!(check("src/a.rs", "use std::fs;\n")[0].contains("doc comment"));
    }

    #[test]
    fn a_file_must_not_be_called_mod() {
        assert!(complaints("src/a/mod.rs", "").contains("no `mod.rs`"));
        assert_eq!(complaints("src/a/model.rs", ""), "");
    }

    #[test]
    fn a_file_must_not_be_too_long() {
        assert_eq!(complaints("a.rs", &"\n".repeat(MOST_LINES - 2)), "");
        assert!(complaints("a.rs", &"\n".repeat(MOST_LINES)).contains("longer than"));
    }

    #[test]
    fn space_at_the_end_and_tabs_are_found_with_their_line() {
        assert_eq!(
            complaints("a.rs", "let a; "),
            "a.rs:2: space at the end of the line"
        );
        assert_eq!(complaints("a.rs", "\tlet a;"), "a.rs:2: a tab");
    }

    #[test]
    fn nothing_unfinished_is_left() {
        for (word, why) in BANNED {
            assert_eq!(complaints("a.rs", word), format!("a.rs:2: {why}"));
        }
    }

    #[test]
    fn tests_do_not_sleep_and_others_may() {
        assert!(complaints("tests/it/a.rs", SLEEP).contains("sleeps"));
        assert_eq!(complaints("crates/auth-sim/src/a.rs", SLEEP), "");
    }

    #[test]
    fn a_silenced_lint_needs_a_reason_on_whatever_line() {
        for opening in SILENCERS {
            let bare = format!("{opening}dead_code)]");
            assert_eq!(
                complaints("a.rs", &bare),
                "a.rs:2: a lint is silenced without a `reason`"
            );
            let reasoned = format!("{opening}\n    dead_code,\n    reason = \"why\"\n)]");
            assert_eq!(complaints("a.rs", &reasoned), "");
        }
    }
}
