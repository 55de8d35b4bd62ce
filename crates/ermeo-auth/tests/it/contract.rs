//! Ermeo keeps the contract of every vendor.

use auth_sim::Vendor;
use auth_sim::ermeo::{CLIENT_ID, CLIENT_SECRET, PASSWORD, USERNAME};
use auth_sim::vendor_contract::VendorContract;
use ermeo_auth::{Ermeo, Secret};

auth_sim::vendor_contract!(ermeo(), refresh_tokens, client_secret);

fn ermeo() -> VendorContract {
    VendorContract::new(
        Vendor::Ermeo,
        |base| login(base, CLIENT_SECRET, PASSWORD),
        |base| login(base, CLIENT_SECRET, WRONG),
    )
    .refresh_only(|base| Ermeo::new(CLIENT_ID, Secret::new(CLIENT_SECRET)).base(base))
    .outdated_secret(|base| login(base, WRONG, PASSWORD))
    .api("/api/v1/assets?limit=10&page=1")
    .secret(CLIENT_SECRET)
    .secret(PASSWORD)
    .secret(WRONG)
}

fn login(base: &str, client_secret: &str, password: &str) -> Ermeo {
    Ermeo::new(CLIENT_ID, Secret::new(client_secret))
        .password(USERNAME, Secret::new(password))
        .base(base)
}

const WRONG: &str = "not-the-right-one";
