import json

CONTROL_PLANE = [
    "alertmanager",
    "garage",
    "prometheus",
    "prometheus-node-exporter",
    "pushgateway",
    "signalbox-dashboard",
    "signalbox-health",
    "signalbox-object-store",
    "thanos-compact",
    "thanos-query",
    "thanos-query-frontend",
    "thanos-rule",
    "thanos-sidecar",
    "thanos-store",
]
DATA_PLANE = ["signalbox-collector", "signalbox-demo-api", "signalbox-load-gen@prod"]


def holds(url: str, condition: str) -> str:
    """A command that succeeds when the JSON at the URL meets a condition of jq's."""
    return f"curl --fail --silent --globoff '{url}' | jq --exit-status '{condition}'"


start_all()
box.succeed(
    "systemd-run --unit=receiver signalbox-demo receive-webhooks"
    " --listen 127.0.0.1:8871 --log /tmp/notifications.jsonl"
)

with subtest("all units start"):
    for unit in CONTROL_PLANE:
        box.wait_for_unit(f"{unit}.service")
    for unit in DATA_PLANE:
        prod.wait_for_unit(f"{unit}.service")

with subtest("every target is scraped"):
    up = '[.data.activeTargets[].health] | length > 0 and all(. == "up")'
    box.wait_until_succeeds(holds("http://127.0.0.1:9090/api/v1/targets", up), timeout=120)

with subtest("Thanos reaches its bucket with the keys that were made"):
    for port in [10902, 10903, 10906, 10907, 10908, 10909]:
        box.wait_until_succeeds(f"curl --fail --silent http://127.0.0.1:{port}/-/ready", timeout=120)

with subtest("the dashboard shows the environment, through Thanos"):
    busy = '.environments[] | select(.name == "prod") | .requestRate > 1'
    box.wait_until_succeeds(holds(f"http://{box_address}:3000/api/v1/overview", busy), timeout=180)

with subtest("the heartbeat leaves the box"):
    box.wait_until_succeeds("grep --quiet Watchdog /tmp/notifications.jsonl", timeout=180)

with subtest("alerts link to their runbooks on the dashboard"):
    linked = f'[.data.alerts[].annotations.runbook_url] | index("http://{box_address}:3000/runbooks/Watchdog")'
    box.wait_until_succeeds(holds("http://127.0.0.1:9090/api/v1/alerts", linked), timeout=60)
    box.succeed(f"curl --fail --silent http://{box_address}:3000/runbooks/Watchdog | grep '<h1'")

with subtest("what was pushed is scraped under its own job"):
    box.succeed(f"echo 'rows 42' | curl --fail --silent --data-binary @- http://{box_address}:9091/metrics/job/batch")
    pushed = "http://127.0.0.1:9090/api/v1/query?query=rows{job=\"batch\"}"
    box.wait_until_succeeds(holds(pushed, '.data.result[0].value[1] == "42"'), timeout=60)

with subtest("the collector takes its settings again while it runs"):
    prod.succeed("systemctl reload signalbox-collector")
    prod.wait_until_succeeds("journalctl --unit signalbox-collector | grep 'configuration reloaded'", timeout=30)

with subtest("the collector's state is its own"):
    modes = prod.succeed("stat --format %a /var/lib/private/signalbox-collector").strip()
    assert modes == "700", modes
    prod.succeed("test -e /var/lib/private/signalbox-collector/lock")

with subtest("the keys of the object store are root's alone"):
    modes = json.loads(
        box.succeed("stat --format '\"%a %U\"' /var/lib/signalbox/secrets/s3-credentials")
    )
    assert modes == "600 root", modes

with subtest("nothing fires but the heartbeat"):
    firing = '[.data.alerts[] | select(.state == "firing") | .labels.alertname] | unique == ["Watchdog"]'
    box.succeed(holds("http://127.0.0.1:9090/api/v1/alerts", firing))

with subtest("the doctor finds nothing wrong"):
    box.succeed("signalbox-health --config /etc/signalbox/health.toml doctor --wait 180s >&2")

with subtest("the gate has let this generation stay"):
    box.wait_until_succeeds(
        "jq --exit-status .last.green /var/lib/signalbox-health-gate/state.json", timeout=400
    )

with subtest("a data plane that goes is noticed"):
    prod.shutdown()
    down = "http://127.0.0.1:9090/api/v1/query?query=up{job=\"dataplane-prod\"}==0"
    box.wait_until_succeeds(holds(down, ".data.result | length == 1"), timeout=120)
