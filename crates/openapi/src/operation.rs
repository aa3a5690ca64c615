//! An operation becomes a method.

use gw_model::{
    HttpMethod, Method, MethodResponse, ValidatorId, check,
    name::{PathPart, is_parameter_name},
};
use serde_json::Value;

use crate::{
    AdaptationKind, Mode, adapt_operation,
    context::{Context, Members, Version},
    integration::{self, Place},
    paths::Operation,
    schema::Models,
    security::Security,
};

/// What operations refer to.
pub(crate) struct Parts<'p> {
    pub(crate) models: &'p mut Models,
    pub(crate) security: &'p Security,
    pub(crate) validators: &'p std::collections::BTreeMap<String, gw_model::RequestValidator>,
}

/// Reads a method, with what adaptation adds.
pub(crate) fn read<'d>(
    ctx: &mut Context<'d>,
    operation: &Operation<'d>,
    parts: &mut Parts<'_>,
) -> Method {
    let place = format!("{} {}", operation.verb, operation.path);
    let quoted = format!("'{}' on resource at path '{}'", operation.verb, operation.path);
    let mut method = Method {
        operation_name: ctx.text(operation.members, "operationId", &place),
        ..Method::default()
    };
    parameters(ctx, operation, parts, &place, &mut method);
    path_variables(operation, &mut method);
    request_body(ctx, operation, parts, &place, &mut method);
    responses(ctx, operation, parts, &place, &mut method);
    parts.security.apply(ctx, operation.members, &quoted, &mut method);
    validator(ctx, operation, parts, &quoted, &mut method);
    if let Some(value) = operation.members.get("x-amazon-apigateway-integration") {
        let at = Place { verb: operation.verb, path: &operation.path };
        method.integration =
            ctx.resolve(value, &place).and_then(|value| integration::read(ctx, value, at));
    }
    if ctx.adapting() {
        adapt_operation::finish(ctx, operation, &mut method);
        drop_bad_names(ctx, &place, &mut method);
        adapt_operation::declare_mapped(ctx, &place, &mut method);
    }
    for fault in undeclared(operation, &method) {
        ctx.error(fault);
    }
    if let Err(reason) = check::method(&method) {
        ctx.error(format!("Unable to put method {quoted}: {reason}"));
    }
    method
}

/// Mappings of what the method does not declare. A status that it does not
/// declare at all is let pass: AWS's own sample documents have such.
fn undeclared(operation: &Operation<'_>, method: &Method) -> Vec<String> {
    let Some(integration) = &method.integration else { return Vec::new() };
    let at = Place { verb: operation.verb, path: &operation.path };
    let sources = check::undeclared_sources(method, integration)
        .map(|(_, source)| at.integration(&check::undeclared(source)));
    let declared =
        integration.responses.iter().filter(|(status, _)| method.responses.contains_key(*status));
    let headers = declared.flat_map(|(status, response)| {
        check::undeclared_headers(method, status, response)
            .map(|key| at.response(&check::undeclared(key)))
    });
    sources.chain(headers).collect()
}

/// The parameters of the path item and of the operation, whose own win.
fn parameters<'d>(
    ctx: &mut Context<'d>,
    operation: &Operation<'d>,
    parts: &mut Parts<'_>,
    place: &str,
    method: &mut Method,
) {
    for holder in [operation.item, operation.members] {
        let list = match holder.get("parameters") {
            None | Some(Value::Null) => continue,
            Some(Value::Array(list)) => list,
            Some(_) => {
                ctx.error(format!(
                    "Parse issue: attribute {}.parameters is not of type `array`",
                    attribute(operation)
                ));
                continue;
            }
        };
        for (index, value) in list.iter().enumerate() {
            let at = format!("{}.parameters[{index}]", attribute(operation));
            let Some(value) = ctx.resolve(value, &at) else { continue };
            let Some(members) = ctx.map(value, &at) else { continue };
            parameter(ctx, operation, parts, members, (place, &at), method);
        }
    }
}

/// Every variable of the path is a parameter of the method, as AWS has it,
/// also one that the document does not declare.
fn path_variables(operation: &Operation<'_>, method: &mut Method) {
    let parts = operation.path.split('/');
    let variables = parts.filter_map(|part| PathPart::parse(part)?.variable());
    method
        .request_parameters
        .extend(variables.map(|name| (format!("method.request.path.{name}"), true)));
}

