//! The event of a REST API, payload format 1.0.

use std::collections::BTreeMap;

use crate::{
    date::push_date,
    json::{self, nullable, text},
    maps::{Groups, texts},
    path::Paths,
    query,
};

/// All that the event of one request says, borrowed. It is written in two
/// steps, [`begin`](Self::begin) and [`Body::end`], since a large body is
/// better encoded off a serving core.
#[derive(Debug, Clone)]
pub struct RestEvent<'a> {
    /// The resource's template, such as `/pets/{id}`.
    pub resource: &'a str,
    /// Both paths.
    pub paths: Paths<'a>,
    /// The client's verb.
    pub method: &'a str,
    /// Headers as the function is to see them, repeats one by one.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The query string as it was sent.
    pub query: Option<&'a str>,
    /// Path variables, percent-encoding kept.
    pub path_parameters: &'a [(&'a str, &'a str)],
    /// The stage's variables.
    pub stage_variables: &'a BTreeMap<String, String>,
    /// The account that the API is in.
    pub account: &'a str,
    /// The API's id.
    pub api: &'a str,
    /// What an authorizer said of the request, as a JSON object.
    pub authorizer: Option<&'a str>,
    /// The deployment's id.
    pub deployment: &'a str,
    /// The host that the client asked for, without its port.
    pub domain: &'a str,
    /// Its first label.
    pub domain_prefix: &'a str,
    /// `x-amz-apigw-id`.
    pub extended_request_id: &'a str,
    /// Who calls.
    pub identity: Identity<'a>,
    /// Whether the canary answers; none if the stage has no canary.
    pub canary: Option<bool>,
    /// `x-amzn-RequestId`.
    pub request_id: &'a str,
    /// When the request came, in milliseconds since 1970.
    pub time_ms: u64,
    /// The resource's id.
    pub resource_id: &'a str,
    /// The stage's name.
    pub stage: &'a str,
}

/// `requestContext.identity`. What is none is `null`, but for the API key,
/// which is there only where the method needs one.
#[derive(Debug, Clone, Copy, Default)]
#[expect(missing_docs, reason = "the names are AWS's")]
pub struct Identity<'a> {
    pub access_key: Option<&'a str>,
    pub account: Option<&'a str>,
    /// Value and id.
    pub api_key: Option<(&'a str, &'a str)>,
    pub caller: Option<&'a str>,
    pub cognito_authentication_provider: Option<&'a str>,
    pub cognito_authentication_type: Option<&'a str>,
    pub cognito_identity_id: Option<&'a str>,
    pub cognito_identity_pool_id: Option<&'a str>,
    pub principal_org_id: Option<&'a str>,
    pub source_ip: &'a str,
    pub user: Option<&'a str>,
    /// As sent.
    pub user_agent: Option<&'a [u8]>,
    pub user_arn: Option<&'a str>,
}

