# The stores of trusted certificates on this host, and what they hold. From the fix, as environment variables:
#   MUSTER_NEW   the new root's SHA-256, 64 small letters and digits    MUSTER_PEM   the root itself
#   MUSTER_OLD   the same of the roots that must go                     MUSTER_LEAF  a certificate of the new root, or empty
#   MUSTER_FILE  the name of its file here                              MUSTER_LAYERS, MUSTER_BUNDLES, MUSTER_SERVICES

new_pem=$(echo "$MUSTER_PEM" | sed 's/[[:space:]]*$//')
debian_sources=/usr/local/share/ca-certificates
debian_conf=/etc/ca-certificates.conf
redhat_sources=/etc/pki/ca-trust/source
# shellcheck disable=SC2034 # a roll back does not use it
hashed=/etc/ssl/certs

# bodies FILE: the certificates in it, one in a line, in base64 without blanks.
bodies() {
    awk '/^-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/ { inside = 1; body = ""; next }
        /^-----END / { if (inside) print body; inside = 0; next }
        inside { gsub(/[ \t\r]/, ""); body = body $0 }' "$1" 2>/dev/null
}

# fingerprints FILE: the SHA-256 of each certificate in it, in its order.
fingerprints() {
    bodies "$1" | while read -r print_body; do
        print_line=$(echo "$print_body" | base64 -d 2>/dev/null | sha256sum)
        echo "${print_line%% *}"
    done
}

# holds_new FILE
holds_new() { bodies "$1" | grep -qxF "$(echo "$new_pem" | bodies /dev/stdin)"; }

# old_of: of the fingerprints on standard input, those that must go.
old_of() {
    while read -r old_one; do
        case " $MUSTER_OLD " in *" $old_one "*) echo "$old_one" ;; esac
    done
}

# old_in FILE: those that must go and are in it.
old_in() { [ -z "$MUSTER_OLD" ] || fingerprints "$1" | old_of | sort -u; }

# without_old FILE: its content without the roots that must go.
without_old() {
    without_drop=
    without_number=0
    if [ -n "$MUSTER_OLD" ]; then
        for without_one in $(fingerprints "$1"); do
            without_number=$((without_number + 1))
            [ -z "$(echo "$without_one" | old_of)" ] || without_drop="$without_drop $without_number "
        done
    fi
    DROP=$without_drop awk '
        /^-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/ { number++; skip = index(ENVIRON["DROP"], " " number " ") }
        !skip { print }
        /^-----END / { skip = 0 }' "$1"
}

# mended FILE: its content without the old roots, and with the new one.
mended() {
    without_old "$1"
    holds_new "$1" || echo "$new_pem"
}

# known_bundle: the system's own file of all roots.
known_bundle() {
    for known_file in /etc/ssl/certs/ca-certificates.crt /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem \
        /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem; do
        [ -f "$root$known_file" ] && echo "$known_file" && return
    done
    return 1
}

# system_kind: how the system's store is made: debian, redhat, or a bundle that nobody makes.
system_kind() {
    if [ -d "$root$redhat_sources/anchors" ]; then
        echo redhat
    elif [ -f "$root$debian_conf" ] || [ -d "$root$debian_sources" ]; then
        echo debian
    elif known_bundle >/dev/null; then
        echo bundle
    else
        echo none
    fi
}

# rebuilder: the tool that makes the system's store from its sources; none below MUSTER_ROOT, where it would make the
# machine's own.
rebuilder() {
    [ -z "$root" ] || return 1
    case $(system_kind) in
    debian) have update-ca-certificates && echo update-ca-certificates ;;
    redhat) have update-ca-trust && echo update-ca-trust ;;
    *) return 1 ;;
    esac
}

# accepts OPTION PLACE: whether OpenSSL, trusting this file (-CAfile) or folder (-CApath) only, accepts the leaf or root.
accepts() {
    case $1 in -CAfile) accepts_not=-no-CApath ;; *) accepts_not=-no-CAfile ;; esac
    accepts_asked=${MUSTER_LEAF:-$MUSTER_PEM}
    accepts_file=$(mktemp 2>/dev/null) || return 0
    echo "$accepts_asked" >"$accepts_file"
    openssl verify "$accepts_not" "$1" "$2" -untrusted "$accepts_file" "$accepts_file" >/dev/null 2>&1
    accepts_code=$?
    rm -f "$accepts_file"
    return $accepts_code
}

can_verify() { have openssl && openssl verify -help 2>&1 | grep -q -e -no-CApath; }