/// The operation in AWS's parse issues.
fn attribute(operation: &Operation<'_>) -> String {
    format!("paths.'{}'({})", operation.source, operation.verb.as_str().to_ascii_lowercase())
}

fn parameter<'d>(
    ctx: &mut Context<'d>,
    operation: &Operation<'d>,
    parts: &mut Parts<'_>,
    members: &'d Members,
    (place, at): (&str, &str),
    method: &mut Method,
) {
    let text = |key| members.get(key).and_then(Value::as_str).unwrap_or_default();
    let required = members.get("required").and_then(Value::as_bool).unwrap_or(false);
    let name = text("name");
    let (kind, required) = match text("in") {
        "path" => ("path", true),
        "query" => ("querystring", required),
        "header" => ("header", required),
        "body" if ctx.version == Version::Swagger2 => {
            return swagger_body(ctx, operation, parts, members, place, method);
        }
        // Forms travel in the body; AWS declares nothing for them.
        "formData" if ctx.version == Version::Swagger2 => return,
        "" => return ctx.error(format!("Parse issue: attribute {at}.in is missing")),
        other => {
            return ctx.warn(format!(
                "Unsupported parameter location '{other}' of '{name}' in method '{place}'. Ignoring."
            ));
        }
    };
    if name.is_empty() {
        return ctx.error(format!("Parse issue: attribute {at}.name is missing"));
    }
    let name = operation.variables.get(name).map_or(name, String::as_str);
    method.request_parameters.insert(format!("method.request.{kind}.{name}"), required);
}

fn swagger_body<'d>(
    ctx: &mut Context<'d>,
    operation: &Operation<'d>,
    parts: &mut Parts<'_>,
    members: &'d Members,
    place: &str,
    method: &mut Method,
) {
    let Some(schema) = members.get("schema") else { return };
    match parts.models.for_schema(ctx, schema, &format!("{}.parameters.body", attribute(operation)))
    {
        Ok(Some(model)) => {
            for media_type in media_types(ctx, operation.members, "consumes") {
                method.request_models.insert(media_type, model.clone());
            }
        }
        Ok(None) => {}
        Err(_) => ctx.warn(format!(
            "Unsupported model type 'Content' in request schema for '{place}'. Ignoring."
        )),
    }
}

/// The media types of Swagger 2: the operation's, or the document's, or JSON.
fn media_types(ctx: &mut Context<'_>, operation: &Members, name: &str) -> Vec<String> {
    let list = operation.get(name).or_else(|| ctx.root.get(name)).and_then(Value::as_array);
    let types: Vec<String> =
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    if types.is_empty() { vec!["application/json".to_owned()] } else { types }
}

fn request_body<'d>(
    ctx: &mut Context<'d>,
    operation: &Operation<'d>,
    parts: &mut Parts<'_>,
    place: &str,
    method: &mut Method,
) {
    let Some(body) = operation.members.get("requestBody").filter(|body| !body.is_null()) else {
        return;
    };
    let at = format!("{}.requestBody", attribute(operation));
    let Some(body) = ctx.resolve(body, &at) else { return };
    let Some(body) = ctx.map(body, &at) else { return };
    for (media_type, value) in ctx.member(body, "content", &format!("{at}.")).into_iter().flatten()
    {
        let Some(schema) = value.get("schema") else { continue };
        let at = format!("{at}.content.'{media_type}'.schema");
        match parts.models.for_schema(ctx, schema, &at) {
            Ok(Some(model)) => _ = method.request_models.insert(media_type.clone(), model),
            Ok(None) => {}
            Err(_) => ctx.warn(format!(
                "Unsupported model type 'Content' in request schema for '{place}'. Ignoring."
            )),
        }
    }
}

