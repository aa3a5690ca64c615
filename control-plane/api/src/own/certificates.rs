//! The certificate store, and the authority behind certificates issued here.

use axum::{Extension, extract::Path, response::IntoResponse as _};
use gw_app::{CertificateView, NewCertificate};
use gw_wire::{
    gatewright::{Certificate, Certificates, ImportCertificate},
    page::encode,
};
use http::header::CONTENT_TYPE;
use zeroize::Zeroizing;

use super::convert::time_text;
use crate::{
    Shared,
    extract::{Answer, Call, OwnInput, Params, created, no_content, ok},
};

fn answer(view: &CertificateView) -> Certificate {
    Certificate {
        certificate_arn: view.arn.clone(),
        names: view.names.clone(),
        not_before: time_text(view.not_before),
        not_after: time_text(view.not_after),
        created_at: time_text(view.created_at),
        in_use_by: view.in_use_by.clone(),
        certificate: Some(view.chain_pem.clone()),
    }
}

/// `POST certificates`.
pub(crate) async fn import(call: Call, OwnInput(input): OwnInput<ImportCertificate>) -> Answer {
    let new = NewCertificate {
        body: input.certificate,
        private_key: Zeroizing::new(input.private_key),
        chain: input.certificate_chain,
        arn: input.certificate_arn,
    };
    created(answer(&call.certificate_import(&call.caller, &new).await?))
}

/// `GET certificates`.
pub(crate) async fn get_all(call: Call, params: Params) -> Answer {
    let page = call.certificate_list(&call.caller, &params.page_request()?).await?;
    let shorten = |view| Certificate { certificate: None, ..answer(view) };
    ok(Certificates {
        certificates: page.items.iter().map(shorten).collect(),
        position: page.position.as_deref().map(encode),
    })
}

/// `GET certificates/{arn}`.
pub(crate) async fn get(call: Call, Path(arn): Path<String>) -> Answer {
    ok(answer(&call.certificate_fetch(&call.caller, &arn).await?))
}

/// `DELETE certificates/{arn}`.
pub(crate) async fn delete(call: Call, Path(arn): Path<String>) -> Answer {
    call.certificate_delete(&call.caller, &arn).await?;
    no_content()
}

/// `GET ca/domains`: what clients have to trust of custom domains whose
/// certificate was issued here. No secret.
pub(crate) async fn ca(Extension(api): Extension<Shared>) -> Answer {
    let pem = api.app.domain_ca_pem().await?;
    Ok(([(CONTENT_TYPE, "application/x-pem-file")], pem).into_response())
}
