//! Settings into methods and back.

use std::collections::BTreeMap;

use super::{Cors, template};
use crate::{
    ContentHandling, GatewayResponse, GatewayResponseType, HttpMethod, Integration,
    IntegrationResponse, IntegrationType, Method, MethodResponse, Resource, RestApi,
};

const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";
const ALLOW_METHODS: &str = "Access-Control-Allow-Methods";
const ALLOW_HEADERS: &str = "Access-Control-Allow-Headers";
const ALLOW_CREDENTIALS: &str = "Access-Control-Allow-Credentials";
const EXPOSE_HEADERS: &str = "Access-Control-Expose-Headers";
const MAX_AGE: &str = "Access-Control-Max-Age";
const VARY: &str = "Vary";
/// Ours, beside `Vary`, which others may use too.
const OURS: [&str; 6] =
    [ALLOW_ORIGIN, ALLOW_METHODS, ALLOW_HEADERS, ALLOW_CREDENTIALS, EXPOSE_HEADERS, MAX_AGE];
const VARY_ORIGIN: &str = "'Origin'";

const RESPONSE: &str = "method.response.header.";
const GATEWAY: &str = "gatewayresponse.header.";
const JSON: &str = "application/json";
const OK: &str = "200";

/// Where the header of a method's answers comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// The gateway sets it on the answer 200.
    Gateway,
    /// The answer is the backend's own: the backend must set it.
    Backend,
    /// The gateway could set it, and does not: the integration has no response
    /// 200.
    NoResponse,
    /// The gateway sets the first origin only: bodies may be binary, and the
    /// others need a template, which binary bodies cannot go through.
    FirstOriginOnly,
    /// The gateway could set it, and does not.
    Nobody,
}

/// Lets the resource be called from other origins, in place of any former
/// settings.
///
/// # Errors
/// When the resource answers OPTIONS by a backend.
pub fn set(resource: &mut Resource, cors: &Cors, has_binary: bool) -> Result<(), String> {
    if let Some(own) = resource.methods.get(&HttpMethod::Options)
        && let Some(integration) = &own.integration
        && integration.kind != IntegrationType::Mock
    {
        return Err(format!(
            "Resource {} answers OPTIONS itself, by {}: delete that method first",
            resource.path,
            integration.kind.as_str()
        ));
    }
    let verbs = if cors.methods.is_empty() { own_verbs(resource) } else { cors.methods.clone() };
    for (_, method) in others(&mut resource.methods) {
        set_answer(method, cors, has_binary);
    }
    resource.methods.insert(HttpMethod::Options, preflight(cors, &verbs));
    Ok(())
}

/// Takes the settings away; tells whether there were any.
pub fn remove(resource: &mut Resource) -> bool {
    let had = read(resource).is_some();
    if had {
        resource.methods.remove(&HttpMethod::Options);
    }
    let mut changed = had;
    for (_, method) in others(&mut resource.methods) {
        let before = method.clone();
        clear_answer(method);
        changed |= *method != before;
    }
    changed
}

/// The settings of a resource, as its OPTIONS method tells them. `None`
/// without one, and for one that has other things to say.
pub fn read(resource: &Resource) -> Option<Cors> {
    let integration = resource.methods.get(&HttpMethod::Options)?.integration.as_ref()?;
    if integration.kind != IntegrationType::Mock {
        return None;
    }
    let response = integration.responses.get(OK)?;
    let list = |name: &str| -> Vec<String> {
        let text = fixed(&response.response_parameters, RESPONSE, name).unwrap_or_default();
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(str::to_owned).collect()
    };
    let mut origins = list(ALLOW_ORIGIN);
    if origins.is_empty() {
        return None;
    }
    let text = response.response_templates.get(JSON).and_then(Option::as_deref);
    origins.extend(text.and_then(template::origins).unwrap_or_default());
    // Scripts read answers, not preflights: that setting stands on the others.
    let exposed = resource.methods.values().filter_map(|method| {
        let response = method.integration.as_ref()?.responses.get(OK)?;
        fixed(&response.response_parameters, RESPONSE, EXPOSE_HEADERS)
    });
    let exposed = exposed.into_iter().next().unwrap_or_default();
    Some(Cors {
        origins,
        methods: list(ALLOW_METHODS),
        headers: list(ALLOW_HEADERS),
        expose_headers: exposed.split(',').filter(|e| !e.is_empty()).map(str::to_owned).collect(),
        max_age_s: fixed(&response.response_parameters, RESPONSE, MAX_AGE)
            .and_then(|text| text.parse().ok()),
        credentials: fixed(&response.response_parameters, RESPONSE, ALLOW_CREDENTIALS)
            == Some("true"),
    })
}

/// Where the header comes from, for each method but OPTIONS.
pub fn answers(resource: &Resource) -> BTreeMap<HttpMethod, Answers> {
    let several = read(resource).is_some_and(|cors| cors.origins.len() > 1);
    let methods = resource.methods.iter().filter(|(verb, _)| **verb != HttpMethod::Options);
    methods.map(|(verb, method)| (*verb, answers_of(method, several))).collect()
}

