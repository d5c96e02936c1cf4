/*
 * Backends: plugins that own memory and compute the steps of a plan.
 *
 * The planner turns a graph into steps over tensors. For each step it asks the backend once for a
 * kernel; a run calls the kernels in order. Between steps values are plain row-major tensors.
 * A backend knows no model and no layer.
 */
#ifndef MCDROP_BACKEND_H
#define MCDROP_BACKEND_H

#include <mcdrop/graph.h>
#include <mcdrop/linalg.h>
#include <mcdrop/plugin.h>
#include <mcdrop/random.h>
#include <mcdrop/sampler.h>
#include <mcdrop/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Memory of a backend. Made by its alloc, which may put a larger struct of its own behind it.
 * `host` is its address if the host can read and write it in place, else NULL. Aligned to 64 bytes.
 */
struct mcd_buffer {
    size_t bytes;
    void *host;
};

/* Address of a tensor in host memory; only for buffers that have one. */
static inline void *mcd_host_pointer(const struct mcd_tensor *t)
{
    return (char *)t->buffer->host + t->offset;
}

/*
 * One step. Offsets are multiples of 64 bytes. Inputs and output do not overlap, except where an
 * elementwise op (MAP, AFFINE, DROP, MAP_DX, SGD, ADAM) works in place: then the first input and
 * the output are the same view. Input contents are never changed otherwise.
 *
 * Rows: a tensor has the step's full number of rows (mcd_run.passes * mcd_run.rows), or none. Row v
 * is input row v % rows of pass v / rows. DROP alone may read a tensor of mcd_run.rows rows, shared
 * by all passes, and so gives each pass its own copy: use row v % in.rows. Steps that depend on no
 * pass run with mcd_run.passes 1. The input of NOISE is there for its shape alone.
 */
struct mcd_step {
    uint32_t size;
    uint32_t op; /* enum mcd_op */
    struct mcd_attr attr;
    uint32_t nin;
    const struct mcd_tensor *in;
    struct mcd_tensor out;
    struct mcd_tensor workspace; /* of the size the kernel asked for, contents undefined */
};

/*
 * What changes from run to run. `draws` says how pass `i` of this run draws at site `s`:
 * draws[s * passes + i]. `bits` is NULL, or bits[s] holds, for a site whose sampler fills its own
 * bits, (units + 31) / 32 words for each virtual row in order, in host memory; bits[s] is NULL for
 * the others. A DROP with p = 0 or p = 1 does not look at them: the planner copies with p = 0.
 */
struct mcd_run {
    uint32_t size;
    uint32_t domain; /* enum mcd_domain */
    uint64_t seed;
    uint64_t update;    /* training: updates done before this one */
    uint64_t first_row; /* data-set row (predicting) or batch position (training) of row 0 */
    uint32_t passes, rows;
    const struct mcd_draw *draws;
    const uint32_t *const *bits;
};

/*
 * Computes one step. Called for one run at a time per plan; kernels of different plans run
 * concurrently. Must not allocate; may use host->parallel.
 */
typedef int (*mcd_kernel_run)(void *state, const struct mcd_step *step, const struct mcd_run *run,
                              struct mcd_error *error);

struct mcd_kernel {
    mcd_kernel_run run;
    void *state;                  /* passed to run; NULL is fine */
    void (*release)(void *state); /* called when the plan goes; NULL if there is nothing to do */
    size_t workspace;             /* bytes wanted in step->workspace, 0 for none */
    uint64_t room[4];             /* 0: for later versions */
};

struct mcd_backend_info {
    uint32_t size;
    uint32_t type;    /* MCD_F32 or MCD_F64: element type of all values but labels (i32) */
    char device[64];  /* "CPU, 2 threads", "NVIDIA H100" */
    char library[64]; /* "OpenBLAS 0.3.21 (pthread)" */
};

/* api of a MCD_BACKEND plugin */
struct mcd_backend {
    uint32_t size;
    void (*info)(void *self, struct mcd_backend_info *);

    /*
     * All functions may be called from several threads at once, kernel, write and read among them:
     * workers make and run their own plans side by side. Calls on one buffer never overlap.
     *
     * alloc: contents undefined; *buffer is untouched on failure.
     */
    int (*alloc)(void *self, size_t bytes, struct mcd_buffer **buffer, struct mcd_error *);
    void (*release)(void *self, struct mcd_buffer *); /* NULL is fine */

    /*
     * Copy a whole tensor from and to dense host memory. `from` may be used again when write
     * returns, and *to is complete when read does; either waits for work on that tensor.
     */
    int (*write)(void *self, const struct mcd_tensor *to, const void *from, struct mcd_error *);
    int (*read)(void *self, const struct mcd_tensor *from, void *to, struct mcd_error *);

    /*
     * Offers a kernel for a step whose buffers are not placed yet: only op, attr, shapes, types and
     * rows may be looked at. MCD_UNSUPPORTED with a reason refuses; that is the one way in which a
     * backend says what it cannot do.
     */
    int (*kernel)(void *self, const struct mcd_step *step, struct mcd_kernel *kernel,
                  struct mcd_error *);

    /*
     * Waits for everything started before; called before memory goes that a failed run may still
     * use. NULL for a backend that never defers work.
     */
    int (*sync)(void *self, struct mcd_error *);

    /* NULL for a backend that cannot: the core never lets another one step in. */
    const struct mcd_linalg *linalg;
};

/* Address of the random numbers of virtual row `v` at a site. */
MCD_INLINE struct mcd_address mcd_run_address(const struct mcd_run *run, uint32_t site, uint32_t v)
{
    const struct mcd_draw *draw = &run->draws[(uint64_t)site * run->passes + v / run->rows];
    struct mcd_address a;
    a.seed = run->seed;
    a.stream = draw->stream;
    a.domain = run->domain;
    a.site = site;
    a.row = draw->shared ? 0 : (uint32_t)(run->first_row + v % run->rows);
    return a;
}

/* Whether virtual row v reads its numbers flipped at a site. */
MCD_INLINE uint32_t mcd_run_flip(const struct mcd_run *run, uint32_t site, uint32_t v)
{
    return run->draws[(uint64_t)site * run->passes + v / run->rows].flip;
}

#ifdef __cplusplus
}
#endif
#endif
