//! Custom domain names.

use gw_model::{DomainName as Declared, EndpointType, MutualTls, Scope};
use serde::{Deserialize, Serialize};

use super::{EndpointConfiguration, EpochSeconds, Texts, check_policy, enum_text, enumerated};
use crate::{Body, Fault, FromBody};

/// The TLS security policies, in the order of AWS's message.
pub(crate) const SECURITY_POLICIES: &[&str] = &[
    "TLS_1_0",
    "TLS_1_2",
    "SecurityPolicy_TLS13_1_3_2025_09",
    "SecurityPolicy_TLS13_1_3_FIPS_2025_09",
    "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_FIPS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_FIPS_PFS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_2021_06",
    "SecurityPolicy_TLS13_2025_EDGE",
    "SecurityPolicy_TLS12_PFS_2025_EDGE",
    "SecurityPolicy_TLS12_2018_EDGE",
];

/// The routing modes, in the order of AWS's message.
pub(crate) const ROUTING_MODES: &[&str] =
    &["BASE_PATH_MAPPING_ONLY", "ROUTING_RULE_ONLY", "ROUTING_RULE_THEN_BASE_PATH_MAPPING"];

/// The endpoint access modes.
pub(crate) const ACCESS_MODES: &[&str] = &["BASIC", "STRICT"];

/// What a domain has unless another policy is asked for.
const DEFAULT_SECURITY_POLICY: &str = "TLS_1_2";

/// The start of the policies that came in 2025.
const ENHANCED: &str = "SecurityPolicy_";

/// The zone of every edge domain.
const EDGE_ZONE: &str = "Z2FDTNDATAQYW2";

/// How clients are asked for certificates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MutualTlsAuthentication {
    /// `s3://{bucket}/{key}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truststore_uri: Option<String>,
    /// The version of that object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truststore_version: Option<String>,
}

/// A custom domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "AWS's reference explains the members")]
pub struct DomainName {
    pub domain_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_name_id: Option<String>,
    pub domain_name_arn: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_upload_date: Option<EpochSeconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regional_domain_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regional_hosted_zone_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regional_certificate_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regional_certificate_arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution_domain_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution_hosted_zone_id: Option<String>,
    #[serde(default)]
    pub endpoint_configuration: EndpointConfiguration,
    pub domain_name_status: String,
    pub security_policy: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_access_mode: Option<String>,
    #[serde(default)]
    pub tags: Texts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutual_tls_authentication: Option<MutualTlsAuthentication>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ownership_verification_certificate_arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_policy: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing_mode: Option<String>,
}

impl DomainName {
    /// The answer for a domain of `scope`, its hosts being below `suffix`.
    pub fn new(domain: &Declared, scope: &Scope, suffix: &str, tags: &Texts) -> Self {
        let region = &scope.region;
        let regional = domain.regional_label.as_ref();
        let types = domain.endpoint_types.iter().filter_map(enum_text).collect();
        let ip_address_type = domain.ip_address_type.clone();
        let own = if domain.is_private() { "dualstack" } else { "ipv4" };
        Self {
            domain_name: domain.name.clone(),
            domain_name_id: domain.id.clone(),
            domain_name_arn: domain_arn(domain, scope),
            certificate_name: domain.certificate_name.clone(),
            certificate_arn: domain.certificate_arn.clone(),
            certificate_upload_date: domain.certificate_upload_date,
            regional_domain_name: regional
                .map(|label| format!("{label}.execute-api.{region}.{suffix}")),
            regional_hosted_zone_id: regional
                .and_then(|_| regional_zone(region.as_str()))
                .map(str::to_owned),
            regional_certificate_name: domain.regional_certificate_name.clone(),
            regional_certificate_arn: domain.regional_certificate_arn.clone(),
            distribution_domain_name: domain
                .distribution_label
                .as_ref()
                .map(|label| format!("{label}.cloudfront.{suffix}")),
            distribution_hosted_zone_id: domain
                .distribution_label
                .as_ref()
                .map(|_| EDGE_ZONE.to_owned()),
            endpoint_configuration: EndpointConfiguration {
                types,
                ip_address_type: Some(ip_address_type.unwrap_or_else(|| own.to_owned())),
                vpc_endpoint_ids: Vec::new(),
            },
            domain_name_status: "AVAILABLE".to_owned(),
            security_policy: domain.security_policy.clone(),
            endpoint_access_mode: domain.endpoint_access_mode.clone(),
            tags: tags.clone(),
            mutual_tls_authentication: domain.mutual_tls.as_ref().map(|mutual| {
                MutualTlsAuthentication {
                    truststore_uri: Some(mutual.truststore_uri.clone()),
                    truststore_version: mutual.truststore_version.clone(),
                }
            }),
            ownership_verification_certificate_arn: domain
                .ownership_verification_certificate_arn
                .clone(),
            management_policy: domain.management_policy.clone(),
            policy: domain.policy.clone(),
            routing_mode: enum_text(&domain.routing_mode),
        }
    }
}

