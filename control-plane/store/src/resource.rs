//! Rows of the resource tree.

use std::{collections::BTreeMap, str::FromStr};

use gw_model::{ApiId, HttpMethod, Method, Resource, ResourceId};
use sqlx::types::Json;

use crate::{Error, Txn};

/// A resource with its id and methods.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceRow {
    /// Its id.
    pub id: ResourceId,
    /// The resource.
    pub resource: Resource,
}

pub(crate) fn verb(text: &str) -> Result<HttpMethod, Error> {
    HttpMethod::from_str(text).map_err(|error| Error::corrupt("verb", error))
}

impl Txn {
    /// Reads resources of an API with their methods, by id, after `after`.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn resource_list(
        &mut self,
        api: &ApiId,
        after: &str,
        limit: i64,
    ) -> Result<Vec<ResourceRow>, Error> {
        let rows = sqlx::query!(
            "SELECT id, parent_id, path_part, path FROM resources
              WHERE api_id = $1 AND id > $2 ORDER BY id LIMIT $3",
            api.as_str(),
            after,
            limit,
        )
        .fetch_all(self.conn())
        .await?;
        let mut methods = match (rows.first(), rows.last()) {
            (Some(first), Some(last)) => self.methods_of(api, &first.id, &last.id).await?,
            _ => BTreeMap::new(),
        };
        Ok(rows
            .into_iter()
            .map(|row| ResourceRow {
                resource: Resource {
                    parent_id: row.parent_id.map(ResourceId::new),
                    path_part: row.path_part,
                    path: row.path,
                    methods: methods.remove(&row.id).unwrap_or_default(),
                },
                id: row.id.into(),
            })
            .collect())
    }

    /// The methods of the resources from one id to another: a range of the
    /// index, whatever the planner takes the API for.
    async fn methods_of(
        &mut self,
        api: &ApiId,
        first: &str,
        last: &str,
    ) -> Result<BTreeMap<String, BTreeMap<HttpMethod, Method>>, Error> {
        let rows = sqlx::query!(
            r#"SELECT resource_id, verb, definition AS "definition: Json<Method>"
                 FROM methods WHERE api_id = $1 AND resource_id BETWEEN $2 AND $3"#,
            api.as_str(),
            first,
            last,
        )
        .fetch_all(self.conn())
        .await?;
        let mut methods = BTreeMap::<_, BTreeMap<_, _>>::new();
        for row in rows {
            let of = methods.entry(row.resource_id).or_default();
            of.insert(verb(&row.verb)?, row.definition.0);
        }
        Ok(methods)
    }

    /// Reads one resource with its methods.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn resource_fetch(
        &mut self,
        api: &ApiId,
        id: &ResourceId,
    ) -> Result<Option<ResourceRow>, Error> {
        let row = sqlx::query!(
            "SELECT parent_id, path_part, path FROM resources WHERE api_id = $1 AND id = $2",
            api.as_str(),
            id.as_str(),
        )
        .fetch_optional(self.conn())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let mut methods = self.methods_of(api, id.as_str(), id.as_str()).await?;
        let resource = Resource {
            parent_id: row.parent_id.map(ResourceId::new),
            path_part: row.path_part,
            path: row.path,
            methods: methods.remove(id.as_str()).unwrap_or_default(),
        };
        Ok(Some(ResourceRow { id: id.clone(), resource }))
    }

    /// The whole tree of an API, without methods: id -> resource.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn resource_tree(
        &mut self,
        api: &ApiId,
    ) -> Result<BTreeMap<ResourceId, Resource>, Error> {
        let rows = sqlx::query!(
            "SELECT id, parent_id, path_part, path FROM resources WHERE api_id = $1",
            api.as_str(),
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let resource = Resource {
                    parent_id: row.parent_id.map(ResourceId::new),
                    path_part: row.path_part,
                    path: row.path,
                    methods: BTreeMap::new(),
                };
                (row.id.into(), resource)
            })
            .collect())
    }

    /// Reads a resource's place, without its methods.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn resource_place(
        &mut self,
        api: &ApiId,
        id: &ResourceId,
    ) -> Result<Option<Resource>, Error> {
        let row = sqlx::query!(
            "SELECT parent_id, path_part, path FROM resources WHERE api_id = $1 AND id = $2",
            api.as_str(),
            id.as_str(),
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(row.map(|row| Resource {
            parent_id: row.parent_id.map(ResourceId::new),
            path_part: row.path_part,
            path: row.path,
            methods: BTreeMap::new(),
        }))
    }

    /// What stands in the way of a new child: siblings of its name, and those
    /// with a variable, however many others there are. With them, how many
    /// resources the API has in all.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn resource_rivals(
        &mut self,
        api: &ApiId,
        parent: &ResourceId,
        part: &str,
    ) -> Result<(Vec<String>, i64), Error> {
        // Two lookups in the index of siblings; "|" is the character after "{".
        let rivals = sqlx::query_scalar!(
            r#"SELECT path_part FROM resources
                WHERE api_id = $1 AND parent_id = $2 AND path_part = $3
               UNION
               SELECT path_part FROM resources
                WHERE api_id = $1 AND parent_id = $2
                  AND path_part COLLATE "C" >= '{' AND path_part COLLATE "C" < '|'"#,
            api.as_str(),
            parent.as_str(),
            part,
        )
        .fetch_all(self.conn())
        .await?;
        let count = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM resources WHERE api_id = $1"#,
            api.as_str()
        )
        .fetch_one(self.conn())
        .await?;
        Ok((rivals.into_iter().flatten().collect(), count))
    }

    /// Inserts and updates places in the tree; methods stay as they are.
    ///
    /// # Errors
    /// When two siblings would have one name, or the database is gone.
    pub async fn resources_put(
        &mut self,
        api: &ApiId,
        resources: impl IntoIterator<Item = (&ResourceId, &Resource)>,
    ) -> Result<(), Error> {
        let (mut ids, mut parents, mut parts, mut paths) = (vec![], vec![], vec![], vec![]);
        for (id, resource) in resources {
            ids.push(id.as_str().to_owned());
            parents.push(resource.parent_id.as_ref().map(|id| id.as_str().to_owned()));
            parts.push(resource.path_part.clone());
            paths.push(resource.path.clone());
        }
        if ids.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "INSERT INTO resources (api_id, id, parent_id, path_part, path)
             SELECT $1, t.* FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS t
             ON CONFLICT ON CONSTRAINT resources_pkey DO UPDATE
                SET parent_id = excluded.parent_id, path_part = excluded.path_part,
                    path = excluded.path",
            api.as_str(),
            &ids,
            &parents as _,
            &parts,
            &paths,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Deletes resources with everything below them.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn resources_delete(&mut self, api: &ApiId, ids: &[String]) -> Result<(), Error> {
        if !ids.is_empty() {
            sqlx::query!(
                "DELETE FROM resources WHERE api_id = $1 AND id = ANY ($2)",
                api.as_str(),
                ids
            )
            .execute(self.conn())
            .await?;
        }
        Ok(())
    }
}
