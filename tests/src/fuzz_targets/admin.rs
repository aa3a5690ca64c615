//! The readers of the admin API: bodies, patches, pages and signatures.

use gw_model::{
    Api, Digest, Integration, IntegrationResponse, IntegrationType, Method, MethodResponse, Model,
    Release, ReleaseNumber, RestApi,
};
use gw_wire::{
    FromBody,
    aws::{self, Patch},
    page::{self, Page},
    patch::{self, CanaryDraft, PatchOperation, StageDraft},
};
use serde::{Serialize, de::DeserializeOwned};

use super::signature;

/// The first byte chooses a reader (`a` the first), the rest is for it.
///
/// # Panics
/// When a reader does, or accepts what it cannot give back.
pub fn admin(data: &[u8]) {
    const READERS: [fn(&[u8]); 6] =
        [bodies, patches, pages, signature::presented, signature::signed, flattened];
    let Some((choice, rest)) = data.split_first() else { return };
    READERS[usize::from(choice.wrapping_sub(b'a')) % READERS.len()](rest);
}

/// A body, as every request that has one.
fn bodies(data: &[u8]) {
    read::<aws::CreateResource>(data);
    read::<aws::CreateApiKey>(data);
    read::<aws::CreateUsagePlanKey>(data);
    let _ = aws::CreateUsagePlan::parse(data);
    let _ = aws::ApiKeyFile::parse(data);
    read::<aws::Tags>(data);
    if let Some(create) = read::<aws::CreateRestApi>(data)
        && let Ok(api) = create.to_model("a123456789".into())
    {
        check_api(&api);
    }
    if let Some(create) = read::<aws::CreateModel>(data) {
        let _ = create.check();
    }
    if let Some(create) = read::<aws::CreateDeployment>(data) {
        let _ = create.check();
    }
    if let Some(create) = read::<aws::CreateStage>(data)
        && let Ok(draft) = create.to_draft()
    {
        check_stage(&draft);
    }
    if let Some(put) = read::<aws::PutMethod>(data)
        && let Ok(method) = put.to_model()
    {
        check_method(&method);
    }
    if let Some(put) = read::<aws::PutMethodResponse>(data)
        && let Ok(response) = put.to_model()
    {
        check_method(&Method { responses: [("200".into(), response)].into(), ..method() });
    }
    if let Some(put) = read::<aws::PutIntegration>(data)
        && let Ok(integration) = put.to_model()
    {
        check_method(&Method { integration: Some(integration), ..method() });
    }
    if let Some(put) = read::<aws::PutIntegrationResponse>(data)
        && let Ok(response) = put.to_model()
    {
        check_integration_response(&response);
    }
}

/// What was read is written by `gwctl` in the same shape, so it reads again.
fn read<T: FromBody + Serialize + PartialEq + std::fmt::Debug>(data: &[u8]) -> Option<T> {
    let value = T::parse(data).ok()?;
    let again = serde_json::to_vec(&value).expect("requests hold string-keyed maps only");
    assert_eq!(T::parse(&again).expect("what was accepted stays acceptable"), value);
    Some(value)
}

/// A list of operations, on every resource that takes them.
fn patches(data: &[u8]) {
    let Ok(patch) = Patch::<()>::parse_as("updateInput", data) else { return };
    let operations = patch.patch_operations;
    let mut api = api();
    if patch::patch_rest_api(&mut api, &operations).is_ok() {
        check_api(&api);
    }
    for mut stage in [draft(false), draft(true)] {
        if patch::patch_stage(&mut stage, &operations).is_ok() {
            check_stage(&stage);
        }
    }
    let mut changed = method();
    if patch::patch_method(&mut changed, &operations).is_ok() {
        check_method(&changed);
    }
    patch_methods_parts(&operations);
    let _ = patch::resource_patch(&operations);
    let mut model = model();
    if patch::patch_model(&mut model, &operations).is_ok() {
        same_in_json(&aws::Model::new("Pet", &model));
    }
    let _ = patch::patch_description(&mut None, &operations);
    let mut key = gw_model::ApiKey::default();
    if patch::patch_api_key(&mut key, &operations).is_ok() {
        key.check().expect("what a patch accepts keeps the rules");
    }
    let mut plan = usage_plan();
    if patch::patch_usage_plan(&mut plan, &operations).is_ok() {
        plan.check().expect("what a patch accepts keeps the rules");
    }
}

fn usage_plan() -> gw_model::UsagePlan {
    let (api, stage) = ("a123456789".into(), "prod".into());
    let stage = gw_model::PlanStage { api, stage, throttle: Default::default() };
    let name = "p".to_owned();
    gw_model::UsagePlan { name, api_stages: vec![stage], ..Default::default() }
}

fn patch_methods_parts(operations: &[PatchOperation]) {
    for kind in [IntegrationType::HttpProxy, IntegrationType::Mock, IntegrationType::AwsProxy] {
        let mut integration = integration(kind);
        if patch::patch_integration(&mut integration, operations).is_ok() {
            check_method(&Method { integration: Some(integration), ..method() });
        }
    }
    let mut response = MethodResponse::default();
    if patch::patch_method_response(&mut response, operations).is_ok() {
        check_method(&Method { responses: [("200".into(), response)].into(), ..method() });
    }
    let mut response = IntegrationResponse::default();
    if patch::patch_integration_response(&mut response, operations).is_ok() {
        check_integration_response(&response);
    }
}