fn answers_of(method: &Method, several: bool) -> Answers {
    let Some(integration) = &method.integration else { return Answers::NoResponse };
    if is_proxy(integration) {
        return Answers::Backend;
    }
    let Some(response) = integration.responses.get(OK) else { return Answers::NoResponse };
    if fixed(&response.response_parameters, RESPONSE, ALLOW_ORIGIN).is_none() {
        return Answers::Nobody;
    }
    let has_lines = |text: &Option<String>| text.as_deref().and_then(template::origins).is_some();
    if several && !response.response_templates.values().any(has_lines) {
        return Answers::FirstOriginOnly;
    }
    Answers::Gateway
}

/// Sets the headers on the gateway responses `DEFAULT_4XX` and `DEFAULT_5XX`,
/// and on those that are customised already, as a default does not reach them.
///
/// # Errors
/// With several origins: gateway responses have no templates that could choose.
pub fn set_gateway(api: &mut RestApi, cors: &Cors) -> Result<(), String> {
    if cors.origins.len() > 1 {
        return Err("gatewayResponses can allow '*' or one origin, not several: AWS has no \
                    template language there"
            .to_owned());
    }
    for kind in [GatewayResponseType::Default4xx, GatewayResponseType::Default5xx] {
        api.gateway_responses.entry(kind).or_default();
    }
    for response in api.gateway_responses.values_mut() {
        clear(&mut response.response_parameters, GATEWAY);
        put(&mut response.response_parameters, GATEWAY, &answer_headers(cors));
    }
    Ok(())
}

/// Takes the headers off all gateway responses, and with them the defaults
/// that customise nothing else; tells whether there were any.
pub fn remove_gateway(api: &mut RestApi) -> bool {
    let touched = gateway_responses(api);
    for kind in &touched {
        if let Some(response) = api.gateway_responses.get_mut(kind) {
            clear(&mut response.response_parameters, GATEWAY);
            let is_default =
                matches!(kind, GatewayResponseType::Default4xx | GatewayResponseType::Default5xx);
            if is_default && *response == GatewayResponse::default() {
                api.gateway_responses.remove(kind);
            }
        }
    }
    !touched.is_empty()
}

/// The gateway responses that carry the headers.
pub fn gateway_responses(api: &RestApi) -> Vec<GatewayResponseType> {
    let told = |response: &GatewayResponse| {
        fixed(&response.response_parameters, GATEWAY, ALLOW_ORIGIN).is_some()
    };
    let all = api.gateway_responses.iter();
    all.filter(|(_, response)| told(response)).map(|(kind, _)| *kind).collect()
}

fn is_proxy(integration: &Integration) -> bool {
    matches!(integration.kind, IntegrationType::AwsProxy | IntegrationType::HttpProxy)
}

fn others(
    methods: &mut BTreeMap<HttpMethod, Method>,
) -> impl Iterator<Item = (&HttpMethod, &mut Method)> {
    methods.iter_mut().filter(|(verb, _)| **verb != HttpMethod::Options)
}

/// The verbs that a resource answers, OPTIONS among them, as AWS's console
/// lists them.
fn own_verbs(resource: &Resource) -> Vec<String> {
    let is_any = resource.methods.contains_key(&HttpMethod::Any);
    let mut verbs: Vec<String> = HttpMethod::ALL
        .into_iter()
        .filter(|verb| *verb != HttpMethod::Any)
        .filter(|verb| {
            is_any || *verb == HttpMethod::Options || resource.methods.contains_key(verb)
        })
        .map(|verb| verb.to_string())
        .collect();
    verbs.sort();
    verbs
}

/// The OPTIONS method. Browsers send neither keys nor credentials with it.
fn preflight(cors: &Cors, verbs: &[String]) -> Method {
    let mut headers = vec![
        (ALLOW_METHODS, verbs.join(",")),
        (ALLOW_ORIGIN, cors.origins.first().cloned().unwrap_or_default()),
    ];
    if !cors.headers.is_empty() {
        headers.push((ALLOW_HEADERS, cors.headers.join(",")));
    }
    if cors.credentials {
        headers.push((ALLOW_CREDENTIALS, "true".to_owned()));
    }
    if let Some(age) = cors.max_age_s {
        headers.push((MAX_AGE, age.to_string()));
    }
    if !cors.is_open() {
        headers.push((VARY, "Origin".to_owned()));
    }
    let mut response = IntegrationResponse::default();
    put(&mut response.response_parameters, RESPONSE, &headers);
    if let [_, rest @ ..] = cors.origins.as_slice()
        && !rest.is_empty()
    {
        response.response_templates.insert(JSON.to_owned(), Some(template::with("", rest)));
    }
    let mut integration = Integration::of_kind(IntegrationType::Mock);
    let request = Some("{\"statusCode\": 200}".to_owned());
    integration.request_templates.insert(JSON.to_owned(), request);
    let declared = MethodResponse {
        response_parameters: response
            .response_parameters
            .keys()
            .map(|k| (k.clone(), false))
            .collect(),
        ..MethodResponse::default()
    };
    integration.responses.insert(OK.to_owned(), response);
    Method {
        responses: [(OK.to_owned(), declared)].into(),
        integration: Some(integration),
        ..Method::default()
    }
}

