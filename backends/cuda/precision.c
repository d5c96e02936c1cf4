/* Whether the card and the environment allow a precision, and room for algorithms. */
#include "precision.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGN = 256, PLACED = 64 };
static const size_t SCRATCH = 64u << 20; /* cuBLAS is advised to have 32 MiB on Hopper */

/*
 * NVIDIA_TF32_OVERRIDE changes what cuBLAS and cuDNN do when they are asked for f32 or tf32: 0
 * forbids tf32; other values are reserved, and set by some to turn f32 into tf32.
 */
static int check_override(const struct mcd_cuda *cuda, struct mcd_error *error)
{
    const char *override = getenv("NVIDIA_TF32_OVERRIDE");
    if (!override || !*override || cuda->precision == MCD_CUDA_BF16)
        return MCD_OK; /* bf16 in tf32 is exact, as it is in f32 */
    int forbids = !strcmp(override, "0");
    if (forbids == (cuda->precision == MCD_CUDA_F32))
        return MCD_OK;
    return cuda->host->fail(error, MCD_DEVICE, "precision",
                            "NVIDIA_TF32_OVERRIDE=%s in the environment has NVIDIA's libraries "
                            "ignore precision=%s: unset it",
                            override, forbids ? "tf32" : "f32");
}

int mcd_cuda_precision_check(const struct mcd_cuda *cuda, struct mcd_error *error)
{
    const int capability = cuda->card.capability;
    if (cuda->precision != MCD_CUDA_F32 && capability < 80)
        return cuda->host->fail(error, MCD_DEVICE, "precision",
                                "%s needs a card of compute capability 8.0 or later, %s has %d.%d: "
                                "expected f32",
                                cuda->precision == MCD_CUDA_TF32 ? "tf32" : "bf16", cuda->card.name,
                                capability / 10, capability % 10);
    return check_override(cuda, error);
}

size_t mcd_cuda_scratch_limit(const struct mcd_cuda *cuda)
{
    return cuda->memory && cuda->memory / 8 < SCRATCH ? cuda->memory / 8 : SCRATCH;
}

size_t mcd_cuda_scratch_room(size_t bytes)
{
    return bytes ? bytes + ALIGN - PLACED : 0;
}

char *mcd_cuda_scratch(const struct mcd_cuda_call *call)
{
    uintptr_t at = (uintptr_t)mcd_cuda_pointer(&call->step->workspace);
    return (char *)((at + ALIGN - 1) / ALIGN * ALIGN);
}
