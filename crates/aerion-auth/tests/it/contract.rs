//! Aerion keeps the contract of every vendor. It does not check the client's secret.

use aerion_auth::{Aerion, Secret};
use auth_sim::Vendor;
use auth_sim::aerion::{COMPANY, PASSWORD, USERNAME};
use auth_sim::vendor_contract::VendorContract;

auth_sim::vendor_contract!(aerion(), refresh_tokens);

fn aerion() -> VendorContract {
    VendorContract::new(
        Vendor::Aerion,
        |base| login(base, PASSWORD),
        |base| login(base, WRONG),
    )
    .refresh_only(|base| Aerion::new(COMPANY).base(base))
    .api("/v1/users/me")
    .rejects_with(403)
    .secret(PASSWORD)
    .secret(WRONG)
}

fn login(base: &str, password: &str) -> Aerion {
    let aerion = Aerion::new(COMPANY).password(USERNAME, Secret::new(password));
    aerion.base(base)
}

const WRONG: &str = "not-the-right-one";
