//! Small APIs to compile, and a request's values from tables.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use gw_model::{
    Api, HttpMethod, Integration, IntegrationResponse, IntegrationType, Method, Release,
    ReleaseNumber, Resource, RestApi, Scope, StageKey, StageSettings, encode,
};
use gw_snapshot::{CompiledApi, ContextKind, ContextVar, Limits, Values, compile};
use http::{HeaderMap, HeaderName, HeaderValue};

/// A request as tables.
#[derive(Default)]
pub struct Request {
    pub headers: HeaderMap,
    pub query: Vec<(&'static str, &'static str)>,
    pub path: Vec<(&'static str, &'static str)>,
    pub variables: Vec<(&'static str, &'static str)>,
}

impl Request {
    /// With these headers.
    pub fn with(headers: &[(&'static str, &'static str)]) -> Self {
        let mut request = Self::default();
        for (name, value) in headers {
            request.headers.append(*name, HeaderValue::from_static(value));
        }
        request
    }
}

impl Values for Request {
    fn context(&self, variable: ContextVar) -> Option<Cow<'_, str>> {
        match variable.kind() {
            ContextKind::Integer => Some(Cow::Borrowed("1583349317135")),
            ContextKind::Bool => Some(Cow::Borrowed("true")),
            ContextKind::Null => None,
            ContextKind::Text if variable.as_str().starts_with("error") => None,
            ContextKind::Text => Some(Cow::Borrowed(variable.as_str())),
        }
    }

    fn stage_variables(&self, each: &mut dyn FnMut(&str, &str)) {
        self.variables.iter().for_each(|(name, value)| each(name, value));
    }

    fn headers(&self, each: &mut dyn FnMut(&str, &HeaderValue)) {
        self.headers.iter().for_each(|(name, value)| each(name.as_str(), value));
    }

    fn queries(&self, each: &mut dyn FnMut(&str, &str)) {
        self.query.iter().for_each(|(name, value)| each(name, value));
    }

    fn paths(&self, each: &mut dyn FnMut(&str, &str)) {
        self.path.iter().for_each(|(name, value)| each(name, value));
    }

    fn stage_variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
    }

    fn header(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.headers.get_all(name).iter().next_back()
    }

    fn header_list(&self, name: &HeaderName) -> Option<Cow<'_, str>> {
        gw_snapshot::joined(&self.headers, name)
    }

    fn query(&self, name: &str) -> Option<Cow<'_, str>> {
        self.query.iter().rev().find(|(n, _)| *n == name).map(|(_, v)| Cow::Borrowed(*v))
    }

    fn query_list(&self, name: &str, each: &mut dyn FnMut(&str)) {
        self.query.iter().filter(|(n, _)| *n == name).for_each(|(_, value)| each(value));
    }

    fn path(&self, name: &str) -> Option<&str> {
        self.path.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
    }
}

pub fn api(id: &str, methods: Vec<(&str, HttpMethod, Method)>) -> RestApi {
    let mut api = RestApi::new(id.into(), "test");
    for (path, verb, method) in methods {
        let entry = api.resources.entry(path.into()).or_insert_with(|| Resource {
            parent_id: None,
            path_part: String::new(),
            path: path.to_owned(),
            methods: BTreeMap::new(),
        });
        entry.methods.insert(verb, method);
    }
    api
}

pub fn http_proxy(uri: &str, parameters: &[(&str, &str)]) -> Method {
    let mut integration = Integration::of_kind(IntegrationType::HttpProxy);
    integration.uri = Some(uri.to_owned());
    integration.http_method = Some("ANY".to_owned());
    integration.request_parameters =
        parameters.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Method { integration: Some(integration), ..Method::default() }
}

/// An HTTP integration at `http://b/`, changed by `edit`.
pub fn http(edit: impl FnOnce(&mut Integration)) -> Method {
    let mut method = http_proxy("http://b/", &[]);
    let integration = method.integration.as_mut().unwrap();
    integration.kind = IntegrationType::Http;
    integration.http_method = Some("POST".to_owned());
    edit(integration);
    method
}

pub fn mock(request: &str, response: &str) -> Method {
    let mut integration = Integration::of_kind(IntegrationType::Mock);
    integration.request_templates.insert("application/json".to_owned(), Some(request.to_owned()));
    let mut answer = IntegrationResponse::default();
    answer.response_templates.insert("application/json".to_owned(), Some(response.to_owned()));
    integration.responses.insert("200".to_owned(), answer);
    Method { integration: Some(integration), ..Method::default() }
}

pub fn compiled(api: &RestApi) -> Arc<CompiledApi> {
    Arc::new(compile(&Api::Rest(api.clone()), &Limits::default()).unwrap())
}

pub fn release(api: &RestApi) -> Release {
    Release {
        number: ReleaseNumber(1),
        deployment_id: "dep001".into(),
        deployment: encode::encode(&Api::Rest(api.clone())).digest,
        variables: BTreeMap::new(),
        canary: None,
        settings: StageSettings::default(),
    }
}

pub fn key(api: &str, stage: &str) -> StageKey {
    let scope = Scope::new("000000000000", "us-east-1");
    StageKey { scope, api: api.into(), stage: stage.into() }
}
