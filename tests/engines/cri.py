#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""cri.py DIR SOCKET METHOD JSON: one call of the Container Runtime Interface; prints the answer as JSON.

DIR is where the messages that protoc makes of cri.proto are kept between calls. A call that fails prints what the server
says about it on standard error; the exit status is 1.
"""
import os
import sys

import grpc
from google.protobuf import json_format, message_factory
from grpc_tools import protoc

HERE = os.path.dirname(os.path.abspath(__file__))


def messages(folder):
    if not os.path.exists(f"{folder}/cri_pb2.py"):
        if protoc.main(["protoc", f"-I{HERE}", f"--python_out={folder}", "cri.proto"]):
            raise SystemExit("cri.py: protoc refuses cri.proto")
    sys.path.insert(0, folder)
    import cri_pb2
    return cri_pb2.DESCRIPTOR


def main():
    folder, socket, method, text = sys.argv[1:5]
    for service in messages(folder).services_by_name.values():
        if method in service.methods_by_name:
            break
    else:
        raise SystemExit(f"cri.py: cri.proto has no {method}")
    found = service.methods_by_name[method]
    factory = message_factory.MessageFactory()
    request, answer = factory.GetPrototype(found.input_type), factory.GetPrototype(found.output_type)
    with grpc.insecure_channel("unix://" + socket) as channel:
        call = channel.unary_unary(f"/{service.full_name}/{method}", request_serializer=request.SerializeToString,
                                   response_deserializer=answer.FromString)
        try:
            result = call(json_format.Parse(text, request()), timeout=60)
        except grpc.RpcError as error:
            raise SystemExit(f"{method}: {error.details()}")
    print(json_format.MessageToJson(result, preserving_proto_field_name=True, including_default_value_fields=True))


if __name__ == "__main__":
    main()
