//! The project's English: phrases that a reader has to decode, and what to write in their place.
//!
//! Checked are comments and strings of Rust files, names of functions, and the text of Markdown files
//! outside code.

/// Returns the faults of a file, as `path:line: complaint`.
pub(super) fn check(path: &str, text: &str) -> Vec<String> {
    let lines = match path.rsplit_once('.') {
        Some((_, "rs")) => of_rust(text),
        _ => of_markdown(text),
    };
    let mut complaints = Vec::new();
    for line in lines {
        let words: Vec<String> = words(&line.text).collect();
        let mut report = |found: &str, better: &str| {
            if !ALLOWED.contains(&(path, found)) {
                complaints.push(format!("{path}:{}: \"{found}\": {better}", line.number));
            }
        };
        for (phrases, better) in ANYWHERE {
            for phrase in phrases.iter().filter(|phrase| has(&words, phrase)) {
                report(phrase, better);
            }
        }
        if line.opens {
            for (phrases, better) in OPENINGS {
                for phrase in phrases.iter().filter(|phrase| starts(&words, phrase)) {
                    report(phrase, better);
                }
            }
        }
        for pair in words.windows(2) {
            if THINGS.contains(&pair[0].as_str()) && SPEAKING.contains(&pair[1].as_str()) {
                report(
                    &pair.join(" "),
                    "a thing returns, reports, requires or requests",
                );
            }
        }
    }
    complaints
}

/// Phrases to avoid everywhere, and what to write.
const ANYWHERE: &[(&[&str], &str)] = &[
    (
        &[
            "somebody",
            "nobody",
            "anybody",
            "whoever",
            "whomever",
            "everybody",
        ],
        "name the actor: the caller, another process, the server, the user",
    ),
    (
        &["that is none", "which is none", "that are none"],
        "write \"is not an X\", or the positive",
    ),
    (
        &["is at it", "was at it", "be at it", "are at it"],
        "name the attempt that is in progress",
    ),
    (
        &["answers whether", "tells whether", "says whether"],
        "write \"returns `true` if\"",
    ),
    (&["goes on", "go on", "went on"], "write \"continues\""),
    (&["besides"], "write \"also\" or \"except\""),
    (&["all the same"], "write \"anyway\""),
    (&["mend", "mends", "mended"], "write \"fix\""),
    (&["called like"], "write \"named after\""),
    (&["at the most"], "write \"at most\""),
    (&["in vain"], "write \"without effect\", or what failed"),
    (&["for ever"], "write \"forever\""),
    (&["by telephone"], "write \"on another device\""),
];

/// First words of a doc comment to avoid, and what to write.
const OPENINGS: &[(&[&str], &str)] = &[
    (
        &["what", "who", "whom", "whose", "whether"],
        "a summary is a noun phrase or a verb",
    ),
    (
        &[
            "the same with",
            "the same but",
            "the same as",
            "the same for",
        ],
        "a summary says what the item does",
    ),
];

/// Actors that are not people.
const THINGS: &[&str] = &[
    "server",
    "servers",
    "process",
    "processes",
    "thread",
    "threads",
    "store",
    "stores",
    "grant",
    "grants",
    "session",
    "sessions",
    "record",
    "records",
    "response",
    "responses",
    "answer",
    "answers",
    "metadata",
    "vendor",
    "vendors",
    "library",
    "api",
    "clock",
    "file",
    "files",
    "transport",
    "database",
    "simulator",
];

/// Verbs of people.
const SPEAKING: &[&str] = &[
    "says", "say", "said", "tells", "tell", "told", "wants", "want", "wanted", "knows", "know",
    "knew",
];

/// Places where a phrase is right.
const ALLOWED: &[(&str, &str)] = &[];

/// Text of one line that a person reads.
struct Line {
    number: usize,
    text: String,
    /// `true` for the first line of a doc comment.
    opens: bool,
}

/// Comments, strings and names of functions.
fn of_rust(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut in_doc = false;
    for (at, line) in text.lines().enumerate() {
        let code = line.trim_start();
        let doc = code.strip_prefix("///").or(code.strip_prefix("//!"));
        let name = code.find("fn ").map_or("", |at| {
            let rest = &code[at + 3..];
            rest.split(['(', '<']).next().unwrap_or(rest)
        });
        let text = match (doc, code.find("// ")) {
            (Some(doc), _) => doc.to_owned(),
            (None, Some(at)) => code[at..].to_owned(),
            (None, None) if !name.is_empty() => name.replace('_', " "),
            (None, None) if code.starts_with("const ") => String::new(),
            (None, None) => code
                .split('"')
                .skip(1)
                .step_by(2)
                .collect::<Vec<_>>()
                .join(" "),
        };
        lines.push(Line {
            number: at + 1,
            text,
            opens: doc.is_some() && !in_doc,
        });
        in_doc = doc.is_some();
    }
    lines
}

/// Prose outside fenced code.
fn of_markdown(text: &str) -> Vec<Line> {
    let mut in_code = false;
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            lines.push(Line {
                number: at + 1,
                text: line.to_owned(),
                opens: false,
            });
        }
    }
    lines
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '\'')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

fn starts(words: &[String], phrase: &str) -> bool {
    let mut words = words.iter();
    phrase
        .split(' ')
        .all(|part| words.next().is_some_and(|word| word == part))
}

fn has(words: &[String], phrase: &str) -> bool {
    (0..words.len()).any(|at| starts(&words[at..], phrase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pattern_is_found_where_people_read() {
        let found = |text: &str| check("a.rs", text).join("\n");
        assert_eq!(found("/// Result of a swap.\nfn swap() {}\n"), "");
        assert!(found("/// What came of a swap.\n").contains("a.rs:1: \"what\""));
        // A sentence may begin so where it is not the summary.
        assert_eq!(found("/// Result.\n///\n/// What failed is named.\n"), "");
        assert!(found("let a = 1; // for ever\n").contains("forever"));
        assert!(found("fail(\"nobody answers\");\n").contains("name the actor"));
        assert!(found("fn it_is_in_vain() {}\n").contains("without effect"));
        assert!(found("/// Waits if the server says so.\n").contains("\"server says\""));
        assert_eq!(found("let nobody = 1;\n"), "");

        let found = |text: &str| check("a.md", text).join("\n");
        assert!(found("Text,\nbesides code\n").contains("a.md:2: \"besides\""));
        assert_eq!(found("```\nbesides\n```\nWhat we found.\n"), "");
    }
}
