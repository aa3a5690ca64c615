//! AWS's services as integrations name them: how each is called and signed.
//!
//! The table is written by `tools/aws-services` out of botocore's data.

use std::sync::LazyLock;

/// The table: nine columns, parted by tabs, ordered by name.
const TABLE: &str = include_str!("aws_services.tsv");

static SERVICES: LazyLock<Vec<AwsService>> =
    LazyLock::new(|| TABLE.lines().filter_map(AwsService::read).collect());

/// A service of AWS.
#[derive(Debug, PartialEq, Eq)]
pub struct AwsService {
    /// As in integration URIs and host names, such as `states`.
    pub name: &'static str,
    /// As in signatures.
    pub signing_name: &'static str,
    /// As the SDKs' variables spell it: `AWS_ENDPOINT_URL_{id}`.
    pub id: &'static str,
    /// How an action is called.
    pub protocol: AwsProtocol,
    /// Host of a service without regions, in the partition `aws`.
    pub global_host: Option<&'static str>,
    /// The region that a service without regions is signed for.
    pub global_region: Option<&'static str>,
}

/// How an action of a service is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsProtocol {
    /// `Action=Name&Version=...` with parameters; answers XML, or JSON to those
    /// who ask.
    Query {
        /// The API's version.
        version: &'static str,
    },
    /// A JSON body and `X-Amz-Target: {target}.{Name}`.
    Json {
        /// The prefix of targets.
        target: &'static str,
        /// The content type that goes with it.
        content_type: &'static str,
    },
    /// JSON to SDKs, but integrations call it by parameters.
    Legacy {
        /// The API's version.
        version: &'static str,
        /// The prefix of targets.
        target: &'static str,
        /// The content type that goes with it.
        content_type: &'static str,
    },
    /// By verb and path; there are no actions.
    Rest,
}

impl AwsService {
    /// The service of that name.
    pub fn find(name: &str) -> Option<&'static Self> {
        let services = &*SERVICES;
        let at = services.binary_search_by(|service| service.name.cmp(name)).ok()?;
        services.get(at)
    }

    /// The service that a host label sequence ends with, and what is before
    /// it: `data.s3` is `s3` below `data`, `api.ecr` is a service by itself.
    pub(crate) fn find_below(labels: &str) -> Option<(Option<&str>, &'static Self)> {
        if let Some(service) = Self::find(labels) {
            return Some((None, service));
        }
        let starts = labels.match_indices('.').map(|(at, _)| at);
        starts.into_iter().find_map(|at| {
            let (below, name) = (labels.get(..at)?, labels.get(at + 1..)?);
            Some((Some(below), Self::find(name)?))
        })
    }

    /// All services, ordered by name.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        SERVICES.iter()
    }

    fn read(line: &'static str) -> Option<Self> {
        let mut columns = line.split('\t');
        let mut next = || columns.next();
        let (name, signing_name, id, protocol) = (next()?, next()?, next()?, next()?);
        let (version, target, json) = (next()?, next()?, next()?);
        let content_type = match json {
            "1.0" => "application/x-amz-json-1.0",
            _ => "application/x-amz-json-1.1",
        };
        let protocol = match protocol {
            "query" => AwsProtocol::Query { version },
            "json" => AwsProtocol::Json { target, content_type },
            "legacy" => AwsProtocol::Legacy { version, target, content_type },
            _ => AwsProtocol::Rest,
        };
        let mut there = || next().filter(|text| *text != "-");
        let (global_host, global_region) = (there(), there());
        Some(Self { name, signing_name, id, protocol, global_host, global_region })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_ordered() {
        assert_eq!(AwsService::all().count(), TABLE.lines().count());
        let names: Vec<_> = AwsService::all().map(|service| service.name).collect();
        assert!(names.is_sorted_by(|a, b| a < b));
        for service in AwsService::all() {
            let target = match service.protocol {
                AwsProtocol::Json { target, .. } | AwsProtocol::Legacy { target, .. } => target,
                AwsProtocol::Query { version } => version,
                AwsProtocol::Rest => "",
            };
            assert_ne!(target, "-", "{}", service.name);
            assert!(!service.id.contains(['-', ' ', '.']), "{}", service.id);
        }
    }

    #[test]
    fn services_by_name() {
        let protocol = |name| AwsService::find(name).map(|service| (service.id, service.protocol));
        let json = |target, content_type| AwsProtocol::Json { target, content_type };
        let v10 = "application/x-amz-json-1.0";
        assert_eq!(protocol("dynamodb"), Some(("DYNAMODB", json("DynamoDB_20120810", v10))));
        assert_eq!(protocol("states"), Some(("SFN", json("AWSStepFunctions", v10))));
        assert_eq!(protocol("sqs"), Some(("SQS", AwsProtocol::Query { version: "2012-11-05" })));
        assert_eq!(protocol("s3"), Some(("S3", AwsProtocol::Rest)));
        assert_eq!(protocol("nothing"), None);
        let below =
            |labels| AwsService::find_below(labels).map(|(before, service)| (before, service.name));
        assert_eq!(below("s3"), Some((None, "s3")));
        assert_eq!(below("my.bucket.s3"), Some((Some("my.bucket"), "s3")));
        assert_eq!(below("api.ecr"), Some((None, "api.ecr")));
        assert_eq!(below("abc.appsync-api"), Some((Some("abc"), "appsync-api")));
        assert_eq!(below("abc.nothing"), None);
        assert_eq!(below(""), None);
        assert_eq!(AwsService::find("iam").unwrap().global_host, Some("iam.amazonaws.com"));
    }
}
