//! The responses, and their consequence for each kind of grant.

use super::follows::Follows::{self, *};
use super::server::Answer;

/// A response that users have met.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) answer: Answer,
    /// Variant of the error that reports it.
    pub(super) said: &'static str,
    /// Words that the error must contain.
    pub(super) words: &'static str,
    /// Consequence for each kind of grant, in the order of [`Column`](super::Column).
    pub(super) follows: [Follows; 4],
}

// Order: a client for itself, a user's password, a refresh token and a password, only a refresh token.
const SPENT: [Follows; 4] = [Rests, Wrong, LogsIn, Ends];
const NAMED: [Follows; 4] = [Rests, Doubted, LogsIn, Ends];
const PERSON: [Follows; 4] = [Rests, Doubted, LogsIn, AsksPerson];
const UNCLEAR: [Follows; 4] = [Rests, Doubted, LogsIn, GivenUp];
const SETTING: [Follows; 4] = [Rests, Doubted, Rests, Rests];
const FAILED: [Follows; 4] = [Later, Later, LogsIn, Lost];
const EARLY: [Follows; 4] = [Later, Later, Later, Later];
const THROTTLED: [Follows; 4] = [Throttled, Doubted, Throttled, Throttled];
const BUSY: [Follows; 4] = [Throttled, Doubted, Throttled, Throttled];
const HELD: [Follows; 4] = [Held, DoubtedAfter(0), Held, Held];
const UNUSABLE: [Follows; 4] = [Rests, Doubted, LogsInNext, LostNext];

const fn told(seconds: u64) -> [Follows; 4] {
    [
        Waits(seconds),
        DoubtedAfter(seconds),
        Waits(seconds),
        Waits(seconds),
    ]
}

const fn held(seconds: u64) -> [Follows; 4] {
    [
        HeldFor(seconds),
        DoubtedAfter(seconds),
        HeldFor(seconds),
        HeldFor(seconds),
    ]
}

#[rustfmt::skip]
const fn row(name: &'static str, answer: Answer, said: &'static str, words: &'static str, follows: [Follows; 4]) -> Row {
    Row { name, answer, said, words, follows }
}

