//! Rows of a hundred columns: a step's name, what was sent, what came back, what it shows.

use std::iter;

use crate::exchange::{Exchange, Field};
use crate::report::Step;

/// A title, and the names of the columns.
pub(crate) fn heading(name: &str, about: &str, colour: bool) -> String {
    let name = paint(name, BOLD, colour);
    let columns = format!("{:MARK$}{:NAME$}{:SENT$}came back", "", "step", "sent");
    format!("\n\n{name}: {about}\n\n{}\n", paint(&columns, DIM, colour))
}

/// One step: its requests beside their answers, then a sentence.
pub(crate) fn rows(step: &Step, colour: bool) -> String {
    let (mark, shade, sentence) = match &step.outcome {
        Ok(sentence) => ("ok", GREEN, sentence),
        Err(sentence) => ("FAIL", RED, sentence),
    };
    let mut rows: Vec<String> = step.exchanges.iter().flat_map(beside).collect();
    let words = sentence.split(' ').map(str::to_owned);
    let sentence = wrap(words, SENT + CAME - ARROW.len(), " ");
    let arrows = iter::once(ARROW).chain(iter::repeat("   "));
    rows.extend(
        arrows
            .zip(sentence)
            .map(|(arrow, line)| format!("{arrow}{line}")),
    );

    let mark = paint(&format!("{mark:MARK$}"), shade, colour);
    let first = format!("{mark}{:NAME$}", step.name);
    let margins = iter::once(first).chain(iter::repeat(" ".repeat(MARK + NAME)));
    let lines = margins
        .zip(rows)
        .map(|(margin, row)| margin + row.trim_end() + "\n");
    lines.collect()
}

/// What was sent on the left, what came back on the right.
fn beside(exchange: &Exchange) -> Vec<String> {
    let (left, right) = (left(exchange), right(exchange));
    let cell = |cells: &[String], at: usize| cells.get(at).cloned().unwrap_or_default();
    let height = left.len().max(right.len());
    (0..height)
        .map(|at| format!("{:SENT$}{}", cell(&left, at), cell(&right, at)))
        .collect()
}

fn left(exchange: &Exchange) -> Vec<String> {
    let mut lines = wrap(iter::once(exchange.request.clone()), SENT - GAP, "");
    let fields = wrap(words(&exchange.sent), SENT - GAP - INDENT.len(), "  ");
    lines.extend(fields.iter().map(|line| format!("{INDENT}{line}")));
    lines
}

fn right(exchange: &Exchange) -> Vec<String> {
    let status = exchange
        .status
        .map_or("lost".to_owned(), |status| status.to_string());
    let mut lines = wrap(words(&exchange.answered), CAME - STATUS, "  ");
    if lines.is_empty() {
        lines.push(String::new());
    }
    let margins = iter::once(status).chain(iter::repeat(String::new()));
    margins
        .zip(lines)
        .map(|(margin, line)| format!("{margin:STATUS$}{line}"))
        .collect()
}

fn words(fields: &[Field]) -> impl Iterator<Item = String> {
    fields.iter().map(|(name, value)| format!("{name}={value}"))
}

/// Fills lines of at most `width` with whole words; one that is longer has lines for itself.
fn wrap(words: impl Iterator<Item = String>, width: usize, between: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut full = true;
    for mut word in words {
        match lines.last_mut() {
            Some(line) if !full && length(line) + between.len() + length(&word) <= width => {
                line.push_str(between);
                line.push_str(&word);
                continue;
            }
            _ => full = length(&word) > width,
        }
        while length(&word) > width {
            let rest = word.split_off(breaking_point(&word, width));
            lines.push(word);
            word = format!("{INDENT}{}", rest.trim_start());
        }
        lines.push(word);
    }
    lines
}

/// The last space, slash or hyphen that leaves more than half a line, else the end of the line.
fn breaking_point(word: &str, width: usize) -> usize {
    let end = word
        .char_indices()
        .nth(width)
        .map_or(word.len(), |(at, _)| at);
    let is_fit = |at: &usize| *at > width / 2 && !word[..*at].ends_with('/');
    let mut places = word[..end].rmatch_indices([' ', '/', '-']);
    let place = places.next().map(|(at, _)| at);
    place.filter(is_fit).unwrap_or(end)
}

fn length(text: &str) -> usize {
    text.chars().count()
}

pub(crate) fn paint(text: &str, code: &str, colour: bool) -> String {
    if colour {
        format!("\x1b[{code}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

const MARK: usize = 6;
const NAME: usize = 14;
const SENT: usize = 42;
const CAME: usize = 38;
const STATUS: usize = 5;
const GAP: usize = 1;
const INDENT: &str = "  ";
const ARROW: &str = "=> ";

pub(crate) const BOLD: &str = "1";
pub(crate) const DIM: &str = "2";
pub(crate) const RED: &str = "31";
pub(crate) const GREEN: &str = "32";

#[cfg(test)]
mod tests {
    use super::*;

    fn step(outcome: Result<String, String>) -> Step {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let exchange = Exchange {
            request: "GET /a/path/that/is/longer/than/the/column/for/it/is".to_owned(),
            sent: vec![field("grant_type", "password"), field("username", "ada")],
            status: Some(200),
            answered: vec![field("error_description", &"many words ".repeat(9))],
        };
        Step {
            name: "obtain",
            exchanges: vec![exchange],
            outcome,
        }
    }

    #[test]
    fn no_row_is_wider_than_a_hundred_columns() {
        let rows = rows(&step(Ok("word ".repeat(60))), false);
        assert!(
            rows.lines()
                .all(|line| length(line) <= MARK + NAME + SENT + CAME),
            "{rows}"
        );
        assert!(
            rows.starts_with("ok    obtain        GET /a/path"),
            "{rows}"
        );
        assert!(rows.contains("grant_type=password  username=ada"), "{rows}");
    }

    #[test]
    fn a_step_that_fails_says_what_was_expected() {
        let rows = rows(&step(Err("expected 200, got 500".to_owned())), false);
        assert!(
            rows.starts_with("FAIL  obtain") && rows.contains("=> expected 200, got 500"),
            "{rows}"
        );
    }

    #[test]
    fn colour_is_for_terminals() {
        assert!(rows(&step(Ok(String::new())), true).starts_with("\x1b[32mok    \x1b[0mobtain"));
        assert!(!rows(&step(Ok(String::new())), false).contains('\x1b'));
    }

    #[test]
    fn a_word_that_is_too_long_is_broken_at_a_space_or_a_slash() {
        let broken = wrap(iter::once("abcdefgh/ijklm".to_owned()), 10, "  ");
        assert_eq!(broken, ["abcdefgh", "  /ijklm"]);
        assert_eq!(
            wrap(iter::once("abcdefghijklm".to_owned()), 10, ""),
            ["abcdefghij", "  klm"]
        );
    }
}
