//! Header names that mappings may not set, or set under another name.
//!
//! Proxy integrations rename other headers: `docs/ARCHITECTURE.md`, "Renamed
//! headers", has the tables side by side.

use gw_model::IntegrationType;
use http::{HeaderName, header};

/// Names that AWS refuses to map into a request at run time, and the
/// hop-by-hop names, which belong to our connection.
pub(crate) fn is_forbidden(name: &HeaderName, kind: IntegrationType) -> bool {
    let everywhere =
        matches!(
            *name,
            header::CONTENT_LENGTH
                | header::TRANSFER_ENCODING
                | header::CONNECTION
                | header::UPGRADE
                | header::TE
                | header::TRAILER
        ) || ["x-amzn-trace-id", "x-amzn-apigateway-api-id", "keep-alive", "proxy-connection"]
            .contains(&name.as_str());
    let is_aws = matches!(kind, IntegrationType::Aws | IntegrationType::AwsProxy);
    everywhere
        || is_aws
            && matches!(*name, header::AUTHORIZATION | header::EXPECT | header::PROXY_AUTHENTICATE)
}

/// The name under which a non-proxy answer gets a header.
pub(super) fn remapped(name: HeaderName) -> HeaderName {
    let renamed = match name {
        header::AUTHORIZATION => "x-amzn-remapped-authorization",
        header::CONNECTION => "x-amzn-remapped-connection",
        header::DATE => "x-amzn-remapped-date",
        header::EXPECT => "x-amzn-remapped-expect",
        header::HOST => "x-amzn-remapped-host",
        header::MAX_FORWARDS => "x-amzn-remapped-max-forwards",
        header::PROXY_AUTHENTICATE => "x-amzn-remapped-proxy-authenticate",
        header::SERVER => "x-amzn-remapped-server",
        header::TRAILER => "x-amzn-remapped-trailer",
        header::UPGRADE => "x-amzn-remapped-upgrade",
        header::USER_AGENT => "x-amzn-remapped-user-agent",
        header::WWW_AUTHENTICATE => "x-amzn-remapped-www-authenticate",
        header::CONTENT_LENGTH => "x-amzn-remapped-content-length",
        _ if name == "content-md5" => "x-amzn-remapped-content-md5",
        _ => return name,
    };
    HeaderName::from_static(renamed)
}

/// Framing and hop-by-hop names of answers that are ours alone.
pub(super) fn is_ours(name: &HeaderName) -> bool {
    *name == header::TRANSFER_ENCODING || name == "keep-alive" || name == "proxy-connection"
}