const R: &str = "Refused";
const S: &str = "Status";
const A: &str = "Response";

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    // Codes of RFC 6749 §5.2 and related ones.
    row("invalid_grant",               (400, &[], br#"{"error":"invalid_grant"}"#), R, "invalid_grant", SPENT),
    row("401 invalid_grant",           (401, &[], br#"{"error":"invalid_grant","error_description":"login rate exceeded"}"#), R, "login rate exceeded", SPENT),
    row("403 invalid_grant",           (403, &[], br#"{"error":"invalid_grant"}"#), R, "invalid_grant", SPENT),
    row("200 invalid_grant",           (200, &[], br#"{"error":"invalid_grant"}"#), R, "invalid_grant", SPENT),
    row("INVALID_GRANT",               (400, &[], br#"{"error":"INVALID_GRANT"}"#), R, "INVALID_GRANT", SPENT),
    row("invalid_grant in Latin-1",    (400, &[], b"{\"error\":\"invalid_grant\",\"error_description\":\"Ung\xfcltiges Kennwort\"}"), R, "ltiges Kennwort", SPENT),
    row("invalid_grant in a form",     (400, &[], b"error=invalid_grant&error_description=spent"), R, "spent", SPENT),
    row("invalid_token",               (401, &[], br#"{"error":"invalid_token"}"#), R, "invalid_token", NAMED),
    row("invalid_refresh_token (Slack)", (200, &[], br#"{"ok":false,"error":"invalid_refresh_token"}"#), R, "invalid_refresh_token", NAMED),
    row("bad_refresh_token (GitHub)",  (200, &[], br#"{"error":"bad_refresh_token","error_description":"The refresh token passed is incorrect or expired."}"#), R, "incorrect or expired", NAMED),
    row("expired_token",               (400, &[], br#"{"error":"expired_token"}"#), R, "expired_token", NAMED),
    row("invalid_client (Entra)",      (401, &[], br#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret is provided.","error_codes":[7000215]}"#), R, "check the client id", SETTING),
    row("unauthorized_client (Keycloak)", (401, &[], br#"{"error":"unauthorized_client","error_description":"Client not enabled to retrieve service account"}"#), R, "may not use this grant", SETTING),
    row("unsupported_grant_type",      (400, &[], br#"{"error":"unsupported_grant_type"}"#), R, "check the token endpoint", SETTING),
    row("invalid_scope",               (400, &[], br#"{"error":"invalid_scope"}"#), R, "check the scope", SETTING),
    row("invalid_target",              (400, &[], br#"{"error":"invalid_target"}"#), R, "`audience`", SETTING),
    row("invalid_dpop_proof",          (400, &[], br#"{"error":"invalid_dpop_proof"}"#), R, "clock", SETTING),
    row("use_dpop_nonce",              (400, &[], br#"{"error":"use_dpop_nonce"}"#), R, "`dpop`", SETTING),
    row("invalid_client_metadata",     (400, &[], br#"{"error":"invalid_client_metadata"}"#), R, "registered", SETTING),
    row("invalid_request (Metabase)",  (400, &[], br#"{"error":"invalid_request","error_description":"Invalid refresh token"}"#), R, "Invalid refresh token", UNCLEAR),
    row("access_denied",               (403, &[], br#"{"error":"access_denied"}"#), R, "access_denied", UNCLEAR),
    row("interaction_required (Entra)", (400, &[], br#"{"error":"interaction_required","error_description":"AADSTS50076: you must use multi-factor authentication"}"#), R, "multi-factor", PERSON),
    row("consent_required",            (400, &[], br#"{"error":"consent_required"}"#), R, "consent_required", PERSON),
    row("login_required",              (400, &[], br#"{"error":"login_required"}"#), R, "login_required", PERSON),
    // Words of frameworks and vendors, which have no defined meaning.
    row("400 Bad Request (NestJS)",    (400, &[], br#"{"error":"Bad Request","statusCode":400,"message":"Bad Request"}"#), R, "Bad Request", UNCLEAR),
    row("401 Unauthorized (Rails)",    (401, &[], br#"{"status":401,"error":"Unauthorized"}"#), R, "Unauthorized", UNCLEAR),
    row("200 with a sentence",         (200, &[], br#"{"error":"Service is being updated"}"#), R, "Service is being updated", UNCLEAR),
    row("200 invalid_code (Zoho)",     (200, &[], br#"{"error":"invalid_code"}"#), R, "invalid_code", UNCLEAR),
    row("BAD_REFRESH_TOKEN (HubSpot)", (400, &[], br#"{"status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token"}"#), S, "missing or invalid refresh token", UNCLEAR),
    row("errors (Fitbit)",             (400, &[], br#"{"errors":[{"errorType":"invalid_grant","message":"Refresh token invalid: x"}],"success":false}"#), S, "Refresh token invalid", UNCLEAR),
    row("errors by parameter",         (400, &[], br#"{"errors":{"password":["does not match"]}}"#), S, "does not match", UNCLEAR),
    row("an object",                   (400, &[], br#"{"error":{"code":"invalid_grant","message":"Refresh token has been revoked"}}"#), S, "has been revoked", UNCLEAR),
    row("a list",                      (400, &[], br#"{"error":["no"]}"#), S, "no", UNCLEAR),
    row("null",                        (400, &[], br#"{"error":null}"#), S, "400", UNCLEAR),
    row("a number (LemonLDAP)",        (401, &[], br#"{"error":9}"#), R, "9", UNCLEAR),
    row("error_code",                  (400, &[], br#"{"error_code":"10001","error_message":"no such user"}"#), S, "no such user", UNCLEAR),
    row("errorCode (Okta)",            (400, &[], br#"{"errorCode":"invalid_client","errorSummary":"A client_id must be provided in the request."}"#), S, "A client_id must be provided", UNCLEAR),
    row("200 errcode (WeChat)",        (200, &[], br#"{"errcode":40013,"errmsg":"invalid appid"}"#), R, "invalid appid", UNCLEAR),
    row("E_FORBIDDEN (Aerion)",        (403, &[], br#"{"error":"E_FORBIDDEN","status":403,"summary":"Forbidden","raw":"The refresh token provided is invalid."}"#), R, "The refresh token provided is invalid", UNCLEAR),
    row("401 message",                 (401, &[], br#"{"message":"Invalid username or password"}"#), S, "Invalid username or password", UNCLEAR),
    row("401 text (Aeris)",            (401, &[], b"Unauthorized"), S, "401", UNCLEAR),
    row("400 text invalid_grant",      (400, &[], b"invalid_grant"), S, "400", UNCLEAR),
    row("400 empty (glewlwyd)",        (400, &[], b""), S, "400", UNCLEAR),
    row("401 empty",                   (401, &[], b""), S, "401", UNCLEAR),
    row("403 empty (glewlwyd)",        (403, &[], b""), S, "403", UNCLEAR),
    row("401 WWW-Authenticate",        (401, &[("www-authenticate", r#"Bearer error="invalid_token""#)], b""), S, "401", UNCLEAR),
    row("400 problem+json",            (400, &[("content-type", "application/problem+json")], br#"{"type":"about:blank","title":"Wrong password","status":400}"#), S, "Wrong password", UNCLEAR),
    row("400 XML",                     (400, &[("content-type", "text/xml")], b"<error><code>invalid_grant</code></error>"), S, "400", UNCLEAR),
    row("403 HTML of a firewall",      (403, &[("server", "cloudflare")], b"<!DOCTYPE html><title>Attention Required!</title>"), S, "403", UNCLEAR),
    row("mfa_required",                (403, &[], br#"{"error":"mfa_required","error_description":"Multifactor authentication required"}"#), R, "Multifactor", UNCLEAR),
    row("password_expired",            (400, &[], br#"{"error":"password_expired"}"#), R, "password_expired", UNCLEAR),
    row("account_locked",              (401, &[], br#"{"error":"account_locked"}"#), R, "account_locked", UNCLEAR),
    row("user_disabled",               (400, &[], br#"{"error":"user_disabled"}"#), R, "user_disabled", UNCLEAR),
    row("invalid_credentials",         (401, &[], br#"{"error":"invalid_credentials"}"#), R, "invalid_credentials", UNCLEAR),
    row("402 quota",                   (402, &[], br#"{"message":"quota exceeded"}"#), S, "quota exceeded", UNCLEAR),
    row("409",                         (409, &[], b""), S, "409", UNCLEAR),
    row("418",                         (418, &[], b""), S, "418", UNCLEAR),
    row("451",                         (451, &[], b""), S, "451", UNCLEAR),
    // The URL or the encoding is wrong, or a deployment is under way.
    row("404 Not Found (Spring)",      (404, &[], br#"{"status":404,"error":"Not Found","message":"No mapping","path":"/oauth/token"}"#), S, "No mapping", SETTING),
    row("404 invalid_grant",           (404, &[], br#"{"error":"invalid_grant"}"#), S, "URL", SETTING),
    row("404 HTML",                    (404, &[], b"<html>404</html>"), S, "URL", SETTING),
    row("405 (Spring)",                (405, &[], br#"{"status":405,"error":"Method Not Allowed"}"#), S, "URL", SETTING),
    row("410",                         (410, &[], b""), S, "URL", SETTING),
    row("415",                         (415, &[], b""), S, "encoding", SETTING),
    row("421",                         (421, &[], b""), S, "URL", SETTING),
    row("422 (doorkeeper)",            (422, &[], br#"{"error":"invalid_request"}"#), S, "encoding", SETTING),
    row("302 to a login page",         (302, &[("location", "/login")], b""), S, "redirects are not followed", SETTING),
    // Temporary failures.
    row("408",                         (408, &[], b""), S, "later", FAILED),
    row("425",                         (425, &[], b""), S, "later", EARLY),
    row("500 Internal (Rails)",        (500, &[], br#"{"status":500,"error":"Internal Server Error"}"#), R, "Internal Server Error", FAILED),
    row("502 HTML",                    (502, &[], b"<html>Bad Gateway</html>"), S, "later", FAILED),
    row("503",                         (503, &[], b""), S, "later", FAILED),
    row("511 captive portal",          (511, &[], b"<html>log in</html>"), S, "later", EARLY),
    row("522 (Cloudflare)",            (522, &[], b"error code: 522"), S, "later", FAILED),
    row("500 invalid_grant",           (500, &[], br#"{"error":"invalid_grant"}"#), R, "invalid_grant", [Later, Doubted, LogsIn, Lost]),
    row("503 Retry-After 120",         (503, &[("retry-after", "120")], b""), S, "later", [Every(120); 4]),
    row("429",                         (429, &[], b""), S, "fewer requests", THROTTLED),
    row("429 invalid_grant",           (429, &[], br#"{"error":"invalid_grant"}"#), R, "invalid_grant", THROTTLED),
    row("429 in words (Home Connect)", (429, &[], br#"{"error":"429","error_description":"Requests are blocked during the remaining period of 40159 seconds."}"#), R, "blocked", THROTTLED),
    row("429 Retry-After 40159",       (429, &[("retry-after", "40159")], b""), S, "fewer requests", told(40_159)),
    row("429 Retry-After date",        (429, &[("retry-after", "Thu, 01 Jan 2026 11:09:19 GMT"), ("date", "Thu, 01 Jan 2026 00:00:00 GMT")], b""), S, "fewer requests", told(40_159)),
    row("429 Retry-After huge",        (429, &[("retry-after", "99999999999999999999")], b""), S, "fewer requests", [Every(86_400); 4]),
    row("429 Retry-After 0",           (429, &[("retry-after", "0")], b""), S, "fewer requests", [Throttled, DoubtedAfter(0), Throttled, Throttled]),
    row("429 Retry-After -1",          (429, &[("retry-after", "-1")], b""), S, "fewer requests", THROTTLED),
    row("429 Retry-After soon",        (429, &[("retry-after", "soon")], b""), S, "fewer requests", THROTTLED),
    row("400 throttle, Retry-After 60", (400, &[("retry-after", "60")], br#"{"error":"invalid_request","error_description":"Too many token requests. Try again later."}"#), R, "Too many", held(60)),
    row("403 rate_limited, after 60",  (403, &[("retry-after", "60")], br#"{"error":"rate_limited"}"#), R, "rate_limited", held(60)),
    row("400 invalid_grant, after 0",  (400, &[("retry-after", "0")], br#"{"error":"invalid_grant"}"#), R, "invalid_grant", HELD),
    row("200 error, after 60",         (200, &[("retry-after", "60")], br#"{"error":"busy"}"#), R, "busy", held(60)),
    row("401 empty, after 60",         (401, &[("retry-after", "60")], b""), S, "401", held(60)),
    row("400 slow_down",               (400, &[], br#"{"error":"slow_down"}"#), R, "slow_down", BUSY),
    row("400 server_error",            (400, &[], br#"{"error":"server_error"}"#), R, "server_error", BUSY),
    row("200 temporarily_unavailable", (200, &[], br#"{"error":"temporarily_unavailable"}"#), R, "temporarily_unavailable", BUSY),
    // Neither a refusal nor a token.
    row("200 HTML",                    (200, &[], b"<html>log in</html>"), A, "unusable response", UNUSABLE),
    row("200 empty",                   (200, &[], b""), A, "unusable response", UNUSABLE),
    row("200 mac",                     (200, &[], br#"{"access_token":"a","token":"a","token_type":"mac","expires_in":60}"#), A, "mac", UNUSABLE),
    row("204",                         (204, &[], b""), A, "unusable response", UNUSABLE),
];
