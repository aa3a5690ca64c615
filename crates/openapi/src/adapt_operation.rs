//! `gatewright=adapt`, operations: those without an integration are sent to
//! the document's server, those with one keep it under the new names of their
//! path variables, and those that meet on one resource are joined.

use std::collections::BTreeMap;

use gw_model::{HttpMethod, Integration, IntegrationType, Method, check};

use crate::{AdaptationKind, adapt::Adapted, context::Context, paths::Operation, server};

/// AWS's name of a path variable in mapping expressions.
const PATH_SOURCE: &str = "method.request.path.";

/// Said once, however many operations need a backend.
const NO_BACKEND: &str = "Operations without an integration need a backend: the document names \
     no server with a host, and no backend address was given";

/// AWS reads such a scheme as its own; opening the method instead would be worse.
const KEY_OF_PLAN: &str = "Operations secured by an API key in the header x-api-key ask for a key \
     of a usage plan here; a key that only the backend knows is refused.";

/// Brings a method in line with its adapted path, and gives it an integration.
pub(crate) fn finish(ctx: &mut Context<'_>, operation: &Operation<'_>, method: &mut Method) {
    let Some(adapted) = &operation.adapted else { return };
    let place = format!("{} {}", operation.verb, operation.source);
    declare_variables(adapted, method);
    if method.api_key_required && method.integration.is_none() {
        ctx.warn(KEY_OF_PLAN);
    }
    match &mut method.integration {
        Some(integration) => rename(ctx, adapted, &place, integration),
        // Its fault has been told; a reference that leads nowhere was dropped instead.
        None if operation
            .members
            .get("x-amazon-apigateway-integration")
            .is_some_and(|value| ctx.follow(value).is_ok()) => {}
        None => method.integration = forward(ctx, operation, adapted, &place),
    }
}

/// The declared path parameters are exactly the variables of the resource.
fn declare_variables(adapted: &Adapted, method: &mut Method) {
    method.request_parameters.retain(|key, _| !key.starts_with(PATH_SOURCE));
    let variables = adapted.variables.iter();
    method.request_parameters.extend(variables.map(|name| (format!("{PATH_SOURCE}{name}"), true)));
}

/// An integration that forwards to the server under the path of the client.
fn forward(
    ctx: &mut Context<'_>,
    operation: &Operation<'_>,
    adapted: &Adapted,
    place: &str,
) -> Option<Integration> {
    let Some(backend) = server::backend(ctx, &[operation.members, operation.item]) else {
        if !ctx.errors.iter().any(|error| error == NO_BACKEND) {
            ctx.error(NO_BACKEND);
        }
        return None;
    };
    let mut integration = Integration::of_kind(IntegrationType::HttpProxy);
    integration.http_method = Some(operation.verb.as_str().to_owned());
    integration.uri = Some(format!("{backend}{}", adapted.upstream));
    integration.request_parameters = adapted
        .variables
        .iter()
        .map(|name| (format!("integration.request.path.{name}"), format!("{PATH_SOURCE}{name}")))
        .collect();
    if let Err(reason) = check::integration(&integration) {
        ctx.error(format!(
            "Unable to put integration on '{}' for resource at path '{}': {reason}",
            operation.verb, operation.path
        ));
    }
    let detail = format!("HTTP_PROXY {}", integration.uri.as_deref().unwrap_or_default());
    ctx.adapted(AdaptationKind::Integration, place, detail);
    Some(integration)
}

