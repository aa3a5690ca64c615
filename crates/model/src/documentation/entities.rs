//! What of an API can be documented.

use super::{DocumentationLocation, DocumentationType as Type};
use crate::{HttpMethod, Method, RestApi};

/// The location of every entity of an API, in the order of its tree.
pub fn entities(api: &RestApi) -> Vec<DocumentationLocation> {
    let mut out = vec![DocumentationLocation::of(Type::Api)];
    let named = |kind, name: &str| DocumentationLocation {
        name: Some(name.to_owned()),
        ..DocumentationLocation::of(kind)
    };
    out.extend(
        api.authorizers.values().map(|authorizer| named(Type::Authorizer, &authorizer.name)),
    );
    out.extend(api.models.keys().map(|name| named(Type::Model, name.as_str())));
    let mut resources: Vec<_> = api.resources.values().collect();
    resources.sort_by(|left, right| left.path.cmp(&right.path));
    for resource in resources {
        let path = Some(resource.path.clone());
        out.push(DocumentationLocation { path, ..DocumentationLocation::of(Type::Resource) });
        for (verb, method) in &resource.methods {
            of_method(&mut out, &resource.path, *verb, method);
        }
    }
    out
}

fn of_method(out: &mut Vec<DocumentationLocation>, path: &str, verb: HttpMethod, method: &Method) {
    let at = |kind| DocumentationLocation {
        path: Some(path.to_owned()),
        // `ANY` answers every verb.
        method: Some(if verb == HttpMethod::Any { "*" } else { verb.as_str() }.to_owned()),
        ..DocumentationLocation::of(kind)
    };
    out.push(at(Type::Method));
    for parameter in method.request_parameters.keys() {
        let place = parameter.strip_prefix("method.request.").and_then(|rest| rest.split_once('.'));
        let (kind, name) = match place {
            Some(("path", name)) => (Type::PathParameter, name),
            Some(("querystring" | "multivaluequerystring", name)) => (Type::QueryParameter, name),
            Some(("header" | "multivalueheader", name)) => (Type::RequestHeader, name),
            _ => continue,
        };
        out.push(DocumentationLocation { name: Some(name.to_owned()), ..at(kind) });
    }
    if !method.request_models.is_empty() {
        out.push(at(Type::RequestBody));
    }
    for (status, response) in &method.responses {
        let of_status =
            |kind| DocumentationLocation { status_code: Some(status.clone()), ..at(kind) };
        out.push(of_status(Type::Response));
        for header in response.response_parameters.keys() {
            if let Some(name) = header.strip_prefix("method.response.header.") {
                let name = Some(name.to_owned());
                out.push(DocumentationLocation { name, ..of_status(Type::ResponseHeader) });
            }
        }
        if !response.response_models.is_empty() {
            out.push(of_status(Type::ResponseBody));
        }
    }
}
