# Asks what offsets this host will really have, layer by layer, in one round trip. Changes nothing.

ask_file() { # LAYER ZONE FILE
    for ask_instant in $MUSTER_INSTANTS; do
        ask_value=$(offset "$3" "${ask_instant%%=*}") || ask_value=missing
        fact "$1" "$2 ${ask_instant#*=}" "$ask_value"
    done
}

ask_system() {
    system_version=$(sed -n '1s/^# version //p' "$root$zoneinfo/tzdata.zi" 2>/dev/null)
    [ -n "$system_version" ] && fact system version "$system_version"
    for system_zone in $MUSTER_ZONES; do
        ask_file system "$system_zone" "$root$zoneinfo/$system_zone"
    done
}

ask_localtime() {
    fact localtime kind "$(localtime_kind)"
    local_name=$(localtime_zone) || {
        fact localtime zone unknown
        return
    }
    fact localtime zone "$local_name"
    ask_file localtime "$local_name" "$(localtime_file)"
    same_rules "$local_name" >/dev/null && ask_processes
}

ask_processes() {
    processes | sort -u | while read -r asked_name asked_start; do
        if old_rules "$asked_start"; then
            fact processes "$asked_name" "old rules"
        else
            fact processes "$asked_name" "new rules"
        fi
    done
}

ask_host() {
    fact host "package manager" "$(package_manager)"
    host_package=$(package_version)
    [ -n "$host_package" ] && fact host "tzdata package" "$host_package"
    fact host "free KB" "$(free_kb "$root$zoneinfo")"
}

# java_homes: every folder that holds a Java runtime, once each.
java_homes() {
    {
        for home in "$root"/usr/lib/jvm/* "$root"/usr/java/* "$root"/opt/*; do echo "$home"; done
        if [ -z "$root" ]; then
            [ -n "${JAVA_HOME:-}" ] && echo "$JAVA_HOME"
            for java in "$(command -v java)" /proc/[0-9]*/exe; do
                java=$(readlink -f "$java" 2>/dev/null) && case $java in */bin/java) echo "${java%/bin/java}" ;; esac
            done
        fi
    } | while read -r home; do
        [ -x "$home/bin/java" ] && [ -n "$(tzdb "$home")" ] && readlink -f "$home"
    done | sort -u
}

tzdb() {
    for tzdb_file in "$1/lib/tzdb.dat" "$1/jre/lib/tzdb.dat"; do
        [ -f "$tzdb_file" ] && echo "$tzdb_file" && return
    done
}

# The file begins with 01, then "TZDB" and the number of versions, then the first version; each text has a two-byte length.
tzdb_version() {
    [ "$(dd if="$1" bs=1 skip=3 count=4 2>/dev/null)" = TZDB ] || return 1
    dd if="$1" bs=1 skip=11 count=5 2>/dev/null
}

ask_jvms() {
    java_homes | while read -r home; do
        layer="jvm ${home#"$root"}"
        java_version=$(sed -n 's/^JAVA_VERSION="\(.*\)"/\1/p' "$home/release" 2>/dev/null)
        fact "$layer" version "${java_version:-unknown}"
        fact "$layer" tzdata "$(tzdb_version "$(tzdb "$home")")"
        [ -x "$home/bin/javac" ] && ask_java "$home" "$layer"
    done
}

# answer COMMAND...: what a runtime says within 20 s. It goes through a file, because what a wrapper has started may
# outlive it and keep our output open.
answer() {
    answer_file=$(mktemp 2>/dev/null) || return
    limited 20 "$@" >"$answer_file" 2>/dev/null
    answer_code=$?
    cat "$answer_file"
    rm -f "$answer_file"
    return $answer_code
}

