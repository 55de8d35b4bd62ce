//! A code that the person enters elsewhere, while the device waits.

use auth_all::Session;
use auth_all::generic::{Client, DeviceCode, PendingDevice};

use super::person::{Person, Window};
use super::server::Server;
use super::wire::{Heard, Wire};
use crate::report::wants_colour;
use crate::stage::Outcome;
use crate::story;

pub(super) fn play(wire: &mut Wire<'_>, server: &Server, person: &mut Person, client: Client) {
    let about = format!("{}; a code, entered elsewhere", server.about());
    wire.report.heading("OAuth 2.0, device_code", &about);
    let Some(pending) = begin(wire, client) else {
        return;
    };
    let Some(session) = connect(wire, server, person, pending) else {
        return;
    };
    super::use_it(wire, server, &session);
}

/// The code, in words and for a telephone.
fn begin(wire: &mut Wire<'_>, client: Client) -> Option<PendingDevice> {
    let mut pending = None;
    wire.step("show a code", |heard| {
        let begun = DeviceCode { client }.begin(heard);
        let begun = pending.insert(begun.map_err(story::instead_of("a code"))?);
        Ok(begun.to_string())
    });
    if let Some(qr) = pending.as_ref().and_then(|pending| pending.qr().ok()) {
        let code = if wants_colour() {
            qr.coloured()
        } else {
            format!("{qr}\n")
        };
        let lines = code.lines().map(|line| format!("{:MARGIN$}{line}\n", ""));
        wire.report.say(&lines.collect::<String>());
    }
    pending
}

/// The person enters the code, and the device is told.
fn connect(
    wire: &mut Wire<'_>,
    server: &Server,
    person: &mut Person,
    pending: PendingDevice,
) -> Option<Session> {
    let mut went_well = false;
    let [_, tool] = person.tools();
    wire.step("enter it", |heard| {
        let titles = enter(heard, server, &mut *person.window(), &pending)?;
        went_well = true;
        let did = server.did_for_device();
        Ok(format!("in {tool} {did}{titles}"))
    });
    if !went_well {
        return None;
    }
    let mut session = None;
    let clock = wire.clock.clone();
    wire.step("obtain", |heard| {
        let granted = pending.clock(clock).wait(heard);
        let granted = granted.map_err(story::instead_of("a token"))?;
        story::same("requests", &heard.count(), &1)?;
        session = Some(granted);
        Ok("the device asked once more, and has a token and a refresh token".to_owned())
    });
    session.map(|granted| wire.builder(granted).build())
}

/// Page by page, and what they are called.
fn enter(
    heard: &Heard,
    server: &Server,
    window: &mut dyn Window,
    pending: &PendingDevice,
) -> Outcome {
    match (server, pending.verification_uri_complete()) {
        (Server::Simulated(_), Some(complete)) => window.open(complete),
        _ => {
            window.open(pending.verification_uri());
            window.enter(pending.user_code());
        }
    }
    let mut titles = vec![window.title()];
    while window.answer() {
        titles.push(window.title());
        if titles.len() > MOST_PAGES {
            return Err("expected an end of the pages, got ever more".to_owned());
        }
    }
    heard.push_visits(&window.visits(), &window.title());
    match titles[..] {
        // A line without a title.
        [_] => Ok(String::new()),
        _ => Ok(format!("; the pages: `{}`", titles.join("`, `"))),
    }
}

const MARGIN: usize = 20;
const MOST_PAGES: usize = 8;
