//! Connections that fail, a login in the browser, keys.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use auth_core::error::{Delivery, LoginReason, NetworkFailure};
use auth_core::store::FileStore;
use auth_core::transport::HttpTransport;
use auth_core::{Error, Session};
use auth_sim::{Simulator, generic};
use oauth2_generic::{BrowserLogin, Client, ClientCredentials, DpopKey, Server};

use crate::{Outcome, logins, must};

/// The system's error is recognised: nothing was sent, so nothing is lost.
pub(crate) fn refused_port(directory: &Path) -> Outcome {
    let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    failing(directory, &format!("http://{closed}"), |failure| {
        matches!(failure, NetworkFailure::Connect(_))
    })
}

pub(crate) fn name_lookup(directory: &Path) -> Outcome {
    let is_expected = |failure: &NetworkFailure| matches!(failure, NetworkFailure::NameLookup);
    failing(directory, "https://no-such-host.invalid", is_expected)
}

fn failing(
    directory: &Path,
    server: &str,
    is_expected: impl Fn(&NetworkFailure) -> bool,
) -> Outcome {
    let session = logins::session(server, FileStore::open(directory)?)?;
    match session.token() {
        Err(Error::Network {
            failure, delivery, ..
        }) => {
            let seen = format!("{failure:?}, {delivery:?}");
            must(
                is_expected(&failure) && delivery == Delivery::NotSent,
                &*seen,
            )?;
            Ok(seen)
        }
        other => Err(format!("{other:?}").into()),
    }
}

fn client(server: &Simulator) -> auth_core::Result<Client> {
    let secret = auth_core::Secret::new(generic::CLIENT_SECRET);
    let client = Client::new(Server::discover(server.url())?, generic::CLIENT_ID);
    Ok(client.secret(secret).api(server.url()))
}

/// The listener accepts the redirect, and its page reaches the browser.
pub(crate) fn browser(directory: &Path) -> Outcome {
    let server = Simulator::generic();
    let (sender, page) = mpsc::channel();
    let login = BrowserLogin::new(client(&server)?)
        .user(generic::USERNAME)
        .deadline(Duration::from_secs(20))
        .open_with(move |url| {
            let (sender, url) = (sender.clone(), url.to_owned());
            thread::spawn(move || {
                let page = auth_core::agent::ureq::get(&url).call();
                let page = page.and_then(|mut page| page.body_mut().read_to_string());
                let _ = sender.send(page.map_err(|error| error.to_string()));
            });
            Ok(())
        });
    let session = login.session(FileStore::open(directory)?)?;
    session
        .agent()
        .get(format!("{}/whoami", server.url()))
        .call()?;
    let page = page.recv_timeout(Duration::from_secs(10))??;
    must(page.contains("<html"), "the page is not HTML")?;
    Ok(format!("a page of {} bytes", page.len()))
}

/// A browser logs in; without one on the machine, the address is shown, or the deadline ends the login.
pub(crate) fn system_browser(_: &Path) -> Outcome {
    let server = Simulator::generic();
    let (sender, shown) = mpsc::channel();
    let login = BrowserLogin::new(client(&server)?)
        .deadline(Duration::from_secs(3))
        .show(move |_| sender.send(()).unwrap_or_default());
    match login.exchange(&HttpTransport::new()) {
        Ok(_) => Ok("a browser logged in".to_owned()),
        Err(Error::LoginRequired {
            reason: LoginReason::TimedOut,
            ..
        }) => {
            let is_shown = shown.try_recv().is_ok();
            Ok(format!("the address was shown: {is_shown}"))
        }
        Err(error) => Err(error.into()),
    }
}

/// The system's random numbers and signatures of ring; the key is read again from its file.
pub(crate) fn keys(directory: &Path) -> Outcome {
    let server = Simulator::generic();
    fs::create_dir(directory)?;
    let [key, again] = [(); 2].map(|()| DpopKey::open(directory.join("key.pem")));
    let key = key?;
    must(
        key.thumbprint() == again?.thumbprint(),
        "the file holds another key",
    )?;
    let session = Session::new(ClientCredentials::new(client(&server)?.dpop(key)));
    // The simulator receives the proof, and then issues a bearer token, which is refused.
    let error = session
        .token()
        .err()
        .ok_or("a token that is not bound was accepted")?;
    must(matches!(error, Error::Response(_)), error.to_string())?;
    let requests = server.token_requests();
    let proof = requests.iter().find_map(|request| request.header("dpop"));
    let parts = proof.map_or(0, |proof| proof.split('.').count());
    must(parts == 3, format!("a proof of {parts} parts"))?;
    let session = Session::new(ClientCredentials::new(client(&server)?));
    session.token()?;
    session
        .agent()
        .get(format!("{}/whoami", server.url()))
        .call()?;
    Ok("a proof was signed".to_owned())
}
