/*
 * A fake of the CUDA runtime, cuBLASLt and cuDNN, for tests alone: what the CUDA backend calls, on
 * a device that is memory of this process which only the fake may touch. It is as lazy, as
 * forgetful and as strict as CUDA's documentation allows:
 *
 * - work is done when something waits for it, not before; fresh memory and workspaces hold NaN;
 * - device memory cannot be read or written while no work is done, freed memory never again;
 * - a use that CUDA forbids, or leaves undefined, ends the process with a line on stderr, and so
 *   does what was not given back when the fake is unloaded;
 * - any call can be made to fail.
 *
 * Knows nothing of mcdrop. What stands here is for tests; fake_inner.h is the fake's own.
 */
#ifndef TESTS_CUDA_FAKE_H
#define TESTS_CUDA_FAKE_H

#include <cuda_runtime_api.h>
#include <stdint.h>

/*
 * How the device is: words NAME=VALUE, separated by blanks or commas, as MCDROP_FAKE_CUDA has them
 * when the fake is loaded. Nothing may be alive. What is not named is as it was.
 *
 *   devices=1        number of devices
 *   driver=13000     version of the driver; 0: there is none
 *   runtime=13000    version of the runtime
 *   capability=90    compute capability, ten times the major plus the minor number
 *              61x90 of the first device and of all others
 *   memory=BYTES     of each device (1 GiB)
 *   order=lazy       work is done when it is waited for, and no other with it
 *         eager      at once
 *         NUMBER     by chance, a little at each call: from this seed
 *   fail=HOW:K       see below: memory, refused, sticky or late
 *
 * Returns 0, or -1 if a word is not known.
 */
int fake_set(const char *words);

enum fake_failure {
    FAKE_NO_FAILURE,
    FAKE_MEMORY,  /* the k-th call says that there is no memory */
    FAKE_REFUSED, /* the k-th call fails for another reason */
    FAKE_STICKY,  /* from the k-th call on all fail, and nothing is done any more */
    FAKE_LATE     /* the k-th piece of work fails when it is done: all later calls fail */
};

/* From now on; counts from 1. */
void fake_fail(enum fake_failure how, unsigned long k);

/* The failure is over, a failed device well again. The call or work that failed, or NULL. */
const char *fake_recover(void);

/* In a child: it goes on with what its parent has, which ends it otherwise, as CUDA cannot. */
void fake_adopt(void);

/* With on = 1 wrong uses are kept for fake_wrong_use instead of ending the process. */
void fake_tolerate(int on);

/* The first wrong use since fake_tolerate or the last call of this; NULL: there was none. */
const char *fake_wrong_use(void);

/* Since the fake was loaded. */
struct fake_counts {
    unsigned long calls, done; /* those that can fail; pieces of work that were done */
    unsigned long launches;    /* kernels that were put on a stream or into a graph */
    unsigned long waits;       /* calls that wait for a stream, an event or a device */
    unsigned long drains;      /* of these, those for all that a stream or device has to do */
    unsigned long captures, instantiated, graph_launches;
    unsigned long to_device, from_device; /* copies */
    unsigned long to_device_bytes, from_device_bytes;
    unsigned long contexts; /* a bit by device: 1 if a context was made there, since fake_set */
};
struct fake_counts fake_counts(void);

/* What the last product and the last convolution were asked to be, in the libraries' numbers. */
struct fake_library {
    int compute, factors, epilogue, scheme; /* of cublasLtMatmul */
    unsigned long long kinds;               /* CUBLASLT_MATMUL_PREF_IMPL_MASK of its algorithm */
    size_t product_workspace;
    int direction, algorithm, math; /* 0: forward, 1: data, 2: filter */
    size_t convolution_workspace;
};
struct fake_library fake_library(void);

/* Allocations, streams, events, graphs, descriptors, handles that were not given back. */
long fake_live(void);

/* As dlopen: the fake itself for cuBLASLt and cuDNN, counted among the calls that can fail. */
void *fake_dlopen(const char *name, int mode);

/*
 * Puts a kernel on a stream: run(args, count, backwards) does what threads 0 .. count - 1 do, in
 * either order. For what kernels.h declares.
 */
typedef void (*fake_kernel)(const void *args, int64_t count, int backwards);
cudaError_t fake_launch(const char *name, cudaStream_t stream, int64_t count, fake_kernel run,
                        const void *args, size_t bytes);

#endif
