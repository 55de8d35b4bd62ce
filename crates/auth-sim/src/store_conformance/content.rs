//! Identities are kept apart and records keep their bytes, whatever they contain.

use auth_core::grant::Identity;
use auth_core::store::SwapOutcome::{Conflict, Stored};

use super::{Open, Outcome, found, identity, must, record, swap};

pub(super) fn identities(open: Open<'_>) -> Outcome {
    let run = identity("");
    let named = NAMES.iter().map(|name| run.clone().with("username", name));
    // An identity that is a prefix of others, and one text divided into parts in two ways.
    let mut all: Vec<_> = named.collect();
    all.push(run.clone());
    all.push(run.clone().with("scope", "a b").with("tenant", "c"));
    all.push(run.clone().with("scope", "a").with("tenant", "b c"));
    apart(open, &all)
}

pub(super) fn long_identities(open: Open<'_>) -> Outcome {
    let long = "scope:of-many ".repeat(2048 / 14);
    let run = identity("");
    // They differ in their last character, in their first, and in their length.
    let names = [
        format!("{long}a"),
        format!("{long}b"),
        format!("a{long}"),
        format!("b{long}"),
        long,
    ];
    apart(open, &names.map(|name| run.clone().with("username", &name)))
}

/// Requires that each identity has a record of its own, and that changing one changes no other.
fn apart(open: Open<'_>, identities: &[Identity]) -> Outcome {
    let (here, there) = (open(), open());
    let record_of = |at: usize, turn: usize| record(format!("record {at} of turn {turn}"));
    for (at, who) in identities.iter().enumerate() {
        found(&here, who, None).map_err(|seen| format!("{who}: {seen}"))?;
        swap(&here, who, None, &record_of(at, 0), Stored)
            .map_err(|seen| format!("{who}: {seen}"))?;
    }
    for (changed, who) in identities.iter().enumerate() {
        let (old, new) = (record_of(changed, 0), record_of(changed, 1));
        swap(&there, who, Some(&old), &new, Stored)?;
    }
    for (at, who) in identities.iter().enumerate() {
        found(&here, who, Some(&record_of(at, 1))).map_err(|seen| format!("{who}: {seen}"))?;
    }
    Ok(())
}

pub(super) fn records(open: Open<'_>) -> Outcome {
    let (here, there) = (open(), open());
    let who = identity("replaced");
    let mut last = None;
    for bytes in contents() {
        let next = record(&bytes);
        let first = identity("first");
        swap(&here, &first, None, &next, Stored)?;
        found(&there, &first, Some(&next))?;
        swap(&here, &who, last.as_ref(), &next, Stored)?;
        found(&there, &who, Some(&next))?;
        last = Some(next);
    }
    Ok(())
}

pub(super) fn compared_by_bytes(open: Open<'_>) -> Outcome {
    let store = open();
    for (stored, alike) in ALIKE {
        let who = identity("alike");
        let (stored, alike) = (record(stored), record(alike));
        swap(&store, &who, None, &stored, Stored)?;
        swap(&store, &who, Some(&alike), &record("new"), Conflict)?;
        // It is not taken for a repeated swap, either.
        swap(&store, &who, None, &alike, Conflict)?;
        found(&store, &who, Some(&stored))?;
    }
    Ok(())
}

pub(super) fn not_restored(open: Open<'_>) -> Outcome {
    let who = identity("restored");
    let (first, second) = (record("first"), record("second"));
    let store = open();
    swap(&store, &who, None, &first, Stored)?;
    swap(&store, &who, Some(&first), &second, Stored)?;
    for store in [store, open()] {
        let loaded = store.load(&who)?;
        must(
            loaded.is_some_and(|record| !record.is_restored()),
            "a record that was never restored is marked as restored, or missing",
        )?;
    }
    Ok(())
}

pub(super) fn quiet(open: Open<'_>) -> Outcome {
    let store = open();
    let who = identity("quiet");
    let canary = format!("canary{:032x}", fastrand::u128(..));
    swap(&store, &who, None, &record(&canary), Stored)?;
    store.load(&who)?;
    let hex = |upper: bool| -> String {
        let byte = |byte: u8| match upper {
            true => format!("{byte:02X}"),
            false => format!("{byte:02x}"),
        };
        canary.bytes().map(byte).collect()
    };
    let numbers = format!("{:?}", canary.as_bytes());
    let spellings = [canary.clone(), hex(false), hex(true), numbers];
    for shown in [format!("{store:?}"), format!("{store:#?}")] {
        let dense = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        must(
            !spellings.iter().any(|spelling| dense.contains(spelling)),
            "Debug shows the bytes of a record",
        )?;
        // A prefix is a leak too.
        must(
            !shown.contains(&canary[..14]) && !shown.contains("99, 97, 110, 97, 114, 121"),
            "Debug shows the first bytes of a record",
        )?;
    }
    Ok(())
}

fn contents() -> Vec<Vec<u8>> {
    let every_byte: Vec<u8> = (0..=255).collect();
    let mut contents = vec![
        every_byte.repeat(256), // 64 KiB
        every_byte.clone(),
        every_byte.iter().rev().copied().collect(),
        b"\0".to_vec(),
        b"\0\0\0".to_vec(),
        b"before\0after".to_vec(),
        b"\xff\xfe not UTF-8 \xc3\x28 \xed\xa0\x80".to_vec(),
        b"\xef\xbb\xbfwith a mark".to_vec(),
        "null nil NaN true".into(),
        " space around ".into(),
        "line\r\nline\n".into(),
        "'; DROP TABLE logins; --".into(),
        "%s %n \\x00 \\ \" ' ` $1 ${HOME} {}".into(),
        "größer, 漢字, 🦀".into(),
    ];
    contents.extend(["0", "-1", "1e400", "18446744073709551616", "0x10", " 7"].map(Vec::from));
    contents.extend([b"a", b"\x7f", b"\x80", b"\xff"].map(|byte: &[u8; 1]| byte.to_vec()));
    contents
}

/// Names that become equal when they are truncated, case-folded, or made into a file name or a key.
const NAMES: [&str; 22] = [
    "ann",
    "Ann",
    "ANN",
    "ann ",
    "anna",
    "an",
    "a nn",
    "a  nn",
    "a%20nn",
    "a'nn",
    "a\"nn",
    "a`nn",
    "a/nn",
    "a\\nn",
    "a:nn",
    "a*nn",
    "a_nn",
    "a.nn",
    "..",
    "größe",
    "gro\u{308}ße",
    "漢字🦀",
];

/// Pairs of records that only a comparison by bytes tells apart.
const ALIKE: [(&str, &str); 10] = [
    ("1e3", "1000"),
    ("007", "7"),
    ("1.0", "1"),
    ("record", "RECORD"),
    ("record", "record "),
    ("record", "record\0"),
    ("record\n", "record"),
    ("\u{e4}", "a\u{308}"),
    ("{\"a\":1}", "{\"a\": 1}"),
    ("a\0b", "a\0c"),
];
