"""The exported network in ONNX Runtime, for both servers: one tensor of all features in, probabilities out."""

import numpy
import onnxruntime


class Network:
    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.names = [given.name for given in self.session.get_inputs()]

    def answer(self, rows):
        """Probabilities, [n, classes]; the columns are the features in their order."""
        given = {name: rows[:, at : at + 1] for at, name in enumerate(self.names)}
        return self.session.run(["probabilities"], given)[0]


def rows_of(data, shape):
    return numpy.asarray(data, dtype=numpy.float32).reshape(shape)
