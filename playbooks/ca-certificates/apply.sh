# Brings the new root into every store that is to be mended, and takes the old ones out of it; the system's own tools
# where they are there, the files themselves where not. As a check it only says so.

mends() { case " $MUSTER_LAYERS " in *" $1 "*) return 0 ;; *) return 1 ;; esac }

# say_store STORE NEW OLD...: for a check, what would become of a store; NEW is yes or no.
say_store() {
    would "change what $1 trusts"
    printf 'diff\t--- %s\ndiff\t+++ %s\n' "$1" "$1"
    say_place=$2
    shift 2
    for say_old in "$@"; do printf 'diff\t-%s\n' "$say_old"; done
    [ "$say_place" = no ] || printf 'diff\t+%s %s\n' "$MUSTER_NEW" "$MUSTER_SUBJECT"
    touched=yes
}

# quiet_replace FILE PATH: replace, without the lines of certificates in a check.
quiet_replace() {
    no_diff=yes
    replace "$1" "$2"
}

new_file() {
    echo "$new_pem" >"$work/new.pem"
    quiet_replace "$work/new.pem" "$1"
}

# mend_source FILE: a source of the system's store that holds an old root.
mend_source() {
    if [ "$(fingerprints "$root$1" | sort -u | wc -l)" = "$(old_in "$root$1" | wc -l)" ]; then
        take_away "$1"
    else
        without_old "$root$1" >"$work/source"
        quiet_replace "$work/source" "$1"
    fi
}

sources_below() { # FOLDER
    find "$root$1" -type f \( -name '*.crt' -o -name '*.pem' \) 2>/dev/null | sort | while read -r source_file; do
        echo "${source_file#"$root"}"
    done
}

mend_debian() {
    new_file "$debian_sources/$MUSTER_FILE.crt"
    [ -n "$MUSTER_OLD" ] || return 0
    for debian_file in $(sources_below "$debian_sources"); do
        [ -z "$(old_in "$root$debian_file")" ] || mend_source "$debian_file"
    done
    debian_deselect=
    # shellcheck disable=SC2013 # names without blanks, and a loop of this shell
    for debian_name in $(grep -v '^[#!]' "$root$debian_conf" 2>/dev/null); do
        [ -f "$root/usr/share/ca-certificates/$debian_name" ] || continue
        [ -z "$(old_in "$root/usr/share/ca-certificates/$debian_name")" ] || debian_deselect="$debian_deselect $debian_name "
    done
    [ -n "$debian_deselect" ] || return 0
    OLD=$debian_deselect awk 'index(ENVIRON["OLD"], " " $0 " ") { print "!" $0; next } { print }' \
        "$root$debian_conf" >"$work/conf"
    no_diff=
    replace "$work/conf" "$debian_conf"
}

mend_redhat() {
    new_file "$redhat_sources/anchors/$MUSTER_FILE.pem"
    [ -n "$MUSTER_OLD" ] || return 0
    for redhat_file in $(sources_below "$redhat_sources/anchors"); do
        [ -z "$(old_in "$root$redhat_file")" ] || mend_source "$redhat_file"
    done
    redhat_block=$redhat_sources/blocklist
    [ -d "$root$redhat_block" ] || [ ! -d "$root$redhat_sources/blacklist" ] || redhat_block=$redhat_sources/blacklist
    redhat_number=0
    for redhat_one in $(fingerprints "$root$1"); do
        redhat_number=$((redhat_number + 1))
        [ -n "$(echo "$redhat_one" | old_of)" ] || continue
        NUMBER=$redhat_number awk '/^-----BEGIN / { number++ } number == ENVIRON["NUMBER"] { print }
            /^-----END / && number == ENVIRON["NUMBER"] { exit }' "$root$1" >"$work/old.pem"
        quiet_replace "$work/old.pem" "$redhat_block/muster-$redhat_one.pem"
    done
}

