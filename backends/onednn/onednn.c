/*
 * onednn: products of matrices and convolutions by oneDNN, everything else by the kernels for host
 * memory. With precision=bf16 the factors of products are rounded to bf16; sums, parameters and
 * all other values stay f32.
 */
#include "../cpu/openmp.h"
#include "ops.h"

#include <mcdrop/param.h>
#include <stdio.h>

#define PARAMS(X)                                                                                  \
    X(ENUM, precision, "f32", "f32|bf16", "type of the factors in products; sums are always f32")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    if (precision && !mcd_dnn_has_bf16())
        return host->fail(
            error, MCD_DEVICE, "precision",
            "bf16 needs a CPU with AVX-512 and bf16 instructions; oneDNN uses %s here",
            mcd_dnn_instructions());
    if (mcd_dnn_uses_openmp() && !mcd_openmp_find())
        return host->fail(error, MCD_DEVICE, "onednn", "its OpenMP runtime is not to be found");
    struct mcd_onednn *o = mcd_self_create(host, sizeof *o, self, error);
    if (!o)
        return MCD_NOMEM;
    o->cpu.host = host;
    o->type = precision ? MCD_DNN_BF16 : MCD_DNN_F32;
    int status = mcd_dnn_open(host, &o->dnn, error);
    if (status)
        mcd_self_destroy(host, o);
    return status;
}

static void destroy(const struct mcd_host *host, void *self)
{
    mcd_dnn_close(((struct mcd_onednn *)self)->dnn);
    mcd_self_destroy(host, self);
}

static void info(void *self, struct mcd_backend_info *i)
{
    const struct mcd_onednn *o = self;
    const uint32_t workers = o->cpu.host->workers;
    char version[32];
    mcd_dnn_version(version, sizeof version);
    i->type = MCD_F32;
    snprintf(i->device, sizeof i->device, "CPU, %u thread%s", workers, workers == 1 ? "" : "s");
    snprintf(i->library, sizeof i->library, "oneDNN %s, %s%s", version, mcd_dnn_instructions(),
             o->type == MCD_DNN_BF16 ? ", factors in bf16" : "");
}

static int kernel(void *self, const struct mcd_step *step, struct mcd_kernel *k,
                  struct mcd_error *error)
{
    struct mcd_onednn *o = self;
    const uint32_t op = mcd_first_op(step);
    int fused = step->op == MCD_OP_FUSED;
    int linear = op == MCD_OP_LINEAR || op == MCD_OP_LINEAR_DX || op == MCD_OP_LINEAR_DW;
    int conv2d =
        op == MCD_OP_CONV2D || (!fused && (op == MCD_OP_CONV2D_DX || op == MCD_OP_CONV2D_DW));
    if (!linear && !conv2d)
        return mcd_cpu_kernel(&o->cpu, step, k, error);
    int status = mcd_cpu_accepts(&o->cpu, step, error);
    if (status)
        return status;
    if (conv2d && o->type == MCD_DNN_F32)
        return mcd_cpu_conv2d(&o->cpu, &mcd_onednn_products, step, k, error);
    if (op != MCD_OP_LINEAR && o->type == MCD_DNN_F32)
        return mcd_cpu_linear(&o->cpu, &mcd_onednn_products, step, k, error);
    if (conv2d && fused)
        return o->cpu.host->fail(error, MCD_UNSUPPORTED, "fused",
                                 "convolutions of bf16 are steps of their own");
    int before = mcd_openmp_enter();
    status = linear ? mcd_onednn_linear(o, step, k, error) : mcd_onednn_conv2d(o, step, k, error);
    mcd_openmp_leave(before);
    return status;
}

static const struct mcd_backend api = {
    .size = sizeof api,
    .info = info,
    .alloc = mcd_cpu_alloc,
    .release = mcd_cpu_release,
    .write = mcd_cpu_write,
    .read = mcd_cpu_read,
    .kernel = kernel,
};
MCD_PLUGIN(MCD_BACKEND, "onednn", "MIT", "oneDNN on the CPU, single precision or bf16", destroy);
