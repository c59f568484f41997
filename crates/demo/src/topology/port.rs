//! The standard ports.

pub(crate) const OTLP_GRPC: u16 = 4317;
pub(crate) const OTLP_HTTP: u16 = 4318;
pub(crate) const COLLECTOR_SELF: u16 = 8888;
pub(crate) const COLLECTOR_DATA: u16 = 8889;
pub(crate) const DEMO_API: u16 = 8080;
pub(crate) const FAULT_CONTROL: u16 = 8079;
pub(crate) const DASHBOARD: u16 = 3000;
pub(crate) const PROMETHEUS: u16 = 9090;
pub(crate) const ALERTMANAGER: u16 = 9093;
pub(crate) const RECEIVER: u16 = 8871;
