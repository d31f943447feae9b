#!/usr/bin/env python3
"""The clients that people have, against a running daemon: tritonclient (HTTP, HTTP binary, gRPC), KServe's own, and curl.

    python oip_clients.py HTTP_ADDRESS GRPC_ADDRESS MODEL

The model has a number `amount`, a category `country` and a boolean `member`, and two classes; an end-to-end test starts one.
Needs the packages of oip_requirements.txt. Each client is a process of its own: two of them bring the same messages. Each ends
with how many checks there were; the first that fails ends it all.
"""

import asyncio
import json
import subprocess
import sys

import numpy as np

ROWS = 3
checks = 0


def check(what, holds):
    global checks
    checks += 1
    if not holds:
        sys.exit(f"failed: {what}")


def fill(make, *binary):
    """A tensor a feature, three rows; whether they go raw is said where a client can be told."""
    amount = make("amount", [ROWS], "FP32")
    amount.set_data_from_numpy(np.array([1, 2, 3], dtype=np.float32), *binary)
    country = make("country", [ROWS, 1], "BYTES")
    country.set_data_from_numpy(np.array([["NL"], ["DE"], ["FR"]], dtype=object), *binary)
    member = make("member", [ROWS], "BOOL")
    member.set_data_from_numpy(np.array([True, False, True]), *binary)
    return [amount, country, member]


def check_answer(what, probabilities, labels):
    check(f"{what}: shape", probabilities.shape == (ROWS, 2))
    check(f"{what}: sums", np.allclose(probabilities.sum(axis=1), 1, atol=1e-5))
    words = [word.decode() if isinstance(word, bytes) else word for word in labels.tolist()]
    check(f"{what}: labels", len(words) == ROWS and set(words) <= {"no", "yes"})


def statistics(client, model):
    """Requests answered, and rows; gRPC leaves out what is 0, and writes numbers as text."""
    told = client.get_inference_statistics(model)
    told = told if isinstance(told, dict) else client.get_inference_statistics(model, as_json=True)
    (one,) = told["model_stats"]
    success = one["inference_stats"]["success"]
    return int(success.get("count", 0)), int(one.get("inference_count", 0))


def check_triton(what, client, inputs, asked, model):
    from tritonclient.utils import InferenceServerException

    check(f"{what}: live", client.is_server_live())
    check(f"{what}: ready", client.is_server_ready())
    check(f"{what}: model ready", client.is_model_ready(model))
    before = statistics(client, model)
    answer = client.infer(model, inputs, outputs=asked, request_id="t1")
    check_answer(what, answer.as_numpy("probabilities"), answer.as_numpy("label"))
    check(f"{what}: statistics", statistics(client, model) == (before[0] + 1, before[1] + ROWS))
    try:
        client.infer("other", inputs)
        check(f"{what}: another model is refused", False)
    except InferenceServerException as error:
        check(f"{what}: the refusal says why", model in str(error))


def triton_http(http, _, model):
    from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput

    client = InferenceServerClient(http)
    check("triton http: metadata", client.get_server_metadata()["name"] == "driftform")
    metadata = client.get_model_metadata(model)
    check("triton http: inputs", [of["name"] for of in metadata["inputs"]] == ["amount", "country", "member"])
    check("triton http: index", client.get_model_repository_index()[-1]["state"] in ("READY", "LOADING"))
    check("triton http: version ready", client.is_model_ready(model, metadata["versions"][-1]))
    for binary in (False, True):
        asked = [InferRequestedOutput(name, binary_data=binary) for name in ("probabilities", "label")]
        check_triton(f"triton http, binary {binary}", client, fill(InferInput, binary), asked, model)
    client.close()


def triton_grpc(_, grpc, model):
    from tritonclient.grpc import InferenceServerClient, InferInput, InferRequestedOutput

    client = InferenceServerClient(grpc)
    check("triton grpc: metadata", client.get_server_metadata().name == "driftform")
    check("triton grpc: model", client.get_model_metadata(model).platform == "candle_safetensors")
    asked = [InferRequestedOutput(name) for name in ("probabilities", "label")]
    check_triton("triton grpc", client, fill(InferInput), asked, model)
    client.close()


def kserve_request(model, binary):
    from kserve import InferInput, InferRequest

    amount = InferInput("amount", [ROWS], "FP32")
    amount.set_data_from_numpy(np.array([1, 2, 3], dtype=np.float32), binary_data=binary)
    country = InferInput("country", [ROWS], "BYTES")
    country.set_data_from_numpy(np.array(["NL", "DE", "FR"], dtype=object), binary_data=binary)
    return InferRequest(model_name=model, infer_inputs=[amount, country], request_id="k1")


async def ask_kserve(http, grpc, model):
    from kserve import InferenceGRPCClient, InferenceRESTClient, RESTConfig

    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    base = f"http://{http}"
    check("kserve rest: live", await client.is_server_live(base))
    check("kserve rest: ready", await client.is_server_ready(base))
    check("kserve rest: model ready", await client.is_model_ready(base, model))
    for binary in (False, True):
        answer = await client.infer(base, kserve_request(model, binary), model_name=model)
        outputs = {output.name: output.as_numpy() for output in answer.outputs}
        check_answer(f"kserve rest, binary {binary}", outputs["probabilities"].reshape(ROWS, 2), outputs["label"])
        check("kserve rest: id", answer.id == "k1")
    await client.close()
    client = InferenceGRPCClient(grpc)
    check("kserve grpc: live", await client.is_server_live())
    check("kserve grpc: ready", await client.is_server_ready())
    check("kserve grpc: model ready", await client.is_model_ready(model))
    for binary in (False, True):
        answer = await client.infer(kserve_request(model, binary))
        outputs = {output.name: output.as_numpy() for output in answer.outputs}
        check_answer(f"kserve grpc, binary {binary}", outputs["probabilities"].reshape(ROWS, 2), outputs["label"])
    await client.close()


def kserve(http, grpc, model):
    asyncio.run(ask_kserve(http, grpc, model))


def curl(http, _, model):
    def ask(path, body=None):
        data = ["-d", json.dumps(body), "-H", "Content-Type: application/json"] if body is not None else []
        said = subprocess.run(["curl", "-sS", *data, f"http://{http}{path}"], capture_output=True, check=True)
        return json.loads(said.stdout)

    check("curl: server", ask("/v2")["name"] == "driftform")
    row = {"name": "amount", "shape": [1], "datatype": "FP32", "data": [1]}
    answer = ask(f"/v2/models/{model}/infer", {"inputs": [row]})
    check("curl: infer", answer["outputs"][0]["shape"] == [1, 2])
    event = {"id": "e1", "features": {"amount": 1, "country": "NL", "member": True}}
    check("curl: predict", ask("/v1/predict", event)["prediction"] in ("no", "yes"))
    check("curl: error", "error" in ask(f"/v2/models/{model}/infer", {}))


CLIENTS = {ask.__name__: ask for ask in (triton_http, triton_grpc, kserve, curl)}


def main():
    *where, last = sys.argv[1:]
    if last in CLIENTS:
        CLIENTS[last](*where)
        print(f"{last}: {checks} checks, all hold", flush=True)
        return
    for name in CLIENTS:
        subprocess.run([sys.executable, __file__, *where, last, name], check=True)


main()