/// `limit`, a line feed, `position`.
fn pages(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (limit, position) = text.split_once('\n').unwrap_or((text, ""));
    if let Some(key) = page::decode(position) {
        assert_eq!(page::decode(&page::encode(&key)).as_deref(), Some(key.as_str()));
    }
    if let Ok(page) = Page::parse(Some(limit), Some(position)) {
        let items: Vec<String> = (100..700).map(|n| n.to_string()).collect();
        let list = page.cut(items, |item| item);
        assert!((1..=500).contains(&page.limit) && list.item.len() <= page.limit);
    }
}

/// A schema and, behind a line feed, the model `Pet`.
fn flattened(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (schema, pet) = text.split_once('\n').unwrap_or((text, text));
    let pet = Model { schema: Some(pet.to_owned()), ..model() };
    let models = [("Pet".into(), pet), ("Owner".into(), model())].into();
    let _ = aws::flatten(schema, &models);
    let _ = patch::check_schema(schema);
}

fn check_api(api: &RestApi) {
    let whole = Api::Rest(api.clone());
    let encoded = gw_model::encode::encode(&whole);
    let decoded = gw_model::encode::decode(&encoded.bytes).expect("what was encoded decodes");
    assert_eq!(decoded, whole);
    let _ = gw_snapshot::compile(&whole, &gw_snapshot::Limits::default());
    same_in_json(&aws::RestApi::new(api, aws::RestApiExtras::default()));
    for (id, resource) in &api.resources {
        same_in_json(&aws::Resource::new(id.as_str(), resource, true));
    }
}

fn check_method(method: &Method) {
    let mut api = api();
    let resource = api.resources.values_mut().next().expect("the API has a root");
    resource.methods.insert(gw_model::HttpMethod::Post, method.clone());
    check_api(&api);
}

fn check_integration_response(response: &IntegrationResponse) {
    let responses = [("200".into(), response.clone())].into();
    let integration = Integration { responses, ..integration(IntegrationType::Mock) };
    check_method(&Method { integration: Some(integration), ..method() });
}

fn check_stage(draft: &StageDraft) {
    let release = release(draft);
    same_in_json(&release);
    same_in_json(&aws::Stage::new("prod", &release, aws::StageExtras::default()));
}

fn same_in_json<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let text = serde_json::to_string(value).expect("answers hold string-keyed maps only");
    let again: T = serde_json::from_str(&text).expect("what was written reads");
    assert_eq!(&again, value);
}

fn release(draft: &StageDraft) -> Release {
    let deployment = Digest::of(b"");
    Release {
        number: ReleaseNumber(1),
        deployment_id: draft.deployment_id.clone(),
        deployment,
        variables: draft.variables.clone(),
        canary: draft.canary.as_ref().map(|canary| gw_model::CanaryRelease {
            percent_traffic: canary.percent_traffic,
            deployment_id: canary.deployment_id.clone(),
            deployment,
            stage_variable_overrides: canary.stage_variable_overrides.clone(),
            use_stage_cache: canary.use_stage_cache,
        }),
        settings: draft.settings.clone(),
    }
}

fn draft(canary: bool) -> StageDraft {
    let variables = [("host".to_owned(), "a.example".to_owned())];
    StageDraft {
        deployment_id: "d00001".into(),
        variables: variables.clone().into(),
        canary: canary.then(|| CanaryDraft {
            percent_traffic: 10.0,
            deployment_id: "d00002".into(),
            stage_variable_overrides: variables.into(),
            use_stage_cache: false,
        }),
        settings: gw_model::StageSettings {
            method_settings: [("*/*".to_owned(), gw_model::MethodSetting::default())].into(),
            ..gw_model::StageSettings::default()
        },
    }
}

/// The smallest API: a root that answers GET by a MOCK.
pub(super) fn api() -> RestApi {
    let create = aws::CreateRestApi { name: "fuzz".to_owned(), ..aws::CreateRestApi::default() };
    let mut api = create.to_model("a123456789".into()).expect("a plain name is fine");
    let methods = [(gw_model::HttpMethod::Get, method())].into();
    let (part, path) = (String::new(), "/".to_owned());
    let root = gw_model::Resource { parent_id: None, path_part: part, path, methods };
    api.resources = [("r123456789".into(), root)].into();
    api
}

fn method() -> Method {
    Method {
        responses: [("200".to_owned(), MethodResponse::default())].into(),
        integration: Some(integration(IntegrationType::Mock)),
        ..Method::default()
    }
}

fn integration(kind: IntegrationType) -> Integration {
    Integration {
        http_method: Some("GET".to_owned()),
        uri: Some("http://${stageVariables.host}/{id}".to_owned()),
        request_templates: [("application/json".into(), Some("{\"statusCode\":200}".into()))]
            .into(),
        responses: [("200".to_owned(), IntegrationResponse::default())].into(),
        ..Integration::of_kind(kind)
    }
}

fn model() -> Model {
    Model {
        id: "m00001".to_owned(),
        description: None,
        content_type: "application/json".to_owned(),
        schema: Some("{\"type\":\"object\"}".to_owned()),
    }
}
