//! Rows of methods.

use gw_model::{ApiId, HttpMethod, Method, ResourceId};
use sqlx::types::Json;

use crate::{Error, Txn, resource::verb};

impl Txn {
    /// Reads a method.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn method_fetch(
        &mut self,
        api: &ApiId,
        resource: &ResourceId,
        verb: HttpMethod,
    ) -> Result<Option<Method>, Error> {
        Ok(sqlx::query_scalar!(
            r#"SELECT definition AS "definition: Json<Method>" FROM methods
                WHERE api_id = $1 AND resource_id = $2 AND verb = $3"#,
            api.as_str(),
            resource.as_str(),
            verb.as_str(),
        )
        .fetch_optional(self.conn())
        .await?
        .map(|definition| definition.0))
    }

    /// Inserts a method that must not be there yet.
    ///
    /// # Errors
    /// When the resource has the verb already, or the database is gone.
    pub async fn method_insert(
        &mut self,
        api: &ApiId,
        resource: &ResourceId,
        verb: HttpMethod,
        method: &Method,
    ) -> Result<(), Error> {
        sqlx::query!(
            "INSERT INTO methods (api_id, resource_id, verb, definition) VALUES ($1, $2, $3, $4)",
            api.as_str(),
            resource.as_str(),
            verb.as_str(),
            Json(method) as _,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Inserts and replaces methods.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn methods_put(
        &mut self,
        api: &ApiId,
        methods: impl IntoIterator<Item = (&ResourceId, HttpMethod, &Method)>,
    ) -> Result<(), Error> {
        let (mut resources, mut verbs, mut definitions) = (vec![], vec![], vec![]);
        for (resource, verb, method) in methods {
            resources.push(resource.as_str().to_owned());
            verbs.push(verb.as_str().to_owned());
            let value = serde_json::to_value(method);
            definitions.push(value.map_err(|error| Error::corrupt("method", error))?);
        }
        if resources.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "INSERT INTO methods (api_id, resource_id, verb, definition)
             SELECT $1, t.* FROM unnest($2::text[], $3::text[], $4::jsonb[]) AS t
             ON CONFLICT ON CONSTRAINT methods_pkey DO UPDATE SET definition = excluded.definition",
            api.as_str(),
            &resources,
            &verbs,
            &definitions,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Deletes methods; tells how many there were.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn methods_delete(
        &mut self,
        api: &ApiId,
        methods: impl IntoIterator<Item = (&ResourceId, HttpMethod)>,
    ) -> Result<u64, Error> {
        let (resources, verbs): (Vec<String>, Vec<String>) = methods
            .into_iter()
            .map(|(resource, verb)| (resource.as_str().to_owned(), verb.as_str().to_owned()))
            .unzip();
        if resources.is_empty() {
            return Ok(0);
        }
        let gone = sqlx::query!(
            "DELETE FROM methods m USING unnest($2::text[], $3::text[]) AS k (resource_id, verb)
              WHERE m.api_id = $1 AND m.resource_id = k.resource_id AND m.verb = k.verb",
            api.as_str(),
            &resources,
            &verbs,
        )
        .execute(self.conn())
        .await?;
        Ok(gone.rows_affected())
    }

    /// Every method of an API with its place and path, by path and verb.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn methods_all(
        &mut self,
        api: &ApiId,
    ) -> Result<Vec<(ResourceId, String, HttpMethod, Method)>, Error> {
        // Joined here: the planner takes every API for a small one, and would
        // compare each method of a large one with each of its resources.
        let tree = self.resource_tree(api).await?;
        let placed = |(resource, verb, method): (ResourceId, _, _)| {
            let path = tree.get(&resource)?.path.clone();
            Some((resource, path, verb, method))
        };
        let mut methods: Vec<_> =
            self.methods_unplaced(api).await?.into_iter().filter_map(placed).collect();
        methods.sort_by(|a, b| (&a.1, a.2.as_str()).cmp(&(&b.1, b.2.as_str())));
        Ok(methods)
    }

    /// Every method of an API with its resource.
    pub(crate) async fn methods_unplaced(
        &mut self,
        api: &ApiId,
    ) -> Result<Vec<(ResourceId, HttpMethod, Method)>, Error> {
        let rows = sqlx::query!(
            r#"SELECT resource_id, verb, definition AS "definition: Json<Method>"
                 FROM methods WHERE api_id = $1"#,
            api.as_str(),
        )
        .fetch_all(self.conn())
        .await?;
        rows.into_iter()
            .map(|row| Ok((row.resource_id.into(), verb(&row.verb)?, row.definition.0)))
            .collect()
    }
}
