//! The table of presets: one row for each server.
//!
//! A fact that was not found is left to the caller. Braces hold the place of a value.

use super::PresetValue;

/// A server.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// The vendor's page about token requests; some endpoints may be on other pages of the vendor.
    pub(super) source: &'static str,
    /// The day on which a copy of the page, or the vendor's own client, was compared.
    pub(super) read_on: &'static str,
    pub(super) values: &'static [PresetValue],
    /// A line for each field, by its name in a profile. The first of several grants is the default.
    fields: &'static str,
}

impl Row {
    /// The fields and their values, in the order of the table.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let lines = self.fields.lines();
        lines.filter_map(|line| line.trim().split_once(" = "))
    }
}

/// A value that must be set.
const fn required(name: &'static str, example: &'static str) -> PresetValue {
    let default = None;
    PresetValue {
        name,
        example,
        default,
    }
}

/// A value that may be set.
const fn optional(name: &'static str, default: &'static str, example: &'static str) -> PresetValue {
    let default = Some(default);
    PresetValue {
        name,
        example,
        default,
    }
}

/// The servers, sorted by name.
pub(super) const ROWS: &[Row] = &[
    Row {
        name: "1nce",
        title: "1NCE",
        source: "https://help.1nce.com/dev-hub/reference/api-authorization",
        read_on: "2026-11-28",
        values: &[],
        fields: "
            grant = client_credentials
            token_endpoint = https://api.1nce.com/management-api/oauth/token
            body = json
            client_auth = basic
        ",
    },
    Row {
        name: "apigee",
        title: "Apigee",
        source: "https://docs.apigee.com/api-platform/reference/policies/oauthv2-policy",
        read_on: "2026-11-28",
        values: &[required("token_endpoint", "https://apitest.acme.com/oauth/token")],
        fields: "
            grant = client_credentials password
            token_endpoint = {token_endpoint}
            client_auth = basic
            response.token_type = BearerToken
        ",
    },
    Row {
        name: "atlassian",
        title: "Atlassian",
        source: "https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/",
        read_on: "2026-11-28",
        values: &[],
        fields: "
            grant = browser
            token_endpoint = https://auth.atlassian.com/oauth/token
            authorization_endpoint = https://auth.atlassian.com/authorize
            body = json
            client_auth = post
            api = https://api.atlassian.com
            login_params.audience = api.atlassian.com
            login_params.prompt = consent
            response.token_type = any
        ",
    },
    Row {
        name: "auth0",
        title: "Auth0",
        source: "https://auth0.com/docs/flows/call-your-api-using-the-client-credentials-flow",
        read_on: "2026-11-28",
        values: &[required("domain", "acme.eu.auth0.com"), required("audience", "https://api.example.com")],
        fields: "
            grant = client_credentials browser device
            token_endpoint = https://{domain}/oauth/token
            authorization_endpoint = https://{domain}/authorize
            device_authorization_endpoint = https://{domain}/oauth/device/code
            revocation_endpoint = https://{domain}/oauth/revoke
            client_auth = post
            audience = {audience}
        ",
    },
    Row {
        name: "azure-devops",
        title: "Azure DevOps",
        source: "https://learn.microsoft.com/en-us/azure/devops/integrate/get-started/authentication/service-principal-managed-identity",
        read_on: "2026-11-28",
        values: &[required("tenant", "contoso.onmicrosoft.com")],
        fields: "
            grant = client_credentials browser device
            token_endpoint = https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token
            authorization_endpoint = https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize
            device_authorization_endpoint = https://login.microsoftonline.com/{tenant}/oauth2/v2.0/devicecode
            client_auth = post
            scope = 499b84ac-1321-427f-aa17-267ca6975798/.default
            api = https://dev.azure.com
        ",
    },
    Row {
        name: "box",
        title: "Box",
        source: "https://developer.box.com/guides/authentication/client-credentials/",
        read_on: "2026-11-28",
        values: &[required("enterprise", "1234567")],
        fields: "
            grant = client_credentials
            token_endpoint = https://api.box.com/oauth2/token
            revocation_endpoint = https://api.box.com/oauth2/revoke
            client_auth = post
            params.box_subject_type = enterprise
            params.box_subject_id = {enterprise}
        ",
    },
    Row {
        name: "docusign",
        title: "DocuSign",
        source: "https://docs.docusign.com/esign/guide/authentication/oa2_jwt.html",
        read_on: "2026-11-28",
        values: &[optional("host", "account.docusign.com", "account-d.docusign.com"), required("subject", "7f09961a-a22e-4ce2-8395-000000000000")],
        fields: "
            grant = jwt_bearer
            token_endpoint = https://{host}/oauth/token
            subject = {subject}
            assertion_audience = {host}
            scope = signature impersonation
            scope_in_claims = true
        ",
    },
    Row {
        name: "ebay",
        title: "eBay",
        source: "https://developer.ebay.com/api-docs/static/oauth-client-credentials-grant.html",
        read_on: "2026-11-28",
        values: &[optional("api_host", "api.ebay.com", "api.sandbox.ebay.com"), optional("login_host", "auth.ebay.com", "auth.sandbox.ebay.com")],
        fields: "
            grant = client_credentials browser
            token_endpoint = https://{api_host}/identity/v1/oauth2/token
            authorization_endpoint = https://{login_host}/oauth2/authorize
            client_auth = basic
            scope = https://api.ebay.com/oauth/api_scope
            response.token_type = Application Access Token, User Access Token
        ",
    },
    Row {
        name: "entra",
        title: "Entra ID, with a secret",
        source: "https://docs.microsoft.com/en-us/azure/active-directory/develop/v2-oauth2-client-creds-grant-flow",
        read_on: "2026-11-28",
        values: &[required("tenant", "contoso.onmicrosoft.com")],
        fields: "
            grant = client_credentials browser device
            token_endpoint = https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token
            authorization_endpoint = https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize
            device_authorization_endpoint = https://login.microsoftonline.com/{tenant}/oauth2/v2.0/devicecode
            client_auth = post
            scope = https://graph.microsoft.com/.default
            api = https://graph.microsoft.com
        ",
    },
    Row {
        name: "entra-certificate",
        title: "Entra ID, with a certificate",
        source: "https://docs.microsoft.com/en-us/azure/active-directory/develop/v2-oauth2-client-creds-grant-flow",
        read_on: "2026-11-28",
        values: &[required("tenant", "contoso.onmicrosoft.com")],
        fields: "
            grant = client_credentials
            token_endpoint = https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token
            scope = https://graph.microsoft.com/.default
            api = https://graph.microsoft.com
        ",
    },
    Row {
        name: "entra-workload",
        title: "Entra ID, with a token of Kubernetes",
        source: "https://docs.microsoft.com/en-us/azure/active-directory/develop/v2-oauth2-client-creds-grant-flow",
        read_on: "2026-11-28",
        values: &[required("tenant", "contoso.onmicrosoft.com")],
        fields: "
            grant = client_credentials
            token_endpoint = https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token
            client_assertion.file = /var/run/secrets/azure/tokens/azure-identity-token
            scope = https://graph.microsoft.com/.default
            api = https://graph.microsoft.com
        ",
    },
    Row {
        name: "fitbit",
        title: "Fitbit",
        source: "https://dev.fitbit.com/build/reference/web-api/authorization/oauth2-token/",
        read_on: "2026-11-28",
        values: &[],
        fields: "
            grant = browser client_credentials
            token_endpoint = https://api.fitbit.com/oauth2/token
            authorization_endpoint = https://www.fitbit.com/oauth2/authorize
            revocation_endpoint = https://api.fitbit.com/oauth2/revoke
            client_auth = basic
            client_id_in_body = true
        ",
    },
    Row {
        name: "github",
        title: "GitHub",
        source: "https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps",
        read_on: "2026-11-28",
        values: &[optional("host", "github.com", "acme.ghe.com")],
        fields: "
            grant = device browser
            token_endpoint = https://{host}/login/oauth/access_token
            authorization_endpoint = https://{host}/login/oauth/authorize
            device_authorization_endpoint = https://{host}/login/device/code
            client_auth = post
            api = https://api.{host} https://{host}
        ",
    },
    Row {
        name: "gitlab",
        title: "GitLab",
        source: "https://docs.gitlab.com/api/oauth2/",
        read_on: "2026-11-28",
        values: &[optional("host", "gitlab.com", "gitlab.example.com")],
        fields: "
            grant = browser device
            token_endpoint = https://{host}/oauth/token
            authorization_endpoint = https://{host}/oauth/authorize
            device_authorization_endpoint = https://{host}/oauth/authorize_device
            revocation_endpoint = https://{host}/oauth/revoke
            client_auth = post
            api = https://{host}
        ",
    },
    Row {
        name: "google",
        title: "Google, for a user",
        source: "https://developers.google.com/identity/protocols/oauth2/web-server",
        read_on: "2026-11-28",
        values: &[],
        fields: "
            grant = browser device
            token_endpoint = https://oauth2.googleapis.com/token
            authorization_endpoint = https://accounts.google.com/o/oauth2/v2/auth
            device_authorization_endpoint = https://oauth2.googleapis.com/device/code
            revocation_endpoint = https://oauth2.googleapis.com/revoke
            client_auth = post
            login_params.access_type = offline
            login_params.prompt = consent
        ",
    },
    Row {
        name: "google-service-account",
        title: "Google, for a service account",
        source: "https://developers.google.com/identity/protocols/oauth2/service-account",
        read_on: "2026-11-28",
        values: &[],
        fields: "
            grant = jwt_bearer
            token_endpoint = https://oauth2.googleapis.com/token
            scope_in_claims = true
        ",
    },
    Row {
        name: "hubspot",
        title: "HubSpot",
        source: "https://developers.hubspot.com/docs/api/oauth/tokens",
        read_on: "2026-11-28",
        values: &[],
        fields: "
            grant = browser
            token_endpoint = https://api.hubapi.com/oauth/v1/token
            authorization_endpoint = https://app.hubspot.com/oauth/authorize
            client_auth = post
        ",
    },
    Row {
        name: "keycloak",
        title: "Keycloak",
        source: "https://www.keycloak.org/securing-apps/oidc-layers",
        read_on: "2026-11-28",
        values: &[required("host", "sso.example.com"), required("realm", "acme")],
        fields: "
            grant = client_credentials browser device password
            token_endpoint = https://{host}/realms/{realm}/protocol/openid-connect/token
            authorization_endpoint = https://{host}/realms/{realm}/protocol/openid-connect/auth
            device_authorization_endpoint = https://{host}/realms/{realm}/protocol/openid-connect/auth/device
            revocation_endpoint = https://{host}/realms/{realm}/protocol/openid-connect/revoke
            client_auth = basic
        ",
    },
    Row {
        name: "kore",
        title: "KORE Wireless",
        source: "https://docs.korewireless.com/en-us/developers/api-management/auth",
        read_on: "2026-11-28",
        values: &[],
        fields: "
            grant = client_credentials
            token_endpoint = https://api.korewireless.com/api-services/v1/auth/token
            client_auth = post
            api = https://api.korewireless.com https://client.api.korewireless.com
        ",
    },
    Row {
        name: "lark",
        title: "Lark and Feishu",
        source: "https://open.feishu.cn/document/uAjLw4CM/ukTMukTMukTM/authentication-management/access-token/get-user-access-token",
        read_on: "2026-11-28",
        values: &[optional("domain", "larksuite.com", "feishu.cn")],
        fields: "
            grant = browser
            token_endpoint = https://open.{domain}/open-apis/authen/v2/oauth/token
            authorization_endpoint = https://accounts.{domain}/open-apis/authen/v1/authorize
            body = json
            client_auth = post
        ",
    },
    Row {
        name: "okta",
        title: "Okta",
        source: "https://developer.okta.com/docs/guides/implement-client-creds/",
        read_on: "2026-11-28",
        values: &[required("domain", "acme.okta.com"), optional("server", "default", "aus1a2b3c4")],
        fields: "
            grant = client_credentials browser device
            token_endpoint = https://{domain}/oauth2/{server}/v1/token
            authorization_endpoint = https://{domain}/oauth2/{server}/v1/authorize
            device_authorization_endpoint = https://{domain}/oauth2/{server}/v1/device/authorize
            revocation_endpoint = https://{domain}/oauth2/{server}/v1/revoke
            client_auth = basic
        ",
    },
    Row {
        name: "quickbooks",
        title: "QuickBooks",
        source: "https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0",
        read_on: "2026-11-28",
        values: &[],
        fields: "
            grant = browser
            token_endpoint = https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer
            authorization_endpoint = https://appcenter.intuit.com/connect/oauth2
            revocation_endpoint = https://developer.api.intuit.com/v2/oauth2/tokens/revoke
            client_auth = basic
            api = https://quickbooks.api.intuit.com
            response.refresh_token_lifetime = 8640000
        ",
    },
    Row {
        name: "salesforce",
        title: "Salesforce",
        source: "https://help.salesforce.com/s/articleView?id=000886201&type=1",
        read_on: "2026-11-28",
        values: &[required("host", "acme.my.salesforce.com")],
        fields: "
            grant = client_credentials browser
            token_endpoint = https://{host}/services/oauth2/token
            authorization_endpoint = https://{host}/services/oauth2/authorize
            revocation_endpoint = https://{host}/services/oauth2/revoke
            client_auth = post
            response.lifetime = 900
        ",
    },
    Row {
        name: "salesforce-jwt",
        title: "Salesforce, with a key",
        source: "https://help.salesforce.com/apex/HTViewHelpDoc?id=xcloud.remoteaccess_oauth_jwt_flow_ca.htm",
        read_on: "2026-11-28",
        values: &[optional("host", "login.salesforce.com", "test.salesforce.com"), required("subject", "jsmith@example.com")],
        fields: "
            grant = jwt_bearer
            token_endpoint = https://{host}/services/oauth2/token
            subject = {subject}
            assertion_audience = https://{host}
            response.lifetime = 900
        ",
    },
    Row {
        name: "slack",
        title: "Slack, for a bot",
        source: "https://docs.slack.dev/reference/methods/oauth.v2.access",
        read_on: "2026-11-28",
        values: &[],
        fields: "
            grant = browser
            token_endpoint = https://slack.com/api/oauth.v2.access
            authorization_endpoint = https://slack.com/oauth/v2/authorize
            client_auth = basic
            response.token_type = bot
        ",
    },
    Row {
        name: "spotify",
        title: "Spotify",
        source: "https://developer.spotify.com/documentation/web-api/tutorials/client-credentials-flow",
        read_on: "2026-11-28",
        values: &[],
        fields: "
            grant = client_credentials browser
            token_endpoint = https://accounts.spotify.com/api/token
            authorization_endpoint = https://accounts.spotify.com/authorize
            client_auth = basic
            api = https://api.spotify.com
        ",
    },
    Row {
        name: "square",
        title: "Square",
        source: "https://developer.squareup.com/reference/square/oauth-api/obtain-token",
        read_on: "2026-11-28",
        values: &[optional("host", "connect.squareup.com", "connect.squareupsandbox.com")],
        fields: "
            grant = browser
            token_endpoint = https://{host}/oauth2/token
            authorization_endpoint = https://{host}/oauth2/authorize
            body = json
            client_auth = post
            response.expires_at = expires_at
        ",
    },
    Row {
        name: "twitch",
        title: "Twitch",
        source: "https://dev.twitch.tv/docs/authentication/getting-tokens-oauth/",
        read_on: "2026-11-28",
        values: &[],
        fields: "
            grant = client_credentials browser device
            token_endpoint = https://id.twitch.tv/oauth2/token
            authorization_endpoint = https://id.twitch.tv/oauth2/authorize
            device_authorization_endpoint = https://id.twitch.tv/oauth2/device
            revocation_endpoint = https://id.twitch.tv/oauth2/revoke
            client_auth = post
            api = https://api.twitch.tv
        ",
    },
    Row {
        name: "withings",
        title: "Withings",
        source: "https://support.withings.com/hc/en-us/articles/360016745358--BREAKING-Shutting-down-access-and-refresh-tokens-endpoints",
        read_on: "2026-11-28",
        values: &[],
        fields: "
            grant = browser
            token_endpoint = https://wbsapi.withings.net/v2/oauth2
            authorization_endpoint = https://account.withings.com/oauth2_user/authorize2
            client_auth = post
            params.action = requesttoken
            response.access_token = body.access_token
            response.refresh_token = body.refresh_token
        ",
    },
    Row {
        name: "xero",
        title: "Xero",
        source: "https://github.com/XeroAPI/xero-node/blob/master/src/XeroClient.ts",
        read_on: "2026-11-28",
        values: &[],
        fields: "
            grant = browser client_credentials
            token_endpoint = https://identity.xero.com/connect/token
            authorization_endpoint = https://login.xero.com/identity/connect/authorize
            revocation_endpoint = https://identity.xero.com/connect/revocation
            client_auth = basic
            api = https://api.xero.com
        ",
    },
    Row {
        name: "zoho",
        title: "Zoho",
        source: "https://www.zoho.com/recruit/developer-guide/apiv2/refresh.html",
        read_on: "2026-11-28",
        values: &[optional("accounts", "accounts.zoho.com", "accounts.zoho.eu")],
        fields: "
            grant = browser
            token_endpoint = https://{accounts}/oauth/v2/token
            authorization_endpoint = https://{accounts}/oauth/v2/auth
            revocation_endpoint = https://{accounts}/oauth/v2/token/revoke
            client_auth = post
            token_scheme = Zoho-oauthtoken
            login_params.access_type = offline
            login_params.prompt = consent
            response.expires_in = expires_in_sec
            response.lifetime = 3600
        ",
    },
    Row {
        name: "zoom",
        title: "Zoom",
        source: "https://developers.zoom.us/docs/internal-apps/s2s-oauth/",
        read_on: "2026-11-28",
        values: &[required("account_id", "gYz8S9w5Q5yrDoIvmdClYw")],
        fields: "
            grant = extension
            grant_type = account_credentials
            token_endpoint = https://zoom.us/oauth/token
            client_auth = basic
            api = https://api.zoom.us
            params.account_id = {account_id}
        ",
    },
];
