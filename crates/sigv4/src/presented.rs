//! What a request presents: the signature with its circumstances.

use percent_encoding::percent_decode_str;

use crate::{ALGORITHM, Credential, Error, Request, Timestamp};

/// Where the signature stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// In the `Authorization` header.
    Header,
    /// In the query, with the seconds for which it is valid.
    Query {
        /// `X-Amz-Expires`; `None` means the ordinary five minutes.
        expires: Option<u32>,
    },
}

/// A signature as presented, not judged yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// Who signed, and for what.
    pub credential: Credential,
    /// Where it stood.
    pub form: Form,
    /// When it was made.
    pub stamp: Timestamp,
    /// The session token, when one came along.
    pub security_token: Option<String>,
    /// Lower case, as listed.
    pub(crate) signed_headers: Vec<String>,
    /// Hex, as given.
    pub(crate) signature: String,
    /// `x-amz-content-sha256` of header or query, as given.
    pub(crate) payload: Option<String>,
}

/// Whether a request tries to authenticate by signature at all.
pub fn is_signed(request: &Request<'_>) -> bool {
    request.headers.contains_key(http::header::AUTHORIZATION) || has_query_form(request.query)
}

fn has_query_form(query: &str) -> bool {
    query.split('&').any(|pair| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        matches!(name, "X-Amz-Algorithm" | "X-Amz-Signature" | "X-Amz-Credential")
    })
}

impl Presented {
    /// Reads the signature of a request, in either form.
    ///
    /// # Errors
    /// [`Error::MissingAuthenticationToken`] when there is none, and
    /// [`Error::IncompleteSignature`] or [`Error::InvalidSignature`] when it
    /// is malformed, naming every part that is absent.
    pub fn parse(request: &Request<'_>) -> Result<Self, Error> {
        let presented = if request.headers.contains_key(http::header::AUTHORIZATION) {
            Self::from_header(request)?
        } else if has_query_form(request.query) {
            Self::from_query(request)?
        } else {
            return Err(Error::MissingAuthenticationToken);
        };
        presented.check_scope()?;
        Ok(presented)
    }

    fn from_header(request: &Request<'_>) -> Result<Self, Error> {
        let text = request.header("authorization").unwrap_or_default();
        let given = AuthorizationParts::parse(text)?;
        let date = request.header("x-amz-date").or_else(|| request.header("date"));
        let absent = |what: &str| format!("Authorization header requires '{what}' parameter.");
        let mut missing: Vec<String> = [
            ("Credential", given.credential),
            ("Signature", given.signature),
            ("SignedHeaders", given.signed_headers),
        ]
        .into_iter()
        .filter(|(_, value)| value.is_none_or(str::is_empty))
        .map(|(name, _)| absent(name))
        .collect();
        if date.is_none() {
            missing.push(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' \
                 header."
                    .to_owned(),
            );
        }
        let (Some(credential), Some(signature), Some(signed), Some(date), true) =
            (given.credential, given.signature, given.signed_headers, date, missing.is_empty())
        else {
            return Err(Error::IncompleteSignature(format!(
                "{} Authorization={text}",
                missing.join(" ")
            )));
        };
        Ok(Self {
            credential: Credential::parse(credential)?,
            form: Form::Header,
            stamp: Timestamp::parse_date_header(date).ok_or_else(|| bad_date(date))?,
            security_token: request.header("x-amz-security-token").map(str::to_owned),
            signed_headers: header_list(signed),
            signature: signature.to_owned(),
            payload: request.header("x-amz-content-sha256").map(str::to_owned),
        })
    }

