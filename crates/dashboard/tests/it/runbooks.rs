//! What to do about an alert, as the link in the alert leads to it.

use std::path::Path;

use super::harness::{Running, config};
use super::store::Store;
use super::world;

async fn dashboard() -> Running {
    let store = Store::start(world::mixed).await;
    Running::start(config(&store.url)).await
}

/// The paths of the links of all alerts. Their beginning is the address under which the dashboard is known.
fn links() -> Vec<String> {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stack/prometheus/rules");
    let files = std::fs::read_dir(rules).unwrap().map(|file| file.unwrap().path());
    let texts = files.map(|path| std::fs::read_to_string(path).unwrap());
    texts
        .flat_map(|text| {
            text.lines()
                .filter(|line| line.trim().starts_with("runbook_url:"))
                .map(|line| line[line.find("/runbooks/").unwrap()..].trim_end_matches(['\'', '"']))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect()
}

#[tokio::test]
async fn every_alert_leads_to_its_runbook() {
    let dashboard = dashboard().await;
    let links = links();
    assert!(links.contains(&"/runbooks/HighErrorRate".to_owned()), "{links:?}");
    for link in links {
        let response = dashboard.get(&link).await;
        assert_eq!(response.status(), 200, "{link}");
        assert_eq!(
            response.headers()["content-type"],
            "text/html; charset=utf-8",
            "{link}"
        );
        let page = response.text().await.unwrap();
        let name = link.rsplit('/').next().unwrap();
        assert!(page.contains(&format!("<h1>{name}</h1>")), "{page}");
        // which the content security policy forbids
        assert!(
            !page.contains("<style") && !page.contains("style=") && !page.contains("<script>"),
            "{page}"
        );
    }
}

#[tokio::test]
async fn a_runbook_that_is_not_there() {
    let dashboard = dashboard().await;
    for name in ["Nonsense", "style", "%ff", "..%2FREADME", "DataPlaneDown.html"] {
        let response = dashboard.get(&format!("/runbooks/{name}")).await;
        assert_eq!(response.status(), 404, "{name}");
        let page = response.text().await.unwrap();
        assert!(
            page.contains(r#"<a href="/runbooks/DataPlaneDown">DataPlaneDown</a>"#),
            "{name}: {page}"
        );
    }
}

#[tokio::test]
async fn the_list_and_the_style() {
    let dashboard = dashboard().await;
    for path in ["/runbooks", "/runbooks/"] {
        let page = dashboard.get(path).await.text().await.unwrap();
        assert!(
            page.contains("<h1>Runbooks</h1>") && page.contains("Watchdog"),
            "{page}"
        );
    }
    let style = dashboard.get("/runbooks/style.css").await;
    assert_eq!(style.headers()["content-type"], "text/css; charset=utf-8");
    // as the files name each other
    assert_eq!(dashboard.get("/runbooks/DataPlaneDown.md").await.status(), 200);
}