# java_stores: "CACERTS KEYTOOL" of every Java, each store once; - where there is no keytool.
java_stores() {
    {
        for home in "$root"/usr/lib/jvm/* "$root"/usr/java/* "$root"/opt/*; do echo "$home"; done
        [ -n "$root" ] || echo "${JAVA_HOME:-}"
    } | while read -r home; do
        for cacerts in "$home/lib/security/cacerts" "$home/jre/lib/security/cacerts"; do
            [ -f "$cacerts" ] || continue
            keytool=-
            [ -x "$home/bin/keytool" ] && keytool=$home/bin/keytool
            [ "$keytool" = - ] && have keytool && keytool=keytool
            cacerts=$(readlink -f "$cacerts")
            echo "${cacerts#"$root"} $keytool"
        done
    done | sort | awk '!seen[$1]++'
}

# java_entries STORE KEYTOOL: "FINGERPRINT ALIAS" of each entry.
java_entries() {
    MUSTER_JVM_PASSWORD=$MUSTER_JVM_PASSWORD limited 40 "$2" -J-Duser.language=en -list -v -keystore "$1" \
        -storepass:env MUSTER_JVM_PASSWORD 2>/dev/null | awk '
        /^Alias name: / { alias = substr($0, 13) }
        /^[ \t]*SHA256: / { print tolower($2) " " alias }' | sed ':a
s/^\([0-9a-f]*\):/\1/
ta'
}

# node_bundles: the files that Node programs of this host are told to trust beside their own roots.
node_bundles() {
    {
        cat "$root"/etc/environment "$root"/etc/profile.d/*.sh "$root"/etc/default/* "$root"/etc/systemd/system/*.service \
            "$root"/etc/systemd/system/*.d/*.conf 2>/dev/null
        [ -n "$root" ] || for node_place in /proc/[0-9]*; do
            [ "$(stat -L -c %d:%i "$node_place/root" 2>/dev/null)" = "$(stat -L -c %d:%i /)" ] || continue
            tr '\0' '\n' <"$node_place/environ" 2>/dev/null | grep '^NODE_EXTRA_CA_CERTS='
        done
    } | sed -n "s/^[^#]*NODE_EXTRA_CA_CERTS=[\"']*\([^\"' ]*\).*/\1/p" | sort -u | while read -r node_file; do
        [ "$node_file" != "$(known_bundle)" ] && [ -f "$root$node_file" ] && echo "$node_file"
    done
}

# python_bundles: certifi's file of each Python in the usual folders.
python_bundles() {
    for python in "$root"/usr/bin/python3 "$root"/usr/local/bin/python3 "$root"/opt/*/bin/python3; do
        [ -x "$python" ] || continue
        python_file=$(limited 10 "$python" -I -c 'import certifi; print(certifi.where())' 2>/dev/null) || continue
        python_file=$(readlink -f "$python_file")
        [ "$python_file" != "$root$(known_bundle)" ] && [ -f "$python_file" ] && echo "${python_file#"$root"}"
    done | sort -u
}

# nss_stores: folders of NSS databases.
nss_stores() {
    for nss_file in "$root"/etc/pki/nssdb/cert9.db "$root"/root/.pki/nssdb/cert9.db "$root"/home/*/.pki/nssdb/cert9.db; do
        [ -f "$nss_file" ] && nss_file=${nss_file%/cert9.db} && echo "${nss_file#"$root"}"
    done
}

# nss_entries FOLDER: "FINGERPRINT NICKNAME" of each certificate in it.
nss_entries() {
    limited 20 certutil -L -d "sql:$1" 2>/dev/null | sed -n 's/^\(.*[^ ]\)  *[A-Za-z]*,[A-Za-z]*,[A-Za-z]* *$/\1/p' |
        while read -r nss_name; do
            limited 20 certutil -L -d "sql:$1" -n "$nss_name" -a 2>/dev/null >"$nss_pem" && echo "$(fingerprints "$nss_pem") $nss_name"
        done
}

nss_pem=/dev/null

# each_bundle: "LAYER FILE" of every file of PEM certificates beside the system's.
each_bundle() {
    for bundle_file in $MUSTER_BUNDLES; do
        [ -f "$root$bundle_file" ] && echo "bundles $bundle_file"
    done
    node_bundles | sed 's/^/node /'
    python_bundles | sed 's/^/python /'
}

# run_rebuilder TOOL: with its complaints as a note.
run_rebuilder() {
    case $1 in
    update-ca-certificates) rebuild_said=$(limited 120 update-ca-certificates --fresh 2>&1) ;;
    *) rebuild_said=$(limited 120 update-ca-trust extract 2>&1) ;;
    esac
    rebuild_code=$?
    [ $rebuild_code = 0 ] && return
    note "$1 ended with code $rebuild_code: $(echo "$rebuild_said" | tail -n 2 | one_line)"
    return 1
}
