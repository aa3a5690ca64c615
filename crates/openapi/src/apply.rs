//! Putting an import into an API's working copy.

use std::collections::{BTreeMap, BTreeSet};

use gw_model::{
    ApiId, ApiKeySource, Authorizer, AuthorizerId, Method, Model, ModelName, RequestValidator,
    Resource, ResourceId, RestApi, ValidatorId, check,
};

use crate::{Import, ImportErrors, ImportedModel, Mode, tree};

/// The things that [`apply()`] needs new ids for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    /// The root resource, ten characters.
    RootResource,
    /// Any other resource, six characters.
    Resource,
    /// A model, six characters.
    Model,
    /// An authorizer, six characters.
    Authorizer,
    /// A request validator, six characters.
    Validator,
}

/// A source of ids that the API does not use yet.
pub type NewId<'a> = &'a mut dyn FnMut(IdKind) -> String;

/// A new API from an import: `ImportRestApi`. It holds only what the document
/// declares; the models `Empty` and `Error` are not added.
///
/// # Errors
/// When the document names validators that it does not define.
pub fn new_rest_api(
    id: ApiId,
    import: &Import,
    new_id: NewId<'_>,
) -> Result<RestApi, ImportErrors> {
    let root = Resource {
        parent_id: None,
        path_part: String::new(),
        path: "/".to_owned(),
        methods: BTreeMap::new(),
    };
    let root_id = ResourceId::new(new_id(IdKind::RootResource));
    let mut empty = RestApi::new(id, "");
    empty.endpoint_configuration.endpoint_type = import.settings.endpoint_type.unwrap_or_default();
    empty.resources.insert(root_id, root);
    apply(empty, import, Mode::Overwrite, new_id)
}

/// Merges an import into an API, or makes the API what the import says.
///
/// In both modes resources keep their ids by path, models, validators and
/// authorizers by name. Merging replaces what the import declares and keeps
/// the rest; overwriting deletes the rest. Neither touches the endpoint
/// configuration, beyond `disableExecuteApiEndpoint` and VPC endpoints that
/// the document itself sets. `Mode::Create` means `Mode::Overwrite` here.
///
/// # Errors
/// When the result would break a rule that only shows in both together:
/// sibling variables, children of greedy variables, unknown validators or
/// models. The API is consumed; nothing is half applied.
pub fn apply(
    mut api: RestApi,
    import: &Import,
    mode: Mode,
    new_id: NewId<'_>,
) -> Result<RestApi, ImportErrors> {
    let overwrite = mode != Mode::Merge;
    apply_settings(&mut api, import, overwrite);
    apply_models(&mut api, import, overwrite, new_id);
    let validators = apply_validators(&mut api, import, overwrite, new_id);
    let authorizers = apply_authorizers(&mut api, import, overwrite, new_id);
    let mut errors = Vec::new();
    if overwrite {
        clear_tree(&mut api, import);
    }
    let mut ids = ids_by_path(&api);
    for (path, methods) in &import.tree {
        let Some(resource) = ensure_path(&mut api, &mut ids, path, new_id) else { continue };
        for (verb, method) in methods {
            let place = format!("Unable to put method '{verb}' on resource at path '{path}'");
            match bind(method, &validators, &authorizers) {
                Ok(bound) => _ = resource_mut(&mut api, &resource).methods.insert(*verb, bound),
                Err(reason) => errors.push(format!("{place}: {reason}")),
            }
        }
    }
    errors.extend(tree::faults(ids_by_path(&api).keys().map(String::as_str)));
    errors.extend(unknown_models(&api, import));
    if errors.is_empty() {
        Ok(api)
    } else {
        Err(ImportErrors::invalid(errors, import.warnings.clone()))
    }
}

