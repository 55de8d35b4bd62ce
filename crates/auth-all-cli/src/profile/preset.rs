//! Presets: `vendor` names a known server, whose settings stand for the keys that a profile leaves out.

use auth_all::generic::Preset;

use crate::config::table::{Setting, Table, nearest};
use crate::failure::Result;

use super::vendor;

/// Reads the preset of this name, with the values that the server has one of for each customer.
pub(super) fn read(name: &str, table: &Table<'_>) -> Result<Preset> {
    let Some(mut preset) = Preset::all().find(|preset| preset.name() == name) else {
        let own = vendor::NAMES.into_iter();
        let known: Vec<_> = own.chain(Preset::all().map(|it| it.name())).collect();
        let near = nearest(name, known.iter().copied());
        let advice = match near {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("known are {}", known.join(", ")),
        };
        return Err(table.wrong("vendor", &format!("is not a known server; {advice}")));
    };
    for value in preset.values().collect::<Vec<_>>() {
        match table.text(value.name)? {
            Some(text) => preset = preset.set(value.name, text),
            None if value.default.is_some() => {}
            None => {
                let advice = format!(
                    "the server \"{name}\" has one for each customer, for instance \"{}\"",
                    value.example
                );
                return Err(table.missing(&[value.name]).advice(advice));
            }
        }
    }
    for key in ENDPOINTS {
        if preset.values().any(|value| value.name == key) {
            continue;
        }
        if let Some(text) = table.text(key)? {
            preset = preset.set(key, text);
        }
    }
    Ok(preset)
}

/// The fields that the preset fills and the profile has no key for, as `status` shows them.
pub(super) fn settings(preset: &Preset, given: &[Setting], params: &[String]) -> Vec<Setting> {
    let is_given = |name: &str| {
        let key = name.split('.').next().unwrap_or(name);
        given.iter().any(|setting| setting.key == name)
            || (key == "client_assertion" && given.iter().any(|setting| setting.key == key))
            || params.iter().any(|param| param == name)
    };
    let fields = preset.fields().into_iter();
    fields
        .filter(|(name, _)| !is_given(name))
        .map(|(key, value)| Setting {
            key,
            value: match key {
                "grant" => value.split(' ').next().unwrap_or_default().to_owned(),
                _ => value,
            },
            place: format!("preset {}", preset.name()),
            variable: None,
        })
        .collect()
}

/// The keys that replace a field of the server.
const ENDPOINTS: [&str; 5] = [
    "token_endpoint",
    "authorization_endpoint",
    "device_authorization_endpoint",
    "revocation_endpoint",
    "body",
];