/// Path variables of an integration's mappings under their new names.
fn rename(ctx: &mut Context<'_>, adapted: &Adapted, place: &str, integration: &mut Integration) {
    let renamed = |source: &str| {
        let name = adapted.renamed.get(source.strip_prefix(PATH_SOURCE)?)?;
        Some(format!("{PATH_SOURCE}{name}"))
    };
    let mut lost = Vec::new();
    for source in integration.request_parameters.values_mut() {
        if let Some(new) = renamed(source) {
            *source = new;
        }
    }
    for parameter in &mut integration.cache_key_parameters {
        if let Some(new) = renamed(parameter) {
            *parameter = new;
        }
    }
    for (segment, name) in &adapted.mixed {
        // The variables inside the segment are gone; the segment itself is one.
        let uri = integration.uri.as_deref().unwrap_or_default();
        if uri.contains(segment.as_str()) {
            integration.uri = Some(uri.replace(segment.as_str(), &format!("{{{name}}}")));
            integration
                .request_parameters
                .insert(format!("integration.request.path.{name}"), format!("{PATH_SOURCE}{name}"));
        }
    }
    integration.request_parameters.retain(|target, source| {
        let gone = source
            .strip_prefix(PATH_SOURCE)
            .is_some_and(|name| !adapted.variables.iter().any(|known| known == name));
        if gone {
            lost.push(format!("{target} <- {source}"));
        }
        !gone
    });
    for mapping in lost {
        ctx.warn(format!("Mapping '{mapping}' of method '{place}' has no variable. Ignoring."));
        ctx.adapted(AdaptationKind::Dropped, place, mapping);
    }
    for name in adapted.renamed.keys() {
        let mentions = [format!("params('{name}')"), format!("params(\"{name}\")")];
        let templates = integration.request_templates.values().flatten();
        if templates.clone().any(|text| mentions.iter().any(|mention| text.contains(mention))) {
            ctx.warn(format!(
                "A template of method '{place}' reads the path variable '{name}', which has \
                 another name now."
            ));
        }
    }
}

/// Declares what the integration maps: AWS refuses mappings of parameters and
/// headers that the method does not declare.
pub(crate) fn declare_mapped(ctx: &mut Context<'_>, place: &str, method: &mut Method) {
    let Some(mut integration) = method.integration.take() else { return };
    let missing: Vec<(String, String)> = check::undeclared_sources(method, &integration)
        .map(|(target, source)| (target.to_owned(), source.to_owned()))
        .collect();
    for (target, source) in missing {
        let key = source.replacen("method.request.multivalue", "method.request.", 1);
        let name = key.splitn(4, '.').nth(3).unwrap_or_default();
        // A name stands in one place only.
        let mut declared = method.request_parameters.keys();
        if declared.any(|other| *other != key && other.splitn(4, '.').nth(3) == Some(name)) {
            integration.request_parameters.remove(&target);
            let mapping = format!("{target} <- {source}");
            ctx.warn(format!(
                "Mapping '{mapping}' of method '{place}' has no declared source. Ignoring."
            ));
            ctx.adapted(AdaptationKind::Dropped, place, mapping);
            continue;
        }
        ctx.adapted(
            AdaptationKind::Declared,
            place,
            format!("{key} is declared, for it is mapped"),
        );
        method.request_parameters.insert(key, false);
    }
    for (status, response) in &integration.responses {
        let missing: Vec<String> =
            check::undeclared_headers(method, status, response).map(str::to_owned).collect();
        for key in missing {
            let detail = format!("{key} of status {status} is declared, for it is mapped");
            ctx.adapted(AdaptationKind::Declared, place, detail);
            let declared = method.responses.entry(status.clone()).or_default();
            declared.response_parameters.insert(key, false);
        }
    }
    method.integration = Some(integration);
}

/// Puts a method on a resource. Two operations that meet there are one if
/// they forward the same request to the same backend; the first stays.
pub(crate) fn join(
    ctx: &mut Context<'_>,
    operation: &Operation<'_>,
    method: Method,
    methods: &mut BTreeMap<HttpMethod, Method>,
) {
    let Some(first) = methods.get(&operation.verb) else {
        methods.insert(operation.verb, method);
        return;
    };
    if !ctx.adapting() {
        // The path itself is at fault already.
        return;
    }
    let place = format!("{} {}", operation.verb, operation.source);
    let target = |method: &Method| {
        method.integration.as_ref().map(|integration| {
            let mut bare = integration.clone();
            bare.uri = bare.uri.map(|uri| uri.trim_end_matches('/').to_owned());
            bare
        })
    };
    let guarded = |method: &Method| {
        (method.authorization_type.clone(), method.authorizer_id.clone(), method.api_key_required)
    };
    if target(first) == target(&method) && guarded(first) == guarded(&method) {
        let detail =
            format!("{} {} already forwards the same requests", operation.verb, operation.path);
        ctx.adapted(AdaptationKind::MergedOperation, place, detail);
    } else {
        ctx.error(format!(
            "Unable to put method '{}' on resource at path '{}': '{}' declares it with another \
             integration or authorization",
            operation.verb, operation.path, operation.source
        ));
    }
}
