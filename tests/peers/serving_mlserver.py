"""MLServer with ONNX Runtime: it brings no runtime for ONNX, so this is one as its documentation has people write them."""

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

from serving_model import Network


class Onnx(MLModel):
    async def load(self) -> bool:
        self.network = Network(self._settings.parameters.uri)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = NumpyCodec.decode_input(payload.inputs[0])
        said = self.network.answer(rows)
        output = NumpyCodec.encode_output("probabilities", said)
        return InferenceResponse(model_name=self.name, outputs=[output])
