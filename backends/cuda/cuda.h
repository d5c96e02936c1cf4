/*
 * Inside of the CUDA backend: one device, one stream, and how steps are put on it. Where it has
 * several cards, each is a whole struct mcd_cuda, and nothing of one is used by another.
 *
 * Everything a backend object starts goes to its one stream, in order, so that a step, read or
 * write needs to wait for nothing but its turn. Host code here is plain C and calls the runtime
 * alone; what runs on the device is in bodies/, the library calls are in linear.c and conv2d.c.
 */
#ifndef MCD_CUDA_H
#define MCD_CUDA_H

#include "card.h"

#include <cuda_runtime_api.h>
#include <mcdrop/backend.h>
#include <pthread.h>

enum mcd_cuda_precision { MCD_CUDA_F32, MCD_CUDA_TF32, MCD_CUDA_BF16 }; /* of factors */

struct mcd_cuda_libraries; /* libraries.h: cuBLASLt and cuDNN, opened when the backend is made */
struct mcd_cuda_transfers; /* memory.c: pinned memory for copies */
struct mcd_cuda_fetches;   /* fetch.h: copies that nobody waits for */

struct mcd_cuda {
    const struct mcd_host *host;
    struct mcd_cuda_card card;
    struct mcd_cuda *next; /* of several cards: the one after this one, which goes with it */
    uint32_t cards;        /* the first one's: how many; else 1 */
    int precision, deterministic;
    size_t memory, used; /* bytes that may be had, 0 for all; those that are */
    cudaStream_t stream;
    cudaStream_t capturing; /* section.c's; lives as long as cuDNN's handle, which keeps it */
    pthread_mutex_t order;  /* see mcd_cuda_enter; all below is used while it is held */
    struct mcd_cuda_libraries *libraries;
    struct mcd_cuda_transfers *transfers;
    struct mcd_cuda_fetches *fetches;
    struct mcd_cuda_run *single;   /* run.h: of steps that are run one by one */
    uint32_t units[MCD_MAX_SITES]; /* of such a step: see mcd_cuda_run_sites */
};

/*
 * cuda.c: holds the order, from the first to the last call that put one thing on the stream, and
 * makes the card the thread's, which allocating, launching and both libraries ask for; leave gives
 * the order back. Not nested: what is called with the order held says so.
 *
 * The card stays the thread's: since CUDA 12 choosing one makes a context on it, so to go back to
 * the thread's own, card 0 of whoever never chose, would take memory of a card nobody asked for.
 * For the same reason whoever calls the runtime has entered before.
 */
int mcd_cuda_enter(struct mcd_cuda *cuda, struct mcd_error *error);
void mcd_cuda_enter_anyway(
    struct mcd_cuda *cuda); /* to give back, or if the next call fails, too */
void mcd_cuda_leave(struct mcd_cuda *cuda);

/* Device memory behind a buffer; base.host is NULL. */
struct mcd_cuda_buffer {
    struct mcd_buffer base;
    char *device;
};

/* memory.c: for cuda.c; what create leaves behind when it fails, destroy takes away. */
int mcd_cuda_transfers_create(struct mcd_cuda *cuda, struct mcd_error *error);
void mcd_cuda_transfers_destroy(struct mcd_cuda *cuda);

/* memory.c: alloc, release, write, read and sync of struct mcd_backend. */
int mcd_cuda_alloc(void *self, size_t bytes, struct mcd_buffer **buffer, struct mcd_error *error);
void mcd_cuda_release(void *self, struct mcd_buffer *buffer);
int mcd_cuda_write(void *self, const struct mcd_tensor *to, const void *from,
                   struct mcd_error *error);
int mcd_cuda_read(void *self, const struct mcd_tensor *from, void *to, struct mcd_error *error);
int mcd_cuda_sync(void *self, struct mcd_error *error);

/* fetch.c and section.c: fetch and section of struct mcd_backend. */
int mcd_cuda_fetch(void *self, const struct mcd_tensor *from, void *to, struct mcd_error *error);
int mcd_cuda_section(void *self, uint32_t nsteps, const struct mcd_step *step,
                     const struct mcd_kernel *kernel, struct mcd_kernel *whole,
                     struct mcd_error *error);

/* Where a tensor is on the device; NULL for an absent workspace. */
static inline void *mcd_cuda_pointer(const struct mcd_tensor *t)
{
    const struct mcd_cuda_buffer *b = (const struct mcd_cuda_buffer *)t->buffer;
    return b ? b->device + t->offset : NULL;
}

static inline uint32_t mcd_cuda_rows(const struct mcd_tensor *t)
{
    return t->rows ? t->rows : 1;
}

static inline size_t mcd_cuda_bytes(const struct mcd_tensor *t)
{
    return (size_t)mcd_tensor_count(t) * mcd_type_size(t->type);
}

/* error.c: MCD_OK, or MCD_NOMEM or MCD_DEVICE with what the runtime says of `doing`. */
int mcd_cuda_status(const struct mcd_cuda *cuda, cudaError_t result, const char *doing,
                    struct mcd_error *error);

