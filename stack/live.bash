# A Prometheus and an Alertmanager that run for some seconds with the configuration of this folder, for what no linter knows: which labels
# come through, and which alert holds back which. Sourced by stack/check, which has the programs in PATH.
# shellcheck shell=bash disable=SC2154 # $stack and $scratch are the sourcing script's

address=127.65.0.1
live_pids=()

# Starts both on free ports. The one difference from the shipped files is that all intervals are a second, and so is the time after which an
# alert is sent again: the first one may be from before Prometheus knew of the Alertmanager.
live_start() {
    local live=$scratch/live
    mkdir -p "$live/targets" "$live/rules.d"
    ln -s "$stack/prometheus/rules" "$live"
    sed -E 's/(scrape_interval|scrape_timeout|evaluation_interval): .*/\1: 1s/' "$stack/prometheus/prometheus.yml" >"$live/prometheus.yml"
    # A service whose labels have the names of the target's and of the external ones. Prometheus itself plays the collector, by /federate.
    cat >"$live/rules.d/service.yml" <<'END'
groups:
  - name: service
    rules:
      - record: of_a_service
        expr: vector(1)
        labels: { job: its-job, instance: its-instance, environment: its-environment, cluster: its-c, region: its-r, replica: its-a }
END
    (
        cd "$live" || exit
        exec alertmanager --config.file="$stack/alertmanager/alertmanager.yml" --storage.path=alertmanager \
            --web.listen-address=$address:0 --cluster.listen-address= --enable-feature=utf8-strict-mode
    ) >"$live/alertmanager.log" 2>&1 &
    live_pids+=($!)
    SIGNALBOX_CLUSTER=c SIGNALBOX_REGION=r SIGNALBOX_REPLICA=a prometheus --config.file="$live/prometheus.yml" \
        --storage.tsdb.path="$live/prometheus" --web.listen-address=$address:0 --rules.alert.resend-delay=1s >"$live/prometheus.log" 2>&1 &
    live_pids+=($!)

    prometheus_at=$(listening prometheus)
    alertmanager_at=$(listening alertmanager)
    target alertmanagers "$alertmanager_at" ''
    target prometheus "$prometheus_at" '"box": "a", "instance": "a:9090"'
    target dataplanes "$prometheus_at" '"environment": "prod", "data_plane_id": "dp-prod-01", "instance": "dp-prod-01:8889",
        "__metrics_path__": "/federate", "__param_match[]": "of_a_service{exported_cluster=\"\"}"'
}

live_stop() {
    ((${#live_pids[@]} == 0)) || kill "${live_pids[@]}" 2>/dev/null || true
    wait
}

# Where a program listens, when it does.
listening() {
    within 10 grep -qE "msg=\"Listening on\".* address=$address" "$live/$1.log" || { cat "$live/$1.log" >&2; return 1; }
    sed -nE "s/.*msg=\"Listening on\".* address=([0-9.:]+).*/\1/p" "$live/$1.log"
}

# By rename, as Prometheus looks at once.
target() {
    printf '[{ "targets": ["%s"], "labels": { %s } }]\n' "$2" "$3" >"$live/targets/new"
    mv "$live/targets/new" "$live/targets/$1.json"
}

# Runs a command until it succeeds, for so many seconds at most.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.1
    done
}

# The series of an instant query, without their values.
series() {
    promtool query instant "http://$prometheus_at" "$1" 2>&1 | sed 's/ => .*//' | sort
}

series_are() {
    [[ $(series "$1") == "$2" ]]
}

# expect_series <query> <series, a line for each>
expect_series() {
    within 10 series_are "$1" "$2" || { printf '%s\nshould be\n%s\nbut is\n%s\n' "$1" "$2" "$(series "$1")"; return 1; }
}

# The labels of the alerts that are active or inhibited, sorted.
alerts_that_are() {
    amtool --alertmanager.url="http://$alertmanager_at" --output=extended alert query "--$1" "$2" |
        awk -F '  +' 'NR > 1 { print $1 }' | sort
}

alerts_are() {
    [[ $(alerts_that_are "$1" "$2") == "$3" ]]
}

# expect_alerts active|inhibited <matcher> <labels, a line for each alert>
expect_alerts() {
    within 10 alerts_are "$@" || { printf '%s\nshould be\n%s\nbut is\n%s\n' "$1 $2" "$3" "$(alerts_that_are "$1" "$2")"; return 1; }
}

send_alert() {
    amtool --alertmanager.url="http://$alertmanager_at" alert add "$@"
}
