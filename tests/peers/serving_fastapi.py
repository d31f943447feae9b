"""FastAPI, uvicorn and ONNX Runtime: the endpoint that teams write themselves, with the body of the Open Inference Protocol.

Run by serve-bench: MODEL=model.onnx uvicorn serving_fastapi:app
The body is taken as the JSON it is, without a pydantic model, which would cost more.
"""

import os

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from serving_model import Network, rows_of

app = FastAPI()
network = Network(os.environ["MODEL"])


@app.get("/v2/health/ready")
async def ready():
    return {"ready": True}


@app.post("/v2/models/{name}/infer")
async def infer(name: str, request: Request):
    given = (await request.json())["inputs"][0]
    said = network.answer(rows_of(given["data"], given["shape"]))
    output = {"name": "probabilities", "datatype": "FP32", "shape": list(said.shape), "data": said.ravel().tolist()}
    return JSONResponse({"model_name": name, "outputs": [output]})
