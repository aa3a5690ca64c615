//! What a request knows: `$context` variables and the other values that
//! mappings and templates may name.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue};

macro_rules! variables {
    ($($variant:ident = $name:literal;)*) => {
        /// The `$context` variables that a REST API has in this build.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "AWS's names say it")]
        pub enum ContextVar { $($variant,)* }

        impl ContextVar {
            /// Every variable.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name behind `$context.`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

variables! {
    AccountId = "accountId";
    ApiId = "apiId";
    ApiKey = "identity.apiKey";
    ApiKeyId = "identity.apiKeyId";
    CanaryRequest = "isCanaryRequest";
    DeploymentId = "deploymentId";
    DomainName = "domainName";
    DomainPrefix = "domainPrefix";
    ErrorMessage = "error.message";
    ErrorMessageString = "error.messageString";
    ErrorResponseType = "error.responseType";
    ErrorValidation = "error.validationErrorString";
    ExtendedRequestId = "extendedRequestId";
    HttpMethod = "httpMethod";
    Path = "path";
    Protocol = "protocol";
    RequestId = "requestId";
    RequestTime = "requestTime";
    RequestTimeEpoch = "requestTimeEpoch";
    ResourceId = "resourceId";
    ResourcePath = "resourcePath";
    SourceIp = "identity.sourceIp";
    Stage = "stage";
    UserAgent = "identity.userAgent";
}

impl ContextVar {
    /// The variable of that name, without `$context.`. AWS knows more; those
    /// belong to features that this build refuses, and have no value.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|variable| variable.as_str() == name)
    }
}

/// Where values are read from while a request is handled. Absent is `None`.
pub trait Values {
    /// A `$context` variable.
    fn context(&self, variable: ContextVar) -> Option<Cow<'_, str>>;
    /// A stage variable.
    fn stage_variable(&self, name: &str) -> Option<&str>;
    /// The last header of that name.
    fn header(&self, name: &HeaderName) -> Option<&HeaderValue>;
    /// All headers of that name, joined with commas.
    fn header_list(&self, name: &HeaderName) -> Option<Cow<'_, str>>;
    /// The last query parameter of that name, decoded.
    fn query(&self, name: &str) -> Option<Cow<'_, str>>;
    /// Calls `each` with every query parameter of that name, decoded.
    fn query_list(&self, name: &str, each: &mut dyn FnMut(&str));
    /// A path variable, percent-encoding kept.
    fn path(&self, name: &str) -> Option<&str>;
}
