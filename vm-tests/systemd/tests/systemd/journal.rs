//! What is logged is in the journal, field by field.

use crate::shared::site;

#[tokio::test(flavor = "multi_thread")]
async fn events_are_journal_entries_with_fields() {
    let site = site().await;
    for plane in &site.planes {
        let environment = plane.environment;
        for service in ["collector", "demo-api", &format!("load-gen@{environment}")] {
            let unit = format!("signalbox-{service}.service");
            let entries = plane
                .machine
                .journal(&format!("_SYSTEMD_UNIT={unit} TARGET=service::life"))
                .await;
            let ready = entries
                .iter()
                .find(|entry| entry["MESSAGE"] == "ready")
                .unwrap_or_else(|| panic!("{unit}: {entries:?}"));
            // by the journal's own protocol, not as lines of text
            assert_eq!(ready["_TRANSPORT"], "journal");
            // a notice: systemd's informational messages are less
            assert_eq!(ready["PRIORITY"], "5");
            let name = unit.split(['@', '.']).next().unwrap();
            assert_eq!(ready["SYSLOG_IDENTIFIER"], name);
            assert_eq!(ready["_SYSTEMD_UNIT"], unit);
            assert_eq!(ready["CODE_FILE"], "crates/service/src/life.rs");
            let status = ready["F_STATUS"].as_str().unwrap_or_default();
            assert!(status.contains(&plane.machine.address().to_string()), "{ready}");
        }
        // fields can be asked for
        let sent = plane
            .machine
            .journal(&format!(
                "_SYSTEMD_UNIT=signalbox-load-gen@{environment}.service F_TARGET_URL=http://{}:8080",
                plane.machine.address()
            ))
            .await;
        assert!(sent.iter().any(|entry| entry["MESSAGE"] == "sending"), "{sent:?}");
    }
    // and what third parties write is under their unit
    for unit in site.control.golden.daemons() {
        let entries = site
            .control
            .machine
            .journal(&format!("_SYSTEMD_UNIT={unit} --lines=1"))
            .await;
        assert_eq!(entries.len(), 1, "{unit} has said nothing");
    }
}
