//! Where a route's calls of AWS go and as whom, with and without stage
//! variables.

use std::{any::Any, fmt, sync::Arc};

use gw_model::Variables;

use crate::{
    AwsUri, InvalidAwsUri, aws_uri::is_label, fill_variables, prepared::Prepared,
    uri::has_variables,
};

/// Where a call goes and as whom.
#[derive(Debug)]
pub struct AwsTarget {
    /// Where to.
    pub uri: AwsUri,
    /// The ARN of the role that the author names; none leaves it to the node.
    pub credentials: Option<Box<str>>,
    prepared: Prepared,
}

impl AwsTarget {
    /// Reads URI and credentials in which stage variables are filled in.
    ///
    /// # Errors
    /// As [`AwsUri::parse`]; or the credentials are no role's ARN.
    pub fn parse(uri: &str, credentials: Option<&str>) -> Result<Self, InvalidAwsUri> {
        Self::read(uri, credentials).map_err(|mut errors| errors.swap_remove(0))
    }

    /// The same, with all that is wrong: at least one error, that of the role
    /// first.
    fn read(uri: &str, credentials: Option<&str>) -> Result<Self, Vec<InvalidAwsUri>> {
        let invalid = |reason: String| InvalidAwsUri { uri: uri.to_owned(), reason };
        let credentials = credentials.map(str::trim).filter(|text| !text.is_empty());
        let role = credentials.map_or(Ok(()), check_role).map_err(invalid);
        match (AwsUri::parse(uri), role) {
            (Ok(uri), Ok(())) => {
                let credentials = credentials.map(Into::into);
                Ok(Self { uri, credentials, prepared: Prepared::default() })
            }
            (uri, role) => Err(role.err().into_iter().chain(uri.err()).collect()),
        }
    }

    /// What the data plane made of this. The first call makes it, so that no
    /// request looks a service or role up by its text; `None` if that failed
    /// or another type was made before.
    pub fn prepared<T: Any + Send + Sync>(
        &self,
        make: impl FnOnce(&Self) -> Option<T>,
    ) -> Option<&T> {
        self.prepared.get(|| make(self))
    }

    pub(crate) fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.uri.size_bytes() + self.credentials.as_deref().map_or(0, str::len)
    }
}

/// Credentials that a build can honour: a role's ARN.
fn check_role(role: &str) -> Result<(), String> {
    if role.ends_with(":user/*") {
        return Err("passing on the caller's identity is not in this build".into());
    }
    let parts: Vec<&str> = role.splitn(6, ':').collect();
    match parts[..] {
        ["arn", partition, "iam", "", account, what]
            if is_label(partition)
                && account.bytes().all(|b| b.is_ascii_digit())
                && what.strip_prefix("role/").is_some_and(|name| !name.is_empty())
                && what.bytes().all(|b| b.is_ascii_graphic()) =>
        {
            Ok(())
        }
        _ => Err(format!("credentials {role:?} are not the ARN of a role")),
    }
}

/// The address of an integration that calls AWS.
pub enum AwsAddress {
    /// Needs no stage variables.
    Fixed(Arc<AwsTarget>),
    /// Becomes an address when a stage is bound.
    Variable {
        /// The URI, with its `${stageVariables.x}` places.
        uri: Box<str>,
        /// The role, perhaps with such places too.
        credentials: Option<Box<str>>,
    },
}

impl fmt::Debug for AwsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(target) => write!(f, "{:?}", target.uri),
            Self::Variable { uri, .. } => f.write_str(uri),
        }
    }
}

impl AwsAddress {
    /// Reads what an integration declares.
    ///
    /// # Errors
    /// There are no stage variables in it, and it is invalid as it stands: why,
    /// at least one reason.
    pub fn compile(uri: &str, credentials: Option<&str>) -> Result<Self, Vec<InvalidAwsUri>> {
        if has_variables(uri) || credentials.is_some_and(has_variables) {
            return Ok(Self::Variable {
                uri: uri.into(),
                credentials: credentials.map(Into::into),
            });
        }
        Ok(Self::Fixed(Arc::new(AwsTarget::read(uri, credentials)?)))
    }

    /// Whether it waits for stage variables.
    pub fn is_variable(&self) -> bool {
        matches!(self, Self::Variable { .. })
    }

    /// The address under a stage's variables, if it waits for them.
    pub(crate) fn bind(&self, variables: &Variables) -> Option<Result<AwsTarget, InvalidAwsUri>> {
        let Self::Variable { uri, credentials } = self else { return None };
        let credentials = credentials.as_deref().map(|text| fill_variables(text, variables));
        Some(AwsTarget::parse(&fill_variables(uri, variables), credentials.as_deref()))
    }

    /// Bytes on the heap.
    pub(crate) fn size_bytes(&self) -> usize {
        match self {
            Self::Fixed(target) => target.size_bytes(),
            Self::Variable { uri, credentials } => {
                uri.len() + credentials.as_deref().map_or(0, str::len)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::AwsCall;

    const GATEWAY: &str = "arn:aws:apigateway:us-east-1:";

    #[test]
    fn roles() {
        let sqs = format!("{GATEWAY}sqs:path/1/q");
        let role = |text| AwsTarget::parse(&sqs, text).map(|target| target.credentials);
        assert_eq!(role(None), Ok(None));
        assert_eq!(role(Some("  ")), Ok(None));
        let named = "arn:aws:iam::123456789012:role/path/name";
        assert_eq!(role(Some(named)), Ok(Some(named.into())));
        for bad in ["x", "arn:aws:iam::*:user/*", "arn:aws:iam::1:role/", "arn:aws:iam::x:role/y"] {
            assert!(role(Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn stage_variables() {
        let function = "arn:aws:lambda:us-east-1:1:function:f:${stageVariables.a}";
        let text = format!("{GATEWAY}lambda:path/2015-03-31/functions/{function}/invocations");
        let role = "arn:aws:iam::1:role/${stageVariables.r}";
        let address = AwsAddress::compile(&text, Some(role)).unwrap();
        assert!(address.is_variable());
        let bind = |pairs: &[(&str, &str)]| {
            let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            address.bind(&pairs.iter().map(own).collect()).unwrap()
        };
        let bound = bind(&[("a", "live"), ("r", "caller")]).unwrap();
        assert_eq!(bound.credentials.as_deref(), Some("arn:aws:iam::1:role/caller"));
        let AwsCall::Lambda(target) = &bound.uri.call else { panic!("no function") };
        assert_eq!(target.qualifier.as_deref(), Some("live"));
        assert!(bind(&[("r", "caller")]).is_err(), "an empty alias");
        assert!(bind(&[("a", "live")]).is_err(), "an empty role");
        assert!(
            AwsAddress::compile(&format!("{GATEWAY}s3:path/b"), None)
                .unwrap()
                .bind(&Default::default())
                .is_none()
        );
    }
}
