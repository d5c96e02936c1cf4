/*
 * Backends: plugins that own memory and compute the steps of a plan.
 *
 * The planner turns a graph into steps over tensors. For each step it asks the backend once for a
 * kernel; a run calls the kernels in order. Between steps values are plain row-major tensors.
 * A backend knows no model and no layer. What each op computes stands in graph.h; the reference
 * backend is the oracle, and `mcdrop check` holds any backend against it step by step. Steps of ops
 * that the core computes itself (RESHAPE, CUSTOM, CUSTOM_DX) never get here.
 *
 * Functions that can fail return an enum mcd_status; the error they are given may be NULL, which
 * host->fail accepts.
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
 * Memory of a backend. Made by its alloc, as the first member of a larger struct of its own where
 * it has more to say (a device pointer).
 */
struct mcd_buffer {
    size_t bytes; /* at least those asked for */
    void *host;   /* its address, aligned to 64 bytes, if the host can read it in place at any time
                     between runs, and write there unless a parameter is in it, of which a backend
                     may keep what it made until write or an update changes it; else NULL */
};

/* Address of a tensor in host memory; only for buffers that have one. */
static inline void *mcd_host_pointer(const struct mcd_tensor *t)
{
    return (char *)t->buffer->host + t->offset;
}

/*
 * MCD_OP_FUSED is several steps in one, so that what lies between them need not go through memory.
 * The first part, any op, has the step's inputs; each further one is MAP, AFFINE, DROP or POOL2D of
 * what the part before gives. The last one's result is the step's. The planner offers what nobody
 * else reads the inside of, the longest chain first, then shorter ones, down to single steps: a
 * backend refuses what it would not do faster. Masks are those of single steps, values equal theirs
 * up to rounding. Never in place.
 */
struct mcd_part {
    uint32_t op; /* enum mcd_op, never MCD_OP_FUSED */
    uint32_t room;
    struct mcd_attr attr;
    struct mcd_shape shape; /* of a row of its result, which has as many rows as the step's */
};

/*
 * One step. Offsets are multiples of 64 bytes. Inputs and output do not overlap, except where an
 * elementwise op (MAP, AFFINE, DROP, MAP_DX, SGD, ADAM) works in place: then the first input and
 * the output are the same view, as they always are of SUMS. SGD and ADAM change velocity, m and v,
 * their inputs from the third on, too, and MOMENTS its tree; no other input is ever changed. Absent
 * optional inputs shorten the list: `nin` counts those that are there.
 *
 * Rows: a tensor has the step's full number of rows (mcd_run.passes * mcd_run.rows), or none. Row v
 * is input row v % rows of pass v / rows. DROP alone may read a tensor of mcd_run.rows rows, shared
 * by all passes, and so gives each pass its own copy: use row v % in.rows; so does a fused step
 * that begins with DROP. Tree, sums and results of MOMENTS and SUMS have mcd_run.rows rows; nobody
 * else writes to tree and sums between runs. Steps that depend on no pass run with mcd_run.passes
 * 1. The input of NOISE is there for its shape alone.
 */
struct mcd_step {
    uint32_t size;
    uint32_t op; /* enum mcd_op */
    struct mcd_attr attr;
    uint32_t nin;
    const struct mcd_tensor *in; /* the plan's, as long as the step */
    struct mcd_tensor out;
    struct mcd_tensor workspace; /* bytes (MCD_U8) as many as the kernel asked for, for this run of
                                    this step alone: contents undefined before and after */
    uint32_t nparts;             /* of MCD_OP_FUSED, at least 2; else 0 */
    const struct mcd_part *part; /* the plan's, as long as the step */

    /* Since 1.1, of SGD and ADAM: 1 if mcd_run.rate_factor multiplies the rate, see mcd_step_rate. A
       backend of an earlier version is given no such step. */
    uint32_t scheduled;
};

/*
 * What changes from run to run; valid during the call. `draws` says how pass `i` of this run draws
 * at site `s`: draws[s * passes + i]; NULL where no step draws. `bits` is NULL, or bits[s] holds,
 * for a site whose sampler fills its own bits, (units + 31) / 32 words for each virtual row in
 * order: bit b of word w is unit 32 w + b, 1 for dropped, and draws says nothing of that site.
 * bits[s] is NULL for the others. Both lie in host memory: a device copies them first. A DROP with
 * p = 0 or p = 1 looks at neither, so its site may be any number: the planner copies with p = 0.
 */