fn apply_settings(api: &mut RestApi, import: &Import, overwrite: bool) {
    /// Takes the import's value; an overwrite clears what it does not give.
    fn set<T: Clone>(slot: &mut Option<T>, value: &Option<T>, overwrite: bool) {
        if overwrite || value.is_some() {
            slot.clone_from(value);
        }
    }
    if let Some(name) = &import.name {
        api.name.clone_from(name);
    }
    let settings = &import.settings;
    set(&mut api.description, &import.description, overwrite);
    set(&mut api.version, &import.version, overwrite);
    set(
        &mut api.minimum_compression_size_bytes,
        &settings.minimum_compression_size_bytes,
        overwrite,
    );
    set(&mut api.policy, &settings.policy, overwrite);
    // As the endpoint configuration, these stay unless the document sets them.
    set(&mut api.endpoint_access_mode, &settings.endpoint_access_mode, false);
    set(&mut api.security_policy, &settings.security_policy, false);
    if let Some(policy) = &mut api.policy {
        *policy = policy.replace("{apiId}", api.id.as_str());
    }
    if overwrite {
        api.binary_media_types.clear();
        api.gateway_responses.clear();
        api.api_key_source = ApiKeySource::default();
    }
    if let Some(source) = settings.api_key_source {
        api.api_key_source = source;
    }
    for media_type in settings.binary_media_types.iter().flatten() {
        if !api.binary_media_types.contains(media_type) {
            api.binary_media_types.push(media_type.clone());
        }
    }
    if let Some(disable) = settings.disable_execute_api_endpoint {
        api.disable_execute_api_endpoint = disable;
    }
    if let Some(ids) = &settings.vpc_endpoint_ids {
        api.endpoint_configuration.vpc_endpoint_ids.clone_from(ids);
    }
    for (kind, response) in &import.gateway_responses {
        api.gateway_responses.insert(*kind, response.clone());
    }
}

fn apply_models(api: &mut RestApi, import: &Import, overwrite: bool, new_id: NewId<'_>) {
    if overwrite {
        api.models.retain(|name, _| import.models.contains_key(name.as_str()));
    }
    for (name, ImportedModel { description, schema }) in &import.models {
        let name = ModelName::new(name.clone());
        let id = match api.models.get(&name) {
            Some(known) => known.id.clone(),
            None => new_id(IdKind::Model),
        };
        let model = Model {
            id,
            content_type: "application/json".to_owned(),
            description: description.clone(),
            schema: Some(schema.replace("restapis/{apiId}/", &format!("restapis/{}/", api.id))),
        };
        api.models.insert(name, model);
    }
}

fn apply_validators(
    api: &mut RestApi,
    import: &Import,
    overwrite: bool,
    new_id: NewId<'_>,
) -> BTreeMap<String, ValidatorId> {
    let known = std::mem::take(&mut api.request_validators);
    let mut ids: BTreeMap<String, ValidatorId> =
        known.iter().map(|(id, validator)| (validator.name.clone(), id.clone())).collect();
    let keep = |validator: &RequestValidator| {
        !overwrite || import.request_validators.contains_key(&validator.name)
    };
    api.request_validators = known.into_iter().filter(|(_, validator)| keep(validator)).collect();
    for (name, validator) in &import.request_validators {
        let id =
            ids.entry(name.clone()).or_insert_with(|| ValidatorId::new(new_id(IdKind::Validator)));
        api.request_validators.insert(id.clone(), validator.clone());
    }
    ids.retain(|_, id| api.request_validators.contains_key(id));
    ids
}

fn apply_authorizers(
    api: &mut RestApi,
    import: &Import,
    overwrite: bool,
    new_id: NewId<'_>,
) -> BTreeMap<String, AuthorizerId> {
    let known = std::mem::take(&mut api.authorizers);
    let mut ids: BTreeMap<String, AuthorizerId> =
        known.iter().map(|(id, authorizer)| (authorizer.name.clone(), id.clone())).collect();
    let keep =
        |authorizer: &Authorizer| !overwrite || import.authorizers.contains_key(&authorizer.name);
    api.authorizers = known.into_iter().filter(|(_, authorizer)| keep(authorizer)).collect();
    for (name, authorizer) in &import.authorizers {
        let id = ids
            .entry(name.clone())
            .or_insert_with(|| AuthorizerId::new(new_id(IdKind::Authorizer)));
        api.authorizers.insert(id.clone(), authorizer.clone());
    }
    ids.retain(|_, id| api.authorizers.contains_key(id));
    ids
}

