//! The password grant keeps the contract of every vendor.

use auth_core::Secret;
use auth_sim::Vendor;
use auth_sim::generic::{CLIENT_ID, CLIENT_SECRET, PASSWORD, USERNAME};
use auth_sim::vendor_contract::VendorContract;
use oauth2_generic::{Client, Password, RefreshToken, Server};

auth_sim::vendor_contract!(generic(), refresh_tokens, client_secret);

fn generic() -> VendorContract {
    VendorContract::new(
        Vendor::Generic,
        |base| login(base, CLIENT_SECRET, PASSWORD),
        |base| login(base, CLIENT_SECRET, WRONG),
    )
    .refresh_only(|base| RefreshToken::new(client(base, CLIENT_SECRET)))
    .outdated_secret(|base| login(base, WRONG, PASSWORD))
    .api("/whoami")
    .secret(CLIENT_SECRET)
    .secret(PASSWORD)
    .secret(WRONG)
}

fn login(base: &str, client_secret: &str, password: &str) -> Password {
    let client = client(base, client_secret);
    Password::new(client, USERNAME, Secret::new(password))
}

fn client(base: &str, client_secret: &str) -> Client {
    let server = Server::new(format!("{base}/token"));
    Client::new(server, CLIENT_ID).secret(Secret::new(client_secret))
}

const WRONG: &str = "not-the-right-one";
