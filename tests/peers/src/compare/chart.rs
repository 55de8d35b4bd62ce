//! Charts: a row for each peer, a dot for each series, on a logarithmic axis. Readable on white and on black.

use std::fmt::Write;

use crate::peers::OURS;
use crate::report::Unit;

pub(crate) struct Chart {
    pub(crate) title: String,
    /// Quantity on the axis.
    pub(crate) axis: &'static str,
    pub(crate) unit: Unit,
    pub(crate) series: Vec<&'static str>,
    /// A name, and a value for each series that was measured.
    pub(crate) rows: Vec<(&'static str, Vec<Option<f64>>)>,
    pub(crate) foot: String,
}

impl Chart {
    pub(crate) fn draw(&self) -> String {
        let values = || {
            self.rows
                .iter()
                .flat_map(|(_, values)| values.iter().flatten())
        };
        let low = values()
            .fold(f64::MAX, |low, value| low.min(*value))
            .max(LEAST);
        let high = values().fold(LEAST, |high, value| high.max(*value));
        // Whole decades, at least one.
        let (low, high) = (low.log10().floor(), high.log10().ceil());
        let high = high.max(low + 1.0);
        let x =
            |value: f64| LEFT + (value.max(LEAST).log10() - low) / (high - low) * (RIGHT - LEFT);
        let bottom = TOP + self.rows.len() as f64 * ROW;
        let (height, title) = (bottom + 66.0, &self.title);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
             aria-label=\"{title}\">\n<title>{title}</title>\n{STYLE}\n<text x=\"8\" y=\"20\" class=\"title\">{title}</text>\n"
        );
        // Writing to a String does not fail.
        for (at, series) in self.series.iter().enumerate() {
            let (left, colour) = (LEFT + at as f64 * 180.0, COLOURS[at % COLOURS.len()]);
            let _ = writeln!(
                svg,
                "<circle cx=\"{left}\" cy=\"37\" r=\"5\" fill=\"{colour}\"/>"
            );
            let _ = writeln!(svg, "<text x=\"{}\" y=\"41\">{series}</text>", left + 10.0);
        }
        for decade in low as i32..=high as i32 {
            let (value, y) = (10f64.powi(decade), bottom + 16.0);
            let _ = writeln!(
                svg,
                "<path class=\"grid\" d=\"M{:.1} {TOP}V{bottom}\"/>",
                x(value)
            );
            let label = self.unit.show(value);
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{y}\" class=\"middle\">{label}</text>",
                x(value)
            );
        }
        let (middle, y) = (f64::midpoint(LEFT, RIGHT), bottom + 34.0);
        let _ = writeln!(
            svg,
            "<text x=\"{middle}\" y=\"{y}\" class=\"middle\">{}</text>",
            self.axis
        );
        let _ = writeln!(
            svg,
            "<text x=\"8\" y=\"{}\" class=\"foot\">{}</text>",
            bottom + 56.0,
            self.foot
        );
        for (at, (name, values)) in self.rows.iter().enumerate() {
            self.draw_row(&mut svg, TOP + (at as f64 + 0.5) * ROW, name, values, x);
        }
        svg + "</svg>\n"
    }

    fn draw_row(
        &self,
        svg: &mut String,
        y: f64,
        name: &str,
        values: &[Option<f64>],
        x: impl Fn(f64) -> f64,
    ) {
        let class = if name == OURS { " ours" } else { "" };
        let end = LEFT - 12.0;
        let _ = writeln!(
            svg,
            "<text x=\"{end}\" y=\"{:.1}\" class=\"end{class}\">{name}</text>",
            y + 4.0
        );
        let places: Vec<f64> = values.iter().flatten().map(|value| x(*value)).collect();
        let (from, to) = places
            .iter()
            .fold((f64::MAX, 0f64), |(from, to), x| (from.min(*x), to.max(*x)));
        if from < to {
            let _ = writeln!(
                svg,
                "<path class=\"range\" d=\"M{from:.1} {y:.1}H{to:.1}\"/>"
            );
        }
        for (series, value) in values.iter().enumerate() {
            let (Some(value), colour) = (value, COLOURS[series % COLOURS.len()]) else {
                continue;
            };
            let _ = writeln!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{colour}\"/>",
                x(*value)
            );
        }
        let shown: Vec<_> = values
            .iter()
            .map(|value| value.map_or("–".to_owned(), |v| self.unit.show(v)))
            .collect();
        let (left, shown) = (RIGHT + 16.0, shown.join(" · "));
        let _ = writeln!(
            svg,
            "<text x=\"{left}\" y=\"{:.1}\" class=\"{class}\">{shown}</text>",
            y + 4.0
        );
    }
}

const WIDTH: f64 = 960.0;
const LEFT: f64 = 160.0;
const RIGHT: f64 = 680.0;
const TOP: f64 = 54.0;
const ROW: f64 = 22.0;
const LEAST: f64 = 1e-3;
/// Distinct on white, on black, and for readers who see no difference between red and green.
const COLOURS: [&str; 5] = ["#3b82c4", "#e08a1e", "#a05fb4", "#d1495b", "#2a9d8f"];
const STYLE: &str = "<style>\
text{font:13px system-ui,sans-serif;fill:#333}\
.title{font-size:15px;font-weight:600}\
.ours{font-weight:700}\
.foot{font-size:11px;fill:#666}\
.middle{text-anchor:middle}\
.end{text-anchor:end}\
.grid{stroke:#999;stroke-width:.5;stroke-dasharray:2 3}\
.range{stroke:#999;stroke-width:2}\
@media(prefers-color-scheme:dark){text{fill:#ddd}.foot{fill:#aaa}}\
</style>";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_has_a_dot_for_each_figure() {
        let chart = Chart {
            title: "Held".to_owned(),
            axis: "ns",
            unit: Unit::Nanoseconds,
            series: vec!["1 thread", "16 threads"],
            rows: vec![
                (OURS, vec![Some(15.0), Some(1500.0)]),
                ("other", vec![Some(100.0), None]),
            ],
            foot: String::new(),
        };
        let svg = chart.draw();
        // Three figures, and two in the legend.
        assert_eq!(svg.matches("<circle").count(), 5);
        assert!(
            svg.contains("15 ns · 1.5 µs") && svg.contains("100 ns · –"),
            "{svg}"
        );
        // Decades from 10 ns to 10 µs; the first and the last are the ends of the axis.
        assert_eq!(svg.matches("class=\"grid\"").count(), 4);
        assert!(
            svg.contains("M160.0 54V") && svg.contains("M680.0 54V"),
            "{svg}"
        );
    }
}
