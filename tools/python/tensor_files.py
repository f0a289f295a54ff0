"""Safetensors files by hand: 8 bytes with the header's length, the header (JSON), the numbers."""
import array
import json

import torch

DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def parse(data):
    """The floating tensors of a file's bytes by their names, and its metadata."""
    try:
        start = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(data[8:start])
        metadata = header.pop("__metadata__", {})
        tensors = {}
        for name, entry in header.items():
            dtype, (begin, end) = DTYPES[entry["dtype"]], entry["data_offsets"]
            values = torch.empty(0, dtype=dtype)
            if end > begin:
                values = torch.frombuffer(bytearray(data[start + begin:start + end]), dtype=dtype)
            tensors[name] = values.reshape(entry["shape"])
    except (KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise ValueError(repr(error)) from None
    return tensors, metadata


def to_bytes(tensors):
    """The bytes of a file with these tensors, as float32."""
    header, data = {}, bytearray()
    for name, tensor in tensors.items():
        begin = len(data)
        data += array.array("f", tensor.detach().float().flatten().tolist()).tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape),
                        "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data