fn responses<'d>(
    ctx: &mut Context<'d>,
    operation: &Operation<'d>,
    parts: &mut Parts<'_>,
    place: &str,
    method: &mut Method,
) {
    let at = format!("{}.", attribute(operation));
    for (status, value) in ctx.member(operation.members, "responses", &at).into_iter().flatten() {
        if status.starts_with("x-") || status == "default" {
            continue;
        }
        let at = format!("{at}responses.{status}");
        if !check::is_status_code(status) {
            ctx.warn(format!(
                "Unsupported response status '{status}' of method '{place}'. Ignoring."
            ));
            continue;
        }
        let Some(value) = ctx.resolve(value, &at) else { continue };
        let Some(members) = ctx.map(value, &at) else { continue };
        let mut response = MethodResponse::default();
        for (name, header) in
            ctx.member(members, "headers", &format!("{at}.")).into_iter().flatten()
        {
            let required = header.get("required").and_then(Value::as_bool).unwrap_or(false);
            let key = format!("method.response.header.{name}");
            response.response_parameters.insert(key, required);
        }
        let mut model_of = |ctx: &mut Context<'d>, schema: &'d Value, at: &str| {
            parts.models.for_schema(ctx, schema, at).unwrap_or_else(|kind| {
                ctx.warn(format!(
                    "Unsupported model type '{kind}' in {status} response to method '{place}'. \
                     Ignoring."
                ));
                None
            })
        };
        if let (Version::Swagger2, Some(schema)) = (ctx.version, members.get("schema"))
            && let Some(model) = model_of(ctx, schema, &format!("{at}.schema"))
        {
            for media_type in media_types(ctx, operation.members, "produces") {
                response.response_models.insert(media_type, model.clone());
            }
        }
        for (media_type, value) in
            ctx.member(members, "content", &format!("{at}.")).into_iter().flatten()
        {
            let Some(schema) = value.get("schema") else { continue };
            let at = format!("{at}.content.'{media_type}'.schema");
            if let Some(model) = model_of(ctx, schema, &at) {
                response.response_models.insert(media_type.clone(), model);
            }
        }
        method.responses.insert(status.clone(), response);
    }
}

fn validator(
    ctx: &mut Context<'_>,
    operation: &Operation<'_>,
    parts: &Parts<'_>,
    quoted: &str,
    method: &mut Method,
) {
    let name = "x-amazon-apigateway-request-validator";
    let value = operation.members.get(name).or_else(|| ctx.root.get(name));
    let Some(name) = value.and_then(Value::as_str) else { return };
    // A merge may name a validator that the API has; applying it tells.
    if parts.validators.contains_key(name) || ctx.options.mode == Mode::Merge {
        method.request_validator_id = Some(ValidatorId::new(name));
    } else {
        ctx.error(format!(
            "Unable to put method {quoted}: Invalid Request Validator identifier specified: {name}"
        ));
    }
}

/// Leaves out declarations that AWS refuses. The gateway passes such
/// parameters on all the same.
fn drop_bad_names(ctx: &mut Context<'_>, place: &str, method: &mut Method) {
    let mut dropped = Vec::new();
    let mut names = std::collections::BTreeSet::new();
    // Path parameters come first: they are needed, the others are declarations.
    let mut keys: Vec<String> = method.request_parameters.keys().cloned().collect();
    keys.sort_by_key(|key| !key.starts_with("method.request.path."));
    for key in keys {
        let name = key.splitn(4, '.').nth(3).unwrap_or_default().to_owned();
        if !is_parameter_name(&name) || !names.insert(name) {
            method.request_parameters.remove(&key);
            dropped.push(key);
        }
    }
    let is_media_type = |text: &str| check::media_type(text).is_ok();
    method.request_models.retain(|media_type, _| is_media_type(media_type));
    for response in method.responses.values_mut() {
        response.response_models.retain(|media_type, _| is_media_type(media_type));
        response.response_parameters.retain(|key, _| {
            let fine = key.strip_prefix("method.response.header.").is_some_and(is_parameter_name);
            if !fine {
                dropped.push(key.clone());
            }
            fine
        });
    }
    for key in dropped {
        ctx.warn(format!("Parameter '{key}' of method '{place}' cannot be declared. Ignoring."));
        ctx.adapted(
            AdaptationKind::Dropped,
            place,
            format!("{key} is not declared; it is passed on all the same"),
        );
    }
}

/// The keys of a path item that hold operations.
pub(crate) const VERBS: [(&str, HttpMethod); 8] = [
    ("get", HttpMethod::Get),
    ("put", HttpMethod::Put),
    ("post", HttpMethod::Post),
    ("delete", HttpMethod::Delete),
    ("patch", HttpMethod::Patch),
    ("options", HttpMethod::Options),
    ("head", HttpMethod::Head),
    ("x-amazon-apigateway-any-method", HttpMethod::Any),
];
