//! Addresses of AWS services in integrations:
//! `arn:{partition}:apigateway:{region}:{[subdomain.]service}:{action|path}/...`.
//!
//! Read when a deployment is compiled, or when a stage is bound if there are
//! stage variables in it; a request only fills in its `{name}` places.

use crate::{AwsProtocol, AwsService, LambdaTarget};

/// S3's actions that bucket, key and verb say everything of.
const S3_ACTIONS: [&str; 10] = [
    "CreateBucket",
    "DeleteBucket",
    "DeleteObject",
    "GetObject",
    "HeadBucket",
    "HeadObject",
    "ListBuckets",
    "ListObjects",
    "ListObjectsV2",
    "PutObject",
];

/// Why a text is no address of an AWS service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid AWS integration URI {uri:?}: {reason}")]
pub struct InvalidAwsUri {
    /// The URI, stage variables filled in.
    pub uri: String,
    /// What is wrong.
    pub reason: String,
}

/// An address of an AWS service.
#[derive(Debug, PartialEq, Eq)]
pub struct AwsUri {
    /// Such as `aws` or `aws-cn`.
    pub partition: Box<str>,
    /// The region that is called.
    pub region: Box<str>,
    /// Before the service's name in its host, if anything is.
    pub subdomain: Option<Box<str>>,
    /// The service.
    pub service: &'static AwsService,
    /// What is called there.
    pub call: AwsCall,
}

/// What an integration calls at a service.
#[derive(Debug, PartialEq, Eq)]
pub enum AwsCall {
    /// An action by name, with the parameters that the URI gives.
    Action {
        /// Such as `SendMessage`.
        name: Box<str>,
        /// Percent-encoded as the author wrote them.
        parameters: Box<[(Box<str>, AwsText)]>,
    },
    /// A path, with or without a query.
    Path(AwsText),
    /// A Lambda function.
    Lambda(LambdaTarget),
}

/// Text of a URI with `{name}` places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsText(Box<[Piece]>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(Box<str>),
    Place(Box<str>),
}

impl AwsUri {
    /// Reads a URI in which stage variables are filled in.
    ///
    /// # Errors
    /// It is of another form, or names a service that AWS does not have.
    pub fn parse(uri: &str) -> Result<Self, InvalidAwsUri> {
        Self::read(uri).map_err(|reason| InvalidAwsUri { uri: uri.to_owned(), reason })
    }

    fn read(uri: &str) -> Result<Self, String> {
        let mut parts = uri.splitn(6, ':');
        let mut next = || parts.next().unwrap_or_default();
        let (arn, partition, gateway, region, service, rest) =
            (next(), next(), next(), next(), next(), next());
        if arn != "arn" || gateway != "apigateway" || rest.is_empty() {
            return Err("it is not arn:aws:apigateway:{region}:{service}:{action|path}/...".into());
        }
        if !is_label(partition) {
            return Err(format!("{partition:?} is not a partition"));
        }
        if !is_label(region) {
            return Err(format!("{region:?} is not a region"));
        }
        if !service.split('.').all(is_label) {
            return Err(format!("{service:?} is not a service"));
        }
        let (subdomain, service) = AwsService::find_below(service).ok_or_else(|| {
            format!("AWS has no service {service:?}, or this build does not know it")
        })?;
        let call = match rest.split_once('/') {
            Some(("path", path)) if service.name == "lambda" => AwsCall::of_lambda(path, region)?,
            Some(("path", path)) => AwsCall::Path(AwsText::of_path(path)?),
            Some(("action", action)) => AwsCall::action(action, service)?,
            _ => return Err(format!("{rest:?} is neither action/ nor path/")),
        };
        let (partition, region) = (partition.into(), region.into());
        Ok(Self { partition, region, subdomain: subdomain.map(Into::into), service, call })
    }

    /// The names of its `{name}` places.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        let texts: Vec<&AwsText> = match &self.call {
            AwsCall::Action { parameters, .. } => parameters.iter().map(|(_, text)| text).collect(),
            AwsCall::Path(path) => vec![path],
            AwsCall::Lambda(_) => Vec::new(),
        };
        texts.into_iter().flat_map(AwsText::places)
    }

    /// Bytes on the heap.
    pub(crate) fn size_bytes(&self) -> usize {
        let call = match &self.call {
            AwsCall::Action { name, parameters } => {
                name.len()
                    + parameters.iter().map(|(name, v)| name.len() + v.size_bytes()).sum::<usize>()
            }
            AwsCall::Path(path) => path.size_bytes(),
            AwsCall::Lambda(target) => target.size_bytes(),
        };
        self.partition.len() + self.region.len() + call + 64
    }
}

impl AwsCall {
    /// `path/` of Lambda: an invocation of a function, or another call.
    fn of_lambda(path: &str, region: &str) -> Result<Self, String> {
        Ok(match LambdaTarget::of_path(path, region)? {
            Some(target) => Self::Lambda(target),
            None => Self::Path(AwsText::of_path(path)?),
        })
    }

