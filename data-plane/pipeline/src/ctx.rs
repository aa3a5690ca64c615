//! One request on its way through the phases.

use std::{
    borrow::Cow,
    cell::{Cell, OnceCell},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use gw_route::Params;
use gw_snapshot::{
    ApiKey, Bound, CompiledResource, CompiledStage, ContextVar, Route, Values, World,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version, header};
use time::OffsetDateTime;

use crate::{
    ConnInfo, CoreState,
    id::{self, Ids, TRACE_ID},
    note::Recorder,
    offload::STEPS_ON_CORE,
    query,
    seen::{self, Seen},
};

/// What the phases know of a request. It borrows from the core and from one
/// pinned world; nothing in it outlives the request.
pub(crate) struct RequestCtx<'w> {
    pub(crate) core: &'w CoreState,
    pub(crate) conn: ConnInfo,
    /// The request's head as it came, if the front keeps it.
    pub(crate) raw_head: Option<&'w dyn RawHead>,
    /// When the request's head was there.
    pub(crate) began: Instant,
    pub(crate) world: &'w World,
    /// The client's verb, or the one that it put in its place.
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) version: Version,
    /// The client's headers; an integration may take them.
    pub(crate) headers: HeaderMap,
    pub(crate) ids: Ids,
    /// Set once located.
    pub(crate) stage: Option<Located<'w>>,
    /// Set once routed.
    pub(crate) route: Option<Routed<'w>>,
    /// Set where the method needs a key and the client showed a good one.
    pub(crate) api_key: Option<Keyed<'w>>,
    /// When the integration's answer was there, if one was asked for: the end
    /// of the request too, as nothing behind it waits.
    pub(crate) ended: Option<Instant>,
    /// Keeps the execution log, if somebody asked for it.
    pub(crate) recorder: Option<Arc<Recorder>>,
    /// A call that no client made: some of `$context` is AWS's stand-in.
    pub(crate) is_test: bool,
    /// See [`RequestCtx::trace`]; HTTP_PROXY writes it without.
    pub(crate) trace: OnceCell<HeaderValue>,
    /// Whether the integration was told it.
    pub(crate) is_traced: Cell<bool>,
    /// See [`seen::own`].
    pub(crate) seen: Seen,
    /// See [`RequestCtx::arrived`].
    pub(crate) arrived: OnceCell<Duration>,
}

/// The stage of a request, and which of its deployments.
#[derive(Clone, Copy)]
pub(crate) struct Located<'w> {
    pub(crate) stage: &'w CompiledStage,
    pub(crate) bound: &'w Bound,
    /// Where in the URI's path the part behind the stage starts.
    pub(crate) path_start: usize,
    /// What of a custom domain is in front of that.
    pub(crate) domain_path: DomainPath,
}

/// How the path in front of a stage's part came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DomainPath {
    /// Not by a custom domain.
    None,
    /// By a base path mapping with its stage.
    Whole,
    /// By a mapping that leaves the stage to the path: where in the path that
    /// segment begins, its slash included.
    WithStage(usize),
}

/// The head of a request as it came, if it was one of HTTP/1.
pub trait RawHead {
    /// Has the head read: a request line and header lines, or nothing.
    fn read(&self, read: &mut dyn FnMut(&[u8]));
}

/// The API key of a request.
pub(crate) struct Keyed<'w> {
    pub(crate) key: &'w ApiKey,
    /// As the client sent it.
    pub(crate) value: HeaderValue,
}

/// The route of a request.
pub(crate) struct Routed<'w> {
    pub(crate) resource: &'w CompiledResource,
    pub(crate) number: u32,
    pub(crate) route: &'w Route,
    /// Ranges of the path behind the stage.
    pub(crate) params: Params,
}

