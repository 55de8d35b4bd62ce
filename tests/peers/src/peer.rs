//! The interface that makes the Rust peers comparable, and the one peer of this build.

use std::error::Error;
use std::path::PathBuf;
use std::result;

#[cfg(feature = "arc-swap")]
#[path = "peer/arc_swap.rs"]
mod chosen;
#[cfg(feature = "auth-all")]
#[path = "peer/auth_all.rs"]
mod chosen;
#[cfg(feature = "aws-smithy-runtime")]
#[path = "peer/aws_smithy_runtime.rs"]
mod chosen;
#[cfg(feature = "azure_identity")]
#[path = "peer/azure_identity.rs"]
mod chosen;
#[cfg(feature = "gcp_auth")]
#[path = "peer/gcp_auth.rs"]
mod chosen;
#[cfg(feature = "google-cloud-auth")]
#[path = "peer/google_cloud_auth.rs"]
mod chosen;
#[cfg(feature = "huskarl")]
#[path = "peer/huskarl.rs"]
mod chosen;
#[cfg(feature = "oauth2")]
#[path = "peer/oauth2.rs"]
mod chosen;
#[cfg(feature = "openidconnect")]
#[path = "peer/openidconnect.rs"]
mod chosen;
#[cfg(feature = "tame-oauth")]
#[path = "peer/tame_oauth.rs"]
mod chosen;
#[cfg(feature = "yup-oauth2")]
#[path = "peer/yup_oauth2.rs"]
mod chosen;

pub(crate) use chosen::Client;

pub(crate) type Result<T = ()> = result::Result<T, Box<dyn Error + Send + Sync>>;

/// Settings that every client is created with.
#[derive(Clone)]
pub(crate) struct Settings {
    /// URL of the token endpoint.
    pub(crate) url: String,
    /// Folder in which processes may share a login; `None` keeps it in memory.
    #[allow(dead_code, reason = "most peers keep tokens in memory only")]
    pub(crate) folder: Option<PathBuf>,
    /// An RSA key in PEM, for the peers that log in with a signed JWT.
    #[allow(dead_code, reason = "for Google's service accounts only")]
    pub(crate) key: String,
}

/// A client of one account.
pub(crate) trait Peer: Sized + Send + Sync + 'static {
    /// Creates a client; what the peer can share between clients is shared.
    async fn connect(settings: &Settings) -> Result<Self>;

    /// Gets the token as a program does for each request, and returns the length of what it got.
    async fn token(&self) -> Result<usize>;

    /// Sends one token request. By default with a token that the peer sees as expired.
    #[allow(dead_code, reason = "`minimal` needs one token")]
    async fn renew(&self, _settings: &Settings) -> Result<usize> {
        self.token().await
    }
}

/// Runs a future of an asynchronous peer on the one runtime of the process.
#[cfg(feature = "tokio")]
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    use std::sync::OnceLock;
    use tokio::runtime::{Builder, Runtime};
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        let built = Builder::new_multi_thread().enable_all().build();
        built.expect("a runtime starts")
    });
    runtime.block_on(future)
}

/// Runs a future of a blocking peer, which is ready when it is first polled.
#[cfg(not(feature = "tokio"))]
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("a blocking peer does not wait for a waker"),
    }
}

/// Returns the settings that `compare` passes in the environment.
pub(crate) fn settings() -> Result<Settings> {
    Ok(Settings {
        url: std::env::var("PEERS_URL")?,
        folder: std::env::var_os("PEERS_FOLDER").map(PathBuf::from),
        key: std::env::var("PEERS_KEY").unwrap_or_default(),
    })
}
