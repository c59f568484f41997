# The control plane of two boxes, a and b, without the object store: it runs for some seconds with the configuration of this folder, for what no
# linter knows: which labels come through, which alert holds back which, and what of two boxes is one. Sourced by stack/check, which has the
# programs in PATH.
# shellcheck shell=bash disable=SC2154 # $stack and $scratch are the sourcing script's

# Loopback addresses that no other run has, with the standard ports.
a=127.65.$(($$ / 254 % 256)).$(($$ % 254 + 1))
b=127.66.${a#127.65.}

# What differs from the shipped files: all intervals are a second, and so is every time after which something is looked at or sent again, as the
# first time may be from before the other side was there. The peers of the mesh, too, are sought once a second.
live_start() {
    local live=$scratch/live box
    mkdir -p "$live/targets" "$live/rules.d" "$live/thanos"
    ln -s "$stack/prometheus/rules" "$live"
    sed -E 's/(scrape_interval|scrape_timeout|evaluation_interval): .*/\1: 1s/' "$stack/prometheus/prometheus.yml" >"$live/prometheus.yml"
    sed -E 's/interval: .*/interval: 1s/' "$stack/thanos/rules/error-budgets.yml" >"$live/thanos/error-budgets.yml"
    services
    targets
    for box in a b; do
        start_alertmanager $box
        start prometheus-$box prometheus --config.file=prometheus.yml --storage.tsdb.path=prometheus-$box \
            --storage.tsdb.delay-compact-file.path=prometheus-$box/thanos.shipper.json --web.listen-address="${!box}:9090" \
            --rules.alert.resend-delay=1s
        start thanos-sidecar-$box thanos sidecar --prometheus.url="http://${!box}:9090" --tsdb.path=prometheus-$box \
            --prometheus.get_config_interval=1s --grpc-address="${!box}:10901" --http-address="${!box}:10902"
    done
    printf 'endpoints: [{ address: "%s:10901" }, { address: "%s:10901" }, { address: "%s:10910" }]\n' "$a" "$b" "$a" >"$live/thanos/endpoints.yml"
    start thanos-query thanos query --endpoint.sd-config-file=thanos/endpoints.yml --query.replica-label=replica \
        --query.replica-label=pushgateway --http-address="$a:10903" --grpc-address="$a:10904"
    start thanos-query-frontend thanos query-frontend --query-frontend.downstream-url="http://$a:10903" --http-address="$a:10908" \
        --query-range.response-cache-config-file="$stack/thanos/query-frontend-cache.yml"
    start thanos-rule thanos rule --rule-file='thanos/error-budgets.yml' --query="http://$a:10903" --data-dir=thanos-rule \
        --alertmanagers.url="http://$a:9093" --alertmanagers.url="http://$b:9093" --alert.label-drop=replica \
        --label='cluster="c"' --label='region="r"' --label='replica="a"' --label='source="ruler"' \
        --http-address="$a:10909" --grpc-address="$a:10910"
}

# start <name> <command>...; it runs in the folder of all.
start() {
    local name=$1 live=$scratch/live
    shift
    (
        cd "$live" || exit
        export SIGNALBOX_CLUSTER=c SIGNALBOX_REGION=r SIGNALBOX_REPLICA=${name##*-}
        exec "$@"
    ) >>"$live/$name.log" 2>&1 &
    echo $! >"$live/$name.pid"
}

start_alertmanager() {
    local box=$1 other=b
    [[ $box == a ]] || other=a
    start alertmanager-"$box" alertmanager --config.file="$stack/alertmanager/alertmanager.yml" --storage.path=alertmanager-"$box" \
        --web.listen-address="${!box}:9093" --cluster.listen-address="${!box}:9094" --cluster.peer="${!other}:9094" \
        --cluster.peer-name=alertmanager-"$box" --cluster.label=signalbox --cluster.reconnect-interval=1s --enable-feature=utf8-strict-mode
}

# A check runs in a shell of its own, which cannot wait for what is not its child.
stop() {
    kill "$(<"$scratch/live/$1.pid")"
    within 20 gone "$1"
    rm "$scratch/live/$1.pid"
}

gone() {
    ! kill -0 "$(<"$scratch/live/$1.pid")" 2>/dev/null
}

live_stop() {
    local file
    for file in "$scratch"/live/*.pid; do
        [[ ! -e $file ]] || kill "$(<"$file")" 2>/dev/null || true
    done
    wait
}

# Services that Prometheus plays itself, by /federate: one whose labels have the names of the target's and of the external ones, a batch job
# that has pushed to both boxes, and one that has requests.
services() {
    cat >"$scratch/live/rules.d/services.yml" <<'END'
groups:
  - name: services-for-tests
    rules:
      - record: of_a_service
        expr: vector(1)
        labels: { job: its-job, instance: its-instance, environment: its-environment, cluster: its-c, region: its-r, replica: its-a }
      - record: of_a_batch_job
        expr: vector(1)
        labels: { job: nightly, environment: prod, cluster: its-c, region: its-r, replica: its-a }
      # names that are ours: an objective, and what says whether a target is up
      - record: signalbox_slo_objective_ratio
        expr: vector(1)
        labels: { job: nightly, environment: prod, slo: http-availability, service_name: api-service, pushed: "yes" }
      - record: up
        expr: vector(0)
        labels: { job: nightly, instance: its-instance, pushed: "yes" }
      - record: http_server_request_duration_seconds_count
        expr: time()
        labels: { environment: prod, service_name: api-service, http_response_status_code: "200" }
END
}

targets() {
    local box data_plane pushed
    data_plane='"environment": "prod", "data_plane_id": "dp-prod-01", "instance": "dp-prod-01:8889", "__metrics_path__": "/federate"'
    pushed='"__metrics_path__": "/federate", "__param_match[]": "{__name__=~\"of_a_batch_job|up|signalbox_slo_objective_ratio\", job=\"nightly\", exported_cluster=\"\"}"'
    target alertmanagers "$a:9093" '' "$b:9093" ''
    for box in prometheus:9090 alertmanager:9093 thanos-query:10903; do
        target "${box%:*}" "$a:${box#*:}" "\"box\": \"a\", \"instance\": \"a:${box#*:}\"" "$b:${box#*:}" "\"box\": \"b\", \"instance\": \"b:${box#*:}\""
    done
    target pushgateway "$a:9090" "\"instance\": \"a:9091\", \"pushgateway\": \"a\", $pushed" \
        "$b:9090" "\"instance\": \"b:9091\", \"pushgateway\": \"b\", $pushed"
    target dataplanes "$a:9090" "$data_plane, \"__param_match[]\": \"of_a_service{exported_cluster=\\\"\\\"}\""
}

# target <job> <address> <labels>...
target() {
    local file=$scratch/live/targets/$1.json separator='['
    shift
    while (($#)); do
        printf '%s{ "targets": ["%s"], "labels": { %s } }' "$separator" "$1" "$2"
        separator=', '
        shift 2
    done >"$file"
    printf ']\n' >>"$file"
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
    promtool query instant "http://$1" "$2" 2>&1 | sed 's/ => .*//' | sort
}

series_are() {
    [[ $(series "$1" "$2") == "$3" ]]
}

# expect_series <address> <query> <series, a line for each>
expect_series() {
    within 20 series_are "$@" || { printf '%s\nshould be\n%s\nbut is\n%s\n' "$2" "$3" "$(series "$1" "$2")"; return 1; }
}

# The labels of the alerts of an Alertmanager that are active, inhibited or silenced, sorted.
alerts_that_are() {
    amtool --alertmanager.url="http://$1:9093" --output=extended alert query "--$2" "$3" | awk -F '  +' 'NR > 1 { print $1 }' | sort
}

alerts_are() {
    [[ $(alerts_that_are "$1" "$2" "$3") == "$4" ]]
}

# expect_alerts <address> active|inhibited|silenced <matcher> <labels, a line for each alert>
expect_alerts() {
    within 20 alerts_are "$@" || { printf '%s\nshould be\n%s\nbut is\n%s\n' "$1 $2 $3" "$4" "$(alerts_that_are "$1" "$2" "$3")"; return 1; }
}

send_alert() {
    within 20 amtool --alertmanager.url="http://$a:9093" alert add "$@"
}
