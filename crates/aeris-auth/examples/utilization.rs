//! Asks for the use of devices: against a simulator, or against Aeris if `AERIS_CLIENT_ID` is set.

use std::env;
use std::error::Error;

use aeris_auth::{Aeris, Session};
use auth_sim::{Simulator, aeris};

fn main() -> Result<(), Box<dyn Error>> {
    let var = |name: &str| env::var(name).unwrap_or_default();
    let simulator;
    let vendor = if env::var_os("AERIS_CLIENT_ID").is_some() {
        Aeris {
            client_id: var("AERIS_CLIENT_ID"),
            client_secret: var("AERIS_CLIENT_SECRET").into(),
            account_id: var("AERIS_ACCOUNT_ID"),
            account_secret: var("AERIS_ACCOUNT_SECRET").into(),
            requester_id: var("AERIS_REQUESTER_ID"),
            ..Aeris::default()
        }
    } else {
        simulator = Simulator::aeris();
        eprintln!(
            "AERIS_CLIENT_ID is not set: using a simulator at {}",
            simulator.url()
        );
        Aeris {
            client_id: aeris::CLIENT_ID.into(),
            client_secret: aeris::CLIENT_SECRET.into(),
            account_id: aeris::ACCOUNT_ID.into(),
            account_secret: aeris::ACCOUNT_SECRET.into(),
            requester_id: "abc@example.com".into(),
            base: simulator.url().into(),
        }
    };
    let usage = format!(
        "{}/devicesQuery/{}/devices/cellUtilization",
        vendor.base, vendor.account_id
    );
    let session = Session::new(vendor);

    let token = session.token()?;
    if let Some(expires_at) = token.expires_at() {
        eprintln!("got a token that works until {expires_at}");
    }
    let mut answer = session.agent().get(&usage).call()?;
    println!("{}", answer.body_mut().read_to_string()?);
    Ok(())
}