# rebuild TOOL: the store from its sources. What it makes is kept before, as a whole.
rebuild() {
    for rebuild_file in "$(known_bundle)" /etc/ssl/certs/java/cacerts /etc/pki/ca-trust/extracted/java/cacerts; do
        [ -f "$root$rebuild_file" ] || continue
        keep "$rebuild_file"
        intend "$rebuild_file" any
    done
    : >"$root$state/rebuild" || give_up "$(why_not_written "$state" 4)"
    touched=yes
    run_rebuilder "$1" && changed "ran $1"
}

# hash_link: what OpenSSL looks for in a folder, where no tool makes it.
hash_link() {
    have openssl && [ -d "$root$hashed" ] || return 0
    new_file "$hashed/$MUSTER_FILE.pem"
    hash_name=$(openssl x509 -noout -hash -in "$root$hashed/$MUSTER_FILE.pem" 2>/dev/null) || return 0
    for hash_number in 0 1 2 3 4 5 6 7 8 9; do
        hash_path=$hashed/$hash_name.$hash_number
        [ "$(readlink "$root$hash_path")" = "$MUSTER_FILE.pem" ] && return
        [ -e "$root$hash_path" ] || [ -h "$root$hash_path" ] || break
    done
    keep "$hash_path"
    intend "$hash_path" "link $MUSTER_FILE.pem"
    ln -s "$MUSTER_FILE.pem" "$root$hash_path" && touched=yes
}

system_is_right() { # BUNDLE
    holds_new "$root$1" && [ -z "$(old_in "$root$1")" ] || return 1
    ! can_verify || accepts -CAfile "$root$1"
}

mend_system() {
    system_file=$(known_bundle) || give_up "no store of trusted certificates was found on this host"
    system_is_right "$system_file" && return
    # shellcheck disable=SC2046 # one word for each fingerprint
    [ -z "$check" ] || say_store "$system_file" "$(holds_new "$root$system_file" && echo no || echo yes)" $(old_in "$root$system_file")
    case $(system_kind) in
    debian) mend_debian ;;
    redhat) mend_redhat "$system_file" ;;
    esac
    if system_tool=$(rebuilder); then
        if [ -n "$check" ]; then would "run $system_tool"; else rebuild "$system_tool"; fi
        [ -z "$check" ] || return 0
    fi
    if ! system_is_right "$system_file"; then
        [ -z "${system_tool:-}" ] || note "$system_tool did not do it; $system_file is mended itself"
        mended "$root$system_file" >"$work/bundle"
        quiet_replace "$work/bundle" "$system_file"
        [ -n "$check" ] || hash_link
    fi
}

mend_java() { # STORE KEYTOOL
    [ "$2" != - ] || { note "$1 cannot be changed: there is no keytool" && return; }
    java_entries "$root$1" "$2" >"$work/entries"
    [ -s "$work/entries" ] || { note "$1 cannot be read: is jvm_password right?" && return; }
    java_add=yes
    grep -q "^$MUSTER_NEW " "$work/entries" && java_add=no
    java_old=$(cut -d ' ' -f 1 "$work/entries" | old_of | sort -u)
    [ $java_add = yes ] || [ -n "$java_old" ] || return 0
    if [ -n "$check" ]; then
        # shellcheck disable=SC2086 # one word for each fingerprint
        say_store "$1" $java_add $java_old
        return
    fi
    cp "$root$1" "$work/cacerts" 2>/dev/null || give_up "$(why_not_written "$state" 512)"
    chmod u+w "$work/cacerts"
    while read -r java_one java_alias; do
        [ -z "$(echo "$java_one" | old_of)" ] || keytool_does "$2" -delete -alias "$java_alias"
    done <"$work/entries"
    [ $java_add = no ] || keytool_does "$2" -importcert -noprompt -trustcacerts -alias "$MUSTER_FILE" -file "$work/java.pem"
    java_entries "$work/cacerts" "$2" >"$work/entries"
    if grep -q "^$MUSTER_NEW " "$work/entries" && [ -z "$(cut -d ' ' -f 1 "$work/entries" | old_of)" ]; then
        quiet_replace "$work/cacerts" "$1"
    else
        give_up "keytool could not change $1: $(one_line <"$work/keytool")"
    fi
}

