from pathlib import Path

from benchmarks import vrptw

FILE = """SMALL

VEHICLE
NUMBER     CAPACITY
  3         10

CUSTOMER
CUST NO.  XCOORD.   YCOORD.    DEMAND   READY TIME  DUE DATE   SERVICE   TIME

    0      0         0          0          0        200          0
    1      10        0          4          0        100         10
    2      20        0          4          0        100         10
    3      0        10          4          0        100         10
"""


def test_a_small_instance_is_solved_to_its_best(tmp_path: Path) -> None:
    file = tmp_path / "small.txt"
    file.write_text(FILE)
    distance, left_out = vrptw.solve(vrptw.read(file), 0.3, 1)
    assert left_out == 0
    assert distance == 60.0  # 0-1-2-0 and 0-3-0: three customers are too much for one vehicle
