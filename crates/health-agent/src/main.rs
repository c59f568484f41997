//! Judges whether the box is healthy, and says so.

use std::process::ExitCode;

use signalbox_health::{ABOUT, Agent, Command, RawConfig, doctor, gate, manifest, verify};

fn main() -> ExitCode {
    service::run_with_commands::<RawConfig, Command, _, _, _, _>(
        &ABOUT,
        async |config, life| {
            let agent = Agent::bind(config).await?;
            life.ready(&format!("judging this box on http://{}", agent.local_addr()?));
            agent.run(life).await
        },
        async |command, config, problems| match command {
            Command::Doctor(options) => doctor::run(&config, &options).await,
            Command::Gate(options) => gate::run(&config, &options, problems).await,
            Command::Verify(options) => verify::run(&config, &options).await,
            Command::Manifest(options) => manifest::run(&options),
        },
        // a new generation whose settings are wrong has to go back as well
        |command| matches!(command, Command::Gate(_)),
    )
}
