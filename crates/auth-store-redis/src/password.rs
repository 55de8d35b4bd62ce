//! A password: one for good, or one that is asked for.

use std::fmt::{self, Debug};
use std::sync::Arc;

use auth_core::{Result, Secret};

/// Where the password of a new connection comes from.
#[derive(Clone)]
pub(crate) enum Password {
    Fixed(Secret),
    /// Changes while the program runs.
    Asked(Arc<dyn Fn() -> Result<Secret> + Send + Sync>),
}

impl Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed(_) => "Fixed(…)",
            Self::Asked(_) => "Asked(…)",
        })
    }
}
