//! HTTP/1 by the letter: what a parser without any laxness reads in a stream.

/// A request whose head is beyond doubt.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) method: String,
    /// The target as sent.
    pub(super) target: String,
    /// `None` if it is cut short or malformed; nothing follows then.
    pub(super) body: Option<Vec<u8>>,
}

/// The requests of a stream, up to the first that is not beyond doubt.
pub(super) fn messages(mut stream: &[u8]) -> Vec<Message> {
    let mut found = Vec::new();
    loop {
        // One empty line too many is no doubt.
        stream = stream.strip_prefix(b"\r\n").unwrap_or(stream);
        let Some((message, rest)) = message(stream) else { return found };
        let complete = message.body.is_some();
        found.push(message);
        if !complete {
            return found;
        }
        stream = rest;
    }
}

fn message(stream: &[u8]) -> Option<(Message, &[u8])> {
    let (first, mut rest) = line(stream)?;
    let first = std::str::from_utf8(first).ok()?;
    let parts: Vec<&str> = first.split(' ').collect();
    let [method, target, version @ ("HTTP/1.0" | "HTTP/1.1")] = *parts.as_slice() else {
        return None;
    };
    let (mut hosts, mut length, mut chunked) = (0, None, false);
    loop {
        let (header, behind) = line(rest)?;
        rest = behind;
        if header.is_empty() {
            break;
        }
        let colon = header.iter().position(|b| *b == b':')?;
        let (name, value) =
            (header[..colon].to_ascii_lowercase(), header[colon + 1..].trim_ascii());
        if name.is_empty() || name.iter().any(|b| *b <= b' ' || *b == 0x7f) || value.contains(&0) {
            return None;
        }
        match name.as_slice() {
            b"host" => hosts += 1,
            b"content-length" if length.is_none() => length = Some(decimal(value)?),
            b"content-length" => return None,
            b"transfer-encoding" if !chunked && value.eq_ignore_ascii_case(b"chunked") => {
                chunked = true;
            }
            b"transfer-encoding" => return None,
            _ => {}
        }
    }
    if hosts > 1 || (chunked && (length.is_some() || version == "HTTP/1.0")) {
        return None;
    }
    let body = match (chunked, length.unwrap_or(0)) {
        (true, _) => chunks(rest),
        (false, length) => rest.split_at_checked(length).map(|(body, rest)| (body.to_vec(), rest)),
    };
    let (method, target) = (method.to_owned(), target.to_owned());
    Some(match body {
        Some((body, rest)) => (Message { method, target, body: Some(body) }, rest),
        None => (Message { method, target, body: None }, &[]),
    })
}

/// A line that ends in CR LF and holds neither elsewhere.
fn line(stream: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = stream.windows(2).position(|pair| pair == b"\r\n")?;
    let line = &stream[..end];
    (!line.contains(&b'\r') && !line.contains(&b'\n')).then_some((line, &stream[end + 2..]))
}

fn decimal(value: &[u8]) -> Option<usize> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    // A length beyond any stream is as good as infinite.
    digits.then(|| std::str::from_utf8(value).ok()?.parse().ok().or(Some(usize::MAX)))?
}

fn chunks(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut body = Vec::new();
    loop {
        let (size, behind) = line(rest)?;
        let digits = size.iter().position(|b| !b.is_ascii_hexdigit()).unwrap_or(size.len());
        if !(size[digits..].is_empty() || size[digits] == b';') {
            return None;
        }
        let size = usize::from_str_radix(std::str::from_utf8(&size[..digits]).ok()?, 16).ok()?;
        if size == 0 {
            rest = behind;
            break;
        }
        let (chunk, behind) = behind.split_at_checked(size)?;
        body.extend_from_slice(chunk);
        rest = behind.strip_prefix(b"\r\n")?;
    }
    loop {
        let (trailer, behind) = line(rest)?;
        rest = behind;
        if trailer.is_empty() {
            return Some((body, rest));
        }
        if !trailer.contains(&b':') || trailer[0] <= b' ' {
            return None;
        }
    }
}
