/* MAP, MAP_DX, AFFINE, and the updates SGD and ADAM: a thread for each element. */
#include "bodies/map.h"
#include "bodies/update.h"
#include "chain.h"
#include "cuda.h"
#include "kernels.h"
#include "together.h"

#include <math.h>
#include <string.h>

static const char *map_refuse(const struct mcd_step *step)
{
    int64_t function = step->attr.u.map.function;
    return function < MCD_RELU || function > MCD_GELU ? "this function" : NULL;
}

static int map(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    const struct mcd_step *s = call->step;
    struct map_args args = {
        .y = mcd_cuda_pointer(&s->out),
        .x = mcd_cuda_pointer(&s->in[0]),
        .function = (int32_t)s->attr.u.map.function,
    };
    if (call->nsteps > 1)
        return mcd_cuda_chain_step_enqueue(op, call);
    return mcd_cuda_call_status(
        call, mcd_launch_map(call->stream, mcd_tensor_count(&s->out), &args), "map");
}

static int map_dx(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    const struct mcd_step *s = call->step;
    struct map_dx_args args = {
        .dx = mcd_cuda_pointer(&s->out),
        .dy = mcd_cuda_pointer(&s->in[0]),
        .x = mcd_cuda_pointer(&s->in[1]),
        .y = mcd_cuda_pointer(&s->in[2]),
        .function = (int32_t)s->attr.u.map.function,
    };
    if (call->nsteps > 1)
        return mcd_cuda_chain_step_enqueue(op, call);
    return mcd_cuda_call_status(
        call, mcd_launch_map_dx(call->stream, mcd_tensor_count(&s->out), &args), "map_dx");
}

static int affine(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    const struct mcd_step *s = call->step;
    struct affine_args args = {
        .y = mcd_cuda_pointer(&s->out),
        .x = mcd_cuda_pointer(&s->in[0]),
        .scale = (float)s->attr.u.affine.scale,
        .shift = (float)s->attr.u.affine.shift,
    };
    if (call->nsteps > 1)
        return mcd_cuda_chain_step_enqueue(op, call);
    return mcd_cuda_call_status(
        call, mcd_launch_affine(call->stream, mcd_tensor_count(&s->out), &args), "affine");
}

/* ---- updates ------------------------------------------------------------------------------ */

static struct update_place update_place(const struct mcd_step *s, int64_t before)
{
    return (struct update_place){
        .out = mcd_cuda_pointer(&s->out),
        .w = mcd_cuda_pointer(&s->in[0]),
        .dw = mcd_cuda_pointer(&s->in[1]),
        .first = s->nin > 2 ? mcd_cuda_pointer(&s->in[2]) : NULL,
        .second = s->nin > 3 ? mcd_cuda_pointer(&s->in[3]) : NULL,
        .end = before + mcd_tensor_count(&s->out),
    };
}

int mcd_cuda_update_joins(const struct mcd_step *first, uint32_t count, const struct mcd_step *next)
{
    return count < MCD_UPDATES && next->op == first->op && next->scheduled == first->scheduled &&
           memcmp(&next->attr, &first->attr, sizeof next->attr) == 0;
}

/* Fills in the parameters of a call's steps; returns their elements. */
static int64_t update_places(const struct mcd_cuda_call *call, struct update_place *place)
{
    int64_t end = 0;
    for (uint32_t i = 0; i == 0 || i < call->nsteps; i++) {
        place[i] = update_place(&call->step[i], end);
        end = place[i].end;
    }
    return end;
}

static struct update_rate update_rate(const struct mcd_cuda_call *call, double recorded)
{
    return (struct update_rate){.schedule = call->step->scheduled ? call->run : NULL,
                                .recorded = (float)recorded};
}

static const char *sgd_refuse(const struct mcd_step *step)
{
    int missing = step->attr.u.sgd.momentum != 0 && step->nin < 3;
    return missing ? "momentum without a velocity" : NULL;
}

static int sgd(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    const struct mcd_attr_sgd *a = &call->step->attr.u.sgd;
    struct sgd_args args = {
        .rate = update_rate(call, a->rate),
        .momentum = (float)a->momentum,
        .decay = (float)a->decay,
    };
    (void)op;
    int64_t elements = update_places(call, args.place);
    return mcd_cuda_call_status(call, mcd_launch_sgd(call->stream, elements, &args), "sgd");
}

/* Powers of the betas go through logarithms on the device. */
static const char *adam_refuse(const struct mcd_step *step)
{
    const struct mcd_attr_adam *a = &step->attr.u.adam;
    return a->beta1 >= 0 && a->beta2 >= 0 ? NULL : "a beta below 0";
}

static int adam(const struct mcd_cuda_op *op, const struct mcd_cuda_call *call)
{
    const struct mcd_attr_adam *a = &call->step->attr.u.adam;
    struct adam_args args = {
        .run = call->run,
        .rate = update_rate(call, a->rate),
        .epsilon = (float)a->epsilon,
        .decay = (float)a->decay,
        .beta1 = (float)a->beta1,
        .beta2 = (float)a->beta2,
        .rest1 = (float)(1 - a->beta1),
        .rest2 = (float)(1 - a->beta2),
        .log1 = (float)log(a->beta1),
        .log2 = (float)log(a->beta2),
    };
    (void)op;
    int64_t elements = update_places(call, args.place);
    return mcd_cuda_call_status(call, mcd_launch_adam(call->stream, elements, &args), "adam");
}

const struct mcd_cuda_offer mcd_cuda_elementwise[] = {
    {MCD_OP_MAP, "map", map_refuse, NULL, map},
    {MCD_OP_MAP_DX, "map_dx", map_refuse, NULL, map_dx},
    {MCD_OP_AFFINE, "affine", NULL, NULL, affine},
    {MCD_OP_SGD, "sgd", sgd_refuse, NULL, sgd},
    {MCD_OP_ADAM, "adam", adam_refuse, NULL, adam},
    {MCD_OP_NONE, NULL, NULL, NULL, NULL},
};
