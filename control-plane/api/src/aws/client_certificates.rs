//! Client certificates.

use axum::extract::Path;
use bytes::Bytes;
use gw_app::ClientCertificateView;
use gw_wire::{
    aws::{ClientCertificate, GenerateClientCertificate},
    patch::{check_text, patch_client_certificate},
};

use crate::extract::{
    Answer, Call, Input, Params, accepted, created, edited, keep, list, ok, patches,
};

fn answer(view: &ClientCertificateView) -> ClientCertificate {
    ClientCertificate {
        client_certificate_id: view.id.clone(),
        description: view.description.clone(),
        pem_encoded_certificate: view.certificate_pem.clone(),
        created_date: view.created_at.unix_timestamp(),
        expiration_date: view.expires_at.unix_timestamp(),
        tags: view.tags.clone(),
    }
}

/// `GenerateClientCertificate`.
pub(crate) async fn generate(call: Call, Input(input): Input<GenerateClientCertificate>) -> Answer {
    let description = input.description.as_deref().filter(|text| !text.is_empty());
    check_text("description", description.unwrap_or_default())?;
    let made = call.client_certificate_generate(&call.caller, description, &input.tags).await?;
    created(answer(&made))
}

/// `GetClientCertificate`.
pub(crate) async fn get(call: Call, Path(id): Path<String>) -> Answer {
    ok(answer(&call.client_certificate_fetch(&call.caller, &id).await?))
}

/// `GetClientCertificates`.
pub(crate) async fn get_all(call: Call, params: Params) -> Answer {
    let page = call.client_certificate_list(&call.caller, &params.page_request()?).await?;
    list(&page, answer)
}

/// `UpdateClientCertificate`.
pub(crate) async fn update(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let operations = patches("updateClientCertificateInput", &body)?;
    let mut fault = None;
    let edit = |description: &mut Option<String>| {
        keep(&mut fault, patch_client_certificate(description, &operations))
    };
    let result = call.client_certificate_update(&call.caller, &id, edit).await;
    ok(answer(&edited(fault, result)?))
}

/// `DeleteClientCertificate`.
pub(crate) async fn delete(call: Call, Path(id): Path<String>) -> Answer {
    call.client_certificate_delete(&call.caller, &id).await?;
    accepted()
}