/// A domain's ARN. That of a private one names its account, and ends with its id.
pub fn domain_arn(domain: &Declared, scope: &Scope) -> String {
    let (region, name) = (&scope.region, &domain.name);
    match &domain.id {
        None => format!("arn:aws:apigateway:{region}::/domainnames/{name}"),
        Some(id) => {
            format!("arn:aws:apigateway:{region}:{}:/domainnames/{name}+{id}", scope.account)
        }
    }
}

/// The zones that AWS documents for regional domains.
fn regional_zone(region: &str) -> Option<&'static str> {
    Some(match region {
        "us-east-1" => "Z1UJRXOUMOOFQ8",
        "us-east-2" => "ZOJJZC49E0EPZ",
        "us-west-1" => "Z2MUQ32089INYE",
        "us-west-2" => "Z2OJLYMUO9EFXC",
        "eu-west-1" => "ZLY8HYME6SFDD",
        "eu-west-2" => "ZJ5UAJN8Y3Z2Q",
        "eu-central-1" => "Z1U9ULNL0V5AJ3",
        "ap-northeast-1" => "Z1YSHQZHG15GKL",
        "ap-southeast-1" => "ZL327KTPIQFUL",
        "ap-southeast-2" => "Z2RPCDW04V8134",
        _ => return None,
    })
}

/// The body of `CreateDomainName`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "AWS's reference explains the members")]
pub struct CreateDomainName {
    pub domain_name: String,
    pub certificate_name: Option<String>,
    pub certificate_body: Option<String>,
    pub certificate_private_key: Option<String>,
    pub certificate_chain: Option<String>,
    pub certificate_arn: Option<String>,
    pub regional_certificate_name: Option<String>,
    pub regional_certificate_arn: Option<String>,
    pub endpoint_configuration: Option<EndpointConfiguration>,
    pub tags: Texts,
    pub security_policy: Option<String>,
    pub endpoint_access_mode: Option<String>,
    pub mutual_tls_authentication: Option<MutualTlsAuthentication>,
    pub ownership_verification_certificate_arn: Option<String>,
    pub policy: Option<String>,
    pub routing_mode: Option<String>,
}

impl FromBody for CreateDomainName {
    const INPUT: &'static str = "createDomainNameInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        Ok(Self {
            domain_name: body.required("domainName")?,
            certificate_name: body.string("certificateName")?,
            certificate_body: body.string("certificateBody")?,
            certificate_private_key: body.string("certificatePrivateKey")?,
            certificate_chain: body.string("certificateChain")?,
            certificate_arn: body.string("certificateArn")?,
            regional_certificate_name: body.string("regionalCertificateName")?,
            regional_certificate_arn: body.string("regionalCertificateArn")?,
            endpoint_configuration: body
                .object("endpointConfiguration", EndpointConfiguration::read)?,
            tags: body.string_map("tags")?,
            security_policy: body.one_of("securityPolicy", SECURITY_POLICIES)?,
            endpoint_access_mode: body.one_of("endpointAccessMode", ACCESS_MODES)?,
            mutual_tls_authentication: body.object("mutualTlsAuthentication", |body| {
                Ok(MutualTlsAuthentication {
                    truststore_uri: body.string("truststoreUri")?,
                    truststore_version: body.string("truststoreVersion")?,
                })
            })?,
            ownership_verification_certificate_arn: body
                .string("ownershipVerificationCertificateArn")?,
            policy: body.string("policy")?,
            routing_mode: body.one_of("routingMode", ROUTING_MODES)?,
        })
    }
}

impl CreateDomainName {
    /// The domain to make, under AWS's rules. What only the control plane
    /// knows (ids, labels, dates) is not in it yet.
    ///
    /// # Errors
    /// AWS's text for the first rule broken.
    pub fn to_model(&self) -> Result<Declared, Fault> {
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let name = self.domain_name.trim_end_matches('.').to_owned();
        let configuration = self.endpoint_configuration.clone().unwrap_or_else(|| {
            EndpointConfiguration { types: vec!["EDGE".to_owned()], ..Default::default() }
        });
        if configuration.types.len() > 1 {
            return Err(Fault::bad_request(
                "Cannot create a domain name with multiple Endpoint Types.",
            ));
        }
        if !configuration.vpc_endpoint_ids.is_empty() {
            return Err(Fault::bad_request(
                "vpcEndpointIds cannot be specified for a domain name.",
            ));
        }
        let types = configuration.types.iter();
        let mutual = self.mutual_tls_authentication.as_ref();
        let domain = Declared {
            name,
            endpoint_types: types.filter_map(|text| enumerated(Some(text))).collect(),
            ip_address_type: configuration.ip_address_type.clone(),
            certificate_name: filled(&self.certificate_name),
            certificate_arn: filled(&self.certificate_arn),
            regional_certificate_name: filled(&self.regional_certificate_name),
            regional_certificate_arn: filled(&self.regional_certificate_arn),
            ownership_verification_certificate_arn: filled(
                &self.ownership_verification_certificate_arn,
            ),
            security_policy: filled(&self.security_policy)
                .unwrap_or_else(|| DEFAULT_SECURITY_POLICY.to_owned()),
            endpoint_access_mode: filled(&self.endpoint_access_mode),
            mutual_tls: mutual.and_then(|mutual| {
                Some(MutualTls {
                    truststore_uri: filled(&mutual.truststore_uri)?,
                    truststore_version: filled(&mutual.truststore_version),
                })
            }),
            policy: filled(&self.policy),
            routing_mode: enumerated(self.routing_mode.as_deref()).unwrap_or_default(),
            ..Declared::default()
        };
        check_domain(&domain)?;
        Ok(domain)
    }
}

