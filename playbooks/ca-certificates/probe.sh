# Asks every store of trusted certificates whether it trusts the new root, and whether the old ones are gone. Changes
# nothing. A store answers: fact LAYER new trusted|missing|unknown, and fact LAYER old FINGERPRINT for each that is left.

stand() { # LAYER NEW OLD...
    stand_layer=$1
    fact "$1" new "$2"
    shift 2
    for stand_old in "$@"; do fact "$stand_layer" old "$stand_old"; done
}

probe_system() {
    system_file=$(known_bundle) || {
        error "no store of trusted certificates was found: no $hashed/ca-certificates.crt, no /etc/pki/ca-trust"
        return
    }
    fact host store "$(system_kind)"
    fact host "made by" "$(rebuilder || echo nobody)"
    system_new=missing
    holds_new "$root$system_file" && system_new=trusted
    if [ $system_new = trusted ] && can_verify; then
        accepts -CAfile "$root$system_file" || system_new=refused
        fact host "asked of" "openssl verify"
    fi
    # shellcheck disable=SC2046 # one word for each fingerprint
    stand "system $system_file" $system_new $(old_in "$root$system_file")
    if can_verify && is_hashed; then
        if accepts -CApath "$root$hashed"; then stand "system $hashed" trusted; else stand "system $hashed" missing; fi
    fi
}

is_hashed() {
    for hashed_file in "$root$hashed"/*.0; do
        [ -h "$hashed_file" ] && return
    done
    return 1
}

probe_javas() {
    java_stores | while read -r java_store java_tool; do
        if [ "$java_tool" = - ]; then
            stand "jvm $java_store" unknown
            continue
        fi
        java_entries "$root$java_store" "$java_tool" >"$work/entries"
        java_new=missing
        grep -q "^$MUSTER_NEW " "$work/entries" && java_new=trusted
        [ -s "$work/entries" ] || java_new=unknown
        # shellcheck disable=SC2046 # one word for each fingerprint
        stand "jvm $java_store" $java_new $(cut -d ' ' -f 1 "$work/entries" | old_of | sort -u)
    done
}

probe_bundles() {
    each_bundle | while read -r bundle_layer bundle_file; do
        bundle_new=missing
        holds_new "$root$bundle_file" && bundle_new=trusted
        # shellcheck disable=SC2046 # one word for each fingerprint
        stand "$bundle_layer $bundle_file" $bundle_new $(old_in "$root$bundle_file")
    done
    for bundle_file in $MUSTER_BUNDLES; do
        [ -f "$root$bundle_file" ] || note "there is no $bundle_file on this host"
    done
}

probe_nss() {
    nss_pem=$work/pem
    nss_stores | while read -r nss_store; do
        if ! have certutil; then
            stand "nss $nss_store" unknown
            continue
        fi
        nss_entries "$root$nss_store" >"$work/nss"
        nss_new=missing
        grep -q "^$MUSTER_NEW " "$work/nss" && nss_new=trusted
        # shellcheck disable=SC2046 # one word for each fingerprint
        stand "nss $nss_store" $nss_new $(cut -d ' ' -f 1 "$work/nss" | old_of | sort -u)
    done
}

# Node has roots of its own, and asks the system only when it is told to.
probe_node() {
    for node_program in "$root"/usr/bin/node "$root"/usr/local/bin/node; do
        [ -x "$node_program" ] && fact host node "${node_program#"$root"}"
    done
}

work=$(mktemp -d 2>/dev/null) || {
    error "no place to work in: /tmp cannot be written"
    finish
    exit 1
}
trap 'rm -rf "$work"' EXIT
probe_system
probe_javas
probe_bundles
probe_nss
probe_node
finish
