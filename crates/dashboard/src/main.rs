//! Serves the web app and its typed API.

use std::process::ExitCode;

use signalbox_dashboard::{ABOUT, Dashboard, RawConfig};

fn main() -> ExitCode {
    service::run::<RawConfig, _, _>(&ABOUT, async |config, life| {
        let dashboard = Dashboard::bind(config).await?;
        life.ready(&format!("showing http://{}", dashboard.local_addr()?));
        dashboard.run(life).await
    })
}
