/*
 * openblas: products of matrices by OpenBLAS, everything else by the kernels for host memory.
 */
#include "ops.h"
#include "single.h"

#include <cblas.h>
#include <mcdrop/param.h>
#include <stdio.h>

static const struct mcd_param params[] = {MCD_PARAM_END};

static int create(MCD_CREATE_ARGS)
{
    struct mcd_cpu *cpu = mcd_self_create(host, sizeof *cpu, self, error);
    if (!cpu)
        return MCD_NOMEM;
    cpu->host = host;
    mcd_single_open();
    return MCD_OK;
}

static void destroy(const struct mcd_host *host, void *self)
{
    mcd_single_close();
    mcd_self_destroy(host, self);
}

static const char *threading(void)
{
    static const char *const names[] = {"sequential", "pthread", "OpenMP"};
    int kind = openblas_get_parallel();
    return kind >= 0 && kind < 3 ? names[kind] : "unknown threads";
}

static void info(void *self, struct mcd_backend_info *i)
{
    const struct mcd_cpu *cpu = self;
    char version[16] = "";
    sscanf(openblas_get_config(), "OpenBLAS %15s", version);
    i->type = MCD_F32;
    snprintf(i->device, sizeof i->device, "CPU, %u thread%s", cpu->host->workers,
             cpu->host->workers == 1 ? "" : "s");
    snprintf(i->library, sizeof i->library, "OpenBLAS %s (%s), %.19s", version, threading(),
             openblas_get_corename());
}

/* OpenBLAS counts in int: no matrix may have a side that does not fit. */
static int check_extents(const struct mcd_cpu *cpu, const struct mcd_step *step,
                         struct mcd_error *error)
{
    const struct mcd_shape *result = step->nparts ? &step->part[0].shape : &step->out.shape;
    for (uint32_t i = 0; i <= step->nin; i++) {
        int64_t elements = mcd_shape_count(i < step->nin ? &step->in[i].shape : result);
        if (elements > INT32_MAX)
            return cpu->host->fail(
                error, MCD_UNSUPPORTED, "openblas",
                "%lld elements in one row or parameter: expected at most 2^31 - 1",
                (long long)elements);
    }
    return MCD_OK;
}

static int multiply(int a_transposed, int b_transposed, int64_t m, int64_t n, int64_t k,
                    const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                    int64_t ldc)
{
    cblas_sgemm(CblasRowMajor, a_transposed ? CblasTrans : CblasNoTrans,
                b_transposed ? CblasTrans : CblasNoTrans, (blasint)m, (blasint)n, (blasint)k, 1.0f,
                a, (blasint)lda, b, (blasint)ldb, beta, c, (blasint)ldc);
    return 0;
}

static const struct mcd_products products = {mcd_single_enter, mcd_single_leave, multiply, 0};

static int kernel(void *self, const struct mcd_step *step, struct mcd_kernel *k,
                  struct mcd_error *error)
{
    struct mcd_cpu *cpu = self;
    const uint32_t op = mcd_first_op(step);
    int fused = step->op == MCD_OP_FUSED;
    int linear = op == MCD_OP_LINEAR || op == MCD_OP_LINEAR_DX || op == MCD_OP_LINEAR_DW;
    int conv2d =
        op == MCD_OP_CONV2D || (!fused && (op == MCD_OP_CONV2D_DX || op == MCD_OP_CONV2D_DW));
    if (!linear && !conv2d)
        return mcd_cpu_kernel(cpu, step, k, error);
    int status = mcd_cpu_accepts(cpu, step, error);
    if (!status)
        status = check_extents(cpu, step, error);
    if (status)
        return status;
    return linear ? mcd_cpu_linear(cpu, &products, step, k, error)
                  : mcd_cpu_conv2d(cpu, &products, step, k, error);
}

static const struct mcd_backend api = {
    .size = sizeof api,
    .info = info,
    .alloc = mcd_cpu_alloc,
    .release = mcd_cpu_release,
    .write = mcd_cpu_write,
    .read = mcd_cpu_read,
    .kernel = kernel,
    .linalg = &mcd_openblas_linalg,
};
MCD_PLUGIN(MCD_BACKEND, "openblas", "MIT", "OpenBLAS on the CPU, single precision", destroy);
