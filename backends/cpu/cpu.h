/*
 * What backends in host memory share: memory, and kernels in float for every op that is not a
 * product of matrices. Such a backend makes its own object begin with a struct mcd_cpu, computes
 * LINEAR and CONV2D with their gradients itself and leaves the rest to mcd_cpu_kernel.
 */
#ifndef CPU_CPU_H
#define CPU_CPU_H

#include <mcdrop/backend.h>

struct mcd_cpu {
    const struct mcd_host *host;
    _Atomic uint64_t versions; /* given out so far: see mcd_cpu_version */
};

/* Members of struct mcd_backend; self is a struct mcd_cpu. */
int mcd_cpu_alloc(void *self, size_t bytes, struct mcd_buffer **buffer, struct mcd_error *error);
void mcd_cpu_release(void *self, struct mcd_buffer *buffer);
int mcd_cpu_write(void *self, const struct mcd_tensor *to, const void *from, struct mcd_error *);
int mcd_cpu_read(void *self, const struct mcd_tensor *from, void *to, struct mcd_error *);

/*
 * Which contents a parameter has: a number that no other contents of any buffer of the backend ever
 * have, new with every write and every update. 0 where that isn't known, for a tensor that isn't
 * alone in its buffer, as those of an arena are. So that what was made of it can be kept.
 */
uint64_t mcd_cpu_version(const struct mcd_tensor *t);

/* For kernels that change a parameter in place. */
void mcd_cpu_changed(struct mcd_cpu *cpu, const struct mcd_tensor *t);

/* Refuses (MCD_UNSUPPORTED) tensors that are not f32; labels are i32. For ops of graph.h. */
int mcd_cpu_accepts(const struct mcd_cpu *cpu, const struct mcd_step *step, struct mcd_error *);

/*
 * Kernel of any op but those that begin with a product, for which, as for unknown ones, it says
 * MCD_UNSUPPORTED.
 */
int mcd_cpu_kernel(struct mcd_cpu *cpu, const struct mcd_step *step, struct mcd_kernel *kernel,
                   struct mcd_error *error);

/*
 * Calls f(arg, first, count, worker) in parallel for the pieces of 0 .. total - 1, each of `grain`
 * items but the last. The cut does not depend on the number of workers, so results don't either.
 */
void mcd_cpu_split(const struct mcd_cpu *cpu, int64_t total, int64_t grain,
                   void (*f)(void *arg, int64_t first, int64_t count, uint32_t worker), void *arg);

/* sum[i] += part[i] + part[elements + i] + ..., in this order, for `parts` parts. */
void mcd_cpu_add_parts(const struct mcd_cpu *cpu, float *sum, const float *part, int64_t parts,
                       int64_t elements);

/* n numbers as bf16. */
void mcd_cpu_narrow(const struct mcd_cpu *cpu, uint16_t *to, const float *from, int64_t n);

static inline float *mcd_floats(const struct mcd_tensor *t)
{
    return (float *)mcd_host_pointer(t);
}

/* The op that has the step's inputs. */
static inline uint32_t mcd_first_op(const struct mcd_step *step)
{
    return step->op == MCD_OP_FUSED ? step->part[0].op : step->op;
}

/* Rows as a loop counts them: a value without rows is one. */
static inline int64_t mcd_rows(const struct mcd_tensor *t)
{
    return t->rows ? t->rows : 1;
}

#endif