/// The headers of answers that are no preflights.
fn answer_headers(cors: &Cors) -> Vec<(&'static str, String)> {
    let mut headers = vec![(ALLOW_ORIGIN, cors.origins.first().cloned().unwrap_or_default())];
    if cors.credentials {
        headers.push((ALLOW_CREDENTIALS, "true".to_owned()));
    }
    if !cors.expose_headers.is_empty() {
        headers.push((EXPOSE_HEADERS, cors.expose_headers.join(",")));
    }
    if !cors.is_open() {
        headers.push((VARY, "Origin".to_owned()));
    }
    headers
}

/// Sets the headers on the answer 200 of a method with mapping.
fn set_answer(method: &mut Method, cors: &Cors, has_binary: bool) {
    clear_answer(method);
    let Some(integration) = method.integration.as_mut().filter(|i| !is_proxy(i)) else { return };
    let may_be_binary =
        has_binary || integration.content_handling == Some(ContentHandling::ConvertToBinary);
    let Some(response) = integration.responses.get_mut(OK) else { return };
    let declared = method.responses.entry(OK.to_owned()).or_default();
    for (name, value) in answer_headers(cors) {
        let key = format!("{RESPONSE}{name}");
        let is_taken = |known: &String| known.eq_ignore_ascii_case(&key);
        // A `Vary` of the API's own stays; ours joins a fixed one.
        if name == VARY
            && let Some((_, stands)) =
                response.response_parameters.iter_mut().find(|(known, _)| is_taken(known))
        {
            if let Some(inner) = stands.strip_prefix('\'').and_then(|s| s.strip_suffix('\''))
                && !inner.split(',').any(|entry| entry.trim().eq_ignore_ascii_case("origin"))
            {
                *stands = format!("'{inner},Origin'");
            }
            continue;
        }
        response.response_parameters.insert(key.clone(), format!("'{value}'"));
        declared.response_parameters.entry(key).or_insert(false);
    }
    let rest = cors.origins.get(1..).unwrap_or_default();
    if rest.is_empty() {
        return;
    }
    if response.response_templates.is_empty() {
        let is_bytes = may_be_binary || response.content_handling.is_some();
        let text = match integration.kind {
            // Its answers have no body but a template's.
            IntegrationType::Mock => Some(template::alone(rest)),
            _ if is_bytes => None,
            _ => Some(template::passing(rest)),
        };
        if text.is_some() {
            response.response_templates.insert(JSON.to_owned(), text);
        }
    } else {
        for text in response.response_templates.values_mut().flatten() {
            *text = template::with(text, rest);
        }
    }
}

fn clear_answer(method: &mut Method) {
    let Some(integration) = &mut method.integration else { return };
    if let Some(response) = integration.responses.get_mut(OK) {
        clear(&mut response.response_parameters, RESPONSE);
        response
            .response_templates
            .retain(|_, text| !text.as_deref().is_some_and(template::is_ours));
        for text in response.response_templates.values_mut().flatten() {
            *text = template::without(text).to_owned();
        }
        if let Some(declared) = method.responses.get_mut(OK) {
            declared.response_parameters.retain(|key, _| {
                let name = key.strip_prefix(RESPONSE).unwrap_or_default();
                let is_vary = name.eq_ignore_ascii_case(VARY)
                    && !response.response_parameters.contains_key(key);
                !is_vary && !is_ours(name)
            });
        }
    }
}

fn is_ours(name: &str) -> bool {
    OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name))
}

/// Takes our headers away, and `Vary` where it says nothing but ours.
fn clear(parameters: &mut BTreeMap<String, String>, prefix: &str) {
    parameters.retain(|key, value| {
        let name = key.strip_prefix(prefix).unwrap_or_default();
        !(is_ours(name) || name.eq_ignore_ascii_case(VARY) && value == VARY_ORIGIN)
    });
}

fn put(parameters: &mut BTreeMap<String, String>, prefix: &str, headers: &[(&str, String)]) {
    for (name, value) in headers {
        parameters.insert(format!("{prefix}{name}"), format!("'{value}'"));
    }
}

/// The fixed text of a header.
fn fixed<'a>(
    parameters: &'a BTreeMap<String, String>,
    prefix: &str,
    name: &str,
) -> Option<&'a str> {
    let (_, value) = parameters
        .iter()
        .find(|(key, _)| key.strip_prefix(prefix).is_some_and(|n| n.eq_ignore_ascii_case(name)))?;
    value.strip_prefix('\'')?.strip_suffix('\'')
}
