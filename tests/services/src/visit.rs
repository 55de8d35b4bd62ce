//! What a browser asked for, one page after the other.

/// A request for a page, and what it was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visit {
    /// The method, in upper case.
    pub method: String,
    /// The whole URL, without a fragment.
    pub url: String,
    /// The form that was sent; empty if there was none.
    pub form: Vec<(String, String)>,
    /// The status of the answer; none if it never came.
    pub status: Option<u16>,
}
