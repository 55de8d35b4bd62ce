//! Lists assets: against a simulator, or against Ermeo if `ERMEO_CLIENT_ID` is set.

use std::env;
use std::error::Error;

use auth_sim::{Simulator, ermeo};
use ermeo_auth::{Ermeo, Secret, Session, secret};

fn main() -> Result<(), Box<dyn Error>> {
    let simulator;
    let (vendor, api) = if let Ok(client_id) = env::var("ERMEO_CLIENT_ID") {
        let vendor = Ermeo::new(client_id, secret::env("ERMEO_CLIENT_SECRET"));
        let vendor = match env::var("ERMEO_USERNAME") {
            Ok(username) => vendor.password(username, secret::env("ERMEO_PASSWORD")),
            Err(_) => vendor,
        };
        (vendor, "https://api.ermeo.com")
    } else {
        simulator = Simulator::ermeo();
        let url = simulator.url();
        eprintln!("ERMEO_CLIENT_ID is not set: using a simulator at {url}");
        let vendor = Ermeo::new(ermeo::CLIENT_ID, Secret::new(ermeo::CLIENT_SECRET))
            .password(ermeo::USERNAME, Secret::new(ermeo::PASSWORD))
            .base(url);
        (vendor, url)
    };
    let mut session = Session::builder(vendor);
    if env::var_os("ERMEO_REFRESH_TOKEN").is_some() {
        session = session.refresh_token(secret::env("ERMEO_REFRESH_TOKEN"));
    }
    let session = session.build()?;

    session.token()?;
    eprintln!("{}", session.status());
    let assets = format!("{api}/api/v1/assets?limit=10&page=1");
    let mut response = session.agent().get(&assets).call()?;
    println!("{}", response.body_mut().read_to_string()?);
    Ok(())
}
