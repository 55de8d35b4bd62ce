//! `cargo run -p auth-sim`: the simulators as servers, for curl and for programs in any language.
#![forbid(unsafe_code)]

mod sheet; // printed summary of the running simulators

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use auth_sim::{Dialect, Simulator, Vendor, VendorServer as _};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wanted = match parse(&arguments) {
        Ok(Some(wanted)) => wanted,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(complaint) => {
            eprint!("auth-sim: {complaint}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let mut running = Vec::new();
    for (vendor, port) in wanted.simulators {
        let mut builder = Simulator::builder(vendor).port(port).control(true);
        if let Some(life) = wanted.life {
            builder = builder.access_token_lifetime(life);
        }
        if let Some(dialect) = wanted.dialect {
            builder = builder.dialect(dialect);
        }
        match builder.on_response(sheet::line(vendor)).start() {
            Ok(simulator) => running.push((vendor, simulator)),
            Err(error) => {
                eprintln!(
                    "auth-sim: {} cannot use port {port}: {error}",
                    vendor.name()
                );
                return ExitCode::FAILURE;
            }
        }
    }
    print!("{}", sheet::of(&running));
    loop {
        thread::park();
    }
}

/// The simulators to start.
struct Wanted {
    /// Which ones, on which ports.
    simulators: Vec<(Vendor, u16)>,
    dialect: Option<Dialect>,
    /// The lifetime of access tokens.
    life: Option<Duration>,
}

/// Parses the arguments; `None` is a request for help.
fn parse(arguments: &[String]) -> Result<Option<Wanted>, String> {
    let mut words = arguments.iter().map(String::as_str);
    let (mut chosen, mut port, mut dialect, mut life) = (None, None, None, None);
    while let Some(word) = words.next() {
        match word {
            "-h" | "--help" | "help" => return Ok(None),
            "--port" => {
                let text = words.next().ok_or("--port needs a number")?;
                let number = text.parse().map_err(|_| format!("{text} is not a port"))?;
                port = Some(number);
            }
            "--life" => {
                let text = words.next().ok_or("--life needs a number of seconds")?;
                let seconds = text
                    .parse()
                    .map_err(|_| format!("{text} is not a number"))?;
                life = Some(Duration::from_secs(seconds));
            }
            "--dialect" => {
                let name = words.next().ok_or("--dialect needs a name")?;
                let known = Dialect::ALL.into_iter().find(|it| it.name() == name);
                dialect = Some(known.ok_or_else(|| format!("{name} is not a dialect"))?);
            }
            name => {
                let known = Vendor::ALL.into_iter().find(|vendor| vendor.name() == name);
                chosen = Some(known.ok_or_else(|| format!("{name} is not a simulator"))?);
            }
        }
    }
    let simulators = match (chosen, port) {
        (Some(vendor), port) => vec![(vendor, port.unwrap_or(default_port(vendor)))],
        (None, Some(_)) => return Err("--port needs the name of a simulator".to_owned()),
        (None, None) => Vendor::ALL.map(|it| (it, default_port(it))).to_vec(),
    };
    Ok(Some(Wanted {
        simulators,
        dialect,
        life,
    }))
}

fn default_port(vendor: Vendor) -> u16 {
    match vendor {
        Vendor::Aerion => 18201,
        Vendor::Aeris => 18202,
        Vendor::Ermeo => 18203,
        _ => 18204,
    }
}

const HELP: &str = "\
auth-sim: strict simulators of token servers, on 127.0.0.1

  auth-sim                       all four, on ports 18201 to 18204
  auth-sim VENDOR                one of: aerion, aeris, ermeo, generic
  auth-sim VENDOR --port PORT    on another port; 0 picks a free one
  auth-sim … --life SECONDS      lifetime of access tokens
  auth-sim … --dialect NAME      other wording of refusals than the vendor's: rfc, bare-status,
                                 framework-page, vendor-words or success-status
  auth-sim --help                print this text

Prints the accounts and curl lines to paste, then a line for each request. Another terminal moves the
clock with POST /_sim/advance?seconds=N and revokes tokens with POST /_sim/revoke. Press Ctrl-C to stop.
";
