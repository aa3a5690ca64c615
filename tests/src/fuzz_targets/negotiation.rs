//! What a non-proxy integration makes of content types: which template is
//! chosen, what is binary, what is converted, for requests and answers alike.

use std::borrow::Cow;

use bytes::Bytes;
use gw_model::{
    Api, ContentHandling, HttpMethod, Integration as Declared, IntegrationResponse,
    IntegrationType, Method, PassthroughBehavior, Resource, RestApi,
};
use gw_snapshot::{
    BinaryMediaTypes, GatewayError, Http, Inbound, Integration, Limits, MappedRequest, Outcome,
    Selector, Values, compile, joined,
};
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// What a template may take here: the text that it makes is bounded by it.
const OUTPUT: usize = 256 << 10;

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.template.steps = 20_000;
    limits.template.output_bytes = OUTPUT;
    limits
}

/// Lines that declare an integration; then lines of headers; then the client's
/// body; then the backend's. The parts stand apart by a line `%%`.
///
/// | line | declares |
/// | --- | --- |
/// | `binary TYPE` | a binary media type of the API |
/// | `template TYPE TEXT` | a request template |
/// | `map TARGET SOURCE` | a request parameter |
/// | `pass when_no_match`, `when_no_templates` or `never` | what goes through |
/// | `request binary` or `text` | the conversion of requests |
/// | `answer STATUS PATTERN` | an integration response |
/// | `render STATUS TYPE TEXT` | its template |
/// | `set STATUS NAME SOURCE` | its header |
/// | `convert STATUS binary` or `text` | its conversion |
/// | `client NAME VALUE`, `backend NAME VALUE`, `status N` | what comes |
///
/// # Panics
/// When mapping twice differs, goes beyond a bound, answers a status or a
/// header that it must not, or bytes do not survive being text.
pub fn negotiation(data: &[u8]) {
    let mut parts = Parts(data);
    let (declared, given) = (parts.text(), parts.text());
    let (body, answered) = (parts.bytes(), parts.bytes());
    let (integration, binary) = read(&declared);
    let client = Client::read(&given);
    let api = api(integration.clone(), &binary);
    let Ok(compiled) = compile(&Api::Rest(api), &limits()) else { return };
    let route = compiled.router().find("/").and_then(|found| {
        let resource = compiled.resource(found.resource)?;
        compiled.route(resource, HttpMethod::Post)
    });
    let Some((_, route)) = route else { panic!("the one route is there") };
    let Integration::Http(http) = &route.integration else { return };
    let mapped = request(http, &integration, &binary, &client, &body);
    answer(http, &client, &answered, &mapped.unwrap_or_default());
}

fn request(
    http: &Http,
    declared: &Declared,
    binary: &[String],
    client: &Client,
    body: &Bytes,
) -> Option<MappedRequest> {
    let inbound = Inbound { values: client, body };
    let mapped = http.request.apply(&inbound, None);
    assert_eq!(mapped, http.request.apply(&inbound, None), "mapping is a function");
    let mapped = match mapped {
        Ok(mapped) => mapped,
        Err(error) => {
            sound(&error);
            assert!([400, 415, 500].contains(&error.status.as_u16()), "{error:?}");
            return None;
        }
    };
    assert!(mapped.body.len() <= OUTPUT.max(3 * body.len() + 4), "{} bytes", mapped.body.len());
    for (name, _) in &mapped.headers {
        assert!(*name != header::CONTENT_LENGTH && *name != header::TRANSFER_ENCODING, "{name}");
        assert_eq!(mapped.headers.iter().filter(|(n, _)| n == name).count(), 1, "{name}");
    }
    for (_, value) in &mapped.path {
        assert!(value.bytes().all(|b| b.is_ascii_graphic() && b != b'?' && b != b'#'), "{value}");
    }
    let is_binary = BinaryMediaTypes::new(binary).of_content_type(client);
    if declared.request_templates.is_empty() && is_binary {
        use base64::Engine as _;
        let told = match declared.content_handling {
            Some(ContentHandling::ConvertToText) => {
                let engine = base64::engine::general_purpose::STANDARD;
                engine.decode(&mapped.body).expect("base64 of ours")
            }
            _ => mapped.body.to_vec(),
        };
        assert_eq!(told, body[..], "bytes survive");
    }
    Some(mapped)
}

fn answer(http: &Http, client: &Client, body: &Bytes, request: &MappedRequest) {
    let outcome = Outcome {
        values: client,
        status: client.status,
        headers: &client.backend,
        body,
        overrides: &request.overrides,
    };
    let selectors =
        [Selector::Status(client.status), Selector::Error(Some("oops")), Selector::Error(None)];
    for selector in selectors {
        let mapped = http.response.apply(selector, &outcome, None);
        assert_eq!(mapped, http.response.apply(selector, &outcome, None), "a function");
        match mapped {
            Err(error) => {
                sound(&error);
                assert_eq!(error.status.as_u16(), 500, "{error:?}");
            }
            Ok(mapped) => {
                assert!((100..600).contains(&mapped.status.as_u16()));
                assert!(mapped.body.len() <= OUTPUT.max(3 * body.len() + 4));
                let count =
                    |name: &HeaderName| mapped.headers.iter().filter(|(n, _)| n == name).count();
                assert_eq!(count(&header::CONTENT_TYPE), 1);
                for name in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION]
                {
                    assert_eq!(count(&name), 0, "{name}");
                }
            }
        }
    }
}

