//! Documentation: parts of the working copy. Snapshots of them are in
//! `documentation_version.rs`.

use gw_model::{
    ApiId, Documentation, DocumentationLocation, DocumentationPart, DocumentationPartId,
    documentation::{self, DocumentationMode, DocumentationType},
};
use gw_store::Txn;

use crate::{
    App, Caller, Error, Page, PageRequest, Result,
    error::Kind,
    page::page,
    rest_api::{fetch, lock, told_as},
    transact::{Found as _, transact},
};

/// A part with its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentationPartView {
    /// Its id; absent of an entity that has no part.
    pub id: Option<DocumentationPartId>,
    /// The entity.
    pub location: DocumentationLocation,
    /// The content; absent of an entity that has no part.
    pub properties: Option<String>,
}

impl DocumentationPartView {
    fn new(id: DocumentationPartId, part: DocumentationPart) -> Self {
        Self { id: Some(id), location: part.location, properties: Some(part.properties) }
    }

    /// What lists are ordered by.
    fn key(&self) -> String {
        self.id.as_ref().map_or_else(|| self.location.key(), ToString::to_string)
    }
}

/// Which parts a list is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentationFilter {
    /// Only of this type.
    pub kind: Option<DocumentationType>,
    /// Only of entities of this name.
    pub name: Option<String>,
    /// Only of entities at this path.
    pub path: Option<String>,
    /// Instead of parts, the entities of the API that have none.
    pub undocumented: bool,
}

impl DocumentationFilter {
    fn admits(&self, location: &DocumentationLocation) -> bool {
        let has_path = location.kind.fields().path;
        self.kind.is_none_or(|kind| kind == location.kind)
            && self.name.as_deref().is_none_or(|name| location.name.as_deref() == Some(name))
            && self.path.as_deref().is_none_or(|path| has_path && location.path() == path)
    }
}

fn place(api: &ApiId, id: &DocumentationPartId) -> String {
    format!("restapis/{api}/documentation/parts/{id}")
}

fn check(part: &DocumentationPart) -> Result<()> {
    part.location.check().map_err(|error| {
        Error::BadRequest(format!("Invalid documentation part location specified: {error}"))
    })?;
    check_properties(&part.properties)
}

/// The content of a part: a JSON object as text.
fn check_properties(properties: &str) -> Result<()> {
    if properties.trim().is_empty() {
        return Err(Error::bad_request("Documentation part properties must be non-empty"));
    }
    type Object = serde_json::Map<String, serde_json::Value>;
    match serde_json::from_str::<Object>(properties) {
        Ok(_) => Ok(()),
        Err(_) => {
            Err(Error::bad_request("Invalid documentation part properties: must be a JSON object"))
        }
    }
}

impl App {
    fn check_documentation_size(&self, parts: usize) -> Result<()> {
        if parts > self.limits().documentation_parts_per_api {
            return Err(Error::LimitExceeded(
                "Maximum number of documentation parts for this API has been reached.".to_owned(),
            ));
        }
        Ok(())
    }

