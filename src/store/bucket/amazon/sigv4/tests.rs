//! The examples of Amazon S3's documentation: "Authenticating Requests: Using the
//! Authorization Header".

use hyper::{Method, Request};

use super::*;

const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Returns the signature of a request that was signed in 2001 for the same headers.
fn signature(method: Method, target: &str, headers: &[(&'static str, &str)]) -> String {
    let mut request = Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = format!("https://examplebucket.s3.amazonaws.com{target}").parse().unwrap();
    let mut head = request.into_parts().0;
    for (name, value) in headers {
        head.headers.insert(*name, value.parse().unwrap());
    }
    head.headers.insert(DATE, "20010101T000000Z".parse().unwrap());
    let mut names: Vec<_> = head.headers.keys().map(HeaderName::as_str).collect();
    names.push("host");
    names.sort_unstable();
    let old = format!(
        "AWS4-HMAC-SHA256 Credential={KEY_ID}/20010101/us-east-1/s3/aws4_request, \
         SignedHeaders={}, Signature=0",
        names.join(";")
    );
    head.headers.insert(AUTHORIZATION, old.parse().unwrap());
    let time = "2013-05-24T00:00:00Z".parse().unwrap();
    sign(&mut head, KEY_ID, SECRET, time).unwrap();
    assert_eq!(signed_at(&head), Some(time));
    let authorization = head.headers[AUTHORIZATION].to_str().unwrap();
    let scope = "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ";
    assert!(authorization.contains(scope), "{authorization}");
    authorization.rsplit_once("Signature=").unwrap().1.to_owned()
}

#[test]
fn the_examples_of_amazon_have_their_signatures() {
    let put = [
        ("date", "Fri, 24 May 2013 00:00:00 GMT"),
        (
            "x-amz-content-sha256",
            "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
        ),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
    ];
    let empty = ("x-amz-content-sha256", EMPTY);
    for (method, target, headers, expected) in [
        (
            Method::GET,
            "/test.txt",
            &[("range", "bytes=0-9"), empty][..],
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            Method::PUT,
            "/test%24file.text",
            &put,
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            Method::GET,
            "/?lifecycle",
            &[empty],
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            Method::GET,
            "/?prefix=J&max-keys=2",
            &[empty],
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ] {
        assert_eq!(signature(method, target, headers), expected, "{target}");
    }
}