/// The rules of a domain that need no look at other rows.
///
/// # Errors
/// AWS's text for the first rule broken, where AWS has one.
pub(crate) fn check_domain(domain: &Declared) -> Result<(), Fault> {
    let refuse = |message: &str| Err(Fault::bad_request(message));
    if !gw_model::domain::is_domain_name(&domain.name) {
        return refuse("The domain name must be a valid host name in lower case.");
    }
    // Such hosts are the addresses of APIs themselves.
    if domain.name.split('.').nth(1) == Some("execute-api")
        || domain.name.starts_with("execute-api.")
    {
        return refuse("The domain name is reserved for the default endpoints of APIs.");
    }
    check_lengths(domain)?;
    if domain.endpoint_types.is_empty() {
        return refuse("REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.");
    }
    let private = domain.is_private();
    if private && domain.endpoint_types.len() > 1 {
        return refuse("The endpoint type PRIVATE cannot be combined with another one.");
    }
    if private && domain.ip_address_type.as_deref() == Some("ipv4") {
        return refuse("Only dualstack ipAddressType is supported for Private domain names.");
    }
    if !private && (domain.policy.is_some() || domain.management_policy.is_some()) {
        return refuse("Policies are supported for private custom domain names only.");
    }
    for policy in [&domain.policy, &domain.management_policy].into_iter().flatten() {
        check_policy(policy)?;
    }
    check_security(domain)
}

fn check_lengths(domain: &Declared) -> Result<(), Fault> {
    let mutual = domain.mutual_tls.as_ref();
    let texts = [
        ("certificateName", &domain.certificate_name, 1024),
        ("regionalCertificateName", &domain.regional_certificate_name, 1024),
        (
            "ownershipVerificationCertificateArn",
            &domain.ownership_verification_certificate_arn,
            2048,
        ),
        ("truststoreUri", &mutual.map(|mutual| mutual.truststore_uri.clone()), 2048),
        ("truststoreVersion", &mutual.and_then(|mutual| mutual.truststore_version.clone()), 1024),
        ("policy", &domain.policy, 8192),
        ("managementPolicy", &domain.management_policy, 8192),
    ];
    for (name, text, most) in texts {
        if text.as_ref().is_some_and(|text| text.len() > most) {
            let message = format!("Invalid {name}, can be at most {most} characters.");
            return Err(Fault::bad_request(message));
        }
    }
    Ok(())
}

/// Only the newer security policies have an access mode beside them.
pub(crate) fn check_access_mode(mode: Option<&str>, policy: &str) -> Result<(), Fault> {
    if mode.is_some() && !policy.starts_with(ENHANCED) {
        return Err(Fault::bad_request(
            "The endpoint access mode is supported only for security policies that start with \
             SecurityPolicy_.",
        ));
    }
    Ok(())
}

/// STRICT holds requests to one type of endpoint, which cannot change meanwhile.
pub(crate) fn check_strict(mode: Option<&str>, types_change: bool) -> Result<(), Fault> {
    if types_change && mode == Some("STRICT") {
        return Err(Fault::bad_request(
            "The endpoint type cannot be changed while the endpoint access mode is STRICT.",
        ));
    }
    Ok(())
}

fn check_security(domain: &Declared) -> Result<(), Fault> {
    let refuse = |message: &str| Err(Fault::bad_request(message));
    let policy = domain.security_policy.as_str();
    let enhanced = policy.starts_with(ENHANCED);
    let (edge, only_edge) =
        (domain.has(EndpointType::Edge), domain.endpoint_types == [EndpointType::Edge]);
    if enhanced
        && ((policy.ends_with("_EDGE") && !edge) || (!policy.ends_with("_EDGE") && only_edge))
    {
        return refuse("The security policy is not supported for the endpoint type.");
    }
    check_access_mode(domain.endpoint_access_mode.as_deref(), policy)?;
    let Some(mutual) = &domain.mutual_tls else { return Ok(()) };
    if domain.endpoint_types != [EndpointType::Regional] {
        return refuse("Mutual TLS is supported for the endpoint type REGIONAL only.");
    }
    if policy == "TLS_1_0" {
        return refuse("Mutual TLS requires the security policy TLS_1_2 or a later one.");
    }
    let object = mutual.truststore_uri.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    match object {
        Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => Ok(()),
        _ => refuse("Invalid truststore URI: it must be of the form s3://bucket-name/key-name."),
    }
}
