//! Integrations and how their answers become the client's.

use gw_model::{Integration, IntegrationResponse, Method};

use crate::{
    App, Caller, Error, Result, check, error::Kind, method::MethodKey, transact::Found as _,
};

fn integration_of(method: &mut Method) -> Result<&mut Integration> {
    method.integration.as_mut().found(Kind::Integration, "")
}

impl App {
    /// Sets a method's integration, in place of any former one.
    ///
    /// # Errors
    /// When the method is unknown or AWS would refuse the integration.
    pub async fn integration_put(
        &self,
        caller: &Caller,
        key: &MethodKey,
        integration: Integration,
    ) -> Result<Integration> {
        check::integration(&integration)?;
        check::timeout(&integration, self.limits())?;
        let audit = ("PutIntegration", "/integration".to_owned());
        self.method_edit(caller, key, audit, |method| {
            check::declared_sources(method, &integration, None)?;
            method.integration = Some(integration.clone());
            Ok(())
        })
        .await?;
        Ok(integration)
    }

    /// Reads a method's integration.
    ///
    /// # Errors
    /// When the method is unknown or has none.
    pub async fn integration_fetch(&self, caller: &Caller, key: &MethodKey) -> Result<Integration> {
        self.method_part(caller, key, |method| method.integration.found(Kind::Integration, ""))
            .await
    }

    /// Changes a method's integration. The edit may run more than once.
    ///
    /// # Errors
    /// When there is none, the edit refuses, or AWS would refuse the result.
    pub async fn integration_update(
        &self,
        caller: &Caller,
        key: &MethodKey,
        mut edit: impl FnMut(&mut Integration) -> Result<()> + Send,
    ) -> Result<Integration> {
        let audit = ("UpdateIntegration", "/integration".to_owned());
        self.method_edit(caller, key, audit, |method| {
            let before = integration_of(method)?.clone();
            let mut integration = before.clone();
            edit(&mut integration)?;
            check::integration(&integration)?;
            let timed = |it: &Integration| (it.timeout_ms, it.response_transfer_mode.clone());
            if timed(&integration) != timed(&before) {
                check::timeout(&integration, self.limits())?;
            }
            check::declared_sources(method, &integration, Some(&before))?;
            method.integration = Some(integration.clone());
            Ok(integration)
        })
        .await
    }

    /// Takes a method's integration away.
    ///
    /// # Errors
    /// When the method is unknown or has none.
    pub async fn integration_delete(&self, caller: &Caller, key: &MethodKey) -> Result<()> {
        let audit = ("DeleteIntegration", "/integration".to_owned());
        self.method_edit(caller, key, audit, |method| {
            method.integration.take().found(Kind::Integration, "").map(drop)
        })
        .await
    }

    /// Sets how a backend's answer becomes the client's, by the client's status.
    ///
    /// # Errors
    /// When the integration is unknown, or it sets headers that the method's
    /// response of this status does not declare.
    pub async fn integration_response_put(
        &self,
        caller: &Caller,
        key: &MethodKey,
        status: &str,
        response: IntegrationResponse,
    ) -> Result<IntegrationResponse> {
        check::status_code(status)?;
        let audit = ("PutIntegrationResponse", format!("/integration/responses/{status}"));
        self.method_edit(caller, key, audit, |method| {
            integration_of(method)?;
            check::declared_headers(method, status, &response, None)?;
            integration_of(method)?.responses.insert(status.to_owned(), response.clone());
            Ok(())
        })
        .await?;
        Ok(response)
    }

    /// Reads an integration response.
    ///
    /// # Errors
    /// When integration or response are unknown.
    pub async fn integration_response_fetch(
        &self,
        caller: &Caller,
        key: &MethodKey,
        status: &str,
    ) -> Result<IntegrationResponse> {
        self.method_part(caller, key, |mut method| {
            let integration = integration_of(&mut method)?;
            integration.responses.remove(status).found(Kind::IntegrationResponse, status)
        })
        .await
    }

    /// Changes an integration response. The edit may run more than once.
    ///
    /// # Errors
    /// When integration or response are unknown, or the edit refuses.
    pub async fn integration_response_update(
        &self,
        caller: &Caller,
        key: &MethodKey,
        status: &str,
        mut edit: impl FnMut(&mut IntegrationResponse) -> Result<()> + Send,
    ) -> Result<IntegrationResponse> {
        let audit = ("UpdateIntegrationResponse", format!("/integration/responses/{status}"));
        self.method_edit(caller, key, audit, |method| {
            let responses = &mut integration_of(method)?.responses;
            let before = responses.get(status).found(Kind::IntegrationResponse, status)?.clone();
            let mut response = before.clone();
            edit(&mut response)?;
            check::declared_headers(method, status, &response, Some(&before))?;
            let responses = &mut integration_of(method)?.responses;
            responses.insert(status.to_owned(), response.clone());
            Ok(response)
        })
        .await
    }

    /// Takes an integration response away.
    ///
    /// # Errors
    /// When integration or response are unknown.
    pub async fn integration_response_delete(
        &self,
        caller: &Caller,
        key: &MethodKey,
        status: &str,
    ) -> Result<()> {
        let audit = ("DeleteIntegrationResponse", format!("/integration/responses/{status}"));
        let deleted = self
            .method_edit(caller, key, audit, |method| {
                let responses = &mut integration_of(method)?.responses;
                responses.remove(status).found(Kind::IntegrationResponse, status).map(drop)
            })
            .await;
        deleted.map_err(|error| match error {
            // AWS looks for the integration at once here.
            Error::NotFound { kind: Kind::Method, .. } => Error::not_found(Kind::Integration, ""),
            other => other,
        })
    }
}
