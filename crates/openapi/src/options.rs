//! What the caller of an import may choose.

use gw_model::EndpointType;

/// AWS's limit of an imported document: 6 MB.
pub const AWS_MAX_DOCUMENT_BYTES: usize = 6 * 1024 * 1024;

/// The most that is read at all, also with adaptation.
pub const MAX_DOCUMENT_BYTES: usize = 64 * 1024 * 1024;

/// The most values (scalars, lists, maps) that a document may unfold to.
/// It bounds what YAML aliases can do.
pub const MAX_DOCUMENT_VALUES: usize = 4_000_000;

/// What becomes of the document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// A new API: `ImportRestApi`.
    #[default]
    Create,
    /// `PutRestApi` with `mode=merge`, AWS's default there.
    Merge,
    /// `PutRestApi` with `mode=overwrite`.
    Overwrite,
}

/// What becomes of the document's base path: the query parameter `basepath`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BasePath {
    /// Left out of the resources.
    #[default]
    Ignore,
    /// All of it precedes every path.
    Prepend,
    /// Its first part is dropped (it plays the stage), the rest precedes every path.
    Split,
}

impl std::str::FromStr for BasePath {
    type Err = InvalidBasePath;

    fn from_str(text: &str) -> Result<Self, InvalidBasePath> {
        match text.to_ascii_lowercase().as_str() {
            "ignore" => Ok(Self::Ignore),
            "prepend" => Ok(Self::Prepend),
            "split" => Ok(Self::Split),
            _ => Err(InvalidBasePath(text.to_owned())),
        }
    }
}

/// A `basepath` that is none of the three.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid basepath '{0}' specified. Valid options are ignore,prepend,split")]
pub struct InvalidBasePath(pub String);

/// The values of the document variables `${AWS::AccountId}`,
/// `${AWS::Region}` and `${AWS::Partition}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variables {
    /// The account that imports.
    pub account_id: String,
    /// The region of the call.
    pub region: String,
    /// `aws` unless configured otherwise.
    pub partition: String,
}

/// `gatewright=adapt`: change what AWS would refuse, and report each change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adapt {
    /// The base address of operations without an integration. It replaces the
    /// document's server, path included.
    pub backend: Option<String>,
}

/// All choices of one import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// New, merged or overwriting; only what counts as an unknown reference
    /// depends on it (a merge may refer to what the API already has).
    pub mode: Mode,
    /// The query parameter `basepath`.
    pub base_path: BasePath,
    /// The query parameter `endpointConfigurationTypes`.
    pub endpoint_type: Option<EndpointType>,
    /// The query parameter `failonwarnings`.
    pub fail_on_warnings: bool,
    /// The query parameter `ignore=documentation`.
    pub ignore_documentation: bool,
    /// Absent: the document's variables stay as they are.
    pub variables: Option<Variables>,
    /// A larger document is a fault, reported with all others.
    pub max_bytes: usize,
    /// Absent: AWS's rules as they are.
    pub adapt: Option<Adapt>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mode: Mode::Create,
            base_path: BasePath::Ignore,
            endpoint_type: None,
            fail_on_warnings: false,
            ignore_documentation: false,
            variables: None,
            max_bytes: AWS_MAX_DOCUMENT_BYTES,
            adapt: None,
        }
    }
}

impl Options {
    /// The options of `gatewright=adapt`; AWS's size limit does not apply.
    pub fn adapting(backend: Option<String>) -> Self {
        Self { max_bytes: MAX_DOCUMENT_BYTES, adapt: Some(Adapt { backend }), ..Self::default() }
    }
}
