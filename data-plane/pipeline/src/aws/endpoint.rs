//! Where AWS's services are: at the addresses that the SDKs' variables name,
//! else at AWS.

use std::collections::BTreeMap;

use gw_snapshot::{AwsService, AwsUri};
use gw_upstream::{Scheme, Target, TlsOptions};
use http::{HeaderValue, Uri};

/// The variable for services that have none of their own.
const ANY: &str = "AWS_ENDPOINT_URL";
/// Set to `true`, all of them are ignored.
const IGNORE: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";

/// A variable that names no endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is not an http or https URL: {value:?}")]
pub struct InvalidEndpoint {
    /// The variable.
    pub name: String,
    /// What it says.
    pub value: String,
}

/// The endpoints of AWS's services. Read once, when the node starts.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    /// By the services' ids, such as `SFN`.
    services: BTreeMap<Box<str>, Endpoint>,
    any: Option<Endpoint>,
}

/// An address that the operator set.
#[derive(Debug, Clone)]
struct Endpoint {
    target: Target,
    /// Before every path; without a slash at its end.
    path: Box<str>,
}

/// Where one integration's calls go.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) target: Target,
    pub(crate) host: HeaderValue,
    /// Before every path.
    pub(crate) path: Box<str>,
    /// The region that is signed for.
    pub(crate) region: Box<str>,
    /// The operator set it.
    pub(crate) is_configured: bool,
}

impl Endpoints {
    /// Picks `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_{SERVICE}` out of an
    /// environment. Empty ones count as not set, and those of services that
    /// nobody knows are not looked at.
    ///
    /// # Errors
    /// One of them is not the URL of a server.
    pub fn from_vars<N: AsRef<str>, V: AsRef<str>>(
        vars: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, InvalidEndpoint> {
        let mut endpoints = Self::default();
        let mut is_ignored = false;
        for (name, value) in vars {
            let (name, value) = (name.as_ref(), value.as_ref().trim());
            is_ignored |= name == IGNORE && value.eq_ignore_ascii_case("true");
            if !name.starts_with(ANY) || value.is_empty() {
                continue;
            }
            let service = name.strip_prefix(ANY).and_then(|rest| rest.strip_prefix('_'));
            let is_known = |id: &str| AwsService::all().any(|service| service.id == id);
            if name != ANY && !service.is_some_and(is_known) {
                continue;
            }
            let invalid = || InvalidEndpoint { name: name.to_owned(), value: value.to_owned() };
            let endpoint = Endpoint::parse(value).ok_or_else(invalid)?;
            match service {
                Some(id) => drop(endpoints.services.insert(id.into(), endpoint)),
                None => endpoints.any = Some(endpoint),
            }
        }
        Ok(if is_ignored { Self::default() } else { endpoints })
    }

    /// Where a URI's calls go; `None` if its parts make no host.
    pub(crate) fn place(&self, uri: &AwsUri) -> Option<Place> {
        let service = uri.service;
        let is_global = &*uri.partition == "aws" && uri.subdomain.is_none();
        let global = service.global_host.filter(|_| is_global);
        let region = global.and(service.global_region).unwrap_or(&uri.region).into();
        let name = match (global, &uri.subdomain) {
            (Some(host), _) => host.to_owned(),
            (None, subdomain) => {
                let below = subdomain.as_deref().map(|name| format!("{name}.")).unwrap_or_default();
                let suffix = dns_suffix(&uri.partition);
                format!("{below}{}.{}.{suffix}", service.name, uri.region)
            }
        };
        if let Some(endpoint) = self.services.get(service.id).or(self.any.as_ref()) {
            // What only the name of a host tells must still be told.
            let host = match uri.subdomain {
                Some(_) => HeaderValue::from_str(&name).ok()?,
                None => endpoint.target.authority().clone(),
            };
            let (target, path) = (endpoint.target.clone(), endpoint.path.clone());
            return Some(Place { target, host, path, region, is_configured: true });
        }
        let target = Target::new(Scheme::Https, &name, None, TlsOptions::default()).ok()?;
        let host = target.authority().clone();
        Some(Place { target, host, path: "".into(), region, is_configured: false })
    }
}

impl Endpoint {
    fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return None;
        }
        let target = Target::from_uri(&uri, TlsOptions::default()).ok()?;
        let path = uri.path().trim_end_matches('/');
        uri.query().is_none().then(|| Self { target, path: path.into() })
    }
}

/// What host names of a partition end with.
fn dns_suffix(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "amazonaws.com.cn",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        "aws-iso-e" => "cloud.adc-e.uk",
        "aws-iso-f" => "csp.hci.ic.gov",
        "aws-eusc" => "amazonaws.eu",
        _ => "amazonaws.com",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn check(vars: &[(&str, &str)], uri: &str, expected: &str) {
        let endpoints = Endpoints::from_vars(vars.iter().copied()).unwrap();
        let place = endpoints.place(&AwsUri::parse(uri).unwrap()).unwrap();
        let host = place.host.to_str().unwrap();
        assert_eq!(format!("{}{} {host} {}", place.target, place.path, place.region), expected);
    }

    #[test]
    fn places() {
        let sqs = "arn:aws:apigateway:eu-west-1:sqs:path/1/q";
        let states = "arn:aws:apigateway:eu-west-1:states:action/StartExecution";
        let host = "sqs.eu-west-1.amazonaws.com";
        check(&[], sqs, &format!("https://{host} {host} eu-west-1"));
        let any = [("AWS_ENDPOINT_URL", "http://127.0.0.1:5000/")];
        check(&any, sqs, "http://127.0.0.1:5000 127.0.0.1:5000 eu-west-1");
        let both = [
            ("AWS_ENDPOINT_URL", "http://any:1"),
            ("AWS_ENDPOINT_URL_SFN", "https://Local/base/"),
            ("AWS_ENDPOINT_URL_SQS", ""),
            ("AWS_ENDPOINT_URL_NOBODY", "nonsense"),
        ];
        check(&both, states, "https://local/base local eu-west-1");
        check(&both, sqs, "http://any:1 any:1 eu-west-1");
        let ignored = [any[0], ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")];
        check(&ignored, sqs, &format!("https://{host} {host} eu-west-1"));
        let iam = "arn:aws:apigateway:eu-west-1:iam:action/ListUsers";
        check(&[], iam, "https://iam.amazonaws.com iam.amazonaws.com us-east-1");
        let china = "s3.cn-north-1.amazonaws.com.cn";
        let uri = "arn:aws-cn:apigateway:cn-north-1:s3:path/b";
        check(&[], uri, &format!("https://{china} {china} cn-north-1"));
        let graph = "arn:aws:apigateway:us-east-1:abc.appsync-api:path/graphql";
        let host = "abc.appsync-api.us-east-1.amazonaws.com";
        check(&[], graph, &format!("https://{host} {host} us-east-1"));
        check(&any, graph, &format!("http://127.0.0.1:5000 {host} us-east-1"));
    }

    #[test]
    fn no_endpoints() {
        for value in ["localhost", "ftp://x", "http://", "http://u:p@x/", "http://x/?a"] {
            let read = Endpoints::from_vars([("AWS_ENDPOINT_URL_S3", value)]);
            assert!(read.is_err(), "{value}");
        }
    }
}
