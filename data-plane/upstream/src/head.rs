//! The head of a request, written straight to the bytes that go out.

use http::{HeaderName, HeaderValue, Method, header};

/// A request's head under construction. Framing headers (`Content-Length`,
/// `Transfer-Encoding`) follow from the body and are written by the client;
/// given here they are left out.
#[derive(Debug)]
pub struct Head {
    pub(crate) bytes: Vec<u8>,
    /// The answer has no body whatever it says.
    pub(crate) is_head: bool,
    /// Doing it twice does no more than doing it once.
    pub(crate) is_idempotent: bool,
    /// A length was given: if there is no body, that is said.
    pub(crate) has_length: bool,
}

impl Head {
    /// Begins a head in a buffer that may have been used before.
    pub(crate) fn begin(mut bytes: Vec<u8>, method: &Method, path: &str) -> Self {
        bytes.clear();
        bytes.extend_from_slice(method.as_str().as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(if path.is_empty() { b"/" } else { path.as_bytes() });
        bytes.extend_from_slice(b" HTTP/1.1\r\n");
        Self {
            bytes,
            is_head: method == Method::HEAD,
            is_idempotent: method.is_idempotent(),
            has_length: false,
        }
    }

    /// Adds a header.
    pub fn header(&mut self, name: &HeaderName, value: &HeaderValue) {
        match *name {
            header::CONTENT_LENGTH => self.has_length = true,
            header::TRANSFER_ENCODING => {}
            _ => self.line(name.as_str().as_bytes(), &[value.as_bytes()]),
        }
    }

    /// Adds a header whose value comes in parts. A value that no header may
    /// have is left out, and its header with it.
    pub fn header_of(&mut self, name: &'static str, parts: &[&[u8]]) {
        let allowed = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
        if parts.iter().all(|part| part.iter().all(allowed)) {
            self.line(name.as_bytes(), parts);
        }
    }

    /// What has been written so far: the request line and a line for each
    /// header.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn line(&mut self, name: &[u8], parts: &[&[u8]]) {
        let out = &mut self.bytes;
        out.extend_from_slice(name);
        out.extend_from_slice(b": ");
        parts.iter().for_each(|part| out.extend_from_slice(part));
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_is_allowed() {
        let mut head = Head::begin(b"old".to_vec(), &Method::PUT, "");
        head.header(&header::ACCEPT, &HeaderValue::from_static("*/*"));
        head.header(&header::CONTENT_LENGTH, &HeaderValue::from_static("7"));
        head.header(&header::TRANSFER_ENCODING, &HeaderValue::from_static("chunked"));
        head.header_of("x-two", &[b"a", b", b"]);
        head.header_of("x-bad", &[b"a", b"\r\nevil: 1"]);
        let text = String::from_utf8_lossy(&head.bytes).into_owned();
        assert_eq!(text, "PUT / HTTP/1.1\r\naccept: */*\r\nx-two: a, b\r\n");
        assert!(head.has_length && head.is_idempotent && !head.is_head);
    }
}
