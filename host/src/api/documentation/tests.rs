use super::*;
use crate::api::testing::{answer, parts};
use axum::Router;
use http::{HeaderMap, Method};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

async fn router() -> (Router, TempDir) {
    let (parts, folder) = parts().await;
    (crate::api::router(parts), folder)
}

async fn ask(router: &Router, method: Method, path: &str) -> (u16, HeaderMap, Bytes) {
    answer(router, Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn page_and_files_are_served_from_the_program_as_what_they_are() {
    let (router, _folder) = router().await;
    let page = ("/documentation".to_owned(), &PAGE);
    let files = FILES.iter().map(|file| (format!("/documentation/{}", file.name), file));
    for (path, file) in files.chain([page]) {
        let (status, headers, body) = ask(&router, Method::GET, &path).await;
        assert_eq!((status, &body[..]), (200, file.bytes), "{path}");
        assert_eq!(headers["content-type"], file.media_type, "{path}");
        assert_eq!(headers["cache-control"], file.cached, "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        let (status, head, body) = ask(&router, Method::HEAD, &path).await;
        assert_eq!((status, body.len()), (200, 0), "{path}");
        assert_eq!(head["content-length"], headers["content-length"], "{path}");
    }
}

#[tokio::test]
async fn the_page_may_take_nothing_from_elsewhere_and_runs_no_code_of_its_own() {
    let (router, _folder) = router().await;
    let (_, headers, body) = ask(&router, Method::GET, "/documentation").await;
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    for allowance in ["unsafe", "http", "*", "blob:", "script-src 'self' "] {
        assert!(!policy.contains(allowance), "{policy}");
    }
    let page = std::str::from_utf8(&body).unwrap();
    assert!(!page.contains("://") && !page.contains("<style") && !page.contains("<script>"), "{page}");
}

#[tokio::test]
async fn every_link_of_the_page_leads_to_something_that_is_served() {
    let (router, _folder) = router().await;
    let page = std::str::from_utf8(PAGE.bytes).unwrap();
    let script = std::str::from_utf8(FILES[0].bytes).unwrap();
    let links = [page, script].into_iter().flat_map(|text| text.split('"'));
    let links: Vec<_> = links.filter(|text| text.starts_with("documentation/")).collect();
    assert_eq!(links.len(), 5, "{links:?}");
    for link in links {
        assert_eq!(ask(&router, Method::GET, &format!("/{link}")).await.0, 200, "{link}");
    }
}

#[tokio::test]
async fn nothing_but_these_files_can_be_had() {
    let (router, _folder) = router().await;
    for name in [
        "page.html",
        "README.md",
        "swagger-ui",
        "Swagger-UI.css",
        "..",
        "../../Cargo.toml",
        "..%2F..%2FCargo.toml",
        "%2e%2e",
        "%2Fetc%2Fpasswd",
        "page.js%00",
        "page.js/",
        "%ff",
        "swagger-ui.css/../page.js",
    ] {
        let (status, headers, _) = ask(&router, Method::GET, &format!("/documentation/{name}")).await;
        assert_eq!((status, headers["content-type"].as_bytes()), (404, &b"application/problem+json"[..]), "{name}");
    }
}

#[tokio::test]
async fn the_page_behind_a_slash_is_the_page() {
    let (router, _folder) = router().await;
    let (status, headers, _) = ask(&router, Method::GET, "/documentation/").await;
    assert_eq!((status, &headers["location"]), (308, &HeaderValue::from_static("../documentation")));
}

/// The sums are in the README beside the files, for whoever wants to compare them with what was published.
#[test]
fn what_others_wrote_is_as_they_published_it() {
    let published = include_str!("../../../assets/swagger-ui/README.md");
    let theirs: Vec<_> = FILES.iter().filter(|file| file.name != "page.js").collect();
    assert_eq!(theirs.len(), 5);
    for file in theirs {
        let row = format!("| {} | {} |", hex::encode(Sha256::digest(file.bytes)), file.name);
        assert!(published.lines().any(|line| line == row), "{row}");
    }
}