    /// Documents an entity. It need not be there yet.
    ///
    /// # Errors
    /// When the API is unknown, the location or the content is not one, or the
    /// entity has a part already.
    pub async fn documentation_part_create(
        &self,
        caller: &Caller,
        api: &ApiId,
        part: &DocumentationPart,
    ) -> Result<DocumentationPartView> {
        check(part)?;
        let location = part.location.clone().spelled_out();
        let part = &DocumentationPart { location, properties: part.properties.clone() };
        let (answer, _) = transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await?;
            let parts = txn.documentation_parts_all(api).await?;
            let key = part.location.key();
            if parts.values().any(|known| known.location.key() == key) {
                Err(Error::Conflict(format!(
                    "Documentation part already exists for the specified location: {}.",
                    part.location
                )))?;
            }
            self.check_documentation_size(parts.len() + 1)?;
            let mut id = DocumentationPartId::new(self.new_id(6));
            while parts.contains_key(&id) {
                id = DocumentationPartId::new(self.new_id(6));
            }
            txn.documentation_part_put(api, &id, part).await?;
            txn.api_touch(api).await?;
            let audit = caller.audit("CreateDocumentationPart", place(api, &id));
            (DocumentationPartView::new(id, part.clone()), Some(audit))
        })?;
        Ok(answer)
    }

    /// Reads a part.
    ///
    /// # Errors
    /// When API or part are unknown.
    pub async fn documentation_part_fetch(
        &self,
        caller: &Caller,
        api: &ApiId,
        id: &DocumentationPartId,
    ) -> Result<DocumentationPartView> {
        let mut txn = self.store().read().await?;
        let unknown = told_as(Kind::DocumentationPart, id.as_str());
        fetch(&mut txn, &caller.scope, api).await.map_err(unknown)?;
        let part = txn.documentation_part_fetch(api, id).await?;
        Ok(DocumentationPartView::new(id.clone(), part.found(Kind::DocumentationPart, id)?))
    }

    /// Lists an API's parts by id, or the entities that have none by location.
    ///
    /// # Errors
    /// When the API is unknown.
    pub async fn documentation_part_list(
        &self,
        caller: &Caller,
        api: &ApiId,
        filter: &DocumentationFilter,
        request: &PageRequest,
    ) -> Result<Page<DocumentationPartView>> {
        let limit = self.page_limit(request);
        let mut txn = self.store().read().await?;
        let row = fetch(&mut txn, &caller.scope, api).await?;
        let parts = txn.documentation_parts_all(api).await?;
        let mut views: Vec<DocumentationPartView> = if filter.undocumented {
            let copy = txn.working_copy_load(&row).await?;
            let known: std::collections::BTreeSet<String> =
                parts.values().map(|part| part.location.key()).collect();
            documentation::entities(&copy)
                .into_iter()
                .filter(|location| !known.contains(&location.key()))
                .map(|location| DocumentationPartView { id: None, location, properties: None })
                .collect()
        } else {
            parts.into_iter().map(|(id, part)| DocumentationPartView::new(id, part)).collect()
        };
        views.retain(|view| filter.admits(&view.location) && view.key().as_str() > request.after());
        views.sort_by_key(DocumentationPartView::key);
        views.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(page(views, limit, DocumentationPartView::key))
    }

    /// Every part of an API's documentation as it is now.
    ///
    /// # Errors
    /// When the API is unknown.
    pub async fn documentation_fetch(&self, caller: &Caller, api: &ApiId) -> Result<Documentation> {
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, api).await?;
        Ok(txn.documentation_parts_all(api).await?)
    }

    /// Changes the content of a part. The edit may run more than once.
    ///
    /// # Errors
    /// When API or part are unknown, the edit refuses, or the content is not one.
    pub async fn documentation_part_update(
        &self,
        caller: &Caller,
        api: &ApiId,
        id: &DocumentationPartId,
        mut edit: impl FnMut(&mut String) -> Result<()> + Send,
    ) -> Result<DocumentationPartView> {
        let (answer, _) = transact!(self, |txn| {
            let unknown = told_as(Kind::DocumentationPart, id.as_str());
            lock(&mut txn, &caller.scope, api).await.map_err(unknown)?;
            let part = txn.documentation_part_fetch(api, id).await?;
            let mut part = part.found(Kind::DocumentationPart, id)?;
            edit(&mut part.properties)?;
            check_properties(&part.properties)?;
            txn.documentation_part_put(api, id, &part).await?;
            txn.api_touch(api).await?;
            let audit = caller.audit("UpdateDocumentationPart", place(api, id));
            (DocumentationPartView::new(id.clone(), part), Some(audit))
        })?;
        Ok(answer)
    }

    /// Deletes a part; snapshots keep their own.
    ///
    /// # Errors
    /// When API or part are unknown.
    pub async fn documentation_part_delete(
        &self,
        caller: &Caller,
        api: &ApiId,
        id: &DocumentationPartId,
    ) -> Result<()> {
        transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await?;
            if !txn.documentation_part_delete(api, id).await? {
                Err(Error::not_found(Kind::DocumentationPart, id.as_str()))?;
            }
            txn.api_touch(api).await?;
            ((), Some(caller.audit("DeleteDocumentationPart", place(api, id))))
        })?;
        Ok(())
    }

    /// Writes imported parts in the caller's transaction, which holds the
    /// API's lock; answers their ids.
    pub(crate) async fn documentation_import_in(
        &self,
        txn: &mut Txn,
        api: &ApiId,
        parts: &[DocumentationPart],
        mode: DocumentationMode,
    ) -> Result<Vec<DocumentationPartId>> {
        parts.iter().try_for_each(check)?;
        let before = txn.documentation_parts_all(api).await?;
        let (after, ids) = documentation::import(&before, parts, mode, || {
            DocumentationPartId::new(self.new_id(6))
        });
        self.check_documentation_size(after.len())?;
        txn.documentation_parts_save(api, &before, &after).await?;
        Ok(ids)
    }

    /// Imports parts; answers their ids.
    ///
    /// # Errors
    /// When the API is unknown, or a location or content is not one.
    pub async fn documentation_part_import(
        &self,
        caller: &Caller,
        api: &ApiId,
        parts: &[DocumentationPart],
        mode: DocumentationMode,
    ) -> Result<Vec<DocumentationPartId>> {
        let (answer, _) = transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await?;
            let ids = self.documentation_import_in(&mut txn, api, parts, mode).await?;
            txn.api_touch(api).await?;
            let place = format!("restapis/{api}/documentation/parts");
            (ids, Some(caller.audit("ImportDocumentationParts", place)))
        })?;
        Ok(answer)
    }
}
