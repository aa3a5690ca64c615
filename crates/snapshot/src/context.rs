//! What a request knows: `$context` variables and the other values that
//! mappings and templates may name.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::BodyPath;

macro_rules! variables {
    ($($variant:ident = $name:literal, $kind:ident;)*) => {
        /// The `$context` variables of REST APIs. Those of authorizers and of mutual
        /// TLS are not among them.
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

            fn find(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// What its value is.
            pub const fn kind(self) -> ContextKind {
                match self { $(Self::$variant => ContextKind::$kind,)* }
            }
        }
    };
}

variables! {
    AccountId = "accountId", Text;
    ApiId = "apiId", Text;
    ApiKey = "identity.apiKey", Text;
    ApiKeyId = "identity.apiKeyId", Text;
    AwsEndpointRequestId = "awsEndpointRequestId", Text;
    CanaryRequest = "isCanaryRequest", Bool;
    DeploymentId = "deploymentId", Text;
    DomainName = "domainName", Text;
    DomainPrefix = "domainPrefix", Text;
    ErrorMessage = "error.message", Text;
    ErrorMessageString = "error.messageString", Text;
    ErrorResponseType = "error.responseType", Text;
    ErrorValidation = "error.validationErrorString", Text;
    ExtendedRequestId = "extendedRequestId", Text;
    HttpMethod = "httpMethod", Text;
    IdentityAccessKey = "identity.accessKey", Null;
    IdentityAccountId = "identity.accountId", Null;
    IdentityCaller = "identity.caller", Null;
    CognitoAuthenticationProvider = "identity.cognitoAuthenticationProvider", Null;
    CognitoAuthenticationType = "identity.cognitoAuthenticationType", Null;
    CognitoIdentityId = "identity.cognitoIdentityId", Null;
    CognitoIdentityPoolId = "identity.cognitoIdentityPoolId", Null;
    PrincipalOrgId = "identity.principalOrgId", Null;
    IdentityUser = "identity.user", Null;
    IdentityUserArn = "identity.userArn", Null;
    Path = "path", Text;
    Protocol = "protocol", Text;
    RequestId = "requestId", Text;
    RequestTime = "requestTime", Text;
    RequestTimeEpoch = "requestTimeEpoch", Integer;
    ResourceId = "resourceId", Text;
    ResourcePath = "resourcePath", Text;
    SourceIp = "identity.sourceIp", Text;
    Stage = "stage", Text;
    UserAgent = "identity.userAgent", Text;
    VpcId = "identity.vpcId", Text;
    VpceId = "identity.vpceId", Text;
    WafResponseCode = "wafResponseCode", Text;
    WebAclArn = "webaclArn", Text;
}

/// What a variable is, where it is not printed but looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContextKind {
    /// Text; not there without a value.
    Text,
    /// A number.
    Integer,
    /// `true` or `false`.
    Bool,
    /// Text; there as null without a value.
    Null,
}

impl ContextVar {
    /// The variable of that name, without `$context.`. AWS knows more; those
    /// belong to features that this build refuses, and have no value.
    pub fn parse(name: &str) -> Option<Self> {
        Self::find(name)
    }
}

/// All values of a header, joined with commas.
pub fn joined<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<Cow<'h, str>> {
    let mut values = headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let first = String::from_utf8_lossy(values.next()?);
    Some(values.fold(first, |list, value| {
        Cow::Owned(format!("{list},{}", String::from_utf8_lossy(value)))
    }))
}

/// Where values are read from while a request is handled. Absent is `None`.
///
/// A type that only adds to another names it as [`Values::inner`] and defines
/// the methods in which it differs; all others should define every method.
pub trait Values {
    /// What is asked where this type does not answer by itself.
    fn inner(&self) -> Option<&dyn Values> {
        None
    }
    /// A `$context` variable.
    fn context(&self, variable: ContextVar) -> Option<Cow<'_, str>> {
        self.inner()?.context(variable)
    }
    /// A stage variable.
    fn stage_variable(&self, name: &str) -> Option<&str> {
        self.inner()?.stage_variable(name)
    }
    /// Calls `each` with every stage variable, ordered by name.
    fn stage_variables(&self, each: &mut dyn FnMut(&str, &str)) {
        if let Some(inner) = self.inner() {
            inner.stage_variables(each);
        }
    }
    /// The last header of that name.
    fn header(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.inner()?.header(name)
    }
    /// All headers of that name, joined with commas.
    fn header_list(&self, name: &HeaderName) -> Option<Cow<'_, str>> {
        self.inner()?.header_list(name)
    }
    /// Calls `each` with every header in order, repeated ones as often as they
    /// are there; names as the client sent them, as far as that is known.
    fn headers(&self, each: &mut dyn FnMut(&str, &HeaderValue)) {
        if let Some(inner) = self.inner() {
            inner.headers(each);
        }
    }
    /// The last query parameter of that name, decoded.
    fn query(&self, name: &str) -> Option<Cow<'_, str>> {
        self.inner()?.query(name)
    }
    /// Calls `each` with every query parameter of that name, decoded.
    fn query_list(&self, name: &str, each: &mut dyn FnMut(&str)) {
        if let Some(inner) = self.inner() {
            inner.query_list(name, each);
        }
    }
    /// Calls `each` with name and value of every query parameter in order,
    /// decoded.
    fn queries(&self, each: &mut dyn FnMut(&str, &str)) {
        if let Some(inner) = self.inner() {
            inner.queries(each);
        }
    }
    /// A path variable, percent-encoding kept.
    fn path(&self, name: &str) -> Option<&str> {
        self.inner()?.path(name)
    }
    /// Calls `each` with name and value of every path variable, in the order
    /// of the path, percent-encoding kept.
    fn paths(&self, each: &mut dyn FnMut(&str, &str)) {
        if let Some(inner) = self.inner() {
            inner.paths(each);
        }
    }
    /// A value of the body that mappings may read here: the client's on the
    /// way in, the integration's on the way out.
    fn body(&self, path: &BodyPath) -> Option<Cow<'_, str>> {
        self.inner()?.body(path)
    }
    /// The last header of that name in the integration's answer.
    fn response_header(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.inner()?.response_header(name)
    }
    /// All headers of that name in the integration's answer, joined with
    /// commas.
    fn response_header_list(&self, name: &HeaderName) -> Option<Cow<'_, str>> {
        self.inner()?.response_header_list(name)
    }
    /// Steps that a template may take where these values are read, if those
    /// are fewer than its own bound. One that needs more ends
    /// [unfinished](crate::GatewayError::is_unfinished) and may be tried again
    /// with values that do not say so.
    fn template_steps(&self) -> Option<u64> {
        self.inner()?.template_steps()
    }
}