    fn action(text: &str, service: &AwsService) -> Result<Self, String> {
        let (name, query) = match text.find(['&', '?']) {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(format!("{name:?} is not the name of an action"));
        }
        let pairs = query.split(['&', '?']).filter(|pair| !pair.is_empty());
        let parameters = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name =
                AwsText::parse(name)?.fixed().ok_or("a parameter's name has a place")?.into();
            Ok((name, AwsText::parse(value)?))
        });
        let parameters: Box<[_]> = parameters.collect::<Result<_, String>>()?;
        if service.protocol == AwsProtocol::Rest {
            return Self::path_of_action(name, &parameters, service).map(Self::Path);
        }
        Ok(Self::Action { name: name.into(), parameters })
    }

    /// Services without actions are called by path, which follows for those of
    /// S3 that need nothing but bucket and key.
    fn path_of_action(
        name: &str,
        parameters: &[(Box<str>, AwsText)],
        service: &AwsService,
    ) -> Result<AwsText, String> {
        if service.name != "s3" || !S3_ACTIONS.contains(&name) {
            let service = service.name;
            return Err(format!("{service} has no action {name}; use path/ with its REST API"));
        }
        let value = |wanted: &str| parameters.iter().find(|(name, _)| **name == *wanted);
        let mut pieces = Vec::new();
        for part in [value("Bucket"), value("Key")].into_iter().flatten() {
            pieces.push(Piece::Text("/".into()));
            pieces.extend_from_slice(&part.1.0);
        }
        if pieces.is_empty() {
            pieces.push(Piece::Text("/".into()));
        }
        let rest = parameters.iter().filter(|(name, _)| !matches!(&**name, "Bucket" | "Key"));
        let version = (name == "ListObjectsV2").then(|| Piece::Text("list-type=2".into()));
        let query = rest.map(|(name, value)| {
            let name = Piece::Text(format!("{name}=").into());
            std::iter::once(name).chain(value.0.iter().cloned()).collect::<Vec<_>>()
        });
        for (number, pair) in version.map(|piece| vec![piece]).into_iter().chain(query).enumerate()
        {
            pieces.push(Piece::Text(if number == 0 { "?" } else { "&" }.into()));
            pieces.extend(pair);
        }
        Ok(AwsText(pieces.into()))
    }
}

impl AwsText {
    /// Reads text with `{name}` places.
    fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            let (name, tail) = behind.split_once('}').ok_or("a { is not closed")?;
            push_text(&mut pieces, before)?;
            if name.is_empty() || name.contains('{') {
                return Err(format!("{{{name}}} is not a place"));
            }
            pieces.push(Piece::Place(name.into()));
            rest = tail;
        }
        push_text(&mut pieces, rest)?;
        Ok(Self(pieces.into()))
    }

    /// Reads the text behind `path/`. One slash begins it, however many are
    /// written.
    fn of_path(path: &str) -> Result<Self, String> {
        Self::parse(&format!("/{}", path.trim_start_matches('/')))
    }

    /// The text, if nothing is to be filled in.
    pub fn fixed(&self) -> Option<&str> {
        match &*self.0 {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The names of the places.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Place(name) => Some(&**name),
            Piece::Text(_) => None,
        })
    }

    /// The text with its places filled by `value`, which is percent-encoded
    /// for a path. `is_query` tells where the text begins. `None` if there is
    /// no value for a place.
    pub fn fill<'v>(
        &self,
        mut is_query: bool,
        value: impl Fn(&str) -> Option<&'v str>,
    ) -> Option<String> {
        let mut out = String::with_capacity(64);
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => {
                    is_query |= text.contains('?');
                    out.push_str(text);
                }
                Piece::Place(name) if is_query => {
                    // In a path these stand for themselves.
                    for c in value(name)?.chars() {
                        match c {
                            '&' => out.push_str("%26"),
                            '+' => out.push_str("%2B"),
                            '=' => out.push_str("%3D"),
                            other => out.push(other),
                        }
                    }
                }
                Piece::Place(name) => out.push_str(value(name)?),
            }
        }
        Some(out)
    }

    fn size_bytes(&self) -> usize {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) | Piece::Place(text) => text.len(),
        };
        size_of_val(&*self.0) + self.0.iter().map(text).sum::<usize>()
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) -> Result<(), String> {
    let illegal = |c: &char| !c.is_ascii_graphic() || "\"<>\\^`|}#".contains(*c);
    if let Some(c) = text.chars().find(illegal) {
        return Err(format!("illegal character {c:?}"));
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text.into()));
    }
    Ok(())
}

/// Whether a text is one part of a host name.
pub(crate) fn is_label(text: &str) -> bool {
    let fine = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    !text.is_empty() && text.len() <= 63 && text.bytes().all(fine)
}

#[cfg(test)]
mod tests;
