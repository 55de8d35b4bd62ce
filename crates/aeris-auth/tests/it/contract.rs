//! Aeris keeps the contract of every vendor. It has no refresh tokens, and its account is no user's.

use aeris_auth::{Aeris, Secret};
use auth_sim::Vendor;
use auth_sim::aeris::{ACCOUNT_ID, ACCOUNT_SECRET, CLIENT_ID, CLIENT_SECRET, REQUESTER_ID};
use auth_sim::vendor_contract::VendorContract;

auth_sim::vendor_contract!(aeris(), client_secret);

fn aeris() -> VendorContract {
    VendorContract::new(
        Vendor::Aeris,
        |base| login(base, CLIENT_SECRET, ACCOUNT_SECRET),
        |base| login(base, CLIENT_SECRET, WRONG),
    )
    .outdated_secret(|base| login(base, WRONG, ACCOUNT_SECRET))
    .client_only()
    .api("/devicesQuery/18002/devices/cellUtilization")
    .secret(CLIENT_SECRET)
    .secret(ACCOUNT_SECRET)
    .secret(WRONG)
}

fn login(base: &str, client_secret: &str, account_secret: &str) -> Aeris {
    Aeris::new(CLIENT_ID, Secret::new(client_secret))
        .account(ACCOUNT_ID, Secret::new(account_secret))
        .requester(REQUESTER_ID)
        .base(base)
}

const WRONG: &str = "not-the-right-one";
