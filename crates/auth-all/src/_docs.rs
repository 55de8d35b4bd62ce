//! Guides: from the first token to a fleet in production.
//!
//! Every Rust example in them is compiled by the tests of this crate, with all features. Most of them run, against the
//! simulators of `auth-sim`. Where a guide shows another crate (reqwest, tonic, tokio), the example is compiled against
//! a stand-in with that crate's signatures.
//!
//! | question | guide |
//! |---|---|
//! | Which crate, which grant and which store do I need? | [`which`] |
//! | How does a login survive a restart of my program? | [`stored_logins`] |
//! | How do many processes or machines share one login? | [`fleets`] |
//! | How do I move logins to another store? | [`moving_a_store`] |
//! | How do I call it from async code? | [`async_code`] |
//! | How do I use it with reqwest, tonic, a websocket, Kafka or IMAP? | [`other_clients`] |
//! | How do git, cargo, kubectl, docker, pip or npm get a token? | [`programs`] |
//! | How do I test my own code? | [`testing`] |
//! | How do I come here from oauth2, yup-oauth2 or golang/oauth2? | [`migrating`] |
//! | How do I add a vendor of my own? | [`your_vendor`] |
//! | Which servers are known by name? | [`presets`] |
//! | What do I set for a server that differs from the RFCs? | [`odd_servers`] |
//! | What does an operator need to know? | [`operating`] |

#[doc = include_str!("../docs/which.md")]
pub mod which {}

#[doc = include_str!("../docs/stored_logins.md")]
pub mod stored_logins {}

#[doc = include_str!("../docs/fleets.md")]
pub mod fleets {}

#[doc = include_str!("../docs/moving_a_store.md")]
pub mod moving_a_store {}

#[doc = include_str!("../docs/async_code.md")]
pub mod async_code {}

#[doc = include_str!("../docs/other_clients.md")]
pub mod other_clients {}

#[doc = include_str!("../docs/programs.md")]
pub mod programs {}

#[doc = include_str!("../docs/testing.md")]
pub mod testing {}

#[doc = include_str!("../docs/migrating.md")]
pub mod migrating {}

#[doc = include_str!("../docs/your_vendor.md")]
pub mod your_vendor {}

#[doc = include_str!("../docs/presets.md")]
pub mod presets {}

#[doc = include_str!("../docs/odd_servers.md")]
pub mod odd_servers {}

#[doc = include_str!("../docs/operating.md")]
pub mod operating {}