/// Drops the methods of every resource, and the resources that no imported
/// path needs.
fn clear_tree(api: &mut RestApi, import: &Import) {
    let mut needed: BTreeSet<&str> = BTreeSet::from(["/"]);
    for path in import.tree.keys() {
        needed.insert(path);
        needed.extend(path.match_indices('/').skip(1).map(|(at, _)| &path[..at]));
    }
    api.resources.retain(|_, resource| needed.contains(resource.path.as_str()));
    for resource in api.resources.values_mut() {
        resource.methods.clear();
    }
}

fn ids_by_path(api: &RestApi) -> BTreeMap<String, ResourceId> {
    api.resources.iter().map(|(id, resource)| (resource.path.clone(), id.clone())).collect()
}

/// The resource at `path`, made with all its parents where missing. `None`
/// for an API without root, which cannot be.
fn ensure_path(
    api: &mut RestApi,
    ids: &mut BTreeMap<String, ResourceId>,
    path: &str,
    new_id: NewId<'_>,
) -> Option<ResourceId> {
    let mut parent = ids.get("/")?.clone();
    let mut here = String::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        here.push('/');
        here.push_str(part);
        parent = match ids.get(&here) {
            Some(id) => id.clone(),
            None => {
                let id = ResourceId::new(new_id(IdKind::Resource));
                let resource = Resource {
                    parent_id: Some(parent),
                    path_part: part.to_owned(),
                    path: here.clone(),
                    methods: BTreeMap::new(),
                };
                api.resources.insert(id.clone(), resource);
                ids.insert(here.clone(), id.clone());
                id
            }
        };
    }
    Some(parent)
}

fn resource_mut<'a>(api: &'a mut RestApi, id: &ResourceId) -> &'a mut Resource {
    api.resources.get_mut(id).expect("ensure_path answers ids of resources that are there")
}

/// The method with ids in place of names.
fn bind(
    method: &Method,
    validators: &BTreeMap<String, ValidatorId>,
    authorizers: &BTreeMap<String, AuthorizerId>,
) -> Result<Method, String> {
    let mut bound = method.clone();
    if let Some(name) = &method.request_validator_id {
        let id = validators.get(name.as_str());
        let unknown = || format!("Invalid Request Validator identifier specified: {name}");
        bound.request_validator_id = Some(id.ok_or_else(unknown)?.clone());
    }
    if let Some(name) = &method.authorizer_id {
        let id = authorizers.get(name.as_str());
        bound.authorizer_id = Some(id.ok_or(check::NO_AUTHORIZER)?.clone());
    }
    Ok(bound)
}

/// Models that imported methods or models name and the API does not have.
fn unknown_models(api: &RestApi, import: &Import) -> Vec<String> {
    let mut errors = Vec::new();
    for (name, model) in &import.models {
        let unable = |reason: String| format!("Unable to create model for '{name}': {reason}");
        match check::schema(&model.schema) {
            Err(reason) => errors.push(unable(reason)),
            Ok(named) => errors.extend(
                named
                    .iter()
                    .filter(|other| !api.models.contains_key(other.as_str()))
                    .map(|other| unable(check::unknown_reference(other))),
            ),
        }
    }
    for (path, methods) in &import.tree {
        for (verb, method) in methods {
            for model in method.models() {
                if !api.models.contains_key(model.as_str()) {
                    errors.push(format!(
                        "Unable to put method '{verb}' on resource at path '{path}': \
                         Invalid model identifier specified: {model}"
                    ));
                }
            }
        }
    }
    errors
}
