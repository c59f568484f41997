//! The standard ports.

pub(crate) const OTLP_GRPC: u16 = 4317;
pub(crate) const OTLP_HTTP: u16 = 4318;
pub(crate) const COLLECTOR_SELF: u16 = 8888;
pub(crate) const COLLECTOR_DATA: u16 = 8889;
pub(crate) const DEMO_API: u16 = 8080;
pub(crate) const FAULT_CONTROL: u16 = 8079;
pub(crate) const DASHBOARD: u16 = 3000;
pub(crate) const RECEIVER: u16 = 8871;
pub(crate) const PROMETHEUS: u16 = 9090;
pub(crate) const PUSHGATEWAY: u16 = 9091;
pub(crate) const ALERTMANAGER: u16 = 9093;
pub(crate) const ALERTMANAGER_MESH: u16 = 9094;
pub(crate) const NODE_EXPORTER: u16 = 9100;
pub(crate) const S3: u16 = 9000;
pub(crate) const GARAGE_ADMIN: u16 = 9001;
pub(crate) const GARAGE_RPC: u16 = 3901;
pub(crate) const SIDECAR_GRPC: u16 = 10901;
pub(crate) const SIDECAR_HTTP: u16 = 10902;
pub(crate) const QUERY_HTTP: u16 = 10903;
pub(crate) const QUERY_GRPC: u16 = 10904;
pub(crate) const STORE_GRPC: u16 = 10905;
pub(crate) const STORE_HTTP: u16 = 10906;
pub(crate) const COMPACT_HTTP: u16 = 10907;
pub(crate) const QUERY_FRONTEND_HTTP: u16 = 10908;
pub(crate) const RULE_HTTP: u16 = 10909;
pub(crate) const RULE_GRPC: u16 = 10910;
