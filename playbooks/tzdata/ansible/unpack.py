"""Take the zone files out of a payload, on the machine that pushes: ``unpack.py PAYLOAD FOLDER``; for apply.yml."""

import sys
from pathlib import Path


def main(payload: Path, folder: Path) -> None:
    """Write each zone's file into the folder, under the zone's name with its slashes."""
    data = payload.read_bytes()
    at = int(data.split(maxsplit=4)[2])
    for line in data[:at].decode().splitlines()[1:]:
        zone, size = line.split()
        target = folder / zone
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data[at : at + int(size)])
        at += int(size)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
