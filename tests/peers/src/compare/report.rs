//! Tables in the terminal and in `docs/peers.md`, one CSV, and the charts.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::chart::Chart;
use crate::figures::Figures;
use crate::peers::{Language, PEERS};
use crate::{Ready, Result, build};

#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Nanoseconds,
    Microseconds,
    Milliseconds,
    Seconds,
    Megabytes,
    Bytes,
    Count,
}

impl Unit {
    /// Formats a value to two or three digits, with its unit.
    pub(crate) fn show(self, value: f64) -> String {
        let nanoseconds = match self {
            Unit::Nanoseconds => value,
            Unit::Microseconds => value * 1e3,
            Unit::Milliseconds => value * 1e6,
            Unit::Seconds => return format!("{} s", digits(value)),
            Unit::Megabytes => return format!("{} MB", digits(value)),
            Unit::Bytes if value >= 1e6 => return format!("{} MB", digits(value / 1e6)),
            Unit::Bytes if value >= 1e3 => return format!("{} kB", digits(value / 1e3)),
            Unit::Bytes => return format!("{} B", digits(value)),
            Unit::Count => return digits(value),
        };
        match nanoseconds {
            value if value >= 1e9 => format!("{} s", digits(value / 1e9)),
            value if value >= 1e6 => format!("{} ms", digits(value / 1e6)),
            value if value >= 1e3 => format!("{} µs", digits(value / 1e3)),
            value => format!("{} ns", digits(value)),
        }
    }
}

/// Formats with one digit after the point below ten, unless it is zero.
fn digits(value: f64) -> String {
    match value {
        value if value > 0.0 && value < 0.095 => format!("{value:.3}"),
        value if value >= 9.95 || value.fract() < 0.05 => format!("{value:.0}"),
        value => format!("{value:.1}"),
    }
}

struct Table {
    file: &'static str,
    title: &'static str,
    note: &'static str,
    unit: Unit,
    /// A heading, the name of the figure, and its unit if another than the table's.
    columns: &'static [(&'static str, &'static str, Option<Unit>)],
    /// The columns of the chart, and what its axis shows.
    chart: Option<(&'static [usize], &'static str)>,
}

/// Prints the tables and writes the files; after a whole run also those of the repository.
pub(crate) fn write(
    ready: &[Ready],
    skipped: &[(&str, String)],
    figures: &Figures,
    (whole, written): (bool, bool),
    took: Duration,
) -> Result {
    let (out, head) = (build::folder("report")?, head(whole, took)?);
    let (pictures, mut page) = (out.join("pictures"), format!("{head}\n"));
    fs::create_dir_all(&pictures)?;
    for table in TABLES {
        println!("\n{}\n{}", table.title, table.aligned(ready, figures));
        let _ = writeln!(page, "\n### {}\n\n{}\n", table.title, table.note);
        if let Some(chart) = table.chart(ready, figures, &head) {
            fs::write(pictures.join(format!("{}.svg", table.file)), chart.draw())?;
            let _ = writeln!(
                page,
                "![{}](pictures/peers/{}.svg)\n",
                table.title, table.file
            );
        }
        page += &table.markdown(ready, figures);
    }
    page += &versions(ready);
    for (peer, reason) in skipped {
        println!("SKIPPED {peer}: {reason}");
        let _ = writeln!(page, "\nNot measured: {peer}, because its build failed.");
    }
    for (peer, scenario, reason) in figures.failures() {
        println!("FAILED {peer} {scenario}: {reason}");
        let _ = writeln!(page, "\nFailed: {peer}, {scenario}: {reason}.");
    }
    let absent = PEERS.iter().map(|peer| peer.name).filter(|name| {
        !ready.iter().any(|ready| ready.peer.name == *name)
            && !skipped.iter().any(|(peer, _)| peer == name)
    });
    let absent: Vec<_> = absent.collect();
    if !absent.is_empty() {
        let _ = writeln!(page, "\nNot in this run: {}.", absent.join(", "));
    }
    let csv = csv(ready, figures);
    fs::write(out.join("peers.csv"), &csv)?;
    fs::write(out.join("peers.md"), &page)?;
    println!("\nCSV, tables and charts: {}", out.display());
    if written {
        keep(&pictures, &csv, &page)?;
    }
    Ok(())
}

