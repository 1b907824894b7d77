#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""attach OBJECT PIN: loads the one program of an object, attaches it, and pins its link."""
import ctypes
import sys

libbpf = ctypes.CDLL("libbpf.so.1")
for name, arguments in (("bpf_object__open_file", 2), ("bpf_object__next_program", 2), ("bpf_program__attach", 1)):
    function = getattr(libbpf, name)
    function.restype, function.argtypes = ctypes.c_void_p, [ctypes.c_void_p] * arguments

path, pin = (argument.encode() for argument in sys.argv[1:])
libbpf.bpf_object__open_file.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
libbpf.bpf_object__load.argtypes = [ctypes.c_void_p]
libbpf.bpf_link__pin.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
loaded = libbpf.bpf_object__open_file(path, None)
if not loaded or libbpf.bpf_object__load(loaded):
    sys.exit("attach: the object is not loaded")
link = libbpf.bpf_program__attach(libbpf.bpf_object__next_program(loaded, None))
if not link or libbpf.bpf_link__pin(link, pin):
    sys.exit("attach: the program is not attached")
