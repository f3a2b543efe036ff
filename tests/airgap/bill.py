"""Holds a bill of materials against the schema of CycloneDX, and against the list of crates in the executable.

Usage: bill.py BILL DEP_V0, where DEP_V0 is the section of that name that cargo-auditable writes.
"""

import json
import sys
import zlib

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

bill, dep_v0 = (open(path, "rb").read() for path in sys.argv[1:])
validator = JsonStrictValidator(SchemaVersion.V1_5)
if error := validator.validate_str(bill.decode()):
    sys.exit(f"the bill is no CycloneDX: {error}")
# It must be able to say no.
if not validator.validate_str(bill.decode().replace('"specVersion": "1.5"', '"specVersion": 1.5')):
    sys.exit("the validator takes anything")

bill = json.loads(bill)
billed = {
    (part["name"], part["version"])
    for part in bill["components"]
    if part["purl"].startswith("pkg:cargo/")
}
packages = json.loads(zlib.decompress(dep_v0))["packages"]
in_executable = {
    (package["name"], package["version"])
    for package in packages
    if package.get("kind", "runtime") == "runtime" and not package.get("root")
}
if missing := billed - in_executable:
    sys.exit(f"in the bill, and not in the executable: {sorted(missing)}")
# cargo-auditable asks `cargo metadata`, which counts what macros use and what a feature brings that only tests turn on.
print(f"{len(billed)} crates in the bill; in the executable's own list {len(in_executable)}, and {len(packages)} with what built it")
