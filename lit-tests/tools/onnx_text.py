"""Writes ONNX models from their text: `onnx_text.py MODEL.txt MODEL.onnx`, or `onnx_text.py FOLDER` for each NAME.txt in
it."""

import pathlib
import sys

import onnx.parser


def write(text, model):
    try:
        parsed = onnx.parser.parse_model(text.read_text(encoding="utf-8"))
    except onnx.parser.ParseError as error:
        sys.exit("%s: %s" % (text, error))
    model.write_bytes(parsed.SerializeToString())


paths = [pathlib.Path(argument) for argument in sys.argv[1:]]
if len(paths) == 1:
    texts = sorted(paths[0].glob("*.txt")) or sys.exit("%s: no *.txt" % paths[0])
    for text in texts:
        write(text, text.with_suffix(".onnx"))
else:
    write(*paths)