/// Replaces the figures of the repository: the charts, the CSV, and what is between two marks of the page.
fn keep(pictures: &Path, csv: &str, page: &str) -> Result {
    let docs = build::source("../../docs");
    let kept = docs.join("pictures/peers");
    fs::create_dir_all(&kept)?;
    for picture in fs::read_dir(pictures)? {
        let picture = picture?;
        fs::copy(picture.path(), kept.join(picture.file_name()))?;
    }
    fs::write(docs.join("peers.csv"), csv)?;
    let text = fs::read_to_string(docs.join("peers.md"))?;
    let (before, rest) = text
        .split_once(BEGIN)
        .ok_or("docs/peers.md has no mark where figures begin")?;
    let after = rest
        .split_once(END)
        .ok_or("docs/peers.md has no mark where figures end")?
        .1;
    fs::write(
        docs.join("peers.md"),
        format!("{before}{BEGIN}\n{page}{END}{after}"),
    )?;
    println!("wrote docs/peers.md, docs/peers.csv and docs/pictures/peers");
    Ok(())
}

/// The date, the machine and the command, for the page and under each chart.
fn head(whole: bool, took: Duration) -> Result<String> {
    let date = Command::new("date")
        .args(["-u", "+%Y-%m-%d"])
        .output()?
        .stdout;
    let date = String::from_utf8_lossy(&date);
    let rustc = Command::new("rustc").arg("--version").output()?.stdout;
    let rustc = String::from_utf8_lossy(&rustc);
    let rustc: Vec<_> = rustc.split(' ').take(2).collect();
    let cores = std::thread::available_parallelism()?;
    let command = if whole {
        "cargo xtask bench --peers"
    } else {
        "cargo xtask bench --peers, in part"
    };
    Ok(format!(
        "{}, {cores} cores, {} {}, {}, {command}, {:.0} minutes",
        date.trim(),
        std::env::consts::OS,
        std::env::consts::ARCH,
        rustc.join(" "),
        took.as_secs_f64() / 60.0
    ))
}

fn versions(ready: &[Ready]) -> String {
    let mut text = "\n### Versions\n\n".to_owned();
    let each = ready.iter().map(|ready| {
        let language = match ready.peer.language {
            Language::Rust => "",
            Language::Go => ", Go",
            Language::Python => ", Python",
        };
        format!("{} {}{language}", ready.peer.name, ready.programs.version)
    });
    text += &each.collect::<Vec<_>>().join(" · ");
    text + "\n"
}

fn csv(ready: &[Ready], figures: &Figures) -> String {
    let mut csv = "peer,version,figure,value\n".to_owned();
    for (peer, name, value) in figures.all() {
        let found = ready.iter().find(|ready| ready.peer.name == peer);
        let version = found.map_or("", |ready| &ready.programs.version);
        let _ = writeln!(csv, "{peer},{version},{name},{value}");
    }
    csv
}

impl Table {
    /// The peers that have a figure, in order of the first column.
    fn rows(&self, ready: &[Ready], figures: &Figures) -> Vec<(&'static str, Vec<Option<f64>>)> {
        let row = |ready: &Ready| {
            let peer = ready.peer.name;
            let values: Vec<_> = self
                .columns
                .iter()
                .map(|(_, name, _)| figures.get(peer, name))
                .collect();
            (peer, values)
        };
        let mut rows: Vec<_> = ready
            .iter()
            .map(row)
            .filter(|(_, row)| row.iter().any(Option::is_some))
            .collect();
        let key = |row: &[Option<f64>]| row.iter().flatten().next().copied().unwrap_or(f64::MAX);
        rows.sort_by(|(_, a), (_, b)| key(a).total_cmp(&key(b)));
        rows
    }

