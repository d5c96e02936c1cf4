/* Shape rules: what each op demands of its inputs and what it returns. */
#ifndef CORE_INFER_H
#define CORE_INFER_H

#include "core/graph/graph.h"

/*
 * Checks a node's inputs and attributes and fills in its shape, rows and type, given op,
 * in and attr. Failures describe the shapes found and expected.
 */
int mcd_infer(const struct mcd_node *all, struct mcd_node *node, const char *where,
              struct mcd_error *error);

/* Refuses a shape of rank above MCD_MAX_RANK, with an extent below 1 or more than 2^40 elements. */
int mcd_shape_check(const struct mcd_shape *shape, const char *where, struct mcd_error *error);

/* Name of an op for messages, "?" if there is none of that number. */
const char *mcd_op_name(uint32_t op);

/* 1 if the result of an op always lies where its first input was. */
int mcd_op_updates(uint32_t op);

/* 1 if an op reads all passes and gives a value for each input row. */
int mcd_op_joins_passes(uint32_t op);

/* "[20, 14, 14]" into a buffer of at least MCD_SHAPE_TEXT bytes, which is returned. */
enum { MCD_SHAPE_TEXT = 128 };
char *mcd_shape_text(const struct mcd_shape *shape, char *text);

#endif
