//! Custom domain names, their base path mappings, and who may associate with
//! a private one.

use serde::{Deserialize, Serialize};

use crate::{ApiId, EndpointType, StageName};

/// A custom domain as its owner declares it. Certificates are told by their
/// ARN or name; their material is kept apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DomainName {
    /// The host name in lower case; `*.` in front for a wildcard.
    pub name: String,
    /// Only private domains have an id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// One type, or edge and regional while a domain moves between the two.
    pub endpoint_types: Vec<EndpointType>,
    /// `ipv4` or `dualstack`; `None` means the type's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address_type: Option<String>,
    /// What the certificate of an edge or private domain is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_name: Option<String>,
    /// The certificate of an edge or private domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_arn: Option<String>,
    /// When a certificate was last set, in seconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_upload_date: Option<i64>,
    /// What the certificate of a regional domain is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regional_certificate_name: Option<String>,
    /// The certificate of a regional domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regional_certificate_arn: Option<String>,
    /// Proves the ownership of the name at AWS; kept and answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ownership_verification_certificate_arn: Option<String>,
    /// The TLS security policy's name.
    pub security_policy: String,
    /// `BASIC` or `STRICT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_access_mode: Option<String>,
    /// Whether clients have to show certificates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mutual_tls: Option<MutualTls>,
    /// Who may call a private domain: a policy document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Who may associate with a private domain: a policy document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub management_policy: Option<String>,
    /// What chooses the API of a request.
    pub routing_mode: RoutingMode,
    /// The first label of the host that an edge domain's DNS record names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution_label: Option<String>,
    /// The first label of the host that a regional domain's DNS record names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regional_label: Option<String>,
}

impl DomainName {
    /// Whether it has an endpoint of this type.
    pub fn has(&self, endpoint_type: EndpointType) -> bool {
        self.endpoint_types.contains(&endpoint_type)
    }

    /// Whether its security policy leaves out TLS 1.2.
    pub fn is_tls13_only(&self) -> bool {
        ["SecurityPolicy_TLS13_1_3_", "SecurityPolicy_TLS13_2025_EDGE"]
            .iter()
            .any(|start| self.security_policy.starts_with(start))
    }

    /// Whether it is reachable from private networks only.
    pub fn is_private(&self) -> bool {
        self.has(EndpointType::Private)
    }
}

/// The certificates that a domain's clients have to show.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MutualTls {
    /// Where the trusted certificates are: `s3://{bucket}/{key}`.
    pub truststore_uri: String,
    /// The version of that object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truststore_version: Option<String>,
}

/// What chooses the API of a request to a custom domain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RoutingMode {
    /// The longest base path.
    #[default]
    BasePathMappingOnly,
    /// Routing rules, of which version 1 of the API makes none.
    RoutingRuleOnly,
    /// Routing rules first.
    RoutingRuleThenBasePathMapping,
}

/// Which API and stage answer below a path of a custom domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BasePathMapping {
    /// Segments joined by `/`, without one at the ends; empty for `(none)`.
    pub base_path: String,
    /// The API.
    pub api: ApiId,
    /// The stage; `None` where the next path segment names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<StageName>,
}

/// The longest name of a host.
const MAX_NAME: usize = 253;

/// Whether a text is a host name of a custom domain: two labels or more, in
/// lower case, with `*` allowed as the first one.
pub fn is_domain_name(text: &str) -> bool {
    let rest = text.strip_prefix("*.").unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= MAX_NAME
        && rest.contains('.')
        && rest.split('.').all(label)
        // An address of version 4 is no name.
        && !rest.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// Whether a certificate's name, which may be a wildcard, covers a domain,
/// which may be one too. A wildcard stands for one label.
pub fn covers(pattern: &str, domain: &str) -> bool {
    if pattern.eq_ignore_ascii_case(domain) {
        return true;
    }
    let (Some(parent), Some((label, rest))) = (pattern.strip_prefix("*."), domain.split_once('.'))
    else {
        return false;
    };
    label != "*" && parent.eq_ignore_ascii_case(rest)
}

/// Whether a text can be one segment of a base path: AWS's characters.
pub fn is_base_path_segment(text: &str) -> bool {
    (1..=300).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"$-_.+!*'(),".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domain_names() {
        for good in ["a.b", "api.example.com", "*.example.com", "x-1.localhost", "xn--a.b"] {
            assert!(is_domain_name(good), "{good}");
        }
        let long = format!("{}.example.com", "a".repeat(64));
        let longer = format!("{}com", "abcdefgh.".repeat(30));
        for bad in [
            "", "a", "*", "*.com", "A.b", "a..b", ".a.b", "a.b.", "-a.b", "a-.b", "a b.c",
            "1.2.3.4", "a.*.b", "**.a.b", "a.b:80", "a/b.c", &long, &longer,
        ] {
            assert!(!is_domain_name(bad), "{bad}");
        }
    }

    #[test]
    fn certificates_cover_domains() {
        for (pattern, domain, is_covered) in [
            ("a.b.c", "a.b.c", true),
            ("A.b.C", "a.b.c", true),
            ("*.b.c", "a.b.c", true),
            ("*.b.c", "*.b.c", true),
            ("*.b.c", "x.a.b.c", false),
            ("*.b.c", "b.c", false),
            ("*.c", "*.b.c", false),
            ("a.b.c", "*.b.c", false),
        ] {
            assert_eq!(covers(pattern, domain), is_covered, "{pattern} {domain}");
        }
    }
}
