//! Lists assets: against a simulator, or against Ermeo if `ERMEO_CLIENT_ID` is set.

use std::env;
use std::error::Error;

use auth_sim::{Simulator, ermeo};
use ermeo_auth::{Ermeo, Session};

fn main() -> Result<(), Box<dyn Error>> {
    let var = |name: &str| env::var(name).unwrap_or_default();
    let simulator;
    let vendor = if env::var_os("ERMEO_CLIENT_ID").is_some() {
        Ermeo {
            client_id: var("ERMEO_CLIENT_ID"),
            client_secret: var("ERMEO_CLIENT_SECRET").into(),
            username: var("ERMEO_USERNAME"),
            password: var("ERMEO_PASSWORD").into(),
            ..Ermeo::default()
        }
    } else {
        simulator = Simulator::ermeo();
        eprintln!(
            "ERMEO_CLIENT_ID is not set: using a simulator at {}",
            simulator.url()
        );
        Ermeo {
            client_id: ermeo::CLIENT_ID.into(),
            client_secret: ermeo::CLIENT_SECRET.into(),
            username: ermeo::USERNAME.into(),
            password: ermeo::PASSWORD.into(),
            base: simulator.url().into(),
        }
    };
    let assets = format!("{}/api/v1/assets?limit=10&page=1", vendor.base);
    let session = Session::builder(vendor)
        .refresh_token(var("ERMEO_REFRESH_TOKEN"))
        .build();

    let token = session.token()?;
    if let Some(expires_at) = token.expires_at() {
        eprintln!("got a token that works until {expires_at}");
    }
    let mut answer = session.agent().get(&assets).call()?;
    println!("{}", answer.body_mut().read_to_string()?);
    Ok(())
}
