//! What can go wrong in a use case. It has never heard of HTTP: `gw-api`
//! alone decides on status codes and AWS's error types.

use std::fmt;

use gw_model::ReleaseNumber;

/// The kinds of thing that an id can fail to name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the lexicon explains the words")]
pub enum Kind {
    RestApi,
    Resource,
    Method,
    MethodResponse,
    Integration,
    IntegrationResponse,
    Model,
    RequestValidator,
    Authorizer,
    GatewayResponse,
    DocumentationPart,
    DocumentationVersion,
    Deployment,
    Stage,
    ApiKey,
    UsagePlan,
    PlanStage,
    DomainName,
    BasePathMapping,
    AccessAssociation,
    Certificate,
    ClientCertificate,
    VpcLink,
    VpcTarget,
    Release,
    Node,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RestApi => "REST API",
            Self::Resource => "resource",
            Self::Method => "method",
            Self::MethodResponse => "method response",
            Self::Integration => "integration",
            Self::IntegrationResponse => "integration response",
            Self::Model => "model",
            Self::RequestValidator => "request validator",
            Self::Authorizer => "authorizer",
            Self::GatewayResponse => "gateway response",
            Self::DocumentationPart => "documentation part",
            Self::DocumentationVersion => "documentation version",
            Self::Deployment => "deployment",
            Self::Stage => "stage",
            Self::ApiKey => "API key",
            Self::UsagePlan => "usage plan",
            Self::PlanStage => "API stage",
            Self::DomainName => "domain name",
            Self::BasePathMapping => "base path mapping",
            Self::AccessAssociation => "domain name access association",
            Self::Certificate => "certificate",
            Self::ClientCertificate => "client certificate",
            Self::VpcLink => "VPC link",
            Self::VpcTarget => "VPC target",
            Self::Release => "release",
            Self::Node => "node",
        })
    }
}

/// Why a use case did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The id names nothing in the caller's scope.
    #[error("{kind} {id} does not exist")]
    NotFound {
        /// What was looked for.
        kind: Kind,
        /// The id as it was given; for APIs without the account.
        id: String,
    },
    /// Something else already has the name, or uses the thing. The text is
    /// for the caller, AWS's words where AWS has some.
    #[error("{0}")]
    Conflict(String),
    /// The caller's fault, in AWS's words where AWS has some.
    #[error("{0}")]
    BadRequest(String),
    /// Another writer was in the way, again and again.
    #[error("Unable to complete operation due to concurrent modification. Please try again later.")]
    Contended(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The stage moved on since the caller read it.
    #[error("stage is at release {actual}, not {expected}")]
    Stale {
        /// The release that the caller named.
        expected: ReleaseNumber,
        /// The stage's desired release.
        actual: ReleaseNumber,
    },
    /// A limit of the installation.
    #[error("{0}")]
    LimitExceeded(String),
    /// A node found the release's content at fault; it was committed nowhere.
    #[error("release {release} was rejected by node {node}: {reason}")]
    Rejected {
        /// The release.
        release: ReleaseNumber,
        /// The node.
        node: String,
        /// Its reason.
        reason: String,
    },
    /// Unknown or switched-off credentials; says no more on purpose.
    #[error("credentials are not valid")]
    Unauthenticated,
    /// No node did what only a node can do.
    #[error("{0}")]
    NoNode(String),
    /// The database cannot be reached; try again in a moment.
    #[error("the database cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Our fault. The chain is for the log, never for the caller.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// An id that names nothing.
    pub fn not_found(kind: Kind, id: impl Into<String>) -> Self {
        Self::NotFound { kind, id: id.into() }
    }

    /// A fault of the caller.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::BadRequest(message.into())
    }

    /// A fault of ours, with what it came from.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }
}

impl From<gw_store::Error> for Error {
    /// Constraint names tell what a write ran into.
    fn from(error: gw_store::Error) -> Self {
        use gw_store::Error as Store;
        match error {
            Store::Unavailable(_) => Self::Unavailable(Box::new(error)),
            Store::Retry(_) => Self::Contended(Box::new(error)),
            Store::InvalidText => {
                Self::bad_request("Invalid request input: the character U+0000 is not allowed")
            }
            // As when it is met without a race: AWS's exception is no conflict.
            Store::Taken { ref constraint } if constraint == "domain_names_pkey" => {
                Self::bad_request("The domain name you provided already exists.")
            }
            Store::Taken { ref constraint } => match taken(constraint) {
                Some(message) => Self::Conflict(message.to_owned()),
                None => Self::internal(error),
            },
            Store::Corrupt { .. } | Store::Database(_) | Store::Migration(_) => {
                Self::internal(error)
            }
        }
    }
}

/// What a caller is told when a unique constraint is hit.
fn taken(constraint: &str) -> Option<&'static str> {
    Some(match constraint {
        "api_keys_value_key" => "API Key already exists",
        "methods_pkey" => "Method already exists for this resource",
        "models_pkey" => "Model name already exists for this REST API",
        "stages_name_key" => "Stage already exists",
        "resources_sibling_key" => "Another resource with the same parent already has this name",
        "base_path_mappings_pkey" => "Base path already exists for this domain name",
        "domain_access_associations_pkey" => "The domain name access association already exists",
        "rest_apis_pkey" => "Another API already has this id",
        _ => return None,
    })
}
