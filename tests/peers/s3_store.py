"""Runs a command beside an object store with one bucket and one user (see `s3`), and ends as it ends."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import boto3
from moto.core import set_initial_no_auth_action_count
from moto.server import ThreadedMotoServer

BUCKET = "models"
REGION = "us-east-1"
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
# Anybody: what is made before signatures count.
NOBODY = {"aws_access_key_id": "nobody", "aws_secret_access_key": "nobody", "region_name": REGION}


def key_of_a_user(url):
    """Makes the bucket and a user who may use it; the id and the key."""
    boto3.client("s3", endpoint_url=url, **NOBODY).create_bucket(Bucket=BUCKET)
    iam = boto3.client("iam", endpoint_url=url, **NOBODY)
    iam.create_user(UserName="driftform")
    iam.put_user_policy(UserName="driftform", PolicyName="bucket", PolicyDocument=json.dumps(POLICY))
    key = iam.create_access_key(UserName="driftform")["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def main():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    names = ("id", "key")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in zip(names, key_of_a_user(url)):
            (pathlib.Path(folder) / name).write_text(text + "\n")
        environment = {**os.environ, "OBJECT_STORE": url, "OBJECT_STORE_KEYS": folder}
        # From now on signatures count, and what the user may do.
        signed = set_initial_no_auth_action_count(0)(lambda: subprocess.run(sys.argv[1:], env=environment).returncode)
        code = signed()
    server.stop()
    return code


if __name__ == "__main__":
    sys.exit(main())
