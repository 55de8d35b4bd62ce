//! The table of known servers, as the guide has it: `cargo xtask presets`.

use auth_all::generic::{Preset, PresetValue};

fn main() {
    print!("{}", table());
}

/// A row for each server, in Markdown.
pub(crate) fn table() -> String {
    let mut table =
        String::from("| preset | server | grants | values | read on |\n|---|---|---|---|---|\n");
    for preset in Preset::all() {
        let grants = preset.field("grant").unwrap_or_default();
        let values: Vec<_> = preset.values().map(value).collect();
        table += &format!(
            "| `{}` | [{}]({}) | {} | {} | {} |\n",
            preset.name(),
            preset.title(),
            preset.source(),
            grants.replace(' ', ", "),
            values.join(", "),
            preset.read_on()
        );
    }
    table
}

/// A value with its default; one that must be set is bold.
fn value(value: PresetValue) -> String {
    match value.default {
        Some(default) => format!("{} (`{default}`)", value.name),
        None => format!("**{}**", value.name),
    }
}
