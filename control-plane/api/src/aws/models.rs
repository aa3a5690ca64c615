//! Models.

use axum::extract::Path;
use bytes::Bytes;
use gw_app::{ModelView, NewModel};
use gw_wire::{
    aws::{CreateModel, Model, flatten, model_template},
    patch::patch_model,
};

use super::paths::{InApi, Within};
use crate::extract::{
    Answer, Call, Input, Params, accepted, created, edited, keep, list, ok, patches,
};

fn answer(view: &ModelView) -> Model {
    Model::new(view.name.as_str(), &view.model)
}

/// `CreateModel`.
pub(crate) async fn create(
    call: Call,
    Path(path): InApi,
    Input(input): Input<CreateModel>,
) -> Answer {
    input.check()?;
    let new = NewModel {
        name: input.name.into(),
        description: input.description.filter(|text| !text.is_empty()),
        content_type: input.content_type,
        schema: input.schema,
    };
    created(answer(&call.model_create(&call.caller, &path.rest_api, new).await?))
}

/// `GetModel`; `flatten=true` puts the models that it refers to into it.
pub(crate) async fn get(call: Call, Path(path): Within, params: Params) -> Answer {
    let name = path.id.into();
    let mut view = call.model_fetch(&call.caller, &path.rest_api, &name).await?;
    if params.is_true("flatten") {
        let models = call.model_map(&call.caller, &path.rest_api).await?;
        view.model.schema = view.model.schema.map(|schema| flatten(&schema, &models));
    }
    ok(answer(&view))
}

/// `GetModelTemplate`.
pub(crate) async fn template(call: Call, Path(path): Within) -> Answer {
    let name = path.id.into();
    let view = call.model_fetch(&call.caller, &path.rest_api, &name).await?;
    let models = call.model_map(&call.caller, &path.rest_api).await?;
    ok(model_template(view.model.schema.as_deref().unwrap_or_default(), &models))
}

/// `GetModels`.
pub(crate) async fn get_all(call: Call, Path(path): InApi, params: Params) -> Answer {
    let page = call.model_list(&call.caller, &path.rest_api, &params.page_request()?).await?;
    list(&page, answer)
}

/// `UpdateModel`.
pub(crate) async fn update(call: Call, Path(path): Within, body: Bytes) -> Answer {
    let operations = patches("updateModelInput", &body)?;
    let name = path.id.into();
    let mut fault = None;
    let edit = |model: &mut gw_model::Model| keep(&mut fault, patch_model(model, &operations));
    let result = call.model_update(&call.caller, &path.rest_api, &name, edit).await;
    ok(answer(&edited(fault, result)?))
}

/// `DeleteModel`.
pub(crate) async fn delete(call: Call, Path(path): Within) -> Answer {
    call.model_delete(&call.caller, &path.rest_api, &path.id.into()).await?;
    accepted()
}
