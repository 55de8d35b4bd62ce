//! Asks who is logged in: against a simulator, or against Aerion if `AERION_COMPANY` is set.

use std::env;
use std::error::Error;

use aerion_auth::{Aerion, Secret, Session, secret};
use auth_sim::{Simulator, aerion};

fn main() -> Result<(), Box<dyn Error>> {
    let simulator;
    let (vendor, api) = if let Ok(company) = env::var("AERION_COMPANY") {
        let vendor = Aerion::new(company).neutral_host();
        let vendor = match env::var("AERION_USERNAME") {
            Ok(username) => vendor.password(username, secret::env("AERION_PASSWORD")),
            Err(_) => vendor,
        };
        (vendor, "https://api.aerion.app")
    } else {
        simulator = Simulator::aerion();
        let url = simulator.url();
        eprintln!("AERION_COMPANY is not set: using a simulator at {url}");
        let vendor = Aerion::new(aerion::COMPANY_URL)
            .password(aerion::USERNAME, Secret::new(aerion::PASSWORD))
            .base(url);
        (vendor, url)
    };
    let mut session = Session::builder(vendor);
    if env::var_os("AERION_REFRESH_TOKEN").is_some() {
        session = session.refresh_token(secret::env("AERION_REFRESH_TOKEN"));
    }
    let session = session.build()?;

    session.token()?;
    eprintln!("{}", session.status());
    let mut response = session.agent().get(format!("{api}/v1/users/me")).call()?;
    println!("{}", response.body_mut().read_to_string()?);
    Ok(())
}
