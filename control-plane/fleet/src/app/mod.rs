//! Between this crate and the use cases: [`AppBacking`] answers what the fleet
//! needs of the database, [`AppFleet`] what use cases need of the fleet.

mod backing;
mod fleet;

use gw_app::App;
use time::OffsetDateTime;

pub use self::{backing::AppBacking, fleet::AppFleet};
use crate::ca::{Ca, CaError, CaMaterial};

/// Why there is no CA.
#[derive(Debug, thiserror::Error)]
pub enum LoadCaError {
    /// The database, or the master key.
    #[error("the fleet's CA cannot be loaded")]
    App(#[from] gw_app::Error),
    /// Its material.
    #[error(transparent)]
    Ca(#[from] CaError),
}

/// The fleet's CA; the first replica that asks makes it.
///
/// # Errors
/// When the database is gone, the master key is another one, or what is
/// stored cannot be used.
pub async fn load_ca(app: &App) -> Result<Ca, LoadCaError> {
    let make = || {
        let made = CaMaterial::generate(OffsetDateTime::now_utc());
        let CaMaterial { certificate_der, key_der } = made.map_err(gw_app::Error::internal)?;
        Ok(gw_app::Ca { certificate_der, key_der: key_der.into() })
    };
    let stored = app.ca_load_or_create(make).await?;
    let material = CaMaterial {
        certificate_der: stored.certificate_der.clone(),
        key_der: stored.key_der.to_vec(),
    };
    Ok(Ca::open(&material)?)
}
