//! What can be tagged, by its ARN.

use std::fmt;

use crate::{ApiId, StageName};

/// A resource that can have tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taggable {
    /// `/restapis/{id}`
    RestApi(ApiId),
    /// `/restapis/{id}/stages/{name}`
    Stage(ApiId, StageName),
    /// `/apikeys/{id}`
    ApiKey(String),
    /// `/usageplans/{id}`
    UsagePlan(String),
    /// `/domainnames/{name}`; of a private domain, `/domainnames/{name}+{id}`.
    DomainName {
        /// The domain.
        name: String,
        /// Tells private domains of one name apart.
        id: Option<String>,
    },
    /// `/vpclinks/{id}`
    VpcLink(String),
    /// `/clientcertificates/{id}`
    ClientCertificate(String),
}

/// Why a text names nothing that can be tagged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the ARN of a taggable resource")]
pub struct NotTaggable(pub String);

impl Taggable {
    /// Reads `arn:{partition}:apigateway:{region}:[{account}]:{path}`, the
    /// region being the one given. Most ARNs name no account, and where one
    /// stands (private domains) it must be the caller's.
    ///
    /// # Errors
    /// When it is another text, or of another region or account.
    pub fn parse(arn: &str, region: &str, account: &str) -> Result<Self, NotTaggable> {
        let refuse = || NotTaggable(arn.to_owned());
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let &["arn", partition, "apigateway", in_region, of_account, path] = &*parts else {
            return Err(refuse());
        };
        let mine = in_region == region && (of_account.is_empty() || of_account == account);
        if !partition.starts_with("aws") || !mine {
            return Err(refuse());
        }
        Self::of_path(path).ok_or_else(refuse)
    }

    fn of_path(path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        if segments.iter().any(|segment| segment.is_empty()) {
            return None;
        }
        Some(match *segments {
            ["restapis", api] => Self::RestApi(api.into()),
            ["restapis", api, "stages", stage] => Self::Stage(api.into(), stage.into()),
            ["apikeys", id] => Self::ApiKey(id.to_owned()),
            ["usageplans", id] => Self::UsagePlan(id.to_owned()),
            ["domainnames", name] => match name.split_once('+') {
                None => Self::DomainName { name: name.to_owned(), id: None },
                Some(("", _) | (_, "")) => return None,
                Some((name, id)) => {
                    Self::DomainName { name: name.to_owned(), id: Some(id.to_owned()) }
                }
            },
            ["vpclinks", id] => Self::VpcLink(id.to_owned()),
            ["clientcertificates", id] => Self::ClientCertificate(id.to_owned()),
            _ => return None,
        })
    }
}

impl fmt::Display for Taggable {
    /// The path of the ARN, without its first slash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RestApi(api) => write!(f, "restapis/{api}"),
            Self::Stage(api, stage) => write!(f, "restapis/{api}/stages/{stage}"),
            Self::ApiKey(id) => write!(f, "apikeys/{id}"),
            Self::UsagePlan(id) => write!(f, "usageplans/{id}"),
            Self::DomainName { name, id: None } => write!(f, "domainnames/{name}"),
            Self::DomainName { name, id: Some(id) } => write!(f, "domainnames/{name}+{id}"),
            Self::VpcLink(id) => write!(f, "vpclinks/{id}"),
            Self::ClientCertificate(id) => write!(f, "clientcertificates/{id}"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const ACCOUNT: &str = "000000000000";

    #[test]
    fn arns_of_all_kinds() {
        for path in [
            "restapis/a1",
            "restapis/a1/stages/prod",
            "apikeys/k",
            "usageplans/p",
            "domainnames/api.example.com",
            "domainnames/*.example.com",
            "domainnames/private.example.com+abcd1234",
            "vpclinks/v",
            "clientcertificates/c",
        ] {
            for head in ["arn:aws:apigateway:eu-west-1::/", "arn:aws-cn:apigateway:eu-west-1::/"] {
                let parsed = Taggable::parse(&format!("{head}{path}"), "eu-west-1", ACCOUNT);
                assert_eq!(parsed.unwrap().to_string(), path);
            }
        }
        let private = "arn:aws:apigateway:eu-west-1:000000000000:/domainnames/a.test+x1";
        assert!(Taggable::parse(private, "eu-west-1", ACCOUNT).is_ok());
    }

    #[test]
    fn what_cannot_be_tagged() {
        for arn in [
            "",
            "restapis/a1",
            "arn:aws:apigateway:eu-west-1::restapis/a1",
            "arn:aws:apigateway:eu-west-1::/restapis/",
            "arn:aws:apigateway:eu-west-1::/restapis/a1/",
            "arn:aws:apigateway:eu-west-1::/restapis/a1/resources/b",
            "arn:aws:apigateway:eu-west-1::/apis/a1",
            "arn:aws:apigateway:eu-west-1::/domainnames/+x",
            "arn:aws:apigateway:eu-west-1::/account",
            "arn:aws:apigateway:us-east-1::/restapis/a1",
            "arn:aws:apigateway:eu-west-1:111111111111:/domainnames/a.test+x1",
            "arn:aws:lambda:eu-west-1::/restapis/a1",
            "arn:x:apigateway:eu-west-1::/restapis/a1",
        ] {
            assert!(Taggable::parse(arn, "eu-west-1", ACCOUNT).is_err(), "{arn}");
        }
    }
}
