//! The two paths of an event.

/// A path in two pieces that stand behind each other, so that none is copied.
pub type Pieces<'a> = [&'a str; 2];

/// `path` and `requestContext.path`; both keep their percent-encoding and
/// their slash at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paths<'a> {
    /// Without the stage.
    pub path: Pieces<'a>,
    /// With the stage, or on a custom domain as the client sent it.
    pub context: &'a str,
}

impl<'a> Paths<'a> {
    /// On an API's own host: `sent` is `/{stage}/...`, the part behind the
    /// stage starts at `behind_stage`. Slashes before the stage count once in
    /// both paths, those right behind it only in `path`.
    pub fn of_default_host(sent: &'a str, behind_stage: usize) -> Self {
        let path = sent.get(behind_stage..).unwrap_or_default();
        Self { path: [collapse(path), ""], context: collapse(sent) }
    }

    /// On a custom domain: base path and all. Where the mapping names no stage
    /// and the path does, `stage` is where that segment begins, its slash
    /// included, and where it ends.
    pub fn of_domain(sent: &'a str, stage: Option<(usize, usize)>) -> Self {
        let whole = collapse(sent);
        let cut = stage.and_then(|(begin, end)| Some((sent.get(..begin)?, sent.get(end..)?)));
        let path = match cut {
            None => [whole, ""],
            Some((base, behind)) if base.trim_matches('/').is_empty() => [collapse(behind), ""],
            Some((base, behind)) => [collapse(base), behind],
        };
        Self { path, context: whole }
    }
}

/// The path with one slash in front; an empty one is `/`.
fn collapse(path: &str) -> &str {
    let slashes = path.bytes().take_while(|byte| *byte == b'/').count();
    match slashes {
        // Also an absolute address without a path.
        0 if path.is_empty() => "/",
        0 => path,
        _ => path.get(slashes - 1..).unwrap_or("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_hosts() {
        let check = |sent: &str, behind: usize, path: &str, context: &str| {
            let paths = Paths::of_default_host(sent, behind);
            assert_eq!(paths.path.concat(), path, "{sent}");
            assert_eq!(paths.context, context, "{sent}");
        };
        check("/dev/a", 4, "/a", "/dev/a");
        check("/dev/a/", 4, "/a/", "/dev/a/");
        check("/dev", 4, "/", "/dev");
        check("/dev/", 4, "/", "/dev/");
        check("/dev//a//b", 4, "/a//b", "/dev//a//b");
        check("//dev/a", 5, "/a", "/dev/a");
        check("/dev/a%2Bb@c", 4, "/a%2Bb@c", "/dev/a%2Bb@c");
    }

    #[test]
    fn domains() {
        let check = |sent: &str, stage: Option<(usize, usize)>, path: &str, context: &str| {
            let paths = Paths::of_domain(sent, stage);
            assert_eq!(paths.path.concat(), path, "{sent}");
            assert_eq!(paths.context, context, "{sent}");
        };
        check("/v1/a/", None, "/v1/a/", "/v1/a/");
        check("/", None, "/", "/");
        check("//v1/a", None, "/v1/a", "/v1/a");
        check("/v1/dev/a", Some((3, 7)), "/v1/a", "/v1/dev/a");
        check("/v1/dev", Some((3, 7)), "/v1", "/v1/dev");
        check("/dev/a", Some((0, 4)), "/a", "/dev/a");
        check("/dev//a", Some((0, 4)), "/a", "/dev//a");
        check("/v1/dev/a", Some((90, 7)), "/v1/dev/a", "/v1/dev/a");
    }
}