struct mcd_run {
    uint32_t size;
    uint32_t domain; /* enum mcd_domain */
    uint64_t seed;
    uint64_t update;       /* training: updates done before this one */
    uint64_t first_row;    /* data-set row (predicting) or batch position (training) of row 0; row
                           numbers, first_row + row, are taken modulo 2^32 (see random.h) */
    uint32_t passes, rows; /* rows: input rows of each pass */
    const struct mcd_draw *draws;
    const uint32_t *const *bits;

    /* Since 1.1: */
    uint64_t first_place; /* GATHER: place of row 0 in the order */
    uint64_t first_pass;  /* SUMS: number of pass 0, counted over the whole prediction */
    uint32_t joined;      /* MOMENTS: runs since its tree began anew, this one not counted */
    uint32_t summed;      /* SUMS: runs since its sums began anew, this one not counted */
    double rate_factor; /* SGD and ADAM of steps that are scheduled: a multiple of their rate, from
                             0; says nothing to others, moving averages among them */
};

/*
 * Computes one step. Called for one run at a time per plan, in the order of the steps; kernels of
 * different plans run concurrently, and one plan may be run from another thread each time. Must
 * not allocate; may use host->parallel. May return before the work is done where a later step,
 * read or write of that memory waits for it (see sync). The result must not depend on the number
 * of threads, bit by bit, nor a row's on the other rows.
 *
 * Contents may be NaN or infinite: they pass through as IEEE arithmetic has it. MCD_INVALID for
 * contents that are wrong (labels out of range), MCD_DEVICE where the device fails. After a failure
 * the output is undefined and the run ends.
 */
typedef int (*mcd_kernel_run)(void *state, const struct mcd_step *step, const struct mcd_run *run,
                              struct mcd_error *error);

/*
 * How to compute one step of one plan. The core hands it over zeroed. `workspace` may depend on
 * host->workers, for scratch memory of each worker: it is memory, not a way to cut the work.
 */
struct mcd_kernel {
    mcd_kernel_run run;
    void *state;                  /* the backend's, passed to run; NULL is fine */
    void (*release)(void *state); /* called once, when the plan goes, from any thread; NULL if there
                                     is nothing to do */
    size_t workspace;             /* bytes wanted in step->workspace, 0 for none */
    uint64_t room[4];             /* 0: for later versions */
};

/* What users are told. The core sets `size` and zeroes the rest; texts end with 0. */
struct mcd_backend_info {
    uint32_t size;
    uint32_t type;    /* MCD_F32 or MCD_F64: element type of all values but labels (i32) */
    char device[64];  /* "CPU, 2 threads", "NVIDIA H100" */
    char library[64]; /* "OpenBLAS 0.3.21 (pthread)" */

    /*
     * Since 1.1. rows: of a run of a prediction's body, all its passes together, that keep the
     * device busy; 0: the core's choice, which suits one worker of a CPU. devices: how many
     * `device` knows; 0 is 1.
     */
    uint32_t rows;
    uint32_t devices;
};

/*
 * Since 1.1. One of the devices that a machine has for a backend. The core sets `size` and zeroes
 * the rest; texts end with 0.
 */
struct mcd_device_info {
    uint32_t size;
    uint32_t room;
    uint64_t memory;       /* bytes, 0 if it has none of its own */
    char name[64];         /* "NVIDIA H100 PCIe" */
    char architecture[40]; /* what code it runs, in its maker's words: "compute capability 9.0" */
    char problem[256];     /* why the backend cannot use it, one line; "" if it can */
};

/*
 * api of a MCD_BACKEND plugin. A device that is missing fails the constructor with MCD_DEVICE.
 *
 * All functions may be called from several threads at once, kernel, write and read among them:
 * workers make and run their own plans side by side. Calls on one buffer do not overlap, but for
 * kernels that read the same parameters. Buffers and kernels are released before `self` goes.
 */
struct mcd_backend {
    uint32_t size;
    void (*info)(void *self, struct mcd_backend_info *);

    /*
     * alloc: at least 1 byte, contents undefined; MCD_NOMEM, *buffer untouched, if there is no
     * room. The buffer is the caller's until it is released.
     */
    int (*alloc)(void *self, size_t bytes, struct mcd_buffer **buffer, struct mcd_error *);
    void (*release)(void *self, struct mcd_buffer *); /* NULL is fine */

