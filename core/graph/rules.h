/*
 * Shape rules, one function a family of ops. Each sees the node with op, in and attr set, and fills
 * in the shape, and rows and type where they do not follow from the inputs. Only infer.c asks them.
 */
#ifndef CORE_RULES_H
#define CORE_RULES_H

#include "core/graph/graph.h"

struct mcd_rule_context {
    const struct mcd_node *all;
    struct mcd_node *node;
    const char *where;
    struct mcd_error *error;
};

struct mcd_rule {
    const char *name;
    uint32_t least, most; /* inputs */
    int (*shape)(struct mcd_rule_context *);
};

enum { MCD_CORE_OPS = MCD_OP_SUMS - MCD_OP_LINEAR_DX + 1 };
extern const struct mcd_rule mcd_layer_rules[MCD_OP_LINEAR_DX]; /* by op; zeros for none */
extern const struct mcd_rule mcd_core_rules[MCD_CORE_OPS];      /* by op - MCD_OP_LINEAR_DX */

static inline const struct mcd_node *mcd_rule_input(const struct mcd_rule_context *c, uint32_t i)
{
    return &c->all[c->node->in[i]];
}

/* MCD_INVALID: what was expected in place of input i, or of an attribute. */
int mcd_rule_mismatch(struct mcd_rule_context *c, uint32_t i, const char *expected);
int mcd_rule_attr(struct mcd_rule_context *c, const char *what, const char *expected);

/* Demands that input i has exactly this shape, or no rows. */
int mcd_rule_shape(struct mcd_rule_context *c, uint32_t i, const struct mcd_shape *shape);
int mcd_rule_no_rows(struct mcd_rule_context *c, uint32_t i);

/* Demands that a shape that an attribute has, or that is computed from one, is possible. */
int mcd_rule_own_shape(struct mcd_rule_context *c, const struct mcd_shape *shape);

#endif
