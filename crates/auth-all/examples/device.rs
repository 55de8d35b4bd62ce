//! A screen without a keyboard: its user scans a code and logs in on a telephone.

use auth_all::generic::{Client, DeviceLogin, DevicePrompt, Server};
use auth_all::{Result, store::FileStore};

fn main() -> Result<()> {
    let client = Client::new(Server::discover("https://login.example.com")?, "screen");
    let login = DeviceLogin::new(client).user("lobby");
    let session = login
        .show(|prompt| println!("{}", text(prompt)))
        .session(FileStore::for_program("screen")?)?;
    println!("{}", session.status());
    Ok(())
}

/// Returns what the screen shows: the address, the code, and, if it fits, a QR code of both.
pub(crate) fn text(prompt: &DevicePrompt) -> String {
    match prompt.qr() {
        Ok(qr) => format!("{prompt}\n{qr}"),
        Err(_) => prompt.to_string(),
    }
}