impl RequestCtx<'_> {
    /// Writes a line of the execution log, if somebody asked for it; `line`
    /// is not called otherwise. The words are in [`note`](crate::note).
    #[inline]
    pub(crate) fn note(&self, line: impl FnOnce() -> String) {
        if let Some(recorder) = &self.recorder {
            recorder.add(line());
        }
    }

    /// The `X-Amzn-Trace-Id` that the integration is told, and with it the
    /// client.
    pub(crate) fn trace(&self) -> &HeaderValue {
        self.is_traced.set(true);
        self.drawn_trace()
    }

    /// The same for those who only look at it.
    pub(crate) fn drawn_trace(&self) -> &HeaderValue {
        self.trace.get_or_init(|| {
            let sent = self.headers.get(TRACE_ID);
            let epoch = self.core.epoch_seconds(self.began);
            let text = id::trace(sent, epoch, &mut self.core.rng.borrow_mut());
            HeaderValue::from_bytes(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
        })
    }

    /// The same, if the integration was told.
    pub(crate) fn told_trace(&self) -> Option<&HeaderValue> {
        self.trace.get().filter(|_| self.is_traced.get())
    }

    /// When the request was there, since 1970: one time for all who ask.
    pub(crate) fn arrived(&self) -> Duration {
        *self.arrived.get_or_init(|| {
            let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
            now.saturating_sub(self.began.elapsed())
        })
    }

    /// The host that the client asked for, port included; empty if it said none.
    pub(crate) fn host(&self) -> &str {
        match self.uri.authority() {
            Some(authority) => authority.as_str(),
            None => self
                .headers
                .get(header::HOST)
                .and_then(|host| host.to_str().ok())
                .unwrap_or_default(),
        }
    }

    /// The path behind the stage.
    pub(crate) fn path(&self) -> &str {
        let start = self.stage.map_or(0, |located| located.path_start);
        self.uri.path().get(start..).unwrap_or_default()
    }

    /// The host without its port.
    pub(crate) fn domain(&self) -> &str {
        let host = self.host();
        match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => host,
        }
    }

    /// The resource of a path whose verb has no method: gateway responses name
    /// it and its parameters.
    fn without_route(&self) -> Option<(&CompiledResource, Params)> {
        let api = &self.stage.as_ref()?.bound.api;
        let found = api.router().find(RequestCtx::path(self))?;
        Some((api.resource(found.resource)?, found.params))
    }

    fn header_text(&self, name: &HeaderName) -> Option<Cow<'_, str>> {
        self.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()))
    }
}