    fn from_query(request: &Request<'_>) -> Result<Self, Error> {
        // Of two values, the one that was checked need not be the one used.
        for name in QUERY_NAMES {
            if query_values(request.query, name).nth(1).is_some() {
                return Err(Error::IncompleteSignature(format!(
                    "AWS query-string parameters must include '{name}' only once."
                )));
            }
        }
        let get = |name: &str| query_value(request.query, name);
        let mut missing = Vec::new();
        let mut need = |name: &str| {
            get(name).filter(|value| !value.is_empty()).unwrap_or_else(|| {
                missing.push(format!("AWS query-string parameters must include '{name}'."));
                String::new()
            })
        };
        let algorithm = need("X-Amz-Algorithm");
        let credential = need("X-Amz-Credential");
        let signature = need("X-Amz-Signature");
        let signed = need("X-Amz-SignedHeaders");
        let date = need("X-Amz-Date");
        if !missing.is_empty() {
            missing.push("Re-examine the query-string parameters.".to_owned());
            return Err(Error::IncompleteSignature(missing.join(" ")));
        }
        if algorithm != ALGORITHM {
            return Err(Error::IncompleteSignature(format!(
                "Unsupported AWS 'algorithm': '{algorithm}'."
            )));
        }
        let expires = match get("X-Amz-Expires") {
            None => None,
            Some(text) => Some(read_expires(&text)?),
        };
        Ok(Self {
            credential: Credential::parse(&credential)?,
            form: Form::Query { expires },
            stamp: Timestamp::parse_basic(&date).ok_or_else(|| bad_date(&date))?,
            security_token: get("X-Amz-Security-Token"),
            signed_headers: header_list(&signed),
            signature,
            payload: request
                .header("x-amz-content-sha256")
                .map(str::to_owned)
                .or_else(|| get("X-Amz-Content-Sha256")),
        })
    }

    /// What can be judged without a secret.
    fn check_scope(&self) -> Result<(), Error> {
        if !self.signed_headers.iter().any(|name| name == "host" || name == ":authority") {
            return Err(Error::InvalidSignature(
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
                    .to_owned(),
            ));
        }
        let day = self.stamp.day();
        if self.credential.date != day {
            return Err(Error::InvalidSignature(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date \
                 from HTTP: '{}' != '{day}', from '{}'.",
                self.credential.date, self.stamp
            )));
        }
        Ok(())
    }
}

/// The key=value pairs behind the algorithm.
#[derive(Default)]
struct AuthorizationParts<'a> {
    credential: Option<&'a str>,
    signature: Option<&'a str>,
    signed_headers: Option<&'a str>,
}

impl<'a> AuthorizationParts<'a> {
    fn parse(text: &'a str) -> Result<Self, Error> {
        let text = text.trim();
        let rest = match text.strip_prefix(ALGORITHM) {
            Some(rest) if rest.is_empty() || rest.starts_with([' ', ',']) => rest,
            // AWS names a foreign algorithm only if it begins like its own.
            _ if text.starts_with("AWS4-") => {
                let algorithm = text.split_ascii_whitespace().next().unwrap_or_default();
                return Err(Error::IncompleteSignature(format!(
                    "Unsupported AWS 'algorithm': '{algorithm}'."
                )));
            }
            _ => text,
        };
        let mut parts = Self::default();
        for pair in rest.split([',', ' ']).map(str::trim).filter(|pair| !pair.is_empty()) {
            let Some((name, value)) = pair.split_once('=') else {
                return Err(Error::IncompleteSignature(format!(
                    "'{pair}' not a valid key=value pair (missing equal-sign) in Authorization \
                     header: '{text}'."
                )));
            };
            match name {
                "Credential" => parts.credential = Some(value),
                "Signature" => parts.signature = Some(value),
                "SignedHeaders" => parts.signed_headers = Some(value),
                _ => {}
            }
        }
        Ok(parts)
    }
}

fn header_list(text: &str) -> Vec<String> {
    text.split(';').filter(|name| !name.is_empty()).map(str::to_ascii_lowercase).collect()
}

/// What the form in the query is made of.
const QUERY_NAMES: [&str; 8] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256",
];

fn query_value(query: &str, name: &str) -> Option<String> {
    query_values(query, name)
        .next()
        .map(|value| percent_decode_str(value).decode_utf8_lossy().into_owned())
}

/// Every value under a name, whichever of its letters are encoded.
fn query_values<'q>(query: &'q str, name: &'q str) -> impl Iterator<Item = &'q str> {
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(move |(key, _)| percent_decode_str(key).eq(name.bytes()))
        .map(|(_, value)| value)
}

fn read_expires(text: &str) -> Result<u32, Error> {
    const WEEK: u32 = 604_800;
    match text.parse::<u32>() {
        Ok(seconds) if seconds <= WEEK => Ok(seconds),
        Ok(_) => Err(Error::InvalidSignature(format!(
            "X-Amz-Expires must be less than a week in seconds; i.e. the given X-Amz-Expires must \
             be less than {WEEK} seconds"
        ))),
        Err(_) => Err(Error::InvalidSignature("X-Amz-Expires should be a number".to_owned())),
    }
}

fn bad_date(text: &str) -> Error {
    Error::IncompleteSignature(format!(
        "Date must be in ISO-8601 'basic format'. Got '{text}'. \
         See http://en.wikipedia.org/wiki/ISO_8601"
    ))
}
