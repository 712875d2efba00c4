"""Writes an ONNX model from its text: `onnx_text.py MODEL.txt MODEL.onnx`."""

import sys

import onnx.parser

with open(sys.argv[1], encoding="utf-8") as file:
    model = onnx.parser.parse_model(file.read())
with open(sys.argv[2], "wb") as file:
    file.write(model.SerializeToString())