impl Values for RequestCtx<'_> {
    /// Who reads from the request itself is on its core.
    fn template_steps(&self) -> Option<u64> {
        Some(STEPS_ON_CORE)
    }

    fn context(&self, variable: ContextVar) -> Option<Cow<'_, str>> {
        if self.is_test
            && let Some(text) = of_test_call(variable)
        {
            return Some(Cow::Borrowed(text));
        }
        let stage = self.stage.map(|located| located.stage);
        let bound = self.stage.map(|located| located.bound);
        let resource = || match &self.route {
            Some(routed) => Some(routed.resource),
            None => self.without_route().map(|(resource, _)| resource),
        };
        let text = match variable {
            ContextVar::AccountId => stage?.key().scope.account.as_str(),
            ContextVar::ApiId => stage?.key().api.as_str(),
            ContextVar::ApiKey => {
                let value = &self.api_key.as_ref()?.value;
                return Some(String::from_utf8_lossy(value.as_bytes()));
            }
            ContextVar::ApiKeyId => self.api_key.as_ref()?.key.id(),
            ContextVar::CanaryRequest if stage?.has_canary() => {
                if bound?.is_canary {
                    "true"
                } else {
                    "false"
                }
            }
            ContextVar::DeploymentId => &bound?.deployment_id,
            ContextVar::DomainName => self.domain(),
            ContextVar::DomainPrefix => self.domain().split('.').next()?,
            ContextVar::ExtendedRequestId => self.ids.extended(),
            ContextVar::HttpMethod => self.method.as_str(),
            ContextVar::Path => gw_route::path_of_api(self.uri.path()),
            ContextVar::Protocol => "HTTP/1.1",
            ContextVar::RequestId => self.ids.request(),
            ContextVar::RequestTime => {
                return Some(Cow::Owned(request_time(self.arrived())));
            }
            ContextVar::RequestTimeEpoch => {
                return Some(Cow::Owned(self.arrived().as_millis().to_string()));
            }
            ContextVar::ResourceId => &resource()?.id,
            ContextVar::ResourcePath => &resource()?.path,
            ContextVar::SourceIp => return Some(Cow::Owned(self.conn.peer.to_string())),
            ContextVar::Stage => stage?.key().stage.as_str(),
            ContextVar::UserAgent => return self.header_text(&header::USER_AGENT),
            ContextVar::CanaryRequest
            | ContextVar::ErrorMessage
            | ContextVar::ErrorMessageString
            | ContextVar::ErrorResponseType
            | ContextVar::ErrorValidation
            // Of the integration's answer.
            | ContextVar::AwsEndpointRequestId
            // Of signed calls, private networks and firewalls.
            | ContextVar::IdentityAccessKey
            | ContextVar::IdentityAccountId
            | ContextVar::IdentityCaller
            | ContextVar::CognitoAuthenticationProvider
            | ContextVar::CognitoAuthenticationType
            | ContextVar::CognitoIdentityId
            | ContextVar::CognitoIdentityPoolId
            | ContextVar::PrincipalOrgId
            | ContextVar::IdentityUser
            | ContextVar::IdentityUserArn
            | ContextVar::VpcId
            | ContextVar::VpceId
            | ContextVar::WafResponseCode
            | ContextVar::WebAclArn => return None,
        };
        Some(Cow::Borrowed(text))
    }

    fn stage_variable(&self, name: &str) -> Option<&str> {
        self.stage.as_ref()?.bound.variables.get(name).map(String::as_str)
    }

    fn stage_variables(&self, each: &mut dyn FnMut(&str, &str)) {
        if let Some(located) = &self.stage {
            located.bound.variables.iter().for_each(|(name, value)| each(name, value));
        }
    }

    fn header(&self, name: &HeaderName) -> Option<&HeaderValue> {
        seen::own(self, name).or_else(|| self.headers.get_all(name).iter().next_back())
    }

    fn header_list(&self, name: &HeaderName) -> Option<Cow<'_, str>> {
        match seen::own(self, name) {
            Some(own) => Some(String::from_utf8_lossy(own.as_bytes())),
            None => gw_snapshot::joined(&self.headers, name),
        }
    }

    fn headers(&self, each: &mut dyn FnMut(&str, &HeaderValue)) {
        seen::list(self, each);
    }

    fn query(&self, name: &str) -> Option<Cow<'_, str>> {
        query::values(self.uri.query(), name).next_back()
    }

    fn query_list(&self, name: &str, each: &mut dyn FnMut(&str)) {
        query::values(self.uri.query(), name).for_each(|value| each(&value));
    }

    fn queries(&self, each: &mut dyn FnMut(&str, &str)) {
        query::all(self.uri.query()).for_each(|(name, value)| each(&name, &value));
    }

    fn path(&self, name: &str) -> Option<&str> {
        let value = |resource: &CompiledResource, params: &Params| {
            let at = resource.params.iter().position(|param| **param == *name)?;
            Some(params.get(at)?.of(RequestCtx::path(self)))
        };
        match &self.route {
            Some(routed) => value(routed.resource, &routed.params),
            None => self.without_route().and_then(|(resource, params)| value(resource, &params)),
        }
    }

    fn paths(&self, each: &mut dyn FnMut(&str, &str)) {
        let Some(routed) = &self.route else { return };
        for (at, name) in routed.resource.params.iter().enumerate() {
            if let Some(value) = routed.params.get(at) {
                each(name, value.of(RequestCtx::path(self)));
            }
        }
    }
}

/// What stands for what test calls do not have.
fn of_test_call(variable: ContextVar) -> Option<&'static str> {
    match variable {
        ContextVar::ApiKey => Some("test-invoke-api-key"),
        ContextVar::ApiKeyId => Some("test-invoke-api-key-id"),
        ContextVar::SourceIp => Some("test-invoke-source-ip"),
        _ => None,
    }
}

/// As Apache logs it: `04/Mar/2020:19:15:17 +0000`.
fn request_time(arrived: Duration) -> String {
    let format = time::macros::format_description!(
        "[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000"
    );
    let arrived = OffsetDateTime::UNIX_EPOCH + arrived;
    arrived.format(format).unwrap_or_default()
}
