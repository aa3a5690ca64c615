//! Ids as types, so that a swapped argument does not compile.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps a text that is already known to be such an id.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The id as an owned text.
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }
    )*};
}

text_id! {
    /// An AWS-style account number, 12 digits. Configuration here.
    AccountId;
    /// A region name, such as `us-east-1`.
    Region;
    /// Ten characters of `[a-z0-9]`.
    ApiId;
    /// Ten characters for the root resource, six for all others.
    ResourceId;
    /// Six characters of `[a-z0-9]`.
    DeploymentId;
    /// `[A-Za-z0-9_-]{1,128}`.
    StageName;
    /// Alphanumeric; unique within an API.
    ModelName;
    /// Six characters of `[a-z0-9]`.
    AuthorizerId;
    /// Six characters of `[a-z0-9]`.
    ValidatorId;
    /// Six characters of `[a-z0-9]`.
    DocumentationPartId;
    /// The name of a snapshot of an API's documentation, chosen by its maker.
    DocumentationVersionName;
    /// The name under which a data-plane node joined the fleet.
    NodeId;
}

/// Account and region that own a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// The owning account.
    pub account: AccountId,
    /// The owning region.
    pub region: Region,
}

impl Scope {
    /// A scope from its two texts.
    pub fn new(account: impl Into<AccountId>, region: impl Into<Region>) -> Self {
        Self { account: account.into(), region: region.into() }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}
