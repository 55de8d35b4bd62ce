//! Pictures for the documentation, made from real runs: of a fleet from its log, of
//! pages in Chromium.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::run::{Result, Run, target};
use crate::setup;

/// `cargo xtask pictures`.
pub(crate) fn run(_: &[String]) -> Result {
    setup::require(&[&setup::CHROMIUM])?;
    fs::create_dir_all(KEPT)?;
    draw_fleet()?;
    take_pages()
}

/// Copies the pictures that a test makes of the page of a login and of a device's code.
fn take_pages() -> Result {
    Run::new("cargo test --locked --package auth-tests --test it real_browser::pictures").run()?;
    for page in PAGES {
        let kept = format!("{KEPT}/{page}.png");
        fs::copy(Path::new(MADE).join(format!("{page}.png")), &kept)?;
        println!("    took {kept}");
    }
    Ok(())
}

/// Runs a fleet and draws its log.
fn draw_fleet() -> Result {
    let log = target().join("fleet.jsonl");
    Run::new("cargo run --quiet --locked --package auth-tests --bin demo --no-default-features --")
        .args(&[
            "--fleet", "--hours", "4", "--pace", "360", "--kills", "2", "--log",
        ])
        .arg(&log.to_string_lossy())
        .run()?;
    let picture = Fleet::read(&fs::read_to_string(log)?)?.draw();
    fs::write(FLEET, picture)?;
    println!("    drew {FLEET}");
    Ok(())
}

/// The history of a fleet, read from its log.
#[derive(Debug, Default)]
struct Fleet {
    /// For each place in the fleet, the processes that had it one after the other.
    lanes: Vec<Vec<Process>>,
    /// Requests to the token endpoint: the hour, and `true` if it was a refresh.
    requests: Vec<(f64, bool)>,
    hours: f64,
    /// Lifetime of an access token, in hours.
    token_life: f64,
    lost: u64,
    most_sends: u64,
}

/// A process: when it started, which tokens it held and since when, when it was killed.
#[derive(Debug)]
struct Process {
    start: f64,
    held: Vec<(f64, usize)>,
    killed: Option<f64>,
}

impl Fleet {
    fn read(log: &str) -> Result<Self> {
        let mut fleet = Self::default();
        // The lane of each process, and the lanes whose process was killed.
        let (mut lane_of, mut free) = (BTreeMap::new(), Vec::new());
        for line in log.lines() {
            let line: Value = serde_json::from_str(line)?;
            let at = line["hours"].as_f64().ok_or("a line without hours")?;
            fleet.hours = at;
            if let Some(what) = line["server"].as_str() {
                fleet.requests.push((at, what == "refresh"));
            }
            let process = line["process"].as_u64();
            match (line["did"].as_str(), process) {
                (Some("start"), Some(process)) => {
                    let lane = free.pop().unwrap_or(fleet.lanes.len());
                    if lane == fleet.lanes.len() {
                        fleet.lanes.push(Vec::new());
                    }
                    lane_of.insert(process, lane);
                    fleet.lanes[lane].push(Process {
                        start: at,
                        held: Vec::new(),
                        killed: None,
                    });
                }
                (Some("begin"), None) => {
                    let life = line["token_life"]
                        .as_f64()
                        .ok_or("`token_life` is missing")?;
                    fleet.token_life = life / 3600.0;
                }
                (Some("end"), None) => {
                    fleet.lost = line["lost"].as_u64().ok_or("`lost` is missing")?;
                    fleet.most_sends = line["most_sends"]
                        .as_u64()
                        .ok_or("`most_sends` is missing")?;
                    return Ok(fleet);
                }
                (Some(did), Some(process)) => {
                    let lane = *lane_of
                        .get(&process)
                        .ok_or("a process that never started")?;
                    let Some(process) = fleet.lanes[lane].last_mut() else {
                        continue;
                    };
                    if did == "die" {
                        process.killed = Some(at);
                        free.push(lane);
                    } else if let Some(token) = line["token"].as_u64() {
                        process.held.push((at, usize::try_from(token)?));
                    }
                }
                _ => {}
            }
        }
        Err("the log ends before the fleet did".into())
    }

