//! API keys.

use axum::extract::Path;
use bytes::Bytes;
use gw_app::{ApiKeyQuery, ApiKeyView, ImportedApiKey, NewApiKey};
use gw_wire::{
    Fault, FromBody as _,
    aws::{ApiKey, ApiKeyFile, ApiKeyIds, CreateApiKey, FileKey},
    patch::patch_api_key,
};

use crate::extract::{
    Answer, Call, Params, accepted, created, edited, given, keep, list, ok, patches,
};

fn answer(view: &ApiKeyView) -> ApiKey {
    let declared = &view.definition;
    ApiKey {
        id: view.id.clone(),
        value: view.value.clone(),
        name: declared.name.clone(),
        customer_id: declared.customer_id.clone(),
        description: declared.description.clone(),
        enabled: declared.enabled,
        created_date: view.created_at.unix_timestamp(),
        last_updated_date: view.updated_at.unix_timestamp(),
        stage_keys: declared.stage_keys.clone(),
        tags: given(&view.tags),
    }
}

/// As AWS answers one key: with its tags, also where there are none.
fn alone(view: &ApiKeyView) -> ApiKey {
    ApiKey { tags: Some(view.tags.clone()), ..answer(view) }
}

/// `CreateApiKey`, and `ImportApiKeys` where the query asks for it.
pub(crate) async fn create(call: Call, params: Params, body: Bytes) -> Answer {
    if params.get("mode") == Some("import") {
        return import(&call, &params, &body).await;
    }
    let input = CreateApiKey::parse(&body)?;
    let new = NewApiKey {
        definition: input.declared(),
        value: input.value.clone().filter(|value| !value.is_empty()),
        tags: input.tags.clone(),
    };
    created(answer(&call.api_key_create(&call.caller, new).await?))
}

/// `ImportApiKeys`.
async fn import(call: &Call, params: &Params, body: &Bytes) -> Answer {
    match params.get("format") {
        Some("csv") => {}
        other => {
            let violation = match other {
                None | Some("") => "Value null at 'importApiKeysInput.format' failed to satisfy \
                                    constraint: Member must not be null"
                    .to_owned(),
                Some(other) => format!(
                    "Value '{other}' at 'importApiKeysInput.format' failed to satisfy constraint: \
                     Member must satisfy enum value set: [csv]"
                ),
            };
            return Err(Fault::validation(&[violation]).into());
        }
    }
    let file = ApiKeyFile::parse(body)?;
    let key = |key: FileKey| ImportedApiKey {
        line: key.line,
        value: key.value,
        definition: key.definition,
        plans: key.plans,
    };
    let keys: Vec<ImportedApiKey> = file.keys.into_iter().map(key).collect();
    let strict = params.is_true("failonwarnings");
    let done = call.api_keys_import(&call.caller, &keys, &file.warnings, strict).await?;
    created(ApiKeyIds { ids: done.ids, warnings: done.warnings })
}

/// `GetApiKey`.
pub(crate) async fn get(call: Call, Path(id): Path<String>, params: Params) -> Answer {
    let with_value = params.is_true("includeValue");
    ok(alone(&call.api_key_fetch(&call.caller, &id, with_value).await?))
}

/// `GetApiKeys`.
pub(crate) async fn get_all(call: Call, params: Params) -> Answer {
    let filter = |name| params.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let query = ApiKeyQuery {
        name: filter("name"),
        customer_id: filter("customerId"),
        with_values: params.is_true("includeValues"),
    };
    let page = call.api_key_list(&call.caller, &query, &params.page_request()?).await?;
    list(&page, answer)
}

/// `UpdateApiKey`.
pub(crate) async fn update(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let operations = patches("updateApiKeyInput", &body)?;
    let mut fault = None;
    let edit = |key: &mut gw_model::ApiKey| keep(&mut fault, patch_api_key(key, &operations));
    let result = call.api_key_update(&call.caller, &id, edit).await;
    ok(alone(&edited(fault, result)?))
}

/// `DeleteApiKey`.
pub(crate) async fn delete(call: Call, Path(id): Path<String>) -> Answer {
    call.api_key_delete(&call.caller, &id).await?;
    accepted()
}
