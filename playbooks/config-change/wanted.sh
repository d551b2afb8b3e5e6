# What the file shall hold, worked out on the host from what it holds now: file, block or key.

# target: the file itself, behind the links that lead to it.
target=$MUSTER_PATH
for _ in 1 2 3 4 5 6 7 8; do
    [ -h "$root$target" ] || break
    target_link=$(readlink "$root$target")
    case $target_link in
    /*) target=$target_link ;;
    *) target=${target%/*}/$target_link ;;
    esac
done

# why_not_wanted: why nothing can be worked out here; empty when it can.
why_not_wanted() {
    if [ -d "$root$target" ]; then
        echo "$MUSTER_PATH is a folder on this host"
    elif [ -h "$root$target" ]; then
        echo "$MUSTER_PATH is a link that leads in a circle"
    elif [ ! -e "$root$target" ] && [ "$MUSTER_CREATE" = no ]; then
        echo "there is no $MUSTER_PATH on this host"
    elif [ -e "$root$target" ] && [ ! -r "$root$target" ]; then
        echo "$MUSTER_PATH cannot be read: the login needs to be root"
    elif [ "$MUSTER_WAY" = block ] && ! block_is_whole; then
        echo "the block '$MUSTER_MARKER' in $MUSTER_PATH has no end, or two beginnings; mend it by hand"
    fi
}

present() { cat "$root$target" 2>/dev/null; }

# make_wanted PAYLOAD FILE: write into FILE what the target shall hold.
make_wanted() {
    case $MUSTER_WAY in
    file) cat "$1" ;;
    block) present | with_block "$1" ;;
    key) present | with_key ;;
    esac >"$2" 2>/dev/null
}

block_begin="$MUSTER_COMMENT BEGIN $MUSTER_MARKER"
block_end="$MUSTER_COMMENT END $MUSTER_MARKER"

block_is_whole() {
    present | BEGIN_LINE=$block_begin END_LINE=$block_end awk '
        $0 == ENVIRON["BEGIN_LINE"] { if (seen++) bad = 1; inside = 1; next }
        $0 == ENVIRON["END_LINE"] { if (!inside) bad = 1; inside = 0 }
        END { exit bad || inside }'
}

with_block() {
    BEGIN_LINE=$block_begin END_LINE=$block_end BLOCK=$1 awk '
        function block(line) {
            print ENVIRON["BEGIN_LINE"]
            while ((getline line <ENVIRON["BLOCK"]) > 0) print line
            print ENVIRON["END_LINE"]
            put = 1
        }
        $0 == ENVIRON["BEGIN_LINE"] { block(); inside = 1; next }
        $0 == ENVIRON["END_LINE"] { inside = 0; next }
        !inside
        END { if (!put) block() }'
}

# A section ends where the next begins; sshd_config has Match blocks in their place.
with_key() {
    awk '
        function is_key(line, rest) {
            sub(/^[ \t]+/, "", line)
            if (substr(line, 1, length(key)) != key) return 0
            rest = substr(line, length(key) + 1)
            if (bare == "") return rest ~ /^[ \t]/ || rest == ""
            sub(/^[ \t]+/, "", rest)
            return substr(rest, 1, length(bare)) == bare
        }
        function set_it() { print key separator value; put = 1 }
        function flush(number) {
            for (number = 1; number <= blanks; number++) print ""
            blanks = 0
        }
        BEGIN {
            key = ENVIRON["MUSTER_KEY"]; value = ENVIRON["MUSTER_VALUE"]; separator = ENVIRON["MUSTER_SEPARATOR"]
            section = ENVIRON["MUSTER_SECTION"]
            bare = separator; gsub(/^[ \t]+|[ \t]+$/, "", bare)
            here = section == ""; found = here
        }
        /^[ \t]*\[.*\][ \t]*$/ || (section == "" && /^[ \t]*Match[ \t]/) {
            if (here && !put) set_it()
            flush()
            name = $0; sub(/^[ \t]*\[[ \t]*/, "", name); sub(/[ \t]*\][ \t]*$/, "", name)
            here = section != "" && name == section
            if (here) found = 1
            print; next
        }
        here && is_key($0) { flush(); if (!put) set_it(); next }
        here && /^[ \t]*$/ { blanks++; next }
        { flush(); print }
        END {
            if (!found) { flush(); print "[" section "]" }
            if (!put) set_it()
            flush()
        }'
}