    fn draw(&self) -> String {
        let summary = self.summary();
        let bottom = TOP + self.lanes.len() as f64 * LANE;
        let height = bottom + 60.0;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
             aria-label=\"{summary}\">\n<title>{summary}</title>\n{STYLE}\n"
        );
        self.draw_axes(&mut svg, bottom);
        for (at, processes) in self.lanes.iter().enumerate() {
            let y = TOP + at as f64 * LANE;
            for process in processes {
                self.draw_process(&mut svg, process, y);
            }
        }
        for (at, processes) in self.lanes.iter().enumerate() {
            let middle = TOP + at as f64 * LANE + BAR / 2.0;
            for killed in processes.iter().filter_map(|process| process.killed) {
                let (left, top) = (self.x(killed) - 5.0, middle - 5.0);
                let _ = writeln!(
                    svg,
                    "<path class=\"killed\" d=\"M{left:.1} {top:.1}l10 10m0 -10l-10 10\"/>"
                );
            }
        }
        for (at, is_refresh) in &self.requests {
            let (x, word) = (self.x(*at), if *is_refresh { "refresh" } else { "login" });
            // Writing to a String does not fail.
            let _ = writeln!(svg, "<path class=\"request\" d=\"M{x:.1} 34V{bottom}\"/>");
            let _ = writeln!(
                svg,
                "<circle class=\"request\" cx=\"{x:.1}\" cy=\"34\" r=\"4\"/>"
            );
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"24\" class=\"middle\">{word}</text>"
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"8\" y=\"{:.0}\">{summary}</text>",
            bottom + 44.0
        );
        svg + "</svg>\n"
    }

    fn summary(&self) -> String {
        let processes = self.lanes.iter().flatten();
        let killed = processes.filter(|process| process.killed.is_some()).count();
        let refreshes = self
            .requests
            .iter()
            .filter(|(_, is_refresh)| *is_refresh)
            .count();
        let sends = match self.most_sends {
            0 | 1 => "no refresh token sent twice".to_owned(),
            sends => format!("a refresh token sent {sends} times"),
        };
        format!(
            "{} processes share a login for {:.0} h. Killed: {killed}. Sent: {} for a login, {} to refresh it; \
             {sends}. Logins lost: {}.",
            self.lanes.len(),
            self.hours,
            requests(self.requests.len() - refreshes),
            requests(refreshes),
            self.lost,
        )
    }

    fn draw_axes(&self, svg: &mut String, bottom: f64) {
        let _ = writeln!(svg, "<text x=\"8\" y=\"38\">server</text>");
        let middle = f64::midpoint(TOP, bottom);
        let _ = writeln!(svg, "<text x=\"8\" y=\"{middle:.0}\">processes</text>");
        for hour in 0..=self.hours as usize {
            let (x, y) = (self.x(hour as f64), bottom + 18.0);
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{y:.0}\" class=\"middle\">{hour} h</text>"
            );
        }
    }

    /// Draws a bar in the colour of each token, for as long as the process held it and it was valid.
    fn draw_process(&self, svg: &mut String, process: &Process, y: f64) {
        let end = process.killed.unwrap_or(self.hours);
        let (from, to) = (self.x(process.start), self.x(end));
        let middle = y + BAR / 2.0;
        let _ = writeln!(
            svg,
            "<path class=\"alive\" d=\"M{from:.1} {middle:.1}H{to:.1}\"/>"
        );
        let mut changes = process.held.clone();
        changes.dedup_by_key(|(_, token)| *token);
        let ends = changes.iter().skip(1).map(|(at, _)| *at).chain([end]);
        for ((at, token), until) in changes.iter().zip(ends) {
            let until = until.min(self.expiry(*at));
            let (x, width) = (self.x(*at), self.x(until) - self.x(*at));
            let colour = COLOURS[token % COLOURS.len()];
            let _ = writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\" fill=\"{colour}\"/>"
            );
        }
    }

    /// Returns when a token expires that a process held from `at`: it was issued by the last request before.
    fn expiry(&self, at: f64) -> f64 {
        let before = self
            .requests
            .iter()
            .filter(|(requested, _)| *requested <= at);
        let issued = before.map(|(requested, _)| *requested).fold(0.0, f64::max);
        issued + self.token_life
    }

    fn x(&self, hours: f64) -> f64 {
        LEFT + hours / self.hours.max(1.0) * (WIDTH - LEFT - 20.0)
    }
}