/*
 * One step to be put on a stream: the backend's own, or one that is being captured. Nothing may be
 * allocated, and nothing may wait.
 */
struct mcd_cuda_call {
    const struct mcd_cuda *cuda;
    const struct mcd_step *step;
    uint32_t nsteps;              /* step[0 .. nsteps - 1] are to be done, see together.c; 0: one */
    const struct mcd_run *run;    /* on the device: draws and bits are device pointers, too */
    uint32_t passes, rows;        /* run's, for the host, which cannot look there */
    const uint8_t *filled;        /* by site: 1 if bits has it; NULL if no site is filled */
    const uint32_t *const *drawn; /* by site: masks.h; NULL if each step draws its own masks */
    cudaStream_t stream;
    struct mcd_error *error;
};

/* What became of a launch or library call for it; `doing` names the op. */
static inline int mcd_cuda_call_status(const struct mcd_cuda_call *call, cudaError_t result,
                                       const char *doing)
{
    return mcd_cuda_status(call->cuda, result, doing, call->error);
}

/* How a step is computed: the state of its struct mcd_kernel. */
struct mcd_cuda_op {
    struct mcd_cuda *cuda;
    int (*enqueue)(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call);
    void (*release)(
        struct mcd_cuda_op *op); /* gives back what it owns, then itself; NULL: nothing */
};

/*
 * A family of ops without state of their own: tables of these end with op MCD_OP_NONE. `refuse`
 * says why not, or NULL; `workspace` may be NULL.
 */
struct mcd_cuda_offer {
    uint32_t op; /* enum mcd_op */
    const char *name;
    const char *(*refuse)(const struct mcd_step *step);
    size_t (*workspace)(const struct mcd_step *step);
    int (*enqueue)(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call);
};

extern const struct mcd_cuda_offer mcd_cuda_elementwise[]; /* map, map_dx, affine, sgd, adam */
extern const struct mcd_cuda_offer mcd_cuda_broadcast[];   /* binary, expand, reduce */
extern const struct mcd_cuda_offer mcd_cuda_softmax[];     /* and logsoftmax, both gradients */
extern const struct mcd_cuda_offer mcd_cuda_losses[];      /* xent, mse, both gradients */
extern const struct mcd_cuda_offer mcd_cuda_noise[];       /* drop, noise */
extern const struct mcd_cuda_offer mcd_cuda_pool2d[];      /* and its gradient */
extern const struct mcd_cuda_offer mcd_cuda_gather[];
extern const struct mcd_cuda_offer mcd_cuda_moments[]; /* channels, moments, sums */

/*
 * Ops that keep something: descriptors, algorithms. As `kernel` of struct mcd_backend, with the
 * order held. kernel->state is a struct mcd_cuda_op, kernel->run mcd_cuda_run_step, kernel->release
 * mcd_cuda_op_release.
 */
int mcd_cuda_linear(struct mcd_cuda *cuda, const struct mcd_step *step, struct mcd_kernel *kernel,
                    struct mcd_error *error); /* LINEAR, LINEAR_DX, LINEAR_DW */
int mcd_cuda_conv2d(struct mcd_cuda *cuda, const struct mcd_step *step, struct mcd_kernel *kernel,
                    struct mcd_error *error); /* CONV2D, CONV2D_DX, CONV2D_DW */
int mcd_cuda_fused(struct mcd_cuda *cuda, const struct mcd_step *step, struct mcd_kernel *kernel,
                   struct mcd_error *error); /* a first part of any kind, then chain.h */

/*
 * kernel.c: looks through all of the above. part_kernel with the order held, for parts of a step.
 */
int mcd_cuda_kernel(void *self, const struct mcd_step *step, struct mcd_kernel *kernel,
                    struct mcd_error *error);
int mcd_cuda_part_kernel(struct mcd_cuda *cuda, const struct mcd_step *step,
                         struct mcd_kernel *kernel, struct mcd_error *error);

/* kernel.c: a kernel from an offer, MCD_UNSUPPORTED where that refuses. */
int mcd_cuda_take_offer(struct mcd_cuda *cuda, const struct mcd_cuda_offer *offer,
                        const struct mcd_step *step, struct mcd_kernel *kernel,
                        struct mcd_error *error);

/* kernel.c: the call of an op, as mcd_kernel.run, on the backend's stream, with its order held. */
int mcd_cuda_run_step(void *state, const struct mcd_step *step, const struct mcd_run *run,
                      struct mcd_error *error);

/* kernel.c: mcd_kernel.release of an op: gives back what it owns, then itself. */
void mcd_cuda_op_release(void *state);

/*
 * together.c: how many successive steps, from this one on, its enqueue does in one launch; at least
 * 1. Starting a kernel takes longer than most of them.
 */
uint32_t mcd_cuda_together(const struct mcd_step *step, uint32_t nsteps);

#endif
