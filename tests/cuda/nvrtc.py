"""nvrtc.py LIBRARY SOURCE OUTPUT OPTION...: NVRTC compiles a CUDA source for the device alone, into PTX.

What it says goes to stderr; status 1 also where that is only a warning. It has no C headers: here is what
ours need of them.
"""
import ctypes
import sys

HEADERS = {
    "math.h": "#define INFINITY __int_as_float(0x7f800000)\n#define NAN __int_as_float(0x7fc00000)\n",
    "stdarg.h": "",
    "stddef.h": "",
    "stdint.h": "".join(
        f"typedef signed {kind} int{bits}_t;\ntypedef unsigned {kind} uint{bits}_t;\n"
        for bits, kind in ((8, "char"), (16, "short"), (32, "int"), (64, "long")))
    + "#define UINT32_MAX 0xffffffffU\n#define UINT64_MAX 0xffffffffffffffffUL\n",
    "string.h": "",
}


def strings(values):
    return (ctypes.c_char_p * len(values))(*(value.encode() for value in values))


def fetch(nvrtc, what, program):
    size = ctypes.c_size_t()
    getattr(nvrtc, f"nvrtcGet{what}Size")(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    getattr(nvrtc, f"nvrtcGet{what}")(program, text)
    return text.value


def main(library, source, output, *options):
    nvrtc = ctypes.CDLL(library)
    program = ctypes.c_void_p()
    with open(source, "rb") as file:
        text = file.read()
    if nvrtc.nvrtcCreateProgram(ctypes.byref(program), text, source.encode(), len(HEADERS),
                                strings(list(HEADERS.values())), strings(list(HEADERS))) != 0:
        sys.exit(f"{library}: no program can be made")
    failed = nvrtc.nvrtcCompileProgram(program, len(options), strings(options))
    said = fetch(nvrtc, "ProgramLog", program).decode().strip()
    if failed or said:
        sys.exit(f"{source}: {said or failed}")
    with open(output, "wb") as file:
        file.write(fetch(nvrtc, "PTX", program))


main(*sys.argv[1:])
