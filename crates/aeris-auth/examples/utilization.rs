//! Asks for the use of devices: against a simulator, or against Aeris if `AERIS_CLIENT_ID` is set.

use std::env;
use std::error::Error;

use aeris_auth::{Aeris, Secret, Session, secret};
use auth_sim::{Simulator, aeris};

fn main() -> Result<(), Box<dyn Error>> {
    let simulator;
    let (vendor, api, account_id) = if let Ok(client_id) = env::var("AERIS_CLIENT_ID") {
        let account_id = env::var("AERIS_ACCOUNT_ID")?;
        let vendor = Aeris::new(client_id, secret::env("AERIS_CLIENT_SECRET"))
            .account(&account_id, secret::env("AERIS_ACCOUNT_SECRET"))
            .requester(env::var("AERIS_REQUESTER_ID")?);
        (vendor, "https://connectivity.aerisapis.com", account_id)
    } else {
        simulator = Simulator::aeris();
        let url = simulator.url();
        eprintln!("AERIS_CLIENT_ID is not set: using a simulator at {url}");
        let vendor = Aeris::new(aeris::CLIENT_ID, Secret::new(aeris::CLIENT_SECRET))
            .account(aeris::ACCOUNT_ID, Secret::new(aeris::ACCOUNT_SECRET))
            .requester("abc@example.com")
            .base(url);
        (vendor, url, aeris::ACCOUNT_ID.to_owned())
    };
    let session = Session::builder(vendor).build()?;

    session.token()?;
    eprintln!("{}", session.status());
    let usage = format!("{api}/devicesQuery/{account_id}/devices/cellUtilization");
    let mut response = session.agent().get(&usage).call()?;
    println!("{}", response.body_mut().read_to_string()?);
    Ok(())
}
