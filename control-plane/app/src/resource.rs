//! Resources: the tree of paths.

use gw_model::{ApiId, Resource, ResourceId};

use crate::{
    App, Caller, Error, Page, PageRequest, ResourceView, Result,
    error::Kind,
    input::ResourceEdit,
    page::page,
    rest_api::{fetch, lock},
    transact::{Found as _, transact},
    tree,
};

pub(crate) fn place(api: &ApiId, resource: &ResourceId) -> String {
    format!("restapis/{api}/resources/{resource}")
}

impl App {
    /// Creates a resource below another.
    ///
    /// # Errors
    /// When the parent is unknown, the name breaks a rule of the tree or is
    /// taken, or a limit is reached.
    pub async fn resource_create(
        &self,
        caller: &Caller,
        api: &ApiId,
        parent_id: &ResourceId,
        path_part: &str,
    ) -> Result<ResourceView> {
        let (answer, _) = transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await?;
            let parent =
                txn.resource_place(api, parent_id).await?.found(Kind::Resource, parent_id)?;
            let (rivals, count) = txn.resource_rivals(api, parent_id, path_part).await?;
            let names: Vec<&str> = rivals.iter().map(String::as_str).collect();
            tree::check_place(&parent, path_part, &names)?;
            if count >= self.limits().resources_per_api {
                Err(Error::LimitExceeded(
                    "Maximum number of resources for this API has been reached.".to_owned(),
                ))?;
            }
            let mut id = ResourceId::new(self.new_id(6));
            while txn.resource_place(api, &id).await?.is_some() {
                id = ResourceId::new(self.new_id(6));
            }
            let resource = Resource {
                parent_id: Some(parent_id.clone()),
                path_part: path_part.to_owned(),
                path: tree::join(&parent.path, path_part),
                methods: Default::default(),
            };
            txn.resources_put(api, [(&id, &resource)]).await?;
            txn.api_touch(api).await?;
            let audit = caller.audit("CreateResource", place(api, &id));
            (ResourceView { id, resource }, Some(audit))
        })?;
        Ok(answer)
    }

    /// Reads a resource with its methods.
    ///
    /// # Errors
    /// When API or resource are unknown.
    pub async fn resource_fetch(
        &self,
        caller: &Caller,
        api: &ApiId,
        id: &ResourceId,
    ) -> Result<ResourceView> {
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, api).await?;
        let row = txn.resource_fetch(api, id).await?.found(Kind::Resource, id)?;
        Ok(ResourceView { id: row.id, resource: row.resource })
    }

    /// Lists an API's resources with their methods, by id.
    ///
    /// # Errors
    /// When the API is unknown.
    pub async fn resource_list(
        &self,
        caller: &Caller,
        api: &ApiId,
        request: &PageRequest,
    ) -> Result<Page<ResourceView>> {
        let limit = self.page_limit(request);
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, api).await?;
        let rows = txn.resource_list(api, request.after(), limit).await?;
        let views = rows.into_iter().map(|row| ResourceView { id: row.id, resource: row.resource });
        Ok(page(views.collect(), limit, |view: &ResourceView| view.id.to_string()))
    }

    /// Moves or renames a resource; everything below it goes along.
    ///
    /// # Errors
    /// When API or resource are unknown, it is the root, or the new place
    /// breaks a rule of the tree.
    pub async fn resource_update(
        &self,
        caller: &Caller,
        api: &ApiId,
        id: &ResourceId,
        mut edit: impl FnMut(&mut ResourceEdit) -> Result<()> + Send,
    ) -> Result<ResourceView> {
        let (answer, _) = transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await?;
            let row = txn.resource_fetch(api, id).await?.found(Kind::Resource, id)?;
            let before = ResourceEdit {
                parent_id: row.resource.parent_id.clone(),
                path_part: row.resource.path_part.clone(),
            };
            let mut after = before.clone();
            edit(&mut after)?;
            if before.parent_id.is_none() {
                root_stays(&before, &after)?;
            } else if after != before {
                let parent = after.parent_id.clone().found(Kind::Resource, "")?;
                let all = txn.resource_tree(api).await?;
                let moved = tree::relocate(&all, id, &parent, &after.path_part)?;
                txn.resources_put(api, &moved).await?;
                txn.api_touch(api).await?;
            }
            let row = txn.resource_fetch(api, id).await?.found(Kind::Resource, id)?;
            let audit = caller.audit("UpdateResource", place(api, id));
            (ResourceView { id: row.id, resource: row.resource }, Some(audit))
        })?;
        Ok(answer)
    }

    /// Deletes a resource with everything below it.
    ///
    /// # Errors
    /// When API or resource are unknown, or it is the root.
    pub async fn resource_delete(
        &self,
        caller: &Caller,
        api: &ApiId,
        id: &ResourceId,
    ) -> Result<()> {
        transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await?;
            let row = txn.resource_fetch(api, id).await?.found(Kind::Resource, id)?;
            if row.resource.parent_id.is_none() {
                Err(Error::bad_request("Root resource cannot be deleted."))?;
            }
            txn.resources_delete(api, &[id.to_string()]).await?;
            txn.api_touch(api).await?;
            ((), Some(caller.audit("DeleteResource", place(api, id))))
        })?;
        Ok(())
    }
}

fn root_stays(before: &ResourceEdit, after: &ResourceEdit) -> Result<()> {
    if before.parent_id != after.parent_id {
        return Err(Error::bad_request("Root resource cannot update its parentId."));
    }
    if before.path_part != after.path_part {
        return Err(Error::bad_request("Root resource cannot update its pathPart."));
    }
    Ok(())
}
