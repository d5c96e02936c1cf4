/* Which function computes which op, and what workspace it wants. */
#include "cpu.h"
#include "ops.h"

struct entry {
    const char *name;
    mcd_kernel_run run; /* NULL: a product of matrices */
    uint32_t per_row;   /* bytes of workspace for each row */
};

static const struct entry entries[] = {
    [MCD_OP_LINEAR] = {"linear", NULL, 0},
    [MCD_OP_LINEAR_DX] = {"linear_dx", NULL, 0},
    [MCD_OP_LINEAR_DW] = {"linear_dw", NULL, 0},
    [MCD_OP_CONV2D] = {"conv2d", NULL, 0},
    [MCD_OP_CONV2D_DX] = {"conv2d_dx", NULL, 0},
    [MCD_OP_CONV2D_DW] = {"conv2d_dw", NULL, 0},
    [MCD_OP_POOL2D] = {"pool2d", mcd_cpu_pool2d, 0},
    [MCD_OP_MAP] = {"map", mcd_cpu_map, 0},
    [MCD_OP_BINARY] = {"binary", mcd_cpu_binary, 0},
    [MCD_OP_AFFINE] = {"affine", mcd_cpu_affine, 0},
    [MCD_OP_REDUCE] = {"reduce", mcd_cpu_reduce, 0},
    [MCD_OP_EXPAND] = {"expand", mcd_cpu_expand, 0},
    [MCD_OP_SOFTMAX] = {"softmax", mcd_cpu_softmax, 0},
    [MCD_OP_LOGSOFTMAX] = {"logsoftmax", mcd_cpu_logsoftmax, 0},
    [MCD_OP_DROP] = {"drop", mcd_cpu_drop, 0},
    [MCD_OP_NOISE] = {"noise", mcd_cpu_noise, 0},
    [MCD_OP_XENT] = {"xent", mcd_cpu_xent, sizeof(double)},
    [MCD_OP_MSE] = {"mse", mcd_cpu_mse, sizeof(double)},
    [MCD_OP_POOL2D_DX] = {"pool2d_dx", mcd_cpu_pool2d_dx, 0},
    [MCD_OP_MAP_DX] = {"map_dx", mcd_cpu_map_dx, 0},
    [MCD_OP_SOFTMAX_DX] = {"softmax_dx", mcd_cpu_softmax_dx, 0},
    [MCD_OP_LOGSOFTMAX_DX] = {"logsoftmax_dx", mcd_cpu_logsoftmax_dx, 0},
    [MCD_OP_XENT_DX] = {"xent_dx", mcd_cpu_xent_dx, 0},
    [MCD_OP_MSE_DX] = {"mse_dx", mcd_cpu_mse_dx, 0},
    [MCD_OP_SGD] = {"sgd", mcd_cpu_sgd, 0},
    [MCD_OP_ADAM] = {"adam", mcd_cpu_adam, 0},
};

int mcd_cpu_accepts(const struct mcd_cpu *cpu, const struct mcd_step *step, struct mcd_error *error)
{
    const char *name = step->op == MCD_OP_FUSED ? "fused" : entries[step->op].name;
    for (uint32_t i = 0; i < step->nin; i++) {
        int label = mcd_input_is_i32(step->op, i);
        if (step->in[i].type != (label ? MCD_I32 : MCD_F32))
            return cpu->host->fail(error, MCD_UNSUPPORTED, name, "input %u must be of type %s", i,
                                   label ? "i32" : "f32");
    }
    if (step->out.type != MCD_F32)
        return cpu->host->fail(error, MCD_UNSUPPORTED, name, "the result must be of type f32");
    return MCD_OK;
}

int mcd_cpu_knows(uint32_t op, const struct mcd_attr *attr)
{
    switch (op) {
    case MCD_OP_MAP:
    case MCD_OP_MAP_DX:
        return (uint64_t)attr->u.map.function <= MCD_GELU;
    case MCD_OP_BINARY:
        return (uint64_t)attr->u.binary.kind <= MCD_DIV;
    case MCD_OP_POOL2D:
    case MCD_OP_POOL2D_DX:
        return (uint64_t)attr->u.pool.kind <= MCD_POOL_MEAN;
    case MCD_OP_REDUCE:
        return (uint64_t)attr->u.reduce.kind <= MCD_MEAN;
    case MCD_OP_DROP:
        return (uint64_t)attr->u.drop.law <= MCD_GAUSSIAN;
    case MCD_OP_NOISE:
        return attr->u.drop.law == MCD_GAUSSIAN || attr->u.drop.law == MCD_UNIFORM;
    default:
        return 1;
    }
}

static int64_t most_rows(const struct mcd_step *step)
{
    int64_t rows = 1;
    for (uint32_t i = 0; i < step->nin; i++)
        rows = mcd_rows(&step->in[i]) > rows ? mcd_rows(&step->in[i]) : rows;
    return rows;
}

int mcd_cpu_kernel(struct mcd_cpu *cpu, const struct mcd_step *step, struct mcd_kernel *kernel,
                   struct mcd_error *error)
{
    if (step->op == MCD_OP_FUSED) {
        int status = mcd_cpu_accepts(cpu, step, error);
        return status ? status : mcd_cpu_fused_kernel(cpu, step, kernel, error);
    }
    if (step->op >= sizeof entries / sizeof *entries || !entries[step->op].run)
        return cpu->host->fail(error, MCD_UNSUPPORTED, "", "op %u is unknown to this backend",
                               step->op);
    if (!mcd_cpu_knows(step->op, &step->attr))
        return cpu->host->fail(error, MCD_UNSUPPORTED, entries[step->op].name,
                               "this variant is unknown to this backend");
    int status = mcd_cpu_accepts(cpu, step, error);
    if (status)
        return status;
    const struct entry *e = &entries[step->op];
    *kernel = (struct mcd_kernel){
        .run = e->run, .state = cpu, .workspace = (size_t)most_rows(step) * e->per_row};
    return MCD_OK;
}
