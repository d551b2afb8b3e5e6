# Whether all is well on this host: a command, a port, an HTTP answer, as the parameters have it.

# healthy: one try. health_said tells what is wrong.
healthy() {
    health_said=
    [ -z "$MUSTER_HEALTH_COMMAND" ] || asks_command || return 1
    [ -z "$MUSTER_HEALTH_TCP" ] || asks_port || return 1
    [ -z "$MUSTER_HEALTH_HTTP" ] || asks_http || return 1
}

has_health_check() { [ -n "$MUSTER_HEALTH_COMMAND$MUSTER_HEALTH_TCP$MUSTER_HEALTH_HTTP" ]; }

# wait_healthy: until the deadline.
wait_healthy() {
    health_until=$(($(date +%s) + ${MUSTER_HEALTH_DEADLINE_S%.*}))
    while ! healthy; do
        [ "$(date +%s)" -lt "$health_until" ] || return 1
        sleep "$MUSTER_HEALTH_WAIT_S" 2>/dev/null || sleep 1
    done
}

asks_command() {
    health_words=$(limited 20 /bin/sh -c "$MUSTER_HEALTH_COMMAND" 2>&1)
    health_code=$?
    [ $health_code = 0 ] && return
    health_words=$(echo "$health_words" | tail -n 1 | one_line)
    health_said="the health command ended with code $health_code${health_words:+: $health_words}"
    return 1
}

asks_port() {
    health_host=127.0.0.1
    case $MUSTER_HEALTH_TCP in *:*) health_host=${MUSTER_HEALTH_TCP%:*} ;; esac
    health_port=${MUSTER_HEALTH_TCP##*:}
    health_host=${health_host#[}
    health_host=${health_host%]}
    if have python3; then
        limited 8 python3 -I -c 'import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)' \
            "$health_host" "$health_port" >/dev/null 2>&1 && return
    elif have bash; then
        # shellcheck disable=SC2016 # for bash to expand
        limited 8 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$health_host" "$health_port" >/dev/null 2>&1 && return
    elif have nc; then
        limited 8 nc -w 5 "$health_host" "$health_port" >/dev/null 2>&1 && return
    else
        health_said="the port cannot be asked: this host has no python3, bash or nc"
        return 1
    fi
    health_said="nothing accepts a connection at $health_host port $health_port"
    return 1
}

asks_http() {
    health_status=$(http_status)
    for health_well in $MUSTER_HEALTH_STATUS; do
        [ "$health_status" = "$health_well" ] && return
    done
    case $health_status in
    "" | 000) health_said="$MUSTER_HEALTH_HTTP does not answer" ;;
    none) health_said="$MUSTER_HEALTH_HTTP cannot be asked: this host has no curl, python3 or wget" ;;
    *) health_said="$MUSTER_HEALTH_HTTP answers $health_status, not $MUSTER_HEALTH_STATUS" ;;
    esac
    return 1
}

http_status() {
    if have curl; then
        limited 10 curl -s -o /dev/null -m 8 -w '%{http_code}' "$MUSTER_HEALTH_HTTP" 2>/dev/null
    elif have python3; then
        limited 10 python3 -I -c '
import sys, urllib.error, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=8).status)
except urllib.error.HTTPError as error:
    print(error.code)' "$MUSTER_HEALTH_HTTP" 2>/dev/null
    elif have wget; then
        limited 10 wget -S -O /dev/null -T 8 "$MUSTER_HEALTH_HTTP" 2>&1 |
            sed -n 's/^ *HTTP\/[0-9.]* \([0-9]*\).*/\1/p' | tail -n 1
    else
        echo none
    fi
}