keytool_does() { # KEYTOOL WORDS...
    keytool_program=$1
    shift
    echo "$new_pem" >"$work/java.pem"
    MUSTER_JVM_PASSWORD=$MUSTER_JVM_PASSWORD limited 60 "$keytool_program" -J-Duser.language=en "$@" \
        -keystore "$work/cacerts" -storepass:env MUSTER_JVM_PASSWORD >"$work/keytool" 2>&1
}

mend_bundle() { # FILE
    bundle_add=yes
    holds_new "$root$1" && bundle_add=no
    bundle_old=$(old_in "$root$1")
    [ $bundle_add = yes ] || [ -n "$bundle_old" ] || return 0
    if [ -n "$check" ]; then
        # shellcheck disable=SC2086 # one word for each fingerprint
        say_store "$1" $bundle_add $bundle_old
        return
    fi
    mended "$root$1" >"$work/bundle"
    quiet_replace "$work/bundle" "$1"
}

mend_nss() { # FOLDER
    have certutil || { note "$1 cannot be changed: there is no certutil (package libnss3-tools or nss-tools)" && return; }
    nss_pem=$work/pem
    nss_entries "$root$1" >"$work/nss"
    nss_add=yes
    grep -q "^$MUSTER_NEW " "$work/nss" && nss_add=no
    nss_old=$(cut -d ' ' -f 1 "$work/nss" | old_of | sort -u)
    [ $nss_add = yes ] || [ -n "$nss_old" ] || return 0
    if [ -n "$check" ]; then
        # shellcheck disable=SC2086 # one word for each fingerprint
        say_store "$1" $nss_add $nss_old
        return
    fi
    rm -rf "$work/db"
    cp -r "$root$1" "$work/db" 2>/dev/null || give_up "$(why_not_written "$state" 64)"
    while read -r nss_one nss_name; do
        [ -z "$(echo "$nss_one" | old_of)" ] || limited 20 certutil -D -d "sql:$work/db" -n "$nss_name" >/dev/null 2>&1
    done <"$work/nss"
    echo "$new_pem" >"$work/new.pem"
    [ $nss_add = no ] || limited 20 certutil -A -d "sql:$work/db" -n "$MUSTER_FILE" -t C,, -i "$work/new.pem" >/dev/null 2>&1
    if nss_entries "$work/db" | grep -q "^$MUSTER_NEW "; then
        quiet_replace "$work/db/cert9.db" "$1/cert9.db"
    else
        note "certutil could not change $1; has it a password?"
    fi
}

# still_wrong: what is not right after all of this, in words.
still_wrong() {
    ! mends system || system_is_right "$(known_bundle)" || echo "the system's store"
    each_bundle | while read -r wrong_layer wrong_file; do
        mends "$wrong_layer" || continue
        holds_new "$root$wrong_file" && [ -z "$(old_in "$root$wrong_file")" ] || echo "$wrong_file"
    done
}

restart_services() {
    for service in $MUSTER_SERVICES; do
        [ "$(service_manager "$service")" = none ] || restart "$service"
    done
}

begin_change
! mends system || mend_system
if mends jvm; then
    java_stores >"$work/javas"
    while read -r java_store java_tool; do mend_java "$java_store" "$java_tool"; done <"$work/javas"
fi
each_bundle >"$work/bundles"
while read -r bundle_layer bundle_file; do
    ! mends "$bundle_layer" || mend_bundle "$bundle_file"
done <"$work/bundles"
if mends nss; then
    nss_stores >"$work/stores"
    while read -r nss_store; do mend_nss "$nss_store"; done <"$work/stores"
fi
[ "$touched" = yes ] || note "every store was right already"
restart_services
if [ -z "$check" ]; then
    wrong=$(still_wrong)
    [ -z "$wrong" ] || give_up "still wrong after all: $(echo "$wrong" | one_line)"
fi
finish
