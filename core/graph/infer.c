/* What shape rules have in common, and how an op's is found. */
#include "core/graph/infer.h"
#include "core/base/error.h"
#include "core/graph/rules.h"

#include <mcdrop/backend.h>
#include <stddef.h>
#include <stdio.h>

/* One row may not hold more elements than this, so that sizes in bytes never overflow. */
static const int64_t max_elements = (int64_t)1 << 40;

char *mcd_shape_text(const struct mcd_shape *shape, char *text)
{
    size_t used = (size_t)snprintf(text, MCD_SHAPE_TEXT, "[");
    for (uint32_t i = 0; i < shape->rank; i++)
        used += (size_t)snprintf(text + used, MCD_SHAPE_TEXT - used, i ? ", %lld" : "%lld",
                                 (long long)shape->dim[i]);
    snprintf(text + used, MCD_SHAPE_TEXT - used, "]");
    return text;
}

/* ---- what rules are made of ------------------------------------------------------------------ */

int mcd_rule_mismatch(struct mcd_rule_context *c, uint32_t i, const char *expected)
{
    char text[MCD_SHAPE_TEXT];
    return mcd_fail(c->error, MCD_INVALID, c->where, "%s: input %u is %s: expected %s",
                    mcd_op_name(c->node->op), i, mcd_shape_text(&mcd_rule_input(c, i)->shape, text),
                    expected);
}

int mcd_rule_shape(struct mcd_rule_context *c, uint32_t i, const struct mcd_shape *shape)
{
    char text[MCD_SHAPE_TEXT];
    if (mcd_shape_equal(&mcd_rule_input(c, i)->shape, shape))
        return MCD_OK;
    return mcd_rule_mismatch(c, i, mcd_shape_text(shape, text));
}

int mcd_rule_no_rows(struct mcd_rule_context *c, uint32_t i)
{
    if (!mcd_rule_input(c, i)->has_rows)
        return MCD_OK;
    return mcd_fail(c->error, MCD_INVALID, c->where,
                    "%s: input %u has rows: expected a parameter or another value without rows",
                    mcd_op_name(c->node->op), i);
}

int mcd_rule_attr(struct mcd_rule_context *c, const char *what, const char *expected)
{
    return mcd_fail(c->error, MCD_INVALID, c->where, "%s: %s: expected %s",
                    mcd_op_name(c->node->op), what, expected);
}

/* What is wrong with a shape that a recording gives itself, and what would be right; or NULL. */
static const char *fault(const struct mcd_shape *s, const char **expected)
{
    int64_t n = 1;
    *expected = "at most 6";
    if (s->rank > MCD_MAX_RANK)
        return "too many dimensions";
    for (uint32_t i = 0; i < s->rank; i++) {
        *expected = "every dimension at least 1";
        if (s->dim[i] < 1)
            return "a dimension below 1";
        *expected = "at most 2^40 in one row";
        if (s->dim[i] > max_elements / n)
            return "too many elements";
        n *= s->dim[i];
    }
    return NULL;
}

int mcd_shape_check(const struct mcd_shape *shape, const char *where, struct mcd_error *error)
{
    const char *expected, *what = fault(shape, &expected);
    return what ? mcd_fail(error, MCD_INVALID, where, "%s: expected %s", what, expected) : MCD_OK;
}

int mcd_rule_own_shape(struct mcd_rule_context *c, const struct mcd_shape *s)
{
    const char *expected, *what = fault(s, &expected);
    return what ? mcd_rule_attr(c, what, expected) : MCD_OK;
}

/* ---- finding them ---------------------------------------------------------------------------- */

/* NULL for an op that has none. */
static const struct mcd_rule *rule_of(uint32_t op)
{
    const struct mcd_rule *r = op < MCD_OP_LINEAR_DX ? &mcd_layer_rules[op] : NULL;
    if (op >= MCD_OP_LINEAR_DX && op - MCD_OP_LINEAR_DX < MCD_CORE_OPS)
        r = &mcd_core_rules[op - MCD_OP_LINEAR_DX];
    return r && r->shape ? r : NULL;
}

const char *mcd_op_name(uint32_t op)
{
    const struct mcd_rule *r = rule_of(op);
    return r ? r->name : "?";
}

int mcd_op_updates(uint32_t op)
{
    return op == MCD_OP_SGD || op == MCD_OP_ADAM || op == MCD_OP_SUMS;
}

int mcd_op_joins_passes(uint32_t op)
{
    return op == MCD_OP_MOMENTS || op == MCD_OP_SUMS;
}

static int may_be_label(uint32_t op, uint32_t i)
{
    return mcd_input_is_i32(op, i) || op == MCD_OP_GATHER;
}

int mcd_infer(const struct mcd_node *all, struct mcd_node *node, const char *where,
              struct mcd_error *error)
{
    struct mcd_rule_context c = {all, node, where, error};
    const struct mcd_rule *r = rule_of(node->op);
    if (!r)
        return mcd_fail(error, MCD_INVALID, where, "op %u is not known: see enum mcd_op", node->op);
    if (node->nin < r->least || node->nin > r->most)
        return mcd_fail(error, MCD_INVALID, where, "%s: %u inputs: expected %u to %u", r->name,
                        node->nin, r->least, r->most);
    node->has_rows = 0;
    for (uint32_t i = 0; i < node->nin; i++) {
        node->has_rows |= mcd_rule_input(&c, i)->has_rows;
        if (mcd_rule_input(&c, i)->type == MCD_I32 && !may_be_label(node->op, i))
            return mcd_fail(error, MCD_INVALID, where, "%s: input %u is labels: expected numbers",
                            r->name, i);
    }
    return r->shape(&c);
}
