//! Rows of models, request validators, authorizers and gateway responses:
//! four tables of one shape.

use std::collections::BTreeMap;

use gw_model::{
    ApiId, Authorizer, AuthorizerId, GatewayResponse, GatewayResponseType, Model, ModelName,
    RequestValidator, ValidatorId,
};
use sqlx::types::Json;

use crate::{Error, Txn};

/// Queries of one table; the texts are literal so that each is checked.
macro_rules! part {
    (
        $all:ident = $all_sql:literal, $fetch:ident = $fetch_sql:literal,
        $put:ident = $put_sql:literal, $delete:ident = $delete_sql:literal, $key:ty, $value:ty, $what:literal
    ) => {
        impl Txn {
            #[doc = concat!("Every ", $what, " of an API.")]
            ///
            /// # Errors
            /// When the database is gone.
            pub async fn $all(&mut self, api: &ApiId) -> Result<BTreeMap<$key, $value>, Error> {
                let rows = sqlx::query!($all_sql, api.as_str()).fetch_all(self.conn()).await?;
                rows.into_iter()
                    .map(|row| {
                        let value = serde_json::from_value(row.definition)
                            .map_err(|error| Error::corrupt($what, error))?;
                        Ok((part_key(row.key)?, value))
                    })
                    .collect()
            }

            #[doc = concat!("Reads one ", $what, ".")]
            ///
            /// # Errors
            /// When the database is gone.
            pub async fn $fetch(
                &mut self,
                api: &ApiId,
                key: &$key,
            ) -> Result<Option<$value>, Error> {
                let row = sqlx::query!($fetch_sql, api.as_str(), key_text(key))
                    .fetch_optional(self.conn())
                    .await?;
                row.map(|row| serde_json::from_value(row.definition))
                    .transpose()
                    .map_err(|error| Error::corrupt($what, error))
            }

            #[doc = concat!("Inserts or replaces a ", $what, ".")]
            ///
            /// # Errors
            /// When the database is gone.
            pub async fn $put(
                &mut self,
                api: &ApiId,
                key: &$key,
                value: &$value,
            ) -> Result<(), Error> {
                sqlx::query!($put_sql, api.as_str(), key_text(key), Json(value) as _)
                    .execute(self.conn())
                    .await?;
                Ok(())
            }

            #[doc = concat!("Deletes a ", $what, "; false if there was none.")]
            ///
            /// # Errors
            /// When the database is gone.
            pub async fn $delete(&mut self, api: &ApiId, key: &$key) -> Result<bool, Error> {
                let gone = sqlx::query!($delete_sql, api.as_str(), key_text(key))
                    .execute(self.conn())
                    .await?;
                Ok(gone.rows_affected() > 0)
            }
        }
    };
}

/// A key as the text that its column holds.
trait PartKey: Sized {
    fn text(&self) -> &str;
    fn parse(text: String) -> Result<Self, Error>;
}

macro_rules! text_key {
    ($($key:ty),*) => {$(
        impl PartKey for $key {
            fn text(&self) -> &str {
                self.as_str()
            }

            fn parse(text: String) -> Result<Self, Error> {
                Ok(Self::new(text))
            }
        }
    )*};
}

text_key!(ModelName, ValidatorId, AuthorizerId);

impl PartKey for GatewayResponseType {
    fn text(&self) -> &str {
        self.as_str()
    }

    fn parse(text: String) -> Result<Self, Error> {
        text.parse().map_err(|error: gw_model::gateway_response::InvalidGatewayResponseType| {
            Error::corrupt("gateway response type", error)
        })
    }
}

fn key_text(key: &impl PartKey) -> &str {
    key.text()
}

fn part_key<K: PartKey>(text: String) -> Result<K, Error> {
    K::parse(text)
}

part!(
    models_all = "SELECT name AS key, definition FROM models WHERE api_id = $1",
    model_fetch = "SELECT definition FROM models WHERE api_id = $1 AND name = $2",
    model_put = "INSERT INTO models (api_id, name, definition) VALUES ($1, $2, $3)
        ON CONFLICT ON CONSTRAINT models_pkey DO UPDATE SET definition = excluded.definition",
    model_delete = "DELETE FROM models WHERE api_id = $1 AND name = $2",
    ModelName,
    Model,
    "model"
);

part!(
    validators_all = "SELECT id AS key, definition FROM request_validators WHERE api_id = $1",
    validator_fetch = "SELECT definition FROM request_validators WHERE api_id = $1 AND id = $2",
    validator_put = "INSERT INTO request_validators (api_id, id, definition) VALUES ($1, $2, $3)
        ON CONFLICT ON CONSTRAINT request_validators_pkey
        DO UPDATE SET definition = excluded.definition",
    validator_delete = "DELETE FROM request_validators WHERE api_id = $1 AND id = $2",
    ValidatorId,
    RequestValidator,
    "request validator"
);

part!(
    authorizers_all = "SELECT id AS key, definition FROM authorizers WHERE api_id = $1",
    authorizer_fetch = "SELECT definition FROM authorizers WHERE api_id = $1 AND id = $2",
    authorizer_put = "INSERT INTO authorizers (api_id, id, definition) VALUES ($1, $2, $3)
        ON CONFLICT ON CONSTRAINT authorizers_pkey DO UPDATE SET definition = excluded.definition",
    authorizer_delete = "DELETE FROM authorizers WHERE api_id = $1 AND id = $2",
    AuthorizerId,
    Authorizer,
    "authorizer"
);

part!(
    gateway_responses_all =
        "SELECT kind AS key, definition FROM gateway_responses WHERE api_id = $1",
    gateway_response_fetch =
        "SELECT definition FROM gateway_responses WHERE api_id = $1 AND kind = $2",
    gateway_response_put =
        "INSERT INTO gateway_responses (api_id, kind, definition) VALUES ($1, $2, $3)
        ON CONFLICT ON CONSTRAINT gateway_responses_pkey
        DO UPDATE SET definition = excluded.definition",
    gateway_response_delete = "DELETE FROM gateway_responses WHERE api_id = $1 AND kind = $2",
    GatewayResponseType,
    GatewayResponse,
    "gateway response"
);
