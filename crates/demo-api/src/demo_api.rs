use std::net::SocketAddr;

use anyhow::Context as _;
use axum::middleware;
use service::{Life, Reload};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::business_metrics::BusinessMetrics;
use crate::config::{Config, RawConfig};
use crate::export::{self, Exporter};
use crate::fault::{self, Switch};
use crate::http_metrics::{self, HttpMetrics};
use crate::routes::{Shop, shop_routes};

/// The service, its addresses bound.
#[derive(Debug)]
pub struct DemoApi {
    config: Config,
    listeners: Vec<TcpListener>,
    fault_control: Option<TcpListener>,
}

impl DemoApi {
    /// Binds every address.
    pub async fn bind(config: Config) -> anyhow::Result<Self> {
        let mut listeners = Vec::with_capacity(config.listen.len());
        for &address in &config.listen {
            listeners.push(bind(address).await?);
        }
        let fault_control = match config.fault_control {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        Ok(Self {
            config,
            listeners,
            fault_control,
        })
    }

    /// The addresses that it serves on, with the ports that the kernel chose.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.listeners
            .iter()
            .filter_map(|listener| listener.local_addr().ok())
            .collect()
    }

    /// The address where faults are changed.
    pub fn fault_control_addr(&self) -> Option<SocketAddr> {
        self.fault_control
            .as_ref()
            .and_then(|listener| listener.local_addr().ok())
    }

    /// Serves until the service is asked to stop, lets requests in flight finish, and exports the last metrics.
    pub async fn run(self, life: Life) -> anyhow::Result<()> {
        let addresses = self.local_addrs();
        let running = self.config.clone();
        let Config {
            identity,
            export,
            latencies,
            payments,
            faults,
            ..
        } = self.config;
        let port = addresses.first().map_or(0, SocketAddr::port);
        let data_plane = identity.data_plane_id.clone();
        let resource = export::resource(identity, || instance_id(data_plane.as_deref(), port));
        let exporter = Exporter::start(&export, resource)?;
        let meter = exporter.meter();
        let switch = Switch::new(faults);
        let shop = Shop::new(latencies, payments, BusinessMetrics::new(&meter));
        // the last layer is the outermost: injected faults are measured like any others
        let router = shop_routes(shop)
            .layer(middleware::from_fn_with_state(switch.clone(), fault::inject))
            .layer(middleware::from_fn_with_state(
                HttpMetrics::new(&meter),
                http_metrics::measure,
            ))
            .merge(service::http::health_routes(&life));

        let mut servers = JoinSet::new();
        for listener in self.listeners {
            servers.spawn(service::http::serve(listener, router.clone(), life.shutdown()));
        }
        if let Some(listener) = self.fault_control {
            servers.spawn(service::http::serve(
                listener,
                fault::control_routes(switch.clone()),
                life.shutdown(),
            ));
        }
        let reloads = tokio::spawn(follow_reloads(life.reloads::<RawConfig>(), running, switch));
        life.ready(&ready_status(&addresses, &export.url));
        let served = all_of(servers).await;
        reloads.abort();
        exporter.stop().await;
        served
    }
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("failed to listen on {address}"))
}

fn ready_status(addresses: &[SocketAddr], collector: &str) -> String {
    let addresses: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
    format!("serving on {}, metrics to {collector}", addresses.join(", "))
}

/// SIGHUP changes the faults. What else is in the configuration takes a restart, and is named if it has changed.
async fn follow_reloads(mut reloads: mpsc::Receiver<Reload<Config>>, running: Config, switch: Switch) {
    while let Some(reload) = reloads.recv().await {
        switch.set(reload.config.faults);
        let waiting = running.changed_until_restart(&reload.config);
        if !waiting.is_empty() {
            tracing::warn!(
                config.keys = waiting.join(", "),
                "only the faults are in force, the other changes take a restart"
            );
        }
        reload.done();
    }
}

/// Waits for all servers. The first that fails ends the wait.
async fn all_of(mut servers: JoinSet<std::io::Result<()>>) -> anyhow::Result<()> {
    while let Some(server) = servers.join_next().await {
        server
            .context("a server ended unexpectedly")?
            .context("failed to serve")?;
    }
    Ok(())
}

/// What tells this instance from the others of its service, and stays the same over restarts, so that a restart makes
/// no new series: `dp-prod-01/host7:8080`.
fn instance_id(data_plane: Option<&str>, port: u16) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() {
        "localhost"
    } else {
        host.trim()
    };
    match data_plane {
        Some(data_plane) => format!("{data_plane}/{host}:{port}"),
        None => format!("{host}:{port}"),
    }
}
