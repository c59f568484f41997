//! The life of the demo API, from its command line to its exit code.

use std::process::ExitCode;

use signalbox_demo_api::{ABOUT, DemoApi, RawConfig};

fn main() -> ExitCode {
    service::run::<RawConfig, _, _>(&ABOUT, |config, life| async move {
        let demo_api = DemoApi::bind(config).await?;
        demo_api.run(life).await
    })
}