fn requests(count: usize) -> String {
    match count {
        1 => "1 request".to_owned(),
        count => format!("{count} requests"),
    }
}

const KEPT: &str = "docs/pictures";
/// The folder in which tests save pictures of windows.
const MADE: &str = "target/screenshots";
const PAGES: [&str; 3] = ["page-light", "page-dark", "qr"];
const FLEET: &str = "docs/pictures/fleet.svg";
const WIDTH: f64 = 960.0;
const LEFT: f64 = 90.0;
const TOP: f64 = 48.0;
const LANE: f64 = 15.0;
const BAR: f64 = 10.0;
/// One for each token, used again from the first when all are used.
const COLOURS: [&str; 4] = ["#4c78a8", "#59a14f", "#b07aa1", "#e0a030"];
const STYLE: &str = "<style>\
text{font:13px system-ui,sans-serif;fill:#333}\
.middle{text-anchor:middle}\
.alive{stroke:#999;stroke-width:1}\
.request{stroke:#333;stroke-width:1;fill:#333}\
.killed{stroke:#d62728;stroke-width:2.5}\
@media(prefers-color-scheme:dark){text{fill:#ddd}.request{stroke:#ddd;fill:#ddd}}\
</style>";

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"{"hours":0.0,"did":"begin","token_life":7200}
{"hours":0.0,"process":0,"did":"start"}
{"hours":0.0,"process":1,"did":"start"}
{"hours":0.1,"server":"login","succeeded":true}
{"hours":0.1,"process":0,"did":"hold","token":0}
{"hours":0.2,"process":1,"did":"hold","token":0}
{"hours":1.0,"process":1,"did":"die"}
{"hours":1.0,"process":2,"did":"start"}
{"hours":1.8,"server":"refresh","succeeded":true}
{"hours":1.8,"process":0,"did":"hold","token":1}
{"hours":2.0,"did":"end","lost":0,"most_sends":1}
"#;

    #[test]
    fn the_picture_counts_the_lines_of_the_log() {
        let svg = Fleet::read(LOG).unwrap().draw();
        let summary = "2 processes share a login for 2 h. Killed: 1. Sent: 1 request for a login, \
                       1 request to refresh it; no refresh token sent twice. Logins lost: 0.";
        assert!(svg.contains(&format!("<title>{summary}</title>")), "{svg}");
        assert_eq!(svg.matches("class=\"killed\"").count(), 1);
        assert_eq!(svg.matches("<circle").count(), 2);
        assert_eq!(svg.matches("<rect").count(), 3);
    }

    /// Three of them were lost from the README once.
    #[test]
    fn every_picture_is_shown() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let readme = fs::read_to_string(root.join("README.md")).unwrap();
        for picture in fs::read_dir(root.join(KEPT)).unwrap() {
            let name = picture.unwrap().file_name();
            let name = format!("{KEPT}/{}", name.display());
            assert!(readme.contains(&name), "{name}");
        }
    }

    #[test]
    fn a_truncated_log_is_not_drawn() {
        let cut = LOG.lines().take(7).collect::<Vec<_>>().join("\n");
        assert!(Fleet::read(&cut).is_err());
        let unknown = r#"{"hours":0.0,"process":7,"did":"die"}"#;
        assert!(Fleet::read(unknown).is_err());
    }
}