    fn shown(&self, values: &[Option<f64>]) -> Vec<String> {
        let shown = values.iter().zip(self.columns).map(|(value, (.., unit))| {
            value.map_or("–".to_owned(), |value| {
                unit.unwrap_or(self.unit).show(value)
            })
        });
        shown.collect()
    }

    fn aligned(&self, ready: &[Ready], figures: &Figures) -> String {
        let mut text = format!("    {:20}", "");
        for (heading, ..) in self.columns {
            let _ = write!(text, "{heading:>21}");
        }
        for (peer, values) in self.rows(ready, figures) {
            let _ = write!(text, "\n    {peer:20}");
            for value in self.shown(&values) {
                let _ = write!(text, "{value:>21}");
            }
        }
        text
    }

    fn markdown(&self, ready: &[Ready], figures: &Figures) -> String {
        let headings: Vec<_> = self.columns.iter().map(|(heading, ..)| *heading).collect();
        let mut text = format!(
            "| | {} |\n|---|{}\n",
            headings.join(" | "),
            "--:|".repeat(headings.len())
        );
        for (peer, values) in self.rows(ready, figures) {
            let peer = if peer == crate::peers::OURS {
                format!("**{peer}**")
            } else {
                peer.to_owned()
            };
            let _ = writeln!(text, "| {peer} | {} |", self.shown(&values).join(" | "));
        }
        text
    }

    fn chart(&self, ready: &[Ready], figures: &Figures, head: &str) -> Option<Chart> {
        let (columns, axis) = self.chart?;
        let pick = |values: Vec<Option<f64>>| columns.iter().map(|at| values[*at]).collect();
        let rows = self
            .rows(ready, figures)
            .into_iter()
            .map(|(peer, values)| (peer, pick(values)));
        Some(Chart {
            title: self.title.to_owned(),
            axis,
            unit: self.columns[columns[0]].2.unwrap_or(self.unit),
            series: columns.iter().map(|at| self.columns[*at].0).collect(),
            rows: rows.collect(),
            foot: head.to_owned(),
        })
    }
}

const BEGIN: &str = "<!-- figures: written by `cargo xtask bench --peers` -->";
const END: &str = "<!-- end of figures -->";

