//! The smallest daemon: it greets over HTTP, takes a new greeting on SIGHUP, and stops when it is told to.
//!
//! ```sh
//! cargo run -p service --example minimal -- --set greeting=Hello
//! ```

use std::process::ExitCode;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use service::{About, Life, NoFlags, Problems, Settings};

const ABOUT: About = About {
    name: "minimal",
    version: env!("CARGO_PKG_VERSION"),
    summary: "Greets",
    help: "Example: minimal --set greeting=Hello",
    env_prefix: "MINIMAL__",
};

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawConfig {
    listen: String,
    greeting: String,
    /// Loops that hang, to see the watchdog act.
    hang: bool,
}

impl Default for RawConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            greeting: "Hello".to_owned(),
            hang: false,
        }
    }
}

struct Config {
    listen: std::net::SocketAddr,
    greeting: String,
    hang: bool,
}

impl Settings for RawConfig {
    type Config = Config;
    type Flags = NoFlags;

    const SOCKETS: &'static [&'static str] = &["listen"];

    fn validate(self, problems: &mut Problems) -> Option<Config> {
        if self.greeting.is_empty() {
            problems.add("greeting", "must not be empty");
        }
        let listen = self.listen.parse();
        if listen.is_err() {
            problems.add("listen", "must be an address and a port, such as 127.0.0.1:8080");
        }
        Some(Config {
            listen: listen.ok()?,
            greeting: self.greeting,
            hang: self.hang,
        })
    }

    fn explain(config: &Config) -> Option<String> {
        Some(format!("Greets with `{}`.\n\nThat is all.", config.greeting))
    }
}

fn main() -> ExitCode {
    service::run::<RawConfig, _, _>(&ABOUT, greet)
}

async fn greet(config: Config, life: Life) -> anyhow::Result<()> {
    let greeting = Arc::new(RwLock::new(config.greeting));
    let listener = match life.sockets()?.pop() {
        Some(listener) => listener,
        None => tokio::net::TcpListener::bind(config.listen).await?,
    };
    let address = listener.local_addr()?;

    let said = Arc::clone(&greeting);
    let say = move || async move { said.read().expect("not poisoned").clone() };
    let router = Router::new()
        .route("/", get(say))
        .merge(service::http::health_routes(&life));

    let mut reloads = life.reloads::<RawConfig>();
    tokio::spawn(async move {
        while let Some(reload) = reloads.recv().await {
            greeting
                .write()
                .expect("not poisoned")
                .clone_from(&reload.config.greeting);
            reload.done();
        }
    });

    let heartbeat = life.heartbeat("greeter", Duration::from_millis(200));
    tokio::spawn(async move {
        if config.hang {
            std::future::pending::<()>().await;
        }
        loop {
            heartbeat.beat();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });

    life.ready(&format!("greeting on {address}"));
    service::http::serve(listener, router, life.shutdown()).await?;
    Ok(())
}
