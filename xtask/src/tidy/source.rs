//! Rules on the text of one Rust file that neither rustfmt nor clippy checks.

/// Returns the faults of a file, as `path:line: complaint`.
pub(super) fn check(path: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut say = |line: usize, what: &str| complaints.push(format!("{path}:{line}: {what}"));
    if !OPENINGS.iter().any(|opening| text.starts_with(opening)) {
        say(1, "the file does not start with a doc comment");
    }
    let lines = text.lines().count();
    if lines > MOST_LINES {
        say(lines, "a file this long has more than one subject");
    }
    let mut is_test = false;
    for (at, line) in text.lines().enumerate() {
        if line.contains(IGNORED) {
            say(at + 1, "a test that does not run proves nothing");
        }
        let code = line.trim();
        if code == "#[test]" {
            is_test = true;
        } else if let Some(rest) = code.strip_prefix("fn ") {
            let name = rest.split('(').next().unwrap_or(rest);
            if is_test && name.len() > LONGEST_TEST_NAME {
                say(at + 1, "the name of a test has at most 60 characters");
            }
            is_test = false;
        }
    }
    complaints
}

/// A doc comment, or a README that is one.
const OPENINGS: [&str; 2] = ["//! ", "#![doc = include_str!("];

const MOST_LINES: usize = 600;

/// A longer sentence belongs in the doc comment of the test.
const LONGEST_TEST_NAME: usize = 60;

// In two halves, so that this file passes its own rules.
const IGNORED: &str = concat!("#[ig", "nore");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_with_a_long_name_is_found() {
        let named = |name: &str| {
            let text = format!("//! Docs.\n    #[test]\n    #[cfg(unix)]\n    fn {name}() {{\n");
            check("a.rs", &text).join("\n")
        };
        assert_eq!(named(&"a".repeat(60)), "");
        assert!(named(&"a".repeat(61)).starts_with("a.rs:4: the name of a test"));
        let function = format!("//! Docs.\nfn {}() {{\n", "a".repeat(61));
        assert!(check("a.rs", &function).is_empty());
    }

    #[test]
    fn each_rule_finds_its_fault() {
        let complaints = |body: &str| check("a.rs", &format!("//! Docs.\n{body}\n")).join("\n");
        assert_eq!(complaints("fn main() {}"), "");
        assert!(complaints(IGNORED).starts_with("a.rs:2: a test that does not run"));
        assert!(complaints(&"\n".repeat(MOST_LINES)).contains("more than one subject"));
        assert!(check("a.rs", "use std::fs;\n")[0].contains("doc comment"));
        let readme = "#![doc = include_str!(\"../README.md\")]\n";
        assert!(check("crates/a/src/lib.rs", readme).is_empty());
    }
}