const TABLES: &[Table] = &[
    Table {
        file: "held",
        title: "A held token, time of one core for each call",
        note: "The call that a program makes for each request while its token is fresh; medians of rounds in which the \
               peers took turns. `arc-swap` is the floor of a shared, replaceable value; it is no client.",
        unit: Unit::Nanoseconds,
        columns: &[
            ("1 thread", "held.1", None),
            ("2 threads", "held.2", None),
            ("4", "held.4", None),
            ("8", "held.8", None),
            ("16 threads", "held.16", None),
            ("allocations", "allocations", Some(Unit::Count)),
        ],
        chart: Some((&[0, 4], "time of one core, logarithmic")),
    },
    Table {
        file: "renewing",
        title: "Waits for a token while it is renewed",
        note: "Two threads call without pause; the token comes due and the server answers after 500 ms. Only calls that \
               overlap the renewal count. One thread waits where a caller renews, both where the lock is held meanwhile, none \
               where a task renews. A time includes one reading of the clock; a machine with other work to do \
               adds its turns, some milliseconds, to the longest.",
        unit: Unit::Nanoseconds,
        columns: &[
            ("median", "renewing.p50", None),
            ("99 %", "renewing.p99", None),
            ("99.99 %", "renewing.p9999", None),
            ("longest", "renewing.longest", None),
            ("threads that waited", "renewing.blocked", Some(Unit::Count)),
        ],
        chart: Some((&[0, 1, 2], "wait, logarithmic")),
    },
    Table {
        file: "sessions",
        title: "Many accounts: time of a call when one thread takes turns among n clients",
        note: "One client for each account, all with a fresh token; what a peer can share between clients is shared. \
               Resident memory of the process, divided by the clients, with a token of 900 bytes.",
        unit: Unit::Nanoseconds,
        columns: &[
            ("n = 1", "sessions.1", None),
            ("16", "sessions.16", None),
            ("1,000", "sessions.1000", None),
            ("10,000", "sessions.10000", None),
            ("100,000", "sessions.100000", None),
            ("bytes at 1,000", "sessions.bytes.1000", Some(Unit::Bytes)),
        ],
        chart: Some((&[0, 2, 4], "time of a call, logarithmic")),
    },
    Table {
        file: "callers",
        title: "64 callers at once when the token has expired: requests that the server saw",
        note: "The server answers after 25 ms, or refuses with a 400 after 25 ms, or hangs: then the requests within 3 \
               seconds count. The time is that of the slowest caller; of a peer that made its callers wait in a row it \
               ends at 3 s. google-cloud-auth's callers have no token yet, since a task renews it ahead of expiry.",
        unit: Unit::Count,
        columns: &[
            ("answers", "expiry.answers.requests", None),
            ("refuses", "expiry.refuses.requests", None),
            ("hangs", "expiry.hangs.requests", None),
            (
                "slowest, answers",
                "expiry.answers.longest",
                Some(Unit::Milliseconds),
            ),
            (
                "slowest, refuses",
                "expiry.refuses.longest",
                Some(Unit::Milliseconds),
            ),
        ],
        chart: Some((&[0, 1, 2], "requests, logarithmic")),
    },
    Table {
        file: "processes",
        title: "16 processes at once when the token has expired: requests that the server saw",
        note: "auth-all shares a `FileStore`, yup-oauth2 its file, msal a cache of msal-extensions; the others have no \
               store, so each process sends a request.",
        unit: Unit::Count,
        columns: &[("requests", "processes.requests", None)],
        chart: None,
    },
    Table {
        file: "request",
        title: "A token request over loopback",
        note: "auth-all sends each on a new connection, so that a stale one cannot make the fate of a refresh token \
               unknown; most others keep one. yup-oauth2, gcp_auth and tame-oauth sign a JWT with RSA in each. \
               Allocations are those of the calling thread.",
        unit: Unit::Microseconds,
        columns: &[
            ("median", "request.us", None),
            ("processor", "request.cpu", None),
            ("allocations", "request.allocations", Some(Unit::Count)),
        ],
        chart: None,
    },
    Table {
        file: "footprint",
        title: "The smallest program that gets a token",
        note: "Crates of the normal tree with default features, processor time of a clean release build, size of the \
               stripped program, time from its start to its token, peak of its resident memory.",
        unit: Unit::Count,
        columns: &[
            ("first token", "first.ms", Some(Unit::Milliseconds)),
            ("peak memory", "memory.MB", Some(Unit::Megabytes)),
            ("crates", "crates", None),
            ("build, CPU", "build.s", Some(Unit::Seconds)),
            ("stripped", "size.MB", Some(Unit::Megabytes)),
        ],
        chart: Some((
            &[0],
            "from the start of the process to its first token, logarithmic",
        )),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_shown_with_few_digits() {
        assert_eq!(Unit::Nanoseconds.show(15.52), "16 ns");
        assert_eq!(Unit::Nanoseconds.show(4_240.0), "4.2 µs");
        assert_eq!(Unit::Milliseconds.show(502.0), "502 ms");
        assert_eq!(Unit::Bytes.show(107_000.0), "107 kB");
        assert_eq!(Unit::Count.show(1.0), "1");
        assert_eq!(Unit::Megabytes.show(0.001), "0.001 MB");
    }
}
