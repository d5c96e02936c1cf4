/* What the runtime's failures mean. */
#include "cuda.h"

int mcd_cuda_status(const struct mcd_cuda *cuda, cudaError_t result, const char *doing,
                    struct mcd_error *error)
{
    if (result == cudaSuccess)
        return MCD_OK;
    cudaGetLastError(); /* or the next launch would be told of it, too */
    if (result == cudaErrorMemoryAllocation)
        return cuda->host->fail(error, MCD_NOMEM, "memory", "%s: the card's or the host's is full",
                                doing);
    return cuda->host->fail(error, MCD_DEVICE, "cuda", "%s: %s (%s)", doing,
                            cudaGetErrorString(result), cudaGetErrorName(result));
}
