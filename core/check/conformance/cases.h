/* The steps that every backend is tried on: each op on odd shapes, with odd values. */
#ifndef CORE_CHECK_CASES_H
#define CORE_CHECK_CASES_H

#include "core/check/conformance/step.h"

struct mcd_case_list {
    struct mcd_step_case *at;
    uint32_t count, room;
};

/* All of them; mcd_cases_release frees the list. at is NULL if there is no memory. */
struct mcd_case_list mcd_cases_create(void);
void mcd_cases_release(struct mcd_case_list *);

/* For one family each. */
void mcd_cases_linear(struct mcd_case_list *);
void mcd_cases_image(struct mcd_case_list *);
void mcd_cases_pointwise(struct mcd_case_list *);
void mcd_cases_broadcast(struct mcd_case_list *);
void mcd_cases_softmax(struct mcd_case_list *);
void mcd_cases_noise(struct mcd_case_list *);
void mcd_cases_training(struct mcd_case_list *);
void mcd_cases_gather(struct mcd_case_list *);
void mcd_cases_moments(struct mcd_case_list *);

/*
 * Appends a case of one pass over `rows` (0 counts as one), without inputs; valid until the next.
 * `note` says what is special, "" if nothing is.
 */
struct mcd_step_case *mcd_case_add(struct mcd_case_list *, uint32_t op, uint32_t rows,
                                   const char *note);

/* Appends an input. */
void mcd_case_input(struct mcd_step_case *, uint32_t rows, struct mcd_shape, uint32_t fill);

void mcd_case_output(struct mcd_step_case *, uint32_t rows, struct mcd_shape);

/* The same case again, with its output in the place of an input. */
void mcd_case_in_place(struct mcd_case_list *, int input);

/* "LINEAR (bias) 3x[7] 0x[5,7] 0x[5] -> 3x[5]": rows and shapes, 0 for a value without rows. */
void mcd_case_describe(const struct mcd_step_case *, char *text, size_t size);

/* A name for an op: "linear_dx"; "?" for a number that is none. */
const char *mcd_case_op_name(uint32_t op);

#define MCD_COUNT(list) (sizeof(list) / sizeof *(list))

#endif
