//! What is checked of a parsed request before anyone else sees it.

use http::{HeaderValue, Method, Request, Version, header, uri::Authority};

/// Refuses a request whose host could be read in two ways, and gives every
/// other one a `Host` header: after this, `Host` alone says where it goes.
pub(crate) fn vet<B>(request: &mut Request<B>) -> Result<(), ()> {
    if request.method() == Method::CONNECT {
        return Err(());
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(());
    }
    if let Some(host) = host
        && !is_host(host.as_bytes())
    {
        return Err(());
    }
    match (request.uri().authority(), host) {
        (Some(authority), Some(host)) => same(authority, host),
        (Some(authority), None) if request.version() == Version::HTTP_2 => {
            let text = authority.as_str();
            let value = HeaderValue::from_str(text).map_err(|_| ())?;
            if !is_host(text.as_bytes()) {
                return Err(());
            }
            request.headers_mut().insert(header::HOST, value);
            Ok(())
        }
        // HTTP/1.1 demands the header even beside an absolute address; HTTP/1.0
        // knew neither.
        (_, None) if request.version() != Version::HTTP_10 => Err(()),
        (Some(_), None) => Err(()),
        (None, _) => Ok(()),
    }
}

fn same(authority: &Authority, host: &HeaderValue) -> Result<(), ()> {
    if authority.as_str().as_bytes().eq_ignore_ascii_case(host.as_bytes()) {
        Ok(())
    } else {
        Err(())
    }
}

/// A name or address with an optional port. An empty value is allowed by HTTP
/// but names nothing that we serve.
fn is_host(value: &[u8]) -> bool {
    let (host, port) = match value {
        [b'[', rest @ ..] => {
            let Some(end) = memchr::memchr(b']', rest) else { return false };
            let address = &rest[..end];
            let fine = address.iter().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'));
            if address.is_empty() || !fine {
                return false;
            }
            match &rest[end + 1..] {
                [] => return true,
                [b':', port @ ..] => (address, port),
                _ => return false,
            }
        }
        _ => match memchr::memchr(b':', value) {
            Some(colon) => (&value[..colon], &value[colon + 1..]),
            None => (value, &[][..]),
        },
    };
    let bracketed = value.first() == Some(&b'[');
    let named = bracketed
        || host.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    let number = port.len() <= 5 && port.iter().all(u8::is_ascii_digit);
    !host.is_empty() && host.len() <= 255 && named && number
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn check(version: Version, uri: &str, hosts: &[&str], expected: Result<&str, ()>) {
        let mut request = Request::builder().version(version).uri(uri);
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        let mut request = request.body(()).unwrap();
        let got = vet(&mut request).map(|()| {
            request.headers().get(header::HOST).map_or("", |host| host.to_str().unwrap())
        });
        assert_eq!(got, expected, "{version:?} {uri} {hosts:?}");
    }

    #[test]
    fn hosts() {
        use Version as V;
        check(V::HTTP_11, "/", &["a.example"], Ok("a.example"));
        check(V::HTTP_11, "/", &["a:8080"], Ok("a:8080"));
        check(V::HTTP_11, "/", &["[::1]:80"], Ok("[::1]:80"));
        check(V::HTTP_11, "/", &["[::1]"], Ok("[::1]"));
        check(V::HTTP_11, "/", &[], Err(()));
        check(V::HTTP_10, "/", &[], Ok(""));
        check(V::HTTP_11, "/", &["a", "a"], Err(()));
        check(V::HTTP_11, "/", &["a", "b"], Err(()));
        for bad in [
            "", ":80", "a b", "a,b", "a/b", "u@a", "a:b", "a:123456", "[::1", "[::1]x", "[]",
            "a\\b", "a?b",
        ] {
            check(V::HTTP_11, "/", &[bad], Err(()));
        }
        check(V::HTTP_11, "http://a/", &["a"], Ok("a"));
        check(V::HTTP_11, "http://A:1/", &["a:1"], Ok("a:1"));
        check(V::HTTP_11, "http://a/", &["b"], Err(()));
        check(V::HTTP_11, "http://a/", &[], Err(()));
        check(V::HTTP_2, "http://a/", &[], Ok("a"));
        check(V::HTTP_2, "http://u@a/", &[], Err(()));
        check(V::HTTP_2, "http://a/", &["b"], Err(()));
        check(V::HTTP_2, "/", &[], Err(()));
    }

    #[test]
    fn tunnels_are_refused() {
        let mut request =
            Request::builder().method("CONNECT").uri("a:1").header("host", "a:1").body(()).unwrap();
        assert!(vet(&mut request).is_err());
    }
}
