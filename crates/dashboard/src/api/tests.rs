use utoipa::OpenApi;

/// The web app's types are generated from this file.
#[test]
fn openapi_file_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let mut expected = super::ApiDoc::openapi()
        .to_pretty_json()
        .expect("the description is JSON");
    expected.push('\n');
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &expected).expect("openapi.json can be written");
    }
    let found = std::fs::read_to_string(path).expect("openapi.json can be read");
    assert_eq!(
        found, expected,
        "openapi.json is not current: run `UPDATE_GOLDEN=1 cargo test -p signalbox-dashboard openapi`"
    );
}
