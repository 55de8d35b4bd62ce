//! Asks who is logged in: against a simulator, or against Aerion if `AERION_COMPANY` is set.

use std::env;
use std::error::Error;

use aerion_auth::{Aerion, Session};
use auth_sim::{Simulator, aerion};

fn main() -> Result<(), Box<dyn Error>> {
    let var = |name: &str| env::var(name).unwrap_or_default();
    let simulator;
    let (vendor, api) = if env::var_os("AERION_COMPANY").is_some() {
        let vendor = Aerion {
            company: var("AERION_COMPANY"),
            username: var("AERION_USERNAME"),
            password: var("AERION_PASSWORD").into(),
            base: Aerion::NEUTRAL.into(),
            ..Aerion::default()
        };
        (vendor, Aerion::NEUTRAL.to_owned())
    } else {
        simulator = Simulator::aerion();
        eprintln!(
            "AERION_COMPANY is not set: using a simulator at {}",
            simulator.url()
        );
        let vendor = Aerion {
            company: aerion::COMPANY_URL.into(),
            username: aerion::USERNAME.into(),
            password: aerion::PASSWORD.into(),
            base: simulator.url().into(),
            ..Aerion::default()
        };
        (vendor, simulator.url().to_owned())
    };
    let session = Session::builder(vendor)
        .refresh_token(var("AERION_REFRESH_TOKEN"))
        .build();

    let token = session.token()?;
    if let Some(expires_at) = token.expires_at() {
        eprintln!("got a token that works until {expires_at}");
    }
    let mut answer = session.agent().get(format!("{api}/v1/users/me")).call()?;
    println!("{}", answer.body_mut().read_to_string()?);
    Ok(())
}