    /*
     * Copy a whole tensor, mcd_tensor_count elements of its type, from and to dense host memory
     * of any alignment. `from` may be used again when write returns, and *to is complete when read
     * does; either waits for work on that tensor. MCD_DEVICE if the device fails.
     */
    int (*write)(void *self, const struct mcd_tensor *to, const void *from, struct mcd_error *);
    int (*read)(void *self, const struct mcd_tensor *from, void *to, struct mcd_error *);

    /*
     * Offers a kernel for a step whose buffers are not placed yet: only op, attr, nin, shapes,
     * types and rows may be looked at, and the step lives longer than the kernel. MCD_UNSUPPORTED
     * with a reason refuses; that is the one way in which a backend says what it cannot do, ops
     * that it has never heard of among it. May allocate. On failure nothing is left to release.
     */
    int (*kernel)(void *self, const struct mcd_step *step, struct mcd_kernel *kernel,
                  struct mcd_error *);

    /*
     * Waits for everything started before, from any thread; called before memory goes that a
     * failed run may still use. NULL for a backend that never defers work.
     */
    int (*sync)(void *self, struct mcd_error *);

    /* NULL for a backend that cannot: the core never lets another one step in. */
    const struct mcd_linalg *linalg;

    /* Since 1.1, NULL for a backend that has no use for them: */

    /*
     * Offers one kernel for a section: `nsteps` successive steps of a plan, all of its prefix or of
     * its body, or as far as the next step that the core computes itself. Buffers are placed by
     * now; `step` and `kernel`, the steps' own kernels, live longer than `whole`. whole->run is
     * called with the first step in place of their own runs, always for the same passes and rows;
     * it may allocate in its first two calls, and in two more where other sites than before have
     * bits given in the run, and has no workspace of its own. It gives what they give, bit by bit,
     * and fails where one of them does. MCD_UNSUPPORTED: the core runs them one by one. On failure
     * nothing is left to release.
     */
    int (*section)(void *self, uint32_t nsteps, const struct mcd_step *step,
                   const struct mcd_kernel *kernel, struct mcd_kernel *whole, struct mcd_error *);

    /*
     * As read, but nobody waits: *to becomes what the tensor is when its turn comes, whatever is
     * started later. It is complete when a sync or read that was called later returns MCD_OK; until
     * one of these has returned, whatever it says, *to must be there and may be written, from any
     * thread. Whoever has `fetch` has `sync`.
     */
    int (*fetch)(void *self, const struct mcd_tensor *from, void *to, struct mcd_error *);

    /*
     * Of a backend with several devices: the `self` of number i, 0 to info's `devices` - 1, with
     * which all functions here but this one are called as if it had been created for that device
     * alone. That of 0 is `self`, to which the others belong. The core gives each its own buffers
     * and kernels, and deals out the blocks of predictions; it trains on the first.
     */
    void *(*device)(void *self, uint32_t i);

    /*
     * What users can choose from, asked without an object, because what was chosen may be missing:
     * describes device number i of the machine, from 0, by the numbers that a parameter takes.
     * Returns 1, or 0 if there is none of that number.
     */
    int (*describe)(const struct mcd_host *host, uint32_t i, struct mcd_device_info *device);
};

/* The rate of a step of SGD or ADAM in a run, of which the attribute has `rate`. */
MCD_INLINE double mcd_step_rate(const struct mcd_step *step, const struct mcd_run *run, double rate)
{
    return step->scheduled ? rate * run->rate_factor : rate;
}

/* Whether input i of an op is i32 whatever the backend's type: labels, GATHER's order. */
MCD_INLINE int mcd_input_is_i32(uint32_t op, uint32_t i)
{
    return ((op == MCD_OP_XENT || op == MCD_OP_GATHER) && i == 1) ||
           (op == MCD_OP_XENT_DX && i == 2);
}

/*
 * Address of the random numbers of virtual row `v` (0 .. passes * rows - 1) at a site that fills no
 * bits of its own.
 */
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

/* 1 if virtual row v reads its numbers flipped at a site, else 0: see mcd_draw.flip. */
MCD_INLINE uint32_t mcd_run_flip(const struct mcd_run *run, uint32_t site, uint32_t v)
{
    return run->draws[(uint64_t)site * run->passes + v / run->rows].flip;
}

#ifdef __cplusplus
}
#endif
#endif