/// The body of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body<'a> {
    /// There is none, or it is empty.
    None,
    /// A text; bytes that are no UTF-8 become replacement characters.
    Text(&'a [u8]),
    /// Bytes, given as base64.
    Binary(&'a [u8]),
}

impl<'a> Body<'a> {
    /// A body is binary if the API says so of its media type.
    pub fn of(bytes: &'a [u8], is_binary: bool) -> Self {
        match (bytes, is_binary) {
            ([], _) => Self::None,
            (bytes, false) => Self::Text(bytes),
            (bytes, true) => Self::Binary(bytes),
        }
    }

    /// Writes the body and the end of an event that was begun.
    pub fn end(self, out: &mut Vec<u8>) {
        match self {
            Self::None => out.extend_from_slice(b"null"),
            Self::Text(bytes) => {
                out.reserve(bytes.len() + bytes.len() / 8 + 32);
                json::bytes(out, bytes);
            }
            Self::Binary(bytes) => {
                out.reserve(bytes.len().div_ceil(3) * 4 + 32);
                json::base64(out, bytes);
            }
        }
        let is_binary = matches!(self, Self::Binary(_));
        out.extend_from_slice(b",\"isBase64Encoded\":");
        out.extend_from_slice(if is_binary { b"true}" } else { b"false}" });
    }
}

/// Writes a member: its name, and a text.
macro_rules! member {
    ($out:expr, $name:literal, $value:expr) => {
        $out.extend_from_slice(concat!("\"", $name, "\":").as_bytes());
        text($out, $value);
        $out.push(b',');
    };
}

impl RestEvent<'_> {
    /// Writes everything in front of the body; [`Body::end`] writes the rest.
    pub fn begin(&self, out: &mut Vec<u8>) {
        out.reserve(self.size_hint());
        out.push(b'{');
        member!(out, "resource", self.resource);
        out.extend_from_slice(b"\"path\":\"");
        self.paths.path.iter().for_each(|piece| json::inner(out, piece));
        out.extend_from_slice(b"\",");
        member!(out, "httpMethod", self.method);
        let groups = Groups::of(self.headers);
        out.extend_from_slice(b"\"headers\":");
        groups.write_single(out, self.headers);
        out.extend_from_slice(b",\"multiValueHeaders\":");
        groups.write_multi(out, self.headers);
        self.write_query(out);
        out.extend_from_slice(b",\"pathParameters\":");
        texts(out, self.path_parameters.iter().copied());
        out.extend_from_slice(b",\"stageVariables\":");
        texts(out, self.stage_variables.iter().map(|(name, value)| (&**name, &**value)));
        out.extend_from_slice(b",\"requestContext\":{");
        self.write_context(out);
        out.extend_from_slice(b"},\"body\":");
    }

    /// Writes the whole event.
    pub fn write(&self, body: Body<'_>, out: &mut Vec<u8>) {
        self.begin(out);
        body.end(out);
    }

    fn write_query(&self, out: &mut Vec<u8>) {
        let parameters = query::parse(self.query);
        let groups = Groups::of(&parameters);
        out.extend_from_slice(b",\"queryStringParameters\":");
        groups.write_single(out, &parameters);
        out.extend_from_slice(b",\"multiValueQueryStringParameters\":");
        groups.write_multi(out, &parameters);
    }

    fn write_context(&self, out: &mut Vec<u8>) {
        member!(out, "accountId", self.account);
        member!(out, "apiId", self.api);
        if let Some(authorizer) = self.authorizer {
            out.extend_from_slice(b"\"authorizer\":");
            out.extend_from_slice(authorizer.as_bytes());
            out.push(b',');
        }
        member!(out, "deploymentId", self.deployment);
        member!(out, "domainName", self.domain);
        member!(out, "domainPrefix", self.domain_prefix);
        member!(out, "extendedRequestId", self.extended_request_id);
        member!(out, "httpMethod", self.method);
        self.identity.write(out);
        match self.canary {
            None => {}
            Some(true) => out.extend_from_slice(b"\"isCanaryRequest\":true,"),
            Some(false) => out.extend_from_slice(b"\"isCanaryRequest\":false,"),
        }
        member!(out, "path", self.paths.context);
        out.extend_from_slice(b"\"protocol\":\"HTTP/1.1\",");
        member!(out, "requestId", self.request_id);
        out.extend_from_slice(b"\"requestTime\":\"");
        push_date(out, self.time_ms);
        out.extend_from_slice(b"\",\"requestTimeEpoch\":");
        out.extend_from_slice(itoa::Buffer::new().format(self.time_ms).as_bytes());
        out.push(b',');
        member!(out, "resourceId", self.resource_id);
        member!(out, "resourcePath", self.resource);
        out.extend_from_slice(b"\"stage\":");
        text(out, self.stage);
    }

    /// Enough for most events without their body, so that the buffer grows
    /// once.
    fn size_hint(&self) -> usize {
        // Headers and query stand twice, each time with quotes and brackets.
        let headers: usize = self.headers.iter().map(|(n, v)| 2 * (n.len() + v.len()) + 16).sum();
        let query = self.query.map_or(0, |query| 2 * query.len() + 64);
        let path = 3 * self.paths.context.len() + 2 * self.resource.len();
        let variables: usize =
            self.stage_variables.iter().map(|(n, v)| n.len() + v.len() + 6).sum();
        1280 + headers + query + path + variables
    }
}

impl Identity<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        let mut first = true;
        let mut name = |out: &mut Vec<u8>, name: &str| {
            out.push(if first { b'{' } else { b',' });
            first = false;
            text(out, name);
            out.push(b':');
        };
        out.extend_from_slice(b"\"identity\":");
        name(out, "accessKey");
        nullable(out, self.access_key);
        name(out, "accountId");
        nullable(out, self.account);
        if let Some((value, id)) = self.api_key {
            name(out, "apiKey");
            text(out, value);
            name(out, "apiKeyId");
            text(out, id);
        }
        for (key, value) in [
            ("caller", self.caller),
            ("cognitoAuthenticationProvider", self.cognito_authentication_provider),
            ("cognitoAuthenticationType", self.cognito_authentication_type),
            ("cognitoIdentityId", self.cognito_identity_id),
            ("cognitoIdentityPoolId", self.cognito_identity_pool_id),
            ("principalOrgId", self.principal_org_id),
            ("sourceIp", Some(self.source_ip)),
            ("user", self.user),
        ] {
            name(out, key);
            nullable(out, value);
        }
        name(out, "userAgent");
        match self.user_agent {
            Some(agent) => json::bytes(out, agent),
            None => out.extend_from_slice(b"null"),
        }
        name(out, "userArn");
        nullable(out, self.user_arn);
        out.extend_from_slice(b"},");
    }
}