# Only a Java with its compiler can be asked by a source file.
ask_java() {
    java_work=$(mktemp -d 2>/dev/null) || return
    cat >"$java_work/Offsets.java" <<'JAVA'
public class Offsets {
    public static void main(String[] arguments) {
        for (String zone : arguments[0].split(" ")) {
            for (String instant : arguments[1].split(" ")) {
                String[] parts = instant.split("=");
                int seconds;
                try {
                    seconds = java.time.ZoneId.of(zone).getRules()
                        .getOffset(java.time.Instant.ofEpochSecond(Long.parseLong(parts[0]))).getTotalSeconds();
                } catch (java.time.DateTimeException unknown) {
                    continue;
                }
                System.out.println(String.format("fact\t%s\t%s %s\t%s%02d%02d", arguments[2], zone, parts[1],
                    seconds < 0 ? "-" : "+", Math.abs(seconds) / 3600, Math.abs(seconds) / 60 % 60));
            }
        }
    }
}
JAVA
    answer "$1/bin/java" -Xmx64m -XX:TieredStopAtLevel=1 "$java_work/Offsets.java" \
        "$MUSTER_ZONES" "$MUSTER_INSTANTS" "$2" || note "$2 could not be asked for its offsets"
    rm -rf "$java_work"
}

# programs NAME...: the programs of these names in the usual folders, once each.
programs() {
    for program in "$@"; do
        for folder in /usr/bin /usr/local/bin /opt/*/bin; do
            [ -x "$root$folder/$program" ] && readlink -f "$root$folder/$program"
        done
        [ -z "$root" ] && have "$program" && readlink -f "$(command -v "$program")"
    done | sort -u
}

ask_nodes() {
    programs node nodejs | while read -r node; do
        answer "$node" -e '
const [zones, instants, layer] = process.argv.slice(1);
const fact = (key, value) => console.log(["fact", layer, key, value].join("\t"));
fact("version", process.versions.node);
fact("tzdata", process.versions.tz || "unknown");
for (const zone of zones.split(" ")) for (const instant of instants.split(" ")) {
  const [epoch, label] = instant.split("=");
  const at = new Date(epoch * 1000), part = {};
  try {
    new Intl.DateTimeFormat("en-US", {timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
      hour: "numeric", minute: "numeric", second: "numeric"}).formatToParts(at).forEach(p => part[p.type] = +p.value);
  } catch (unknown) { continue; }
  const local = Date.UTC(part.year, part.month - 1, part.day, part.hour % 24, part.minute, part.second);
  const minutes = Math.round((local - at) / 60000), two = n => String(Math.floor(n)).padStart(2, "0");
  fact(zone + " " + label, (minutes < 0 ? "-" : "+") + two(Math.abs(minutes) / 60) + two(Math.abs(minutes) % 60));
}' "$MUSTER_ZONES" "$MUSTER_INSTANTS" "node ${node#"$root"}" ||
            note "node ${node#"$root"} could not be asked"
    done
}

ask_pythons() {
    programs python3 python | while read -r python; do
        answer "$python" -I -c '
import sys
zones, instants, place = sys.argv[1:4]

def fact(layer, key, value):
    print("fact\t%s %s\t%s\t%s" % (layer, place, key, value))

def ask(layer, version, find):
    fact(layer, "tzdata", version)
    from datetime import datetime, timezone
    for zone in zones.split():
        for instant in instants.split():
            epoch, label = instant.split("=")
            try:
                local = datetime.fromtimestamp(int(epoch), timezone.utc).astimezone(find(zone))
            except Exception:
                continue
            fact(layer, zone + " " + label, local.strftime("%z"))

def of_tzdata(zone):
    from importlib import resources
    from zoneinfo import ZoneInfo
    folder, name = ("tzdata.zoneinfo." + zone.replace("/", ".")).rsplit(".", 1)
    with resources.open_binary(folder, name) as data:
        return ZoneInfo.from_file(data)

try:
    import tzdata
    ask("python-tzdata", tzdata.IANA_VERSION, of_tzdata)
except ImportError:
    pass
try:
    import pytz
    ask("pytz", getattr(pytz, "OLSON_VERSION", pytz.__version__), pytz.timezone)
except ImportError:
    pass
' "$MUSTER_ZONES" "$MUSTER_INSTANTS" "${python#"$root"}" ||
            note "python ${python#"$root"} could not be asked"
    done
}

if date_can_be_asked; then
    [ -d "$root$zoneinfo" ] || error "no zone data at $zoneinfo"
    ask_system
    ask_localtime
else
    error "this host's date cannot be asked about an instant"
fi
ask_host
for runtime in $MUSTER_LOOK_FOR; do
    case $runtime in
    jvm) ask_jvms ;;
    node) ask_nodes ;;
    python) ask_pythons ;;
    esac
done
printf 'done\tprobe\n'