/// What a client is told holds nothing of the reason.
fn sound(error: &GatewayError) {
    assert!(error.message.as_ref().is_none_or(|text| text.len() < 4096), "{error:?}");
    if error.status.as_u16() == 500 {
        assert_eq!(error.message.as_deref(), Some("Internal server error"));
        assert!(error.log.is_some(), "the owner is told why");
    }
}

/// Cuts at lines `%%`.
struct Parts<'d>(&'d [u8]);

impl<'d> Parts<'d> {
    fn next(&mut self) -> &'d [u8] {
        let apart = super::template::APART.as_bytes();
        let at = self.0.windows(apart.len()).position(|window| window == apart);
        let (part, rest) = match at {
            Some(at) => (&self.0[..at], &self.0[at + apart.len()..]),
            None => (self.0, &[][..]),
        };
        self.0 = rest;
        part
    }

    fn text(&mut self) -> Cow<'d, str> {
        String::from_utf8_lossy(self.next())
    }

    fn bytes(&mut self) -> Bytes {
        Bytes::copy_from_slice(self.next())
    }
}

fn handling(word: &str) -> Option<ContentHandling> {
    match word {
        "binary" => Some(ContentHandling::ConvertToBinary),
        "text" => Some(ContentHandling::ConvertToText),
        _ => None,
    }
}

/// The integration that the lines declare, and the binary media types.
fn read(lines: &str) -> (Declared, Vec<String>) {
    let mut made = Declared::of_kind(IntegrationType::Http);
    made.uri = Some("http://h.example/".to_owned());
    made.http_method = Some("POST".to_owned());
    let mut binary = Vec::new();
    for line in lines.lines().take(64) {
        let mut words = line.splitn(4, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (kind, first) = (word(), word());
        let response = |made: &mut Declared, change: &dyn Fn(&mut IntegrationResponse)| {
            change(made.responses.entry(first.to_owned()).or_default());
        };
        match kind {
            "binary" => binary.push(first.to_owned()),
            "template" => {
                let text = line.splitn(3, ' ').nth(2).unwrap_or_default();
                made.request_templates.insert(first.to_owned(), Some(text.to_owned()));
            }
            "map" => {
                let source = line.splitn(3, ' ').nth(2).unwrap_or_default();
                let target = format!("integration.request.{first}");
                made.request_parameters.insert(target, source.to_owned());
            }
            "pass" => {
                made.passthrough_behavior = match first {
                    "never" => PassthroughBehavior::Never,
                    "when_no_templates" => PassthroughBehavior::WhenNoTemplates,
                    _ => PassthroughBehavior::WhenNoMatch,
                }
            }
            "request" => made.content_handling = handling(first),
            "answer" => {
                let pattern = line.splitn(3, ' ').nth(2).map(str::to_owned);
                response(&mut made, &|r| r.selection_pattern.clone_from(&pattern));
            }
            "render" => {
                let (media, text) = (word(), word());
                response(&mut made, &|r| {
                    r.response_templates.insert(media.to_owned(), Some(text.to_owned()));
                });
            }
            "set" => {
                let (name, source) = (word(), word());
                response(&mut made, &|r| {
                    let target = format!("method.response.header.{name}");
                    r.response_parameters.insert(target, source.to_owned());
                });
            }
            "convert" => {
                let how = handling(word());
                response(&mut made, &|r| r.content_handling = how);
            }
            _ => {}
        }
    }
    (made, binary)
}

fn api(integration: Declared, binary: &[String]) -> RestApi {
    let mut api = RestApi::new("abc".into(), "n");
    api.binary_media_types = binary.to_vec();
    let method = Method { integration: Some(integration), ..Method::default() };
    let root = Resource {
        parent_id: None,
        path_part: String::new(),
        path: "/".to_owned(),
        methods: [(HttpMethod::Post, method)].into(),
    };
    api.resources.insert("root".into(), root);
    api
}

/// A request's headers, and the backend's.
struct Client {
    headers: HeaderMap,
    backend: HeaderMap,
    status: u16,
}

impl Client {
    fn read(lines: &str) -> Self {
        let mut read = Self { headers: HeaderMap::new(), backend: HeaderMap::new(), status: 200 };
        for line in lines.lines().take(64) {
            let mut words = line.splitn(3, ' ');
            let (kind, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            if kind == "status" {
                read.status = name.parse().unwrap_or(200);
                continue;
            }
            let value = HeaderValue::from_str(words.next().unwrap_or_default());
            let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value) else { continue };
            match kind {
                "client" => drop(read.headers.append(name, value)),
                "backend" => drop(read.backend.append(name, value)),
                _ => {}
            }
        }
        read
    }
}

impl Values for Client {
    fn header(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.headers.get_all(name).iter().next_back()
    }

    fn header_list(&self, name: &HeaderName) -> Option<Cow<'_, str>> {
        joined(&self.headers, name)
    }

    fn headers(&self, each: &mut dyn FnMut(&str, &HeaderValue)) {
        self.headers.iter().for_each(|(name, value)| each(name.as_str(), value));
    }
}
